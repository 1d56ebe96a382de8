"""One contender, as a process of its own: `python -m bench.contender NAME SETTINGS`, settings as one JSON object.

`spawned` is the `time.monotonic()` at which the process was started, `model` a .tflite file, `labels` its labels or
null, `threads` a number, `frames` a folder of pictures for each camera.
"""

import importlib
import json
import signal
import sys

MODULES = {name: f"bench.contenders.{name}" for name in ("bare", "straightforward", "pipeline", "daemon")}


def main() -> None:
    """Run the contender whose name and settings are on the command line, until its input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what it has started ends, too
    name, settings = sys.argv[1:]
    importlib.import_module(MODULES[name]).run(json.loads(settings))


if __name__ == "__main__":
    main()
