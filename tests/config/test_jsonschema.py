"""Editors get a schema that knows every key, tells what it is for, and takes what the loader takes."""

import re
from typing import Any

from edgevision.config.jsonschema import json_schema
from edgevision.inference.bundled import BUNDLED_MODELS
from edgevision.modeltools.catalogue import catalogue

SCHEMA = json_schema()
SECTIONS: dict[str, Any] = {"": SCHEMA, **{k: v for k, v in SCHEMA["$defs"].items() if v["type"] == "object"}}


def references(schema: Any) -> set[str]:
    """All `$ref` in a schema."""
    if isinstance(schema, list):
        return {found for item in schema for found in references(item)}
    if isinstance(schema, dict):
        own = {schema["$ref"]} if "$ref" in schema else set()
        return own | {found for item in schema.values() for found in references(item)}
    return set()


def test_it_is_of_the_draft_it_says() -> None:
    assert SCHEMA["$schema"].endswith("draft/2020-12/schema")
    assert SCHEMA["title"] == "edgevision configuration"
    assert SCHEMA["type"] == "object"


def test_its_references_lead_somewhere() -> None:
    assert references(SCHEMA) == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


def test_every_key_is_described_and_no_other_is_allowed() -> None:
    assert len(SECTIONS) >= 12
    for name, section in SECTIONS.items():
        assert section["additionalProperties"] is False, name
        for key, schema in section["properties"].items():
            assert schema["description"].endswith("."), (name, key)


def test_it_holds_the_keys_of_this_version_and_none_of_a_later_one() -> None:
    assert list(SCHEMA["properties"]) == ["device", "mqtt", "model", "cameras", "stats", "thermal", "state_dir", "log"]
    keys = {key for section in SECTIONS.values() for key in section["properties"]}
    later = "web"
    assert not keys & set(later.split())


def test_numbers_truths_and_choices_may_come_from_a_tag() -> None:
    tagged = {"$ref": "#/$defs/Tagged"}
    assert tagged in SECTIONS["MqttSettings"]["properties"]["port"]["anyOf"]
    assert tagged in SECTIONS["VideoSource"]["properties"]["loop"]["anyOf"]
    assert tagged in SECTIONS["LogSettings"]["properties"]["level"]["anyOf"]
    pattern = re.compile(SCHEMA["$defs"]["Tagged"]["pattern"])
    assert all(pattern.search(argument) for argument in ("MQTT_PORT", "/run/secrets/port", "secrets/port"))
    assert not any(pattern.search(mistake) for mistake in ("12x", "loud", "yes please"))


def test_choices_and_limits_are_the_loader_s() -> None:
    port = SECTIONS["MqttSettings"]["properties"]["port"]
    assert (port["anyOf"][0]["minimum"], port["anyOf"][0]["maximum"], port["default"]) == (1, 65535, 1883)
    assert SECTIONS["MqttSettings"]["properties"]["protocol"]["anyOf"][0]["enum"] == [5, "5", "3.1.1"]
    name = str(SECTIONS["ModelSettings"]["properties"]["name"])
    assert all(f"'{model}'" in name for model in (*BUNDLED_MODELS, *catalogue()))
    assert SECTIONS["ModelSettings"]["not"] == {"required": ["name", "path"]}


def test_an_override_has_no_default_for_it_is_inherited() -> None:
    assert not any("default" in key for key in SECTIONS["ModelOverrides"]["properties"].values())
