"""Opens damaged files one after the other as the daemon does, in a process of its own: it must survive all of them.

    python -m tests.damage.worker FIRST LAST STEP MODEL[=LABELS]...

prints a JSON object for each file of the corpus, as it is answered.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from edgevision.errors import ModelError
from edgevision.inference.edgetpu.delegate import AUTO
from edgevision.inference.opening import Choice, open_accelerated
from edgevision.inference.twins import find_pair
from tests.damage.corpus import damaged


def main() -> None:
    """Answer every file."""
    first, last, step = map(int, sys.argv[1:4])
    models = [argument.partition("=") for argument in sys.argv[4:]]
    contents = [Path(model).read_bytes() for model, _, _ in models]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        for number in range(first, last, step):
            file = damaged(number, contents)
            path.write_bytes(file.content)
            labels = models[file.model][2]
            path.with_suffix(".txt").write_bytes(Path(labels).read_bytes() if labels else b"")
            started = time.monotonic()
            answer, text = _answer(path)
            seconds = time.monotonic() - started
            print(json.dumps({"number": number, "kind": file.kind, "answer": answer, "text": text, "seconds": seconds}))
            sys.stdout.flush()


def _answer(path: Path) -> tuple[str, str]:
    """Whether the file runs, or else the error's class; and its text."""
    try:
        model = open_accelerated(Choice(path, options={"least": 0.25}), find_pair(path, None, AUTO), None)
    except ModelError as error:
        return type(error).__name__, str(error)
    image = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    for threshold in (0.5, 0.0):
        model.run(image, threshold=threshold, max_detections=20)
    return "runs", ""


if __name__ == "__main__":
    main()
