"""Threads that can't die unnoticed."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from edgevision.daemon.heartbeat import Heartbeat

log = logging.getLogger(__name__)


class SupervisedThread(threading.Thread, ABC):
    """A thread whose every unforeseen end is reported.

    `on_death` is called with the thread after an exception that its work did not handle; the traceback is logged once.
    It is a daemon thread: one that hangs in a driver must not keep the process from ending.
    """

    def __init__(self, name: str, on_death: Callable[["SupervisedThread"], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._on_death = on_death
        self.heartbeat = Heartbeat()
        self.died = False

    @property
    def held_up_by(self) -> "SupervisedThread":
        """The thread that keeps this one from ending, while it doesn't."""
        return self

    @abstractmethod
    def work(self) -> None:
        """What the thread does until it is done."""

    def run(self) -> None:
        """Work; hand whatever goes wrong to the supervisor."""
        try:
            self.work()
        except BaseException:
            self.died = True
            log.exception("%s died", self.name)
            self._on_death(self)
