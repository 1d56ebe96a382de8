"""The configuration's JSON Schema, for editors that complete and check while one writes."""

from typing import Any

from edgevision.config.schema import Settings

_TAGGED = {
    "type": "string",
    "pattern": "^[A-Z_][A-Z0-9_]*$|/",
    "description": "What follows !env, !file or !credential: editors take a tagged value for the text behind its tag.",
}
_TAG_REFERENCE = {"$ref": "#/$defs/Tagged"}
_NAME_OR_PATH = {"not": {"required": ["name", "path"]}}
_ABOUT_THE_FIELD = ("title", "description", "default")


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of the configuration file, with a description of every key."""
    schema = _with_tags(Settings.model_json_schema())
    sections = schema["$defs"]
    sections["Tagged"] = _TAGGED
    sections["ModelSettings"] |= _NAME_OR_PATH
    sections["ModelOverrides"] |= _NAME_OR_PATH
    for key in sections["ModelOverrides"]["properties"].values():
        key.pop("default")  # what isn't written is inherited
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "edgevision configuration"}


def _with_tags(schema: Any) -> Any:
    """The schema, with a tag's text allowed wherever a number, a truth value or one of several words is expected."""
    if isinstance(schema, list):
        return [_with_tags(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "enum" in schema or schema.get("type") in ("integer", "number", "boolean"):
        about = {key: value for key, value in schema.items() if key in _ABOUT_THE_FIELD}
        check = {key: value for key, value in schema.items() if key not in _ABOUT_THE_FIELD}
        return {**about, "anyOf": [check, _TAG_REFERENCE]}
    return {key: value if key == "default" else _with_tags(value) for key, value in schema.items()}
