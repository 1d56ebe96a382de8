"""A small MQTT broker inside the process, for the demo only (amqtt; it speaks MQTT 3.1.1)."""

import asyncio
import logging
import socket
import threading
from types import TracebackType
from typing import Self

from edgevision.errors import BrokerError

START_WITHIN = 20.0
"""Seconds."""


class EmbeddedBroker:
    """Listens on a free port of this machine's loopback while the `with` block lasts."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = _free_port(self.host)

    def __enter__(self) -> Self:
        """Start the broker. Raises BrokerError when amqtt isn't installed or doesn't start."""
        try:
            from amqtt.broker import Broker
        except ImportError as error:
            raise BrokerError(
                "the demo's own broker needs amqtt: `pip install amqtt`, or name a broker with --host"
            ) from error
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="demo broker", daemon=True)
        self._thread.start()
        listener = {"type": "tcp", "bind": f"{self.host}:{self.port}"}
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}

        async def start() -> Broker:
            broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
            await broker.start()
            return broker

        try:
            self._broker = asyncio.run_coroutine_threadsafe(start(), self._loop).result(START_WITHIN)
        except Exception as error:  # whatever amqtt raises: the demo can't go on without it
            raise BrokerError(f"the demo's own broker did not start ({error}): name another with --host") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the broker and its thread."""
        try:
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(START_WITHIN)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_WITHIN)
            self._loop.close()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])
