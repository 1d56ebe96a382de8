"""A private mosquitto for tests, and an independent subscriber: the `mosquitto_sub` that comes with it."""

import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

_MARK = "message "
_SUBSCRIBE = ["-d", "-V", "mqttv5", "--retain-as-published", "-F", f"{_MARK}%q %r %x %t"]
_PATIENCE = 30.0  # many megabytes of pictures take their time on a busy machine
_SHOWN = 200  # bytes of a payload, when a test fails
_MARKERS = "tests/marker/"  # where subscribers hear how far they are; no test gets these messages
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class ServerTls:
    """PEM files of a broker that speaks TLS; `client_ca`: clients need a certificate signed by this authority."""

    cert: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a subscriber got it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Mosquitto:
    """A broker on a free port of 127.0.0.1, with its files in `directory`. The port stays over restarts.

    With `users` (name to password) nobody else gets in. `acl` is the text of an ACL file. With `tls` it speaks nothing
    else. With `persistence` sessions and retained messages outlive a restart. `more` are lines of mosquitto.conf.
    """

    def __init__(
        self,
        directory: Path,
        *,
        users: Mapping[str, str] | None = None,
        acl: str | None = None,
        tls: ServerTls | None = None,
        persistence: bool = False,
        more: Sequence[str] = (),
    ) -> None:
        self.host = "127.0.0.1"
        self.port = _free_port()
        self._directory = directory
        self._tls = tls
        self._users = dict(users or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._subscribers: list[Subscriber] = []
        directory.mkdir(parents=True, exist_ok=True)
        self._configuration = directory / "mosquitto.conf"
        self._configuration.write_text("\n".join([*self._settings(acl, persistence), *more]) + "\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for subscriber in self._subscribers:
                subscriber.close()
        finally:
            self.stop()

    def start(self) -> None:
        """Starts it and waits until the port answers."""
        assert self._process is None, "It runs already"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen([_program("mosquitto"), "-c", self._configuration], stdout=log, stderr=log)
        try:
            wait_until(self._answers, "mosquitto to answer")
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends it with SIGTERM, as systemd would: it says goodbye to its clients. Stopped twice is stopped."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it with SIGKILL: no goodbye, and what wasn't saved is gone."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stops and starts it, on the same port."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """It keeps its connections but answers nothing, until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was frozen."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def log_path(self) -> Path:
        """What mosquitto logs."""
        return self._directory / "mosquitto.log"

    def subscribe(self, *topics: str, options: Sequence[str] = (), qos: int = 1) -> "Subscriber":
        """A subscriber that is listening when this returns; `options` are more options of mosquitto_sub.

        With `qos` 0 it gets all messages in their order; else those of QoS 0 may overtake others, of which mosquitto
        has no more than 20 on their way to a client. It gets in as the first of the broker's `users`, comes back after
        a restart and ends with the broker's context.
        """
        command = [_program("mosquitto_sub"), *self._address, "-q", str(qos), *options]
        subscriber = Subscriber([*command, *(word for topic in topics for word in ("-t", topic))], self.publish)
        self._subscribers.append(subscriber)
        return subscriber

    def publish(self, topic: str, payload: bytes, *options: str) -> None:
        """Publishes at QoS 1, by mosquitto_pub with more of its `options`; the broker has it when this returns.

        It gets in as the first of the broker's `users`.
        """
        command = [_program("mosquitto_pub"), *self._address, "-q", "1", "-t", topic, "-s"]
        subprocess.run([*command, *options], input=payload, check=True, capture_output=True, timeout=_PATIENCE)

    @property
    def _address(self) -> list[str]:
        login = [word for name, password in [*self._users.items()][:1] for word in ("-u", name, "-P", password)]
        return ["-h", self.host, "-p", str(self.port), *login]

    def _settings(self, acl: str | None, persistence: bool) -> list[str]:
        settings = [
            f"listener {self.port} {self.host}",
            f"allow_anonymous {'false' if self._users else 'true'}",
            # For subscribers on a busy machine. With 0, no limit, mosquitto hangs up on who is denied a topic.
            "max_queued_messages 1000000",
            "log_type all",
            f"persistence {'true' if persistence else 'false'}",
        ]
        if persistence:
            settings += [f"persistence_location {self._directory}/", "autosave_interval 1", "autosave_on_changes true"]
        if os.geteuid() == 0:
            settings.append("user root")  # or it turns into the user mosquitto, who can't read the test's files
        if self._users:
            settings.append(f"password_file {self._write_passwords()}")
        if acl is not None:
            path = self._directory / "acl"
            path.write_text(acl)
            settings.append(f"acl_file {path}")
        if self._tls is not None:
            settings += [f"certfile {self._tls.cert}", f"keyfile {self._tls.key}"]
            if self._tls.client_ca is not None:
                settings += [f"cafile {self._tls.client_ca}", "require_certificate true"]
        return settings

    def _write_passwords(self) -> Path:
        path = self._directory / "passwords"
        path.write_text("")
        path.chmod(0o600)
        for name, password in self._users.items():
            subprocess.run([_program("mosquitto_passwd"), "-b", path, name, password], check=True, capture_output=True)
        return path

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"mosquitto ended with {self._process.returncode}: {self.log_path.read_text()}")
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            wait_until(lambda: _ends(process, how), "mosquitto to end")
        finally:
            process.kill()


class Subscriber:
    """A running mosquitto_sub, and the messages it has received so far.

    That is seldom all of them: after the broker has taken a message, its way here takes a moment. What is asserted at
    the end, and that nothing came, is asserted after `catch_up` or after a message that certainly comes later.
    """

    def __init__(self, command: Sequence[str], publish: Callable[[str, bytes], None] | None = None) -> None:
        """`publish` gives the same broker a message of QoS 1, for `catch_up`."""
        self._publish = publish
        self._marker, self._marked = f"{_MARKERS}{next(_numbers)}", -1
        # -d says when the subscription stands, and stdbuf lets it say so at once; %x is the payload in hexadecimal.
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", *command, "-t", self._marker, *_SUBSCRIBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._news = threading.Condition()
        self._messages: list[Received] = []
        self._other: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._wait(lambda: any("Subscribed (mid:" in line for line in self._other), "mosquitto_sub to subscribe")
        except BaseException:
            self.close()
            raise

    @property
    def messages(self) -> list[Received]:
        """All messages so far, in the order they came."""
        with self._news:
            return list(self._messages)

    def payloads(self, topic: str) -> list[bytes]:
        """The payloads that came on `topic` so far."""
        return [message.payload for message in self.messages if message.topic == topic]

    def wait_for(
        self, condition: Callable[[list[Received]], bool], what: str = "messages", timeout: float = _PATIENCE
    ) -> list[Received]:
        """Waits until the messages so far fulfil `condition`, and returns them; fails the test at `timeout`."""
        self._wait(lambda: condition(self._messages), what, timeout)
        return self.messages

    def wait_for_payload(self, topic: str, payload: bytes, timeout: float = _PATIENCE) -> list[Received]:
        """Waits until the newest message on `topic` is `payload`."""

        def arrived(messages: list[Received]) -> bool:
            newest = next((message for message in reversed(messages) if message.topic == topic), None)
            return newest is not None and newest.payload == payload

        return self.wait_for(arrived, f"{payload!r} on {topic}", timeout)

    def catch_up(self) -> list[Received]:
        """Waits for all that the broker had taken when this was called, and returns all messages so far.

        The broker must run, and this be connected to it. Of a client that has ended or was ended without an
        acknowledgement, some of what it had written may not have been taken yet.
        """
        assert self._publish is not None, "It can't publish"
        number = next(_numbers)
        # At QoS 1: this way it overtakes nothing, be the subscription's QoS 0 or 1.
        self._publish(self._marker, str(number).encode())
        self._wait(lambda: self._marked == number, "the broker to pass on all it has")
        return self.messages

    def close(self) -> None:
        """Ends mosquitto_sub, at once: its SIGTERM handler, which says goodbye, can hang."""
        self._process.kill()
        self._process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float = _PATIENCE) -> None:
        with self._news:
            if not self._news.wait_for(condition, timeout):
                got = [replace(one, payload=one.payload[:_SHOWN]) for one in self._messages[-20:]]
                pytest.fail(f"Waited {timeout:g} s for {what}; got {got}; mosquitto_sub: {self._other[-5:]}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                if line.startswith(_MARK):
                    self._take(_received(line.removeprefix(_MARK).rstrip("\n")))
                else:
                    self._other.append(line.rstrip("\n"))
                self._news.notify_all()

    def _take(self, message: Received) -> None:
        if message.topic == self._marker:
            self._marked = int(message.payload)
        elif not message.topic.startswith(_MARKERS):
            self._messages.append(message)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = _PATIENCE) -> None:
    """Polls until `condition` holds; fails the test at `timeout`."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            pytest.fail(f"Waited {timeout:g} s for {what}")
        time.sleep(0.02)


def _ends(process: "subprocess.Popen[bytes]", by: signal.Signals) -> bool:
    # Asked again until it goes: mosquitto forgets a SIGTERM that comes while it starts.
    process.send_signal(by)
    process.send_signal(signal.SIGCONT)  # a frozen one would never see the SIGTERM
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.5)
    return process.returncode is not None


def _received(line: str) -> Received:
    match = re.fullmatch(r"(\d) (\d) ([0-9a-fA-F]*) (.*)", line)
    assert match is not None, line
    qos, retain, payload, topic = match.groups()
    return Received(topic, bytes.fromhex(payload), int(qos), retain == "1")


def _free_port() -> int:
    # Below 32768, from where Linux gives no ports to outgoing connections: one of those could take the port while the
    # broker is down, and a client that tries again and again could even end up connected to itself. And each of
    # pytest's workers has ports of its own, so that another test's broker doesn't take it.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.randrange(10_000 + worker, 30_000, 8)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:  # taken
            continue
        return port


def _program(name: str) -> str:
    # Debian puts the broker where only root's PATH leads.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is missing: these tests need `apt-get install mosquitto mosquitto-clients`")
    return found
