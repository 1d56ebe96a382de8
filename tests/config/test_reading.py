"""A configuration that is checked in a process of its own is the one that is checked here, as plain data."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgevision.config.loader import load_config
from edgevision.config.reading import Reading, load_settled
from edgevision.config.settled import Settled
from edgevision.config.settling import settled
from edgevision.errors import ConfigError
from tests.config.test_examples import ENV, EXAMPLES

WITH_SECRETS = """
mqtt: {host: broker, username: joe, password: hunter2}
model: {threshold: 0.7}
cameras:
  front: {source: {type: stream, url: "rtsp://joe:hunter3@camera/"}, model: {task: detect}}
  back: {source: {type: images, path: .}, motion: {enabled: true}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "edgevision.yaml"
    path.write_text(WITH_SECRETS)
    return path


def test_it_says_what_the_schema_says(path: Path) -> None:
    plain, ours = load_settled(path), load_config(path)
    assert isinstance(plain.settings, Settled)
    assert plain.settings == ours.settings
    assert ours.settings == plain.settings
    assert plain.path == path
    for keys in ((), ("cameras", "front", "model", "task"), ("cameras", "back", "rotate"), ("web",)):
        assert plain.locate(*keys) == ours.locate(*keys)
    for camera in ("front", "back"):
        assert plain.settings.model_for(camera) == ours.settings.model_for(camera)
        for task in ("detect", "embed"):
            assert plain.settings.cameras[camera].gated(task) == ours.settings.cameras[camera].gated(task)
    assert plain.settings.mqtt.password is not None
    assert plain.settings.mqtt.password.get_secret_value() == "hunter2"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_section_of_the_examples_is_plain_and_the_same(example: Path) -> None:
    settings = load_config(example, ENV).settings
    plain = pickle.loads(pickle.dumps(settled(settings)))
    assert plain == settings
    assert b"pydantic" not in pickle.dumps(settled(settings))


def test_another_value_is_not_the_same(path: Path) -> None:
    before = load_settled(path).settings
    path.write_text(WITH_SECRETS.replace("0.7", "0.6"))
    after = load_settled(path)
    assert before != after.settings
    assert before != load_config(path).settings
    path.write_text(WITH_SECRETS.replace("hunter3", "hunter4"))
    assert before != load_settled(path).settings


def test_secrets_are_not_shown(path: Path) -> None:
    assert "hunter" not in repr(load_settled(path))


def test_nothing_changes_it(path: Path) -> None:
    with pytest.raises(AttributeError):
        load_settled(path).settings.mqtt.host = "other"


def test_mistakes_are_told_in_the_same_words(path: Path) -> None:
    path.write_text("cameras: {front: {source: {type: picamera3}}}\nmqtt: {port: 0}\n")
    with pytest.raises(ConfigError) as told:
        load_settled(path)
    with pytest.raises(ConfigError) as ours:
        load_config(path)
    assert str(told.value) == str(ours.value)
    assert len(str(ours.value).splitlines()) == 2


@pytest.mark.parametrize("path", [Path("/nowhere/at all.yaml"), Path("/tmp"), Path("a\0b")])
def test_what_cannot_be_read_is_told_in_the_same_words(path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load_settled(path)
    with pytest.raises(ConfigError) as ours:
        load_config(path)
    assert str(told.value) == str(ours.value)


def test_where_the_process_is_ended_or_cannot_be_had_it_is_read_here(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(path)
    assert reading.process is not None
    os.kill(reading.process, signal.SIGKILL)
    assert reading.result().settings == load_config(path).settings
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert load_settled(path).settings == load_config(path).settings


def test_another_version_that_was_installed_meanwhile_answers_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.config.reading.__version__", "0.0.1")
    with pytest.raises(ConfigError, match=r"edgevision 0\.0\.1 runs, but .* is installed by now: restart it"):
        load_settled(path)


def said_at_start(code: str, path: str, *open_here: int, before: str = "") -> str:
    """What a process prints that has one thread, as at a start, and reads `path`; `before` comes first."""
    beginning = (
        "import os, signal, sys; from pathlib import Path; from edgevision.config.reading import Reading;"
        "reading = Reading(Path(sys.argv[1]), at_start=True)\n"
    )
    command = [sys.executable, "-c", before + beginning + code, path]
    return subprocess.run(command, pass_fds=open_here, capture_output=True, text=True, check=True, timeout=30).stdout


def test_it_may_come_through_a_pipe_at_the_start() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as file:
        file.write("mqtt: {host: elsewhere}\ncameras: {front: {source: {type: picamera2}}}\n")
    with os.fdopen(read):
        said = said_at_start("print(reading.result().settings.mqtt.host)", f"/dev/fd/{read}", read)
    assert said == "elsewhere\n"


@pytest.mark.parametrize(
    ("numbers", "here"), [([], False), (["SIGINT", "SIGTERM", "SIGHUP"], False), (["SIGKILL"], True)]
)
def test_at_the_start_the_other_process_does_all_of_it_unless_it_is_killed(
    path: Path, numbers: list[str], here: bool
) -> None:
    send = "".join(f"os.kill(reading.process, signal.{number});" for number in numbers)
    said = said_at_start(
        f"{send}config = reading.result(); print(config.settings.mqtt.host, 'pydantic' in sys.modules);"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))",
        str(path),
    )
    assert said == f"broker {here}\nset()\n"


def test_at_the_start_a_mistake_is_told_in_the_same_words(path: Path) -> None:
    path.write_text("mqtt: {port: 0}\n")
    with pytest.raises(ConfigError) as ours:
        load_config(path)
    code = "try: reading.result()\nexcept Exception as error: print(type(error).__name__, error)"
    assert said_at_start(code, str(path)) == f"ConfigError {ours.value}\n"


@pytest.mark.parametrize("number", [0, 3, 4])
def test_at_the_start_it_never_waits_for_its_own_answer_as_if_that_were_the_file(number: int) -> None:
    # Of what is opened now, a number that was free is the first: the standard input's here, and those after it.
    close = "import os; os.close(0); " if number == 0 else ""
    code = "try: reading.result()\nexcept Exception as error: print(type(error).__name__)"
    assert said_at_start(code, f"/dev/fd/{number}", before=close) == "ConfigError\n"


def test_at_the_start_it_does_not_matter_whether_child_processes_are_waited_for(path: Path) -> None:
    # As a process inherits it from one that wants no zombies.
    ignored = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    assert said_at_start("print(reading.result().settings.mqtt.host)", str(path), before=ignored) == "broker\n"


def test_the_other_process_leaves_out_what_a_check_does_not_need_and_has_it_when_it_does() -> None:
    code = (
        "from edgevision.config.slim_pydantic import slim_pydantic; slim_pydantic();"
        "import edgevision.config.settling, secrets, sys;"
        "print([name in sys.modules for name in ('importlib.metadata', 'email', '_hashlib')]);"
        "from importlib.metadata import version; from pydantic import SecretStr;"
        "print(SecretStr('a') == SecretStr('a'), version('pydantic') > '2')"
    )
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert said == "[False, False, False]\nTrue True\n"


@pytest.mark.parametrize(
    ("asks", "uses"),
    [
        ("import importlib.metadata as metadata", "metadata.distributions()"),  # pydantic 2.7 to 2.10
        ("from importlib.metadata import entry_points", "entry_points(group='pydantic')"),
        ("from importlib.metadata import no_such", ""),
    ],
)
def test_whatever_pydantic_wants_of_the_metadata_it_gets_when_it_looks_for_plugins(
    tmp_path: Path, asks: str, uses: str
) -> None:
    (tmp_path / "asking.py").write_text(f"{asks}\ndef plugins(): return list({uses})\n")
    code = (
        "from edgevision.config.slim_pydantic import _without_metadata; import sys;"
        "assert 'importlib.metadata' not in sys.modules; _without_metadata('asking');"
        "assert 'importlib.metadata' not in sys.modules;" + ("from asking import plugins; plugins()" if uses else "")
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=30)


def test_a_terminal_or_systemd_ends_this_process_not_the_other(path: Path) -> None:
    reading = Reading(path)
    assert reading.process is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(reading.process, number)
    settings = reading.result().settings
    assert isinstance(settings, Settled)  # as the other one says it
    assert settings == load_config(path).settings
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_an_upgrade_that_is_half_done_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setitem(sys.modules, "edgevision.config.loader", None)
    with pytest.raises(ConfigError, match=r"edgevision was changed while it runs .*: restart it"):
        load_settled(path)
