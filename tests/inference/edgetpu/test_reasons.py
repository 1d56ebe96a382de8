"""Each reason for which an Edge TPU can't be used has a message of its own, with the mend."""

import os
import re
from pathlib import Path

import pytest

from edgevision.inference.edgetpu.devices import USB_UNSTARTED
from edgevision.inference.edgetpu.reasons import (
    explain_crash,
    explain_hang,
    explain_invoke,
    explain_prepare,
    explain_refusal,
)
from tests.edgetpu.machine import Machine

pytest_plugins = ["tests.edgetpu.fixtures"]

LIBRARY = "libedgetpu.so.1"
RUNTIME = "ai-edge-litert 2.3.0"


def refusal(machine: Machine, device: str = "", said: str = "") -> str:
    return str(explain_refusal(LIBRARY, device, said, machine.roots))


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """To root nothing is, so it is only said to be."""
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK | os.W_OK)


def of_group(monkeypatch: pytest.MonkeyPatch, group: str) -> None:
    monkeypatch.setattr(Path, "group", lambda path: group)


def test_nothing_plugged_in_says_how_to_look(machine: Machine) -> None:
    message = refusal(machine)
    assert message.startswith("no Edge TPU is plugged in on USB or PCI")
    for identity in ("1a6e:089a", "18d1:9302", "1ac1:089a"):
        assert identity in message


def test_one_on_the_other_bus_is_named(machine: Machine) -> None:
    machine.add_pci("0000:01:00.0", 0)
    message = refusal(machine, "usb")
    assert message.startswith("no Edge TPU is plugged in on USB, only pci:0")
    assert "lspci" not in message
    assert "edgetpu takes any" in message


@pytest.mark.parametrize("device", ["usb:1", ":1"])
def test_a_number_that_is_too_high_is_told_with_how_many_there_are(machine: Machine, device: str) -> None:
    machine.add_usb(1, 1)
    assert re.match(
        "there is no Edge TPU number 1( on USB)?: 1 in this machine, counted from 0", refusal(machine, device)
    )


def test_a_missing_driver_is_told_with_how_to_get_it(machine: Machine) -> None:
    machine.add_pci("0000:01:00.0", None)
    message = refusal(machine)
    assert "pci:0 (0000:01:00.0) has no driver" in message
    assert "gasket-dkms" in message
    assert "modprobe apex" in message


def test_a_device_that_a_container_was_not_given_is_told(machine: Machine) -> None:
    node = machine.add_usb(1, 1, node=False)
    assert refusal(machine).startswith(f"{node} of the Edge TPU usb:0 is not here: a container has to be given it")


@pytest.mark.usefixtures("forbidden")
def test_a_group_that_may_open_it_is_named_with_how_to_join(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    node = machine.add_usb(1, 1, USB_UNSTARTED)
    of_group(monkeypatch, "plugdev")
    message = refusal(machine, "usb:0")
    assert f"may not open the Edge TPU usb:0 ({node}, of the group plugdev)" in message
    assert "sudo usermod -aG plugdev " in message


@pytest.mark.usefixtures("forbidden")
def test_a_missing_udev_rule_is_told_for_usb(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.add_usb(1, 1)
    of_group(monkeypatch, "root")
    message = refusal(machine)
    assert "udev rule" in message
    assert "libedgetpu1-std" in message
    assert "usermod" not in message


@pytest.mark.usefixtures("forbidden")
def test_a_group_that_may_not_open_it_either_is_a_missing_udev_rule(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.add_pci("0000:01:00.0", 0).chmod(0o600)
    of_group(monkeypatch, "apex")
    assert "65-apex.rules" in refusal(machine)


def test_the_program_that_uses_it_is_named(machine: Machine) -> None:
    node = machine.add_usb(1, 1)
    machine.add_process(400, "frigate", node)
    assert "the Edge TPU usb:0 is in use by frigate (process 400)" in refusal(machine, "usb")


def test_of_several_only_the_one_asked_for_is_looked_at(machine: Machine) -> None:
    node = machine.add_usb(1, 1)
    machine.add_usb(1, 2)
    machine.add_process(400, "frigate", node)
    assert "in use" in refusal(machine, "usb:0")
    assert "in use" not in refusal(machine, "usb:1")


def test_without_a_visible_reason_the_usual_mend_is_told(machine: Machine) -> None:
    machine.add_usb(1, 1)
    message = refusal(machine, "usb:0")
    assert message.startswith("the Edge TPU edgetpu:usb:0 is there but can't be opened")
    assert "plug it in again" in message


def test_the_librarys_own_words_are_passed_on(machine: Machine) -> None:
    machine.add_usb(1, 1)
    assert refusal(machine, said="no\n answer").endswith(f"({LIBRARY} says: no answer)")


@pytest.mark.parametrize(
    "message",
    [
        explain_crash(LIBRARY, RUNTIME, "SIGSEGV"),
        explain_prepare(LIBRARY, "", RUNTIME, "Internal: Unsupported data type in custom op handler: -1342003056"),
    ],
    ids=["crash", "misunderstood"],
)
def test_a_library_for_another_runtime_is_told_with_both_names(message: Exception) -> None:
    assert str(message).startswith(LIBRARY)
    assert f" with {RUNTIME}: it was most likely built for another one" in str(message)
    assert "a newer build of libedgetpu1-std" in str(message)


def test_a_model_compiled_for_a_newer_library_is_told(machine: Machine) -> None:
    reason = "Package requires runtime version (14), which is newer than this runtime version (13)."
    message = str(explain_prepare(LIBRARY, "", RUNTIME, reason, machine.roots))
    assert "compiled for a newer libedgetpu.so.1" in message
    assert "--min_runtime_version" in message


def test_a_model_that_the_device_does_not_take_is_told(machine: Machine) -> None:
    machine.add_usb(1, 1)
    message = str(explain_prepare(LIBRARY, "usb", RUNTIME, "could not map the executable", machine.roots))
    assert message.startswith("the Edge TPU edgetpu:usb can't run the model (could not map the executable)")
    assert RUNTIME in message


def test_one_that_went_before_it_had_the_model_is_missing(machine: Machine) -> None:
    message = str(explain_prepare(LIBRARY, "usb", RUNTIME, "could not map the executable", machine.roots))
    assert message.startswith("no Edge TPU is plugged in on USB")


def test_one_that_was_unplugged_while_running_is_told_from_one_that_failed(machine: Machine) -> None:
    gone = str(explain_invoke("usb:0", "transfer\nfailed", machine.roots))
    assert "edgetpu:usb:0 was unplugged while it was running, or lost its power (transfer failed)" in gone
    machine.add_usb(1, 1)
    assert "failed while it was running (transfer failed)" in str(
        explain_invoke("usb:0", "transfer failed", machine.roots)
    )


def test_a_hanging_one_is_told_with_how_long_it_was_waited_for() -> None:
    assert "no answer within 30 s: the Edge TPU edgetpu:pci hangs" in str(explain_hang(LIBRARY, "pci", 30))
