"""What the publisher's tests share: a broker, quick timing, and publishers that always end."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher, Timing
from tests.mosquitto import Mosquitto, wait_until

STATUS = "edgevision/pi/status"
QUICK = Timing(connect=5.0, answer=0.5, first_retry=0.05, longest_retry=0.2)

Protocol = Literal["5", "3.1.1"]
both_protocols = pytest.mark.parametrize("protocol", ["5", "3.1.1"])

StartPublisher = Callable[[BrokerSettings], Publisher]


def settings(broker: Mosquitto, protocol: Protocol = "5") -> BrokerSettings:
    """How the device `pi` reaches `broker`."""
    return BrokerSettings(broker.host, broker.port, protocol=protocol, client_id="edgevision-pi")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as a warning or worse so far."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def wait_for_warning(caplog: pytest.LogCaptureFixture, *words: str) -> None:
    """Waits for a warning that has all these `words`."""
    wait_until(lambda: any(all(word in text for word in words) for text in warnings(caplog)), f"a warning of {words}")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that takes everybody."""
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def start_publisher() -> Iterator[StartPublisher]:
    """Starts publishers, and stops them after the test."""
    started: list[Publisher] = []

    def start(broker: BrokerSettings) -> Publisher:
        publisher = Publisher(broker, STATUS, QUICK)
        publisher.start()
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop(1.0)
