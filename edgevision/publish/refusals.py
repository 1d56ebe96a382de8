"""Says what the broker doesn't take: once a topic, not at every message."""

import logging

from edgevision.publish.message import Message

_log = logging.getLogger(__name__)


class RefusalLog:
    """Belongs to whoever holds the publisher's lock."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._told: set[tuple[str, str]] = set()

    def denied(self, topic: str, why: str) -> None:
        """The broker's answer to a message on `topic` was no, because of `why`."""
        if self._is_news("denied", topic):
            text = "MQTT broker %s doesn't let us publish on %s (%s): allow it in the broker's ACL"
            _log.warning(text, self._address, topic, why)

    def put_off(self, topic: str, why: str) -> None:
        """The broker doesn't take a message on `topic` now, because of `why`: it will be asked again."""
        if self._is_news("put off", topic):
            text = "MQTT broker %s doesn't take what we publish on %s now (%s): it is sent again until it does"
            _log.warning(text, self._address, topic, why)

    def too_large(self, message: Message) -> None:
        """It wasn't sent: the broker has said that it takes none so large, and would have ended the connection."""
        if self._is_news("too large", message.topic):
            _log.warning(
                "MQTT broker %s takes no message as large as the one for %s (%d bytes): allow it in the broker's"
                " configuration or, if it is a picture, make it smaller (snapshots.height, snapshots.quality)",
                self._address,
                message.topic,
                len(message.payload),
            )

    def _is_news(self, what: str, topic: str) -> bool:
        news = (what, topic) not in self._told
        self._told.add((what, topic))
        return news
