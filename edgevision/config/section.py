"""What all sections of the configuration have in common."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

_T = TypeVar("_T")


class Section(BaseModel):
    """A mapping of the configuration: frozen, without unknown keys. The text under a key is its documentation."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _empty_if_nothing(value: object) -> object:
    return {} if value is None else value


OrEmpty = Annotated[_T, BeforeValidator(_empty_if_nothing)]
"""A section whose keys may all be commented out: YAML reads `stats:` with nothing below it as null."""
