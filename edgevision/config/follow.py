"""Finding one's way in the schema along the location that pydantic gives an error."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from edgevision.config.keys import Keys
from edgevision.record import record


@record
class Spot:
    """A place in the schema: the keys as they are written in the file, and the types that are allowed there."""

    keys: Keys
    types: tuple[Any, ...]

    @property
    def is_secret(self) -> bool:
        """Whether what stands here must not be shown."""
        return SecretStr in self.types

    @property
    def known_keys(self) -> tuple[str, ...]:
        """The keys of the section that stands here."""
        return tuple(key for model in _models(self.types) for key in model.model_fields)

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that are allowed here, or those for the `type` of the section that stands here."""
        words = [word for option in self.types if get_origin(option) is Literal for word in get_args(option)]
        return tuple(_written(word) for word in words) or tuple(_tag(model) for model in _models(self.types))


def follow(root: type[BaseModel], location: Keys) -> Spot:
    """The spot of a location, in which pydantic adds the `type` of a section that is one of several."""
    keys: Keys = ()
    types: tuple[Any, ...] = (root,)
    for part in location:
        models = _models(types)
        if len(models) > 1:
            types = tuple(model for model in models if _tag(model) == part)
        else:
            keys = (*keys, part)
            types = tuple(inner for option in types for inner in _below(option, part))
    return Spot(keys, types)


def _below(option: Any, part: str | int) -> Iterator[Any]:
    if isinstance(option, type) and issubclass(option, BaseModel):
        field = option.model_fields.get(str(part))
        yield from _options(field.annotation) if field else ()
    elif get_origin(option) in (dict, list):
        yield from _options(get_args(option)[-1])
    elif get_origin(option) is tuple:  # of things that are all alike
        yield from _options(get_args(option)[0])


def _options(annotation: Any) -> Iterator[Any]:
    """The members of a union, each without its metadata."""
    if get_origin(annotation) is Annotated:
        yield from _options(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _options(member)
    else:
        yield annotation


def _models(types: tuple[Any, ...]) -> list[type[BaseModel]]:
    return [option for option in types if isinstance(option, type) and issubclass(option, BaseModel)]


def _written(word: object) -> str:
    """As YAML has it: `true`, not `True`."""
    return str(word).lower() if isinstance(word, bool) else str(word)


def _tag(model: type[BaseModel]) -> str:
    return str(get_args(model.model_fields["type"].annotation)[0])
