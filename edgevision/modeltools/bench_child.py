"""What the child process of `edgevision.modeltools.bench` does: one measurement, told in lines of JSON."""

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edgevision.child_process import end_with
from edgevision.errors import AcceleratorError, ModelError
from edgevision.inference.edgetpu.delegate import open_on
from edgevision.inference.edgetpu.devices import device_name
from edgevision.inference.edgetpu.reasons import explain_invoke
from edgevision.inference.model_file import read_model_file
from edgevision.inference.noise import show_noise
from edgevision.inference.runtime import Interpreter, load_runtime
from edgevision.modeltools.bench import Measurement, Progress, Request
from edgevision.percentile import percentile

WARM_UP_INVOKES, WARM_UP_SECONDS = 3, 0.3
"""At least so many and so long: the first invokes fill caches and wake the processor."""

LEAST_INVOKES = 20
"""Fewer have no 95th percentile to speak of."""

TELL_EVERY = 0.1
"""Seconds between two lines of progress."""

PREPROCESS_REPEATS = 20
MOST_MEMORY = 1024**3
"""Bytes. No MobileNet needs a tenth; a Pi has 1 GB."""


def main() -> None:
    """Do what the request in the first argument says; print the progress, then the measurement or an error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = Request(**json.loads(sys.argv[1]))
    end_with(request.parent)
    # Native libraries print what they like on standard output: that goes elsewhere.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def tell(**entries: Any) -> None:
        print(json.dumps(entries), file=answers, flush=True)

    try:
        measurement = _measure(request, lambda done: tell(done=done))
    except ModelError as error:
        tell(error=str(error))
    except AcceleratorError as error:
        tell(accelerator_error=str(error))
    except (RuntimeError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if request.device is not None:
            tell(accelerator_error=str(explain_invoke(request.device, reason)))
            return
        tell(error=f"{request.path} fails when it runs ({reason}): the file is damaged or made for another runtime")
    else:
        tell(measurement=asdict(measurement))


def _measure(request: Request, progress: Progress) -> Measurement:
    path, runtime = Path(request.path), load_runtime()
    before = _resident_bytes()
    content = read_model_file(path)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))

    def open_interpreter() -> Interpreter:
        if request.device is not None:
            return open_on(runtime, path, content, request.device)
        return runtime.open(path, content, request.threads)

    durations, interpreter = time_invokes(open_interpreter, request.seconds, progress)
    memory = _resident_bytes()
    median, high = percentile(durations, 0.5), percentile(durations, 0.95)
    assert median is not None
    assert high is not None
    return Measurement(
        threads=request.threads,
        invokes=len(durations),
        p50_ms=median * 1000,
        p95_ms=high * 1000,
        frames_per_second=len(durations) / sum(durations),
        preprocess_p50_ms=_time_preprocessing(interpreter),
        memory=memory,
        model_memory=memory - before,
        runtime=str(runtime),
        accelerator="cpu" if request.device is None else device_name(request.device),
    )


def time_invokes(
    open_interpreter: Callable[[], Interpreter], seconds: float, progress: Progress
) -> tuple[list[float], Interpreter]:
    """Seconds that each invoke() took, over `seconds` and at least LEAST_INVOKES, after some to warm up.

    `open_interpreter` gives the model with its tensors allocated, on whatever accelerator. Its inputs hold noise.
    """
    interpreter = open_interpreter()
    for details in interpreter.get_input_details():
        show_noise(interpreter.tensor(details["index"])())
    started = time.perf_counter()
    warm_ups = 0
    while warm_ups < WARM_UP_INVOKES or time.perf_counter() - started < WARM_UP_SECONDS:
        interpreter.invoke()
        warm_ups += 1
        progress(0.0)
    durations: list[float] = []
    started = told = time.perf_counter()
    while True:
        before = time.perf_counter()
        interpreter.invoke()
        now = time.perf_counter()
        durations.append(now - before)
        done = min((now - started) / seconds, len(durations) / LEAST_INVOKES, 1.0)
        if done == 1.0 or now - told >= TELL_EVERY:
            told = now
            progress(done)
        if done == 1.0:
            return durations, interpreter


def _time_preprocessing(interpreter: Interpreter) -> float | None:
    """Milliseconds (p50) for a picture of 1280 x 720, stretched to the input; None when the input is no picture."""
    from edgevision.inference.normalization import pixel_table
    from edgevision.inference.preprocess import input_format, make_writer
    from edgevision.inference.tensors import Tensor

    inputs = tuple(Tensor.from_details(details) for details in interpreter.get_input_details())
    try:
        form = input_format(inputs)
        write = make_writer(form, pixel_table(inputs[0], form.channels, None, None), "stretch")
    except ModelError:
        # The runtime runs more than the daemon has pictures for.
        return None
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    durations = []
    for _ in range(PREPROCESS_REPEATS):
        view = interpreter.tensor(inputs[0].index)()
        started = time.perf_counter()
        write(picture, view)
        durations.append(time.perf_counter() - started)
    median = percentile(durations, 0.5)
    return None if median is None else median * 1000


def _resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    main()
