"""Says that the broker is away, and that it is back: once, not at every attempt."""

import logging

_log = logging.getLogger(__name__)

_AWAY = "Not connected to the MQTT broker %s, trying again: %s"


class OutageLog:
    """Tells each reason once in `repeat_after` seconds; times are those of one monotonic clock."""

    def __init__(self, address: str, repeat_after: float) -> None:
        self._address = address
        self._repeat_after = repeat_after
        self._told: dict[str, float] = {}
        self._up_is_news = True

    def down(self, reason: str, now: float) -> None:
        """There is no connection, because of `reason`."""
        self._told = {told: when for told, when in self._told.items() if now - when < self._repeat_after}
        if reason in self._told:
            _log.debug(_AWAY, self._address, reason)
            return
        self._told[reason] = now
        self._up_is_news = True
        _log.warning(_AWAY, self._address, reason)

    def up(self) -> None:
        """There is a connection. Nobody needs to hear of it who wasn't told that there was none."""
        level = logging.INFO if self._up_is_news else logging.DEBUG
        self._up_is_news = False
        _log.log(level, "Connected to the MQTT broker %s", self._address)
