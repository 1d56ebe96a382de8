"""systemd hears how the service does."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgevision.daemon.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def notifier(systemd: socket.socket, **environ: str) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": str(systemd.getsockname()), **environ})


def heard(systemd: socket.socket) -> str:
    return systemd.recv(4096).decode()


def test_each_state_is_told_in_systemd_s_words(systemd: socket.socket) -> None:
    ours = notifier(systemd)
    ours.ready()
    assert heard(systemd) == "READY=1"
    ours.stopping()
    assert heard(systemd) == "STOPPING=1"
    ours.alive()
    assert heard(systemd) == "WATCHDOG=1"


def test_a_reload_tells_when_it_began(systemd: socket.socket) -> None:
    notifier(systemd).reloading()
    first, second = heard(systemd).split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_is_told_when_it_is_news(systemd: socket.socket) -> None:
    ours = notifier(systemd)
    ours.status("front 9.9 fps")
    ours.status("front 9.9 fps")
    ours.status("front stalled")
    assert [heard(systemd), heard(systemd)] == ["STATUS=front 9.9 fps", "STATUS=front stalled"]


def test_a_socket_without_a_file_is_found() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0edgevision-test")
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@edgevision-test"}).ready()
        assert heard(listening) == "READY=1"


def test_the_watchdog_s_patience_is_in_seconds(systemd: socket.socket) -> None:
    assert notifier(systemd, WATCHDOG_USEC="30000000").watchdog == 30
    assert notifier(systemd).watchdog is None
    assert notifier(systemd, WATCHDOG_USEC="soon").watchdog is None
    assert Notifier({"WATCHDOG_USEC": "30000000"}).watchdog is None


def test_nobody_need_listen(tmp_path: Path) -> None:
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()


def test_a_systemd_that_does_not_read_holds_nothing_up(systemd: socket.socket) -> None:
    ours = notifier(systemd)
    systemd.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(20):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(b"STATUS=full", systemd.getsockname())
            except BlockingIOError:
                break
    ours.ready()
