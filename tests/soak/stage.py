"""Where the trials take place: broker, relay, network, subscriber and the daemon's outbox with a witness in it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto
from tests.soak.network import Network
from tests.soak.relay import Relay
from tests.soak.scenes import write_scenes
from tests.soak.subscriber import LastingSubscriber
from tests.soak.verdict import Verdict, judge
from tests.soak.witness import Witness

BASE = "edgevision/soak"
_DRAINED_WITHIN = 120.0
_SILENCE = 3.0

_BROKER = (
    "log_type none",  # takes back `all`: an hour would fill a disk
    "log_type error",
    "log_type warning",
    "log_type notice",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that fails for a while."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]


class Stage:
    """All but the daemon, which `daemon` starts; with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder / "broker", persistence=True, more=_BROKER)
        self.subscriber = LastingSubscriber(self.broker.host, self.broker.port, BASE)
        self.network = Network()
        self._runs = 0

    def __enter__(self) -> Self:
        write_scenes(self.folder)
        with ExitStack() as stack:
            stack.enter_context(self.network)
            stack.enter_context(self.broker)
            self.relay = stack.enter_context(Relay(self.network.host, (self.broker.host, self.broker.port)))
            stack.enter_context(self.subscriber)
            self.drain()
            (outbox,) = (path for path in (self.folder / "state").glob("outbox*") if path.is_file())
            self.witness = Witness(outbox)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def clip(self) -> dict[str, Any]:
        """A camera at full speed, where things come and go."""
        return {
            "source": {"type": "video", "path": str(self.folder / "clip.avi"), "loop": True},
            "events": {"min_hits": 1, "max_lost": 0.3},
        }

    def daemon(self, cameras: dict[str, Any], env: dict[str, str] | None = None, **more: Any) -> DaemonProcess:
        """The daemon, ready to start, on `cameras`; each has its log in a folder of its own."""
        self._runs += 1
        folder = self.folder / "runs" / f"{self._runs:04d}"
        folder.mkdir(parents=True)
        config = self.configuration(cameras, **more)
        return DaemonProcess(folder, config, env, within=self.network.enter)

    def configuration(self, cameras: dict[str, Any], **more: Any) -> dict[str, Any]:
        """As `daemon` takes it."""
        return {
            "device": "soak",
            "mqtt": {"host": self.network.host, "port": self.relay.port, "keepalive": 5},
            "model": {"threads": 1},
            "stats": {"interval": 1},
            "state_dir": str(self.folder / "state"),
            "cameras": cameras,
            **more,
        }

    def drain(self) -> None:
        """Lets a daemon that sees nobody send what the outbox holds; it ends by itself when it has."""
        camera = {"source": {"type": "images", "path": str(self.folder / "empty.jpg")}}
        with self.daemon({"clip": camera}) as daemon:
            status = daemon.wait(_DRAINED_WITHIN)
            assert status == 0, f"ended with {status}: {daemon.log}"

    def outages(self) -> list[Fault]:
        """What may happen between daemon and subscriber."""
        broker, network = self.broker, self.network

        def thaw_anew() -> None:
            broker.kill()
            broker.start()

        def mend_anew() -> None:
            thaw_anew()
            network.mend()

        # The last two: what is unanswered piles up, and then the connection breaks with all that on its way.
        return [
            Fault("broker stopped", broker.stop, broker.start),
            Fault("broker killed", broker.kill, broker.start),
            Fault("broker frozen", broker.freeze, broker.thaw),
            Fault("network cut", network.cut, network.mend),
            Fault("broker frozen, then killed", broker.freeze, thaw_anew),
            Fault("network cut, and the broker killed", network.cut, mend_anew),
        ]

    def verdict(self) -> Verdict:
        """What became of all events; when nothing is broken any more and no daemon runs."""
        self.drain()
        self.subscriber.wait_for_silence(_SILENCE)
        return judge(self.witness.written(), self.subscriber.events, self.relay.acknowledged)
