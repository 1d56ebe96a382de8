"""Edge TPUs are found by the kernel's files."""

import os
import subprocess
import sys
from pathlib import Path

from edgevision.inference.edgetpu.devices import (
    USB_RUNNING,
    USB_UNSTARTED,
    Process,
    Roots,
    device_name,
    find_devices,
    slow_port,
    users_of,
)
from tests.edgetpu.machine import Machine

pytest_plugins = ["tests.edgetpu.fixtures"]


def test_a_machine_without_the_kernels_files_has_none(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert find_devices(Roots(nowhere, nowhere, nowhere)) == []


def test_this_machine_can_be_asked() -> None:
    assert all(device.bus in ("usb", "pci") for device in find_devices())


def test_edge_tpus_on_usb_are_found_before_and_after_their_firmware_is_loaded(machine: Machine) -> None:
    second = machine.add_usb(10, 3, USB_UNSTARTED)
    first = machine.add_usb(2, 11, USB_RUNNING)
    machine.add_usb(1, 1, ("1d6b", "0003"))
    assert [(str(device), device.place, device.node) for device in find_devices(machine.roots)] == [
        ("usb:0", "2-11", first),
        ("usb:1", "10-3", second),
    ]


def test_edge_tpus_on_pci_are_found_with_and_without_their_driver(machine: Machine) -> None:
    machine.add_pci("0000:02:00.0", None)
    node = machine.add_pci("0000:01:00.0", 0)
    machine.add_pci("0000:00:00.0", None, ("0x8086", "0x089a"))
    assert [(str(device), device.place, device.node) for device in find_devices(machine.roots)] == [
        ("pci:0", "0000:01:00.0", node),
        ("pci:1", "0000:02:00.0", None),
    ]


def test_a_usb_2_port_is_warned_of_once_it_can_be_known(machine: Machine) -> None:
    machine.add_usb(1, 1, USB_UNSTARTED, speed=480)
    machine.add_usb(1, 2, USB_RUNNING, speed=480)
    machine.add_usb(2, 1, USB_RUNNING, speed=5000)
    machine.add_pci("0000:01:00.0", 0)
    warnings = {str(device): slow_port(device) for device in find_devices(machine.roots)}
    assert [name for name, warning in warnings.items() if warning] == ["usb:1"]
    assert "480 Mbit/s" in str(warnings["usb:1"])


def test_half_written_files_of_a_device_that_is_being_unplugged_are_no_device(machine: Machine) -> None:
    machine.add_usb(1, 1)
    (machine.roots.sys / "bus/usb/devices/1-1/devnum").write_bytes(b"\xff")
    machine.add_usb(1, 2)
    (machine.roots.sys / "bus/usb/devices/1-2/busnum").unlink()
    assert find_devices(machine.roots) == []


def test_other_programs_that_have_a_device_open_are_named(machine: Machine) -> None:
    node = machine.add_usb(1, 1)
    machine.add_process(400, "frigate", Path("/dev/null"), node)
    machine.add_process(30, "python3", node, node)
    machine.add_process(500, "sshd", Path("/dev/null"))
    machine.add_process(os.getpid(), "edgevision", node)
    assert users_of(node, machine.roots) == [Process(30, "python3"), Process(400, "frigate")]


def test_a_real_program_that_has_a_file_open_is_named(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.touch()
    program = "import sys; file = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(node)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (user,) = users_of(node)
        assert user.pid == child.pid
        assert user.name.startswith("python")
        child.communicate(b"")
    assert users_of(node) == []


def test_a_device_option_has_a_name_in_the_words_of_the_configuration() -> None:
    assert [device_name(device) for device in ("", "usb", "pci:1", ":1")] == [
        "edgetpu",
        "edgetpu:usb",
        "edgetpu:pci:1",
        "edgetpu:1",
    ]
