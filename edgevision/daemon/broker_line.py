"""The daemon's line to the broker, which is opened while the models still are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.outbox import Outbox
from edgevision.publish.settings import broker_settings
from edgevision.publish.topics import Topics
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.config.schema import Settings


@record
class BrokerLine:
    """What is said to the broker, and where it waits until that can be."""

    publisher: Publisher
    outbox: Outbox


def open_line(settings: Settings) -> BrokerLine:
    """Begin to connect, so that the first frame needn't wait for that; nothing is said before `Publisher.speak`.

    Raises ConfigError for TLS files that can't be used.
    """
    outbox = Outbox(outbox_path(settings))
    publisher = Publisher(
        broker_of(settings), Topics(settings.mqtt.topic_prefix, settings.device).status, outbox=outbox
    )
    publisher.start(quiet=True)
    return BrokerLine(publisher, outbox)


def broker_of(settings: Settings) -> BrokerSettings:
    """The broker of a configuration, and the daemon's name there."""
    return broker_settings(settings.mqtt, f"edgevision-{settings.device}")


def outbox_path(settings: Settings) -> Path:
    """Where events wait for the broker."""
    return settings.state_dir / f"outbox-{settings.device}.sqlite3"
