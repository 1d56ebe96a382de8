"""A model on its accelerator with its twin on the CPU under it: whatever happens to the one, each picture is answered.

When the accelerator fails, the picture in hand goes to the twin, and so do the next ones, while a thread tries the
accelerator from time to time; once it works again it is taken back.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from edgevision.backoff import Backoff
from edgevision.errors import AcceleratorError
from edgevision.inference.model import Inference, Model, ModelInfo, Outputs
from edgevision.inference.prepared import Prepared, Preparer
from edgevision.inference.preprocess import Image
from edgevision.record import record

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 2.0, 300.0
"""Seconds from a failure of the accelerator to the first try to have it back, and between two tries at most."""

SETTLED = 1000
"""Pictures in a row after which an accelerator that came back is trusted like one that never failed."""

START_WAIT = 5.0
"""Seconds that the start waits for the accelerator; one that takes longer is taken when it is ready."""

HANGS_AFTER = 10.0
"""Seconds for one picture; an Edge TPU takes some milliseconds."""


class Accelerated(Protocol):
    """A model that is compiled for an accelerator."""

    @property
    def device(self) -> str:
        """What the accelerator is called: `edgetpu:usb:0`."""

    def open(self) -> Model:
        """The model, ready to run on the accelerator. Raises AcceleratorError with the reason when it can't be had."""

    def explain(self, reason: str) -> AcceleratorError:
        """What it means that the running model failed with `reason`."""


@record
class AcceleratorState:
    """Which accelerator runs a model now; `degraded` is why it isn't the one that should, None when all is well."""

    in_use: str = "cpu"
    degraded: str | None = None


class AcceleratedModel:
    """A model that runs on an accelerator where it can and on the CPU where it must.

    `run` belongs to one thread at a time; `state` and `info` may be read by any.
    """

    def __init__(
        self,
        cpu: Model,
        accelerated: Accelerated | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Open the accelerator, if there is one to be used; else `cpu` does all the work."""
        self._cpu = cpu
        self._prepare = cpu.preparer().prepare
        self._accelerated = accelerated
        self._running: Model | None = None
        # A thread of its own for the accelerator: one that hangs is left there.
        self._thread = ThreadPoolExecutor(1, "accelerated")
        self._asked: Future[Outputs | str] | None = None
        self._answered = 0
        self._backoff = backoff or Backoff(FIRST_RETRY, LONGEST_RETRY)
        self._closed = threading.Event()
        self._found: Model | None = None
        self._sought = threading.Event()
        self.state = AcceleratorState()
        if accelerated is not None:
            self.state = AcceleratorState(degraded=f"the accelerator {accelerated.device} is being opened")
            self._seek(0.0)
            self._sought.wait(START_WAIT)
            self._take()

    @property
    def info(self) -> ModelInfo:
        """What runs now: the model compiled for the accelerator, or its twin."""
        running = self._running
        return self._cpu.info if running is None else running.info

    @property
    def hung(self) -> bool:
        """Whether the accelerator has not come back from a picture, so that its thread can't be waited for."""
        return self._asked is not None and not self._asked.done()

    def run(self, image: Image, *, threshold: float, max_detections: int) -> Inference:
        """What `Model.run` gives; a picture that the accelerator fails on is given to the twin."""
        outputs = self.run_prepared(self._prepare(image), threshold)
        return outputs.read(threshold=threshold, max_detections=max_detections)

    def preparer(self) -> Preparer:
        """Makes pictures ready for `run_prepared`, in any one thread: the twins take the same."""
        return self._cpu.preparer()

    def run_prepared(self, prepared: Prepared, least: float = 0.0) -> Outputs:
        """The same for a picture that its `preparer` has prepared; `least` is the least score to be asked for."""
        self._take()
        if self._running is not None and self._accelerated is not None:
            answer = self._ask(prepared)
            if isinstance(answer, Outputs):
                self._count()
                return answer
            self._fall_back(str(self._accelerated.explain(answer)))
        return self._cpu.run_prepared(prepared, least)

    def close(self) -> None:
        """Ask the accelerator no more."""
        self._closed.set()

    def _ask(self, prepared: Prepared) -> Outputs | str:
        """The accelerator's answer, or why there is none."""
        self._asked = self._thread.submit(self._run_accelerated, prepared)
        try:
            return self._asked.result(HANGS_AFTER)
        except TimeoutError:
            self._thread.shutdown(wait=False)
            self._thread = ThreadPoolExecutor(1, "accelerated")
            return f"no answer within {HANGS_AFTER:g} s"

    def _run_accelerated(self, prepared: Prepared) -> Outputs | str:
        assert self._running is not None
        try:
            return self._running.run_prepared(prepared)
        except RuntimeError as error:  # its text only: its frames would keep the accelerator open
            return str(error)

    def _take(self) -> None:
        """Let the accelerator run the model, if it has been opened meanwhile."""
        if self._found is not None and self._accelerated is not None:
            self._running, self._found = self._found, None
            self._answered = 0
            self.state = AcceleratorState(self._accelerated.device)
            log.info("%s runs on %s", self.info.path, self.state.in_use)

    def _count(self) -> None:
        """Forget earlier failures once the accelerator has worked for a while."""
        self._answered += 1
        if self._answered == SETTLED:
            self._backoff.reset()

    def _fall_back(self, why: str) -> None:
        # Dropped before it is tried again: an Edge TPU serves one process, and one model, at a time.
        self._running = None
        self.state = AcceleratorState(degraded=why)
        self._seek(self._later(logging.WARNING, why))

    def _later(self, level: int, why: str) -> float:
        wait = self._backoff.wait()
        log.log(level, "%s runs on the CPU: %s; trying again in %.0f s", self._cpu.info.path, why, wait)
        return wait

    def _seek(self, wait: float) -> None:
        threading.Thread(target=self._find, args=(wait,), name="accelerator", daemon=True).start()

    def _find(self, wait: float) -> None:
        """Try the accelerator, less and less often, until it can be opened; `run` then takes it."""
        assert self._accelerated is not None
        while not self._closed.wait(wait):
            try:
                self._found = self._accelerated.open()
                return
            except AcceleratorError as error:
                self.state = AcceleratorState(degraded=str(error))
                wait = self._later(logging.DEBUG if self._sought.is_set() else logging.WARNING, str(error))
            finally:
                self._sought.set()
