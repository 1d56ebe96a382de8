"""The daemon inside a root, and what it publishes to a broker outside."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bare import Found
from tests.mosquitto import Mosquitto, Received
from tests.system import working_tree
from tests.system.roots.enter import Bind, Inside, running

CAMERA = "front"
STATUS = "edgevision/rig/status"
DETECTIONS = f"edgevision/rig/{CAMERA}/detections"
_SCRATCH = "/scratch"


def config(broker: Mosquitto, source: Mapping[str, object], **rest: object) -> dict[str, object]:
    """A configuration with one camera; a root has this machine's network."""
    return {
        "device": "rig",
        "mqtt": {"host": broker.host, "port": broker.port},
        "cameras": {CAMERA: {"source": source}},
        **rest,
    }


@contextmanager
def daemon(
    root: Path,
    interpreter: Sequence[str],
    tree: Path,
    scratch: Path,
    configuration: Mapping[str, object],
    binds: Sequence[Bind] = (),
    **variables: str,
) -> Iterator[Inside]:
    """Runs `edgevision run` until the end of the block. What it logged is shown when the block fails."""
    (scratch / "edgevision.yaml").write_text(json.dumps(configuration))  # JSON is YAML, too
    log = scratch / "daemon.log"
    try:
        with running(
            root,
            [*interpreter, "-m", "edgevision", "run", "-c", f"{_SCRATCH}/edgevision.yaml"],
            log,
            {"PYTHONPATH": working_tree.INSIDE, **variables},
            [*working_tree.binds(tree), Bind(scratch, _SCRATCH, writable=True), *binds],
        ) as process:
            yield process
    finally:
        print(log.read_text(errors="replace"))  # pytest shows it with a failure


def found_in(messages: Sequence[Received]) -> list[list[Found]]:
    """The detections of each message on DETECTIONS, in the order they came."""
    payloads = [json.loads(message.payload) for message in messages if message.topic == DETECTIONS]
    return [[_found(one) for one in payload["detections"]] for payload in payloads]


def _found(entry: Mapping[str, object]) -> Found:
    box = entry["box"]
    assert isinstance(box, dict)
    return Found(str(entry["label"]), float(str(entry["score"])), (box["xmin"], box["ymin"], box["xmax"], box["ymax"]))
