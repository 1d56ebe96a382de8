"""How long to wait before trying again what has failed."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Waiting times in seconds that double from `first` to `longest`, until a success starts them over."""

    first: float = 1.0
    longest: float = 30.0
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.first

    def wait(self) -> float:
        """The time to wait now; the next one is twice as long."""
        now, self._next = self._next, min(self._next * 2, self.longest)
        return now

    def reset(self) -> None:
        """It works again."""
        self._next = self.first
