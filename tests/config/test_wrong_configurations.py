"""Every mistake is reported where it stands, in words, all of them at once; and no secret is."""

from pathlib import Path

import pytest

from edgevision.config.loader import load_config, parse_config
from edgevision.config.yamltree import MAX_BYTES
from edgevision.errors import ConfigError
from tests.config.wrong import CAMERAS, WRONG, WrongConfig


def complaint(text: str, folder: Path, env: dict[str, str] | None = None) -> str:
    """What is said about a wrong configuration, with FILE for the file."""
    path = folder / "edgevision.yaml"
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), path, env or {})
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_mistake_is_told_with_its_place_and_key(wrong: WrongConfig, tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    for name, content in wrong.files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        parse_config(wrong.text, path, wrong.env)
    place = f"{path}:{wrong.line}:" + (f"{wrong.column}: " if wrong.column else "")
    told = str(caught.value).splitlines()
    assert [line for line in told if line.startswith(place) and wrong.expect in line], str(caught.value)
    assert all(len(line) < 500 for line in told)


def test_wrong_configurations_have_names_of_their_own() -> None:
    assert len({wrong.name for wrong in WRONG}) == len(WRONG)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "log: {level: loud}\nmqtt: {port: 0, host: !env H}\nmqqt: 1\nmqqt: 2\ncameras: {a: {source: {type: usb}}}\n"
    assert complaint(text, tmp_path).splitlines() == [
        "FILE:1:14: log.level: 'loud' is not one of debug, info, warning, error",
        "FILE:2:14: mqtt.port: 0 is not between 1 and 65535",
        "FILE:2:23: mqtt.host: the environment variable 'H' is not set",
        "FILE:3:1: mqqt: unknown key; did you mean 'mqtt'?",
        "FILE:4:1: mqqt: written twice; the first is in line 3",
        "FILE:5:30: cameras.a.source.type: 'usb' is not one of picamera2, v4l2, stream, video, images",
    ]


def test_a_flood_of_mistakes_is_cut(tmp_path: Path) -> None:
    told = complaint("".join(f"x{n}: 1\n" for n in range(1000)) + CAMERAS, tmp_path).splitlines()
    assert len(told) == 101
    assert told[-1] == "FILE: and 900 more mistakes"


def test_a_password_check_is_not_hidden_by_another_mistake(tmp_path: Path) -> None:
    told = complaint("mqtt: {port: 0, password: a, protocol: 3.1.1}\n" + CAMERAS, tmp_path)
    assert "0 is not between" in told
    assert "without a username" in told


@pytest.mark.parametrize(
    "text",
    [
        "mqtt: {password: [hunter2]}",
        "mqtt: {password: {hunter2: 1}, tls: hunter2}",
        "mqtt: hunter2",
        "mqtt: {password: *hunter2}",
        "mqtt: {password: !hunter2}",
        "mqtt: {password: !hunter2!a}",
        "mqtt: {password: !file '/proc/self/environ', pasword: hunter2}",
        "mqtt: {password: %hunter2}",
        "mqtt: {password: a: hunter2}",
        "mqtt: {host: 'mqtt://me:hunter2@localhost'}",
        "mqtt: {host: 'me:hunter2@localhost'}",
        "mqtt: {password: hunter2, protocol: 3.1.1}",
        "cameras: {a: {source: {type: stream, url: 'me:hunter2@localhost'}}}",
        "cameras: {a: {source: {type: stream, url: hunter2}}}",
        "cameras: {a: {source: {type: stream, url: 'rtsp://me:hunter2@'}}}",
        "cameras: {a: {source: {type: video, path: 'rtsp://me:hunter2@localhost'}}}",
        *(
            f"{section}: {{{key}: !env SECRET}}"
            for section, key in [
                ("mqtt", "host"),
                ("mqtt", "port"),
                ("mqtt", "protocol"),
                ("mqtt", "tls"),
                ("mqtt", "topic_prefix"),
                ("model", "name"),
                ("model", "threshold"),
                ("log", "level"),
                ("stats", "interval"),
                ("cameras", "a"),
            ]
        ),
        "device: !env SECRET",
        "cameras: {a: {source: {type: !env SECRET}, rotate: !env SECRET, publish: !env SECRET, crop: !env SECRET}}",
        "cameras: {a: {source: {type: v4l2, size: [!env SECRET, 3], device: !env SECRET, fps: !env SECRET}}}",
        "cameras: {a: {source: {type: picamera2, hflip: !env SECRET}}, b: {source: {type: video, path: !env SECRET}}}",
        "cameras: {a: {source: {type: images, path: !env SECRET}}, b: {source: {type: stream, url: !env SECRET}}}",
    ],
)
def test_a_secret_is_never_told(text: str, tmp_path: Path) -> None:
    told = complaint(text, tmp_path, {"SECRET": " hunter2?"})
    assert "hunter2" not in told


def test_an_error_carries_no_secret_along(tmp_path: Path) -> None:
    """Whoever logs the error with its causes must not log pydantic's, which holds the values."""
    with pytest.raises(ConfigError) as caught:
        parse_config(b"mqtt: {password: hunter2, port: a}", tmp_path / "a", {})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, Path("\0"), Path("a" * 5000)):
        with pytest.raises(ConfigError, match="can't be") as caught:
            load_config(path, {})
        assert len(str(caught.value).splitlines()) == 1


def test_an_endless_file_is_refused_before_it_is_read_whole() -> None:
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_config(Path("/dev/zero"), {})


@pytest.mark.parametrize(
    "filling", ["[", "{a: ", "- ", "a: &a\n", "!", "? ", "x,", '"', "a: *a\n", "<<: ", "|\n", "# a\n"]
)
def test_a_megabyte_of_nonsense_is_refused_in_time(filling: str) -> None:
    text = (filling * MAX_BYTES)[:MAX_BYTES].encode()
    with pytest.raises(ConfigError):
        parse_config(text, Path("a.yaml"), {})
