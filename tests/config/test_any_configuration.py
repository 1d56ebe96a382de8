"""Whatever is in the file, the answer is a Config or a ConfigError, and never a secret."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgevision.config.config import Config
from edgevision.config.follow import follow
from edgevision.config.jsonschema import json_schema
from edgevision.config.loader import parse_config
from edgevision.config.schema import Settings
from edgevision.errors import ConfigError
from tests.config.wrong import CAMERAS, WRONG

SECRET = "hunter2"


def answer(text: bytes, folder: Path) -> str:
    """What is said about a configuration; nothing when it is right."""
    env = {"SECRET": SECRET, "NUMBER": "7", "CREDENTIALS_DIRECTORY": str(folder)}
    try:
        config = parse_config(text, folder / "a.yaml", env)
    except ConfigError as error:
        return str(error)
    assert isinstance(config, Config)
    assert SECRET not in repr(config.settings.mqtt.password)
    return ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    (folder / "secret").write_text(SECRET)
    return folder


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(folder: Path, data: bytes) -> None:
    answer(data, folder)


@settings(deadline=None)
@given(st.text(alphabet=" \n\t:-[]{}#&*!|>'\"%@`,?~<abn0159._/\\xuU\x00\x85\u2028é", max_size=60))
@example('a: "\\UFFFFFFFF"')
@example("!<!env> a: b")
@example("!!str")
@example("? ? ? a")
def test_any_yaml_like_text_is_answered(folder: Path, text: str) -> None:
    answer(text.encode(), folder)


def every_key(schema: dict[str, object]) -> set[str]:
    """The keys of all sections."""
    sections = [schema, *schema["$defs"].values()]  # type: ignore[attr-defined]  # a JSON Schema is of no one type
    return {key for section in sections for key in section.get("properties", {})}


class Tagged(str):
    """A text that is written with a tag; `tag argument`."""


class Dumper(yaml.SafeDumper):
    """Writes tagged texts too."""


def _write_tagged(dumper: yaml.SafeDumper, value: Tagged) -> yaml.Node:
    tag, _, argument = value.partition(" ")
    return dumper.represent_scalar(tag, argument)


Dumper.add_representer(Tagged, _write_tagged)

KEYS = sorted({*every_key(json_schema()), "front", "a b", "status", "<<"})
SECRETS = st.sampled_from([Tagged(tag) for tag in ("!env SECRET", "!file secret", "!credential secret", "!env NUMBER")])
WORDS = st.sampled_from(
    ["picamera2", "v4l2", "stream", "video", "images", "person", "auto", "off", "5", "3.1.1", ".", "a.yaml", "~nobody"]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), WORDS, SECRETS
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
VALUES = st.one_of(SCALARS, SCALARS, st.lists(SCALARS, min_size=2, max_size=4), NESTED)


def section(*keys: str) -> st.SearchStrategy[dict[str, object]]:
    """A section that has some of its keys, with any values, or some of any section's."""
    known = st.dictionaries(st.sampled_from(follow(Settings, keys).known_keys), VALUES, max_size=4)
    return st.one_of(known, known, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))


def source(kind: str) -> st.SearchStrategy[dict[str, object]]:
    return section("cameras", "front", "source", kind).map(lambda keys: {**keys, "type": kind})


CAMERA = st.builds(
    lambda camera, source, model: {**camera, "source": source, "model": model},
    section("cameras", "front"),
    st.one_of(*map(source, ("picamera2", "v4l2", "stream", "video", "images")), VALUES),
    section("cameras", "front", "model") | VALUES,
)
FILES = st.fixed_dictionaries(
    {"cameras": st.dictionaries(st.sampled_from(["front", "back", "a b"]), CAMERA, min_size=1, max_size=2)},
    optional={"mqtt": section("mqtt"), "model": section("model"), "stats": section("stats"), "log": section("log")},
)


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_any_values_at_the_schema_s_keys_are_answered_without_a_secret(folder: Path, content: object) -> None:
    text = yaml.dump(content, Dumper=Dumper, allow_unicode=True)
    assert SECRET not in answer(text.encode("utf-8", "surrogatepass"), folder)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_a_file_is_answered(folder: Path, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([wrong.text for wrong in WRONG if len(wrong.text) < 1000] + [CAMERAS.encode()]))
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    answer(text[:begin] + data.draw(st.binary(max_size=4)) + text[end:], folder)
