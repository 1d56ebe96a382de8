"""Cameras as the doctor sees them, without taking a picture."""

import fcntl
import os
import socket
import struct
from pathlib import Path

import pytest

from edgevision.config.sources import ImagesSource, V4l2Source
from edgevision.doctor.cameras import look_at_camera, look_at_files, look_at_stream
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding
from edgevision.doctor.holders import is_edgevision, lockers, openers
from edgevision.doctor.machine import Answer, Machine
from edgevision.doctor.pi_cameras import list_cameras, look_at_pi_cameras, why_not_visible
from edgevision.doctor.v4l2 import Capability, look_at_v4l2, parse_capability
from edgevision.inference.edgetpu.devices import Process
from tests.doctor.cases import NOBODY, PICTURES, case
from tests.edgetpu.machine import Machine as Devices

PI_CAMERA = {"front": {"source": {"type": "picamera2"}}}


def add(devices: Devices, *names: str) -> list[Path]:
    nodes = [devices.roots.dev / name for name in names]
    for node in nodes:
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
    return nodes


def add_daemon(devices: Devices, pid: int, *opened: Path) -> None:
    devices.add_process(pid, "edgevision", *opened)
    (devices.roots.proc / str(pid) / "cgroup").write_text("0::/system.slice/edgevision.service\n")


def lock(devices: Devices, pid: int, node: Path) -> None:
    status = node.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    (devices.roots.proc / "locks").write_text(f"1: POSIX  ADVISORY  WRITE {pid} {place} 0 EOF\n")


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    return Devices(tmp_path / "machine")


def ask(node: Path) -> Capability:
    return {"video0": Capability("Webcam C920", captures=True)}.get(node.name, Capability("Webcam", captures=False))


def look_at_usb(folder: Path, device: Path) -> Finding:
    return look_at_v4l2("camera usb", device, case(folder), ask)


def test_a_usb_camera_that_nobody_has(tmp_path: Path, devices: Devices) -> None:
    (node,) = add(devices, "video0")
    finding = look_at_usb(tmp_path, node)
    assert (finding.status, "Webcam C920" in finding.text) == ("ok", True)


def test_a_usb_camera_that_another_program_has_is_a_problem_and_the_daemon_itself_none(
    tmp_path: Path, devices: Devices
) -> None:
    (node,) = add(devices, "video0")
    add_daemon(devices, 40, node)
    finding = look_at_usb(tmp_path, node)
    assert (finding.status, "process 40" in finding.text) == ("ok", True)
    devices.add_process(41, "chromium", node)
    finding = look_at_usb(tmp_path, node)
    assert finding.status == "problem"
    assert "chromium (process 41)" in finding.text
    assert finding.remedy == "stop it: kill 41"


def test_a_node_without_pictures_leads_to_the_one_that_has_them(tmp_path: Path, devices: Devices) -> None:
    first, second = add(devices, "video0", "video1")
    for device in (second, devices.roots.dev / "video9"):
        finding = look_at_usb(tmp_path, device)
        assert finding.status == "problem"
        assert finding.remedy is not None
        assert f"{first} (Webcam C920)" in finding.remedy


def test_a_file_is_no_camera(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    settings = case(tmp_path, cameras={"usb": {"source": {"type": "v4l2", "device": str(tmp_path / "video0")}}})
    assert settings.config is not None
    camera = settings.config.settings.cameras["usb"]
    assert isinstance(camera.source, V4l2Source)
    (finding,) = look_at_camera("usb", camera, settings)
    assert (finding.status, "no camera" in finding.text) == ("problem", True)


def test_a_driver_tells_what_one_node_can_do() -> None:
    whole = struct.pack("16s32s32sIII12x", b"uvcvideo", b"Webcam\0\0", b"usb", 0, 0x84A00001, 0x04A00000)
    assert parse_capability(whole) == Capability("Webcam", captures=False)
    old = struct.pack("16s32s32sIII12x", b"old", b"Grabber", b"pci", 0, 0x04000001, 0)
    assert parse_capability(old).captures


def test_a_stream_server_that_answers_and_one_that_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"rtsp://admin:hidden@127.0.0.1:{port}/main?token=hidden"
        there = look_at_stream("camera st", url)
    gone = look_at_stream("camera st", url)
    assert (there.status, gone.status) == ("ok", "problem")
    assert "hidden" not in str(there) + str(gone)
    assert look_at_stream("camera st", "udp://239.0.0.1:1234").status == "ok"
    unknown = look_at_stream("camera st", "http://nobody-is-called.invalid/a.mjpg")
    assert "no machine is called nobody-is-called.invalid" in unknown.text


def test_pictures_that_the_user_may_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "one.jpg").write_bytes((PICTURES / "camera.jpg").read_bytes())
    source = ImagesSource(type="images", path=folder)
    assert look_at_files("camera p", source, case(tmp_path)).status == "ok"
    (folder / "one.jpg").chmod(0o600)
    finding = look_at_files("camera p", source, case(tmp_path, user=NOBODY))
    assert finding.status == "problem"
    assert "nobody may not read" in finding.text


def test_a_real_lock_and_a_real_open_file_lead_to_this_process(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    node = shared / f"edgevision-doctor-{os.getpid()}"
    with node.open("wb") as file:
        try:
            assert lockers(Path("/proc"), [node]) == []
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert [user.pid for user in lockers(Path("/proc"), [node])] == [os.getpid()]
            assert [user.pid for user in openers(Path("/proc"), [node])[node]] == [os.getpid()]
            assert not is_edgevision(Path("/proc"), os.getpid())
        finally:
            node.unlink()


def pi(folder: Path, cameras: int) -> Case:
    def run(_command: object, _seconds: float) -> Answer:
        models = ", ".join(['"imx708"'] * cameras)
        return Answer(0, f'libcamera chatters\n{{"cameras": [{models}], "stand_in": false}}\n')

    return case(folder, machine=Machine(folder / "machine", run), cameras=PI_CAMERA)


def test_a_pi_camera_that_is_there(tmp_path: Path, devices: Devices) -> None:
    (node,) = add(devices, "media0")
    devices.add_process(7, "wireplumber", node)
    libcamera, camera = look_at_pi_cameras(pi(tmp_path, 1))
    assert (libcamera.status, camera.status) == ("ok", "ok")
    assert "wireplumber" in camera.text


def test_a_pi_camera_in_use_by_the_daemon_is_right_and_by_another_is_not(tmp_path: Path, devices: Devices) -> None:
    (node,) = add(devices, "media0")
    add_daemon(devices, 40, node)
    lock(devices, 40, node)
    assert look_at_pi_cameras(pi(tmp_path, 1))[1].status == "ok"
    devices.add_process(41, "rpicam-vid", node)
    lock(devices, 41, *add(devices, "something-else"))
    assert look_at_pi_cameras(pi(tmp_path, 1))[1].status == "ok"
    lock(devices, 41, node)
    camera = look_at_pi_cameras(pi(tmp_path, 1))[1]
    assert camera.status == "problem"
    assert "rpicam-vid (process 41)" in camera.text
    assert look_at_pi_cameras(pi(tmp_path, 2))[1].status == "warning"


def test_a_pi_camera_that_is_not_there(tmp_path: Path, devices: Devices) -> None:
    libcamera, camera = look_at_pi_cameras(pi(tmp_path, 0))
    assert (libcamera.status, camera.status) == ("ok", "problem")
    assert camera.remedy is not None
    assert "cable" in camera.remedy


def test_a_libcamera_that_hangs_or_crashes(tmp_path: Path) -> None:
    hangs = list_cameras(Machine(tmp_path, lambda _command, _seconds: Answer(None)))
    crashes = list_cameras(Machine(tmp_path, lambda _command, _seconds: Answer(-11, "", "")))
    assert isinstance(hangs, Finding)
    assert isinstance(crashes, Finding)
    assert "no answer" in hangs.text
    assert "SIGSEGV" in crashes.text


def test_the_stand_in_is_seen_by_a_real_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEVISION_FAKE_CAMERA", str(PICTURES))
    libcamera, camera = look_at_pi_cameras(case(tmp_path, machine=Machine(), cameras=PI_CAMERA))
    assert (libcamera.status, camera.status) == ("ok", "ok")
    assert "stand in" in libcamera.text


def test_where_no_pi_camera_is_wanted_nothing_is_said(tmp_path: Path) -> None:
    assert look_at_pi_cameras(case(tmp_path)) == []


def test_a_virtual_environment_that_shuts_apts_libcamera_out(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    prefix = tmp_path / "venv"
    assert why_not_visible(machine, [str(prefix)], prefix) is None
    for name in ("picamera2", "libcamera"):
        (machine.apt_packages / name).mkdir(parents=True)
    finding = why_not_visible(machine, [str(prefix)], prefix)
    assert finding is not None
    assert f"include-system-site-packages = true in {prefix}/pyvenv.cfg" in (finding.remedy or "")
    assert why_not_visible(machine, [str(prefix), str(machine.apt_packages)], prefix) is None
    (machine.apt_packages / "libcamera" / "_libcamera.cpython-39-aarch64-linux-gnu.so").touch()
    other = why_not_visible(machine, [str(machine.apt_packages)], prefix)
    assert other is not None
    assert "another Python" in other.text


def test_processes_are_told_by_name() -> None:
    assert str(Process(7, "ffmpeg")) == "ffmpeg (process 7)"
