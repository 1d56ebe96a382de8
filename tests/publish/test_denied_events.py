"""What becomes of events that the broker answers with no, or with an answer and the end of the connection."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgevision.publish import deliveries
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from tests.mosquitto import wait_until
from tests.publish.conftest import QUICK, STATUS, wait_for_warning
from tests.publish.fussy_broker import HANG_UP, FussyBroker
from tests.publish.outbox_taker import an_outbox, entry

Start = Callable[[FussyBroker], Publisher]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a publisher, and stops it after the test."""
    monkeypatch.setattr(deliveries, "PAUSE", 0.2)
    started: list[Publisher] = []

    def start(broker: FussyBroker) -> Publisher:
        publisher = Publisher(
            BrokerSettings(broker.host, broker.port), STATUS, QUICK, an_outbox(tmp_path / "outbox.db")
        )
        for number in range(10):
            publisher.deliver(entry(number))
        publisher.start()
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop(1.0)
        assert publisher.failure is None


@pytest.mark.parametrize("code", [0x80, 0x83, 0x91, 0x97])
def test_what_the_broker_does_not_take_now_is_sent_again_in_order(
    start: Start, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    broker = FussyBroker(lambda number: code if number >= 4 and broker.events.count(4) < 3 else 0)
    with broker:
        publisher = start(broker)
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged", 20.0)
        assert broker.taken == list(range(10))
        assert publisher.dropped == 0
        wait_for_warning(caplog, "doesn't take what we publish on events now")


@pytest.mark.parametrize("code", [0x87, 0x90, 0x99])
def test_what_the_broker_will_never_take_is_dropped_and_holds_up_nothing(
    start: Start, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    with FussyBroker(lambda number: code if number == 4 else 0) as broker:
        publisher = start(broker)
        wait_until(lambda: publisher.depth == 0, "all to be settled")
        assert broker.events == list(range(10))
        assert publisher.dropped == 1
        wait_for_warning(caplog, "doesn't let us publish on events")


def test_that_nobody_listens_is_no_denial(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with FussyBroker(lambda _: 0x10) as broker:
        publisher = start(broker)
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
        assert broker.taken == list(range(10))
        assert publisher.dropped == 0
        assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_what_was_acknowledged_with_the_connections_last_breath_is_not_sent_again(start: Start) -> None:
    """All ten are on their way; seven answers and the end come at once."""
    answers = [0, 0x87, *[0] * 5, None, None, HANG_UP]
    broker = FussyBroker(lambda number: answers[number] if len(broker.events) <= 10 else 0, burst=10)
    with broker:
        publisher = start(broker)
        wait_until(lambda: len(broker.events) >= 10, "the first connection")
        broker._burst = 1
        wait_until(lambda: publisher.depth == 0, "all to be settled")
        assert broker.events == [*range(10), 7, 8, 9]
        assert publisher.dropped == 1
