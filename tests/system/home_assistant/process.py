"""Home Assistant in its root, seen from outside: what it shows, and wishes to it."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mosquitto import Mosquitto, wait_until
from tests.system.roots.enter import Bind, command_in, environment
from tests.system.roots.home_assistant import INTERPRETER

_INSIDE = "/srv/inside.py"
_CONFIG = "/srv/config"
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Shown:
    """An entity of the registry; `state` is None for one that is disabled."""

    id: str
    state: str | None
    category: str | None
    attributes: dict[str, Any]


class HomeAssistant:
    """A running one: see `inside.py`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def entities(self) -> dict[str, Shown]:
        """All it has, by unique id without our prefix."""
        return {unique.partition("--")[2]: Shown(**entry) for unique, entry in self._ask(ask="entities").items()}

    def devices(self) -> dict[str, str]:
        """The devices by name, with the version of what runs on them."""
        return dict(self._ask(ask="devices"))

    def picture(self, entity: str) -> bytes | None:
        """What an image entity shows."""
        shown = self._ask(ask="image", entity=entity)
        return None if shown is None else bytes.fromhex(shown)

    def call(self, service: str, entity: str, **data: object) -> None:
        """What a click on the entity does."""
        self._ask(call=service, entity=entity, data=data)

    def say(self, entity: str, state: str) -> None:
        """What an integration that isn't there would make its entity say."""
        self._ask(set=entity, state=state)

    def notifications(self) -> list[dict[str, Any]]:
        """What its automations have told the phone."""
        return list(self._ask(ask="notifications"))

    def wait_for_states(self, expected: dict[str, str]) -> None:
        """Until entities, by unique id, are in these states."""

        def reached() -> bool:
            shown = self.entities()
            return all(key in shown and shown[key].state == state for key, state in expected.items())

        wait_until(reached, f"{expected}", _PATIENCE)

    def wait_for_entities(self, keys: Iterable[str]) -> None:
        """Until just these are registered, and none is a memory of an earlier run."""
        expected = set(keys)

        def there() -> bool:
            shown = self.entities()
            return set(shown) == expected and not any(one.attributes.get("restored") for one in shown.values())

        wait_until(there, f"the entities {sorted(expected)}", _PATIENCE)

    def _ask(self, **wish: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def home_assistant(root: Path, folder: Path, broker: Mosquitto) -> Iterator[HomeAssistant]:
    """Runs it until the end of the block; what it knows is in `folder` for the next time.

    At the end it must have had nothing to complain of.
    """
    folder.mkdir(exist_ok=True)
    binds = [Bind(Path(__file__).with_name("inside.py"), _INSIDE), Bind(folder, _CONFIG, writable=True)]
    log = folder / "errors.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command_in(root, [INTERPRETER, _INSIDE, _CONFIG, str(broker.port)], binds),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "ready\n", log.read_text()
            yield HomeAssistant(process)
            process.stdin.close()
            assert process.wait(_PATIENCE) == 0
        finally:
            process.kill()
            print(log.read_text())  # pytest shows it with a failure
    assert log.read_text() == ""
