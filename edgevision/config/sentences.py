"""What pydantic found, told to the person who wrote the file. Values that may be secret are never repeated."""

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edgevision.config.document import Document, Entry
from edgevision.config.follow import Spot, follow
from edgevision.config.keys import Keys
from edgevision.config.mistakes import Mistake, shown
from edgevision.config.nearest import did_you_mean

_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "path_type": "a path",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
}


def mistakes_in(error: ValidationError, root: type[BaseModel], document: Document) -> Iterator[Mistake]:
    """A mistake for each of pydantic's errors, but none where the document tells already why a value is missing."""
    for detail in error.errors(include_url=False):
        spot = follow(root, tuple(part for part in detail["loc"] if part != "[key]"))
        keys = (*spot.keys, *_key_below(detail))
        entry = document.nearest(keys)
        if not entry.unreadable:
            at = entry.key_at if detail["type"] == "extra_forbidden" or "[key]" in detail["loc"] else entry.at
            yield Mistake(at, keys, _sentence(detail, root, spot, entry))


def _key_below(detail: ErrorDetails) -> Keys:
    """The key that an error found by a section is about."""
    match detail["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            return ("type",)
        case "disagreement" if key := detail["ctx"]["key"]:
            return (key,)
        case _:
            return ()


def _sentence(detail: ErrorDetails, root: type[BaseModel], spot: Spot, entry: Entry) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "disagreement":
            return str(context["text"])
        case "missing":
            return "this key is missing"
        case "union_tag_not_found":
            return f"this key is missing; it is one of {', '.join(spot.choices)}"
        case "extra_forbidden":
            known = follow(root, detail["loc"][:-1]).known_keys
            hint = did_you_mean(str(spot.keys[-1]), known) or f"; the keys here are {', '.join(known)}"
            return f"unknown key{hint}"
        case "fault":
            return f"{_subject(detail['input'], spot, entry)} {context['text']}"
        case "union_tag_invalid":
            return _no_choice(detail["input"]["type"], spot, entry)
        case "literal_error":
            return _no_choice(detail["input"], spot, entry)
        case kind:
            return _wrong_kind(detail["input"], _EXPECTED.get(kind), spot, entry)


def _no_choice(value: object, spot: Spot, entry: Entry) -> str:
    hint = did_you_mean(value, spot.choices) if isinstance(value, str) else ""
    return f"{_subject(value, spot, entry)} is not one of {', '.join(spot.choices)}{hint}"


def _wrong_kind(value: object, expected: str | None, spot: Spot, entry: Entry) -> str:
    if expected is None:  # an error that the schema doesn't raise yet; dull, but it gives nothing away
        return f"{_subject(value, spot, entry)} can't be used here"
    if value is None or isinstance(value, dict | list):
        return f"{expected} is needed here, not {shown(value)}"
    if expected == "a mapping":  # the text below a section may be anything, a password with its colon forgotten too
        return "a mapping is needed here, not a text"
    return f"{_subject(value, spot, entry)} is not {expected}"


def _subject(value: object, spot: Spot, entry: Entry) -> str:
    """How a sentence on this value begins: with the value itself, unless it is or may be secret."""
    if entry.origin is not None:
        return f"the value of {entry.origin}"
    return "this value" if spot.is_secret else shown(value)
