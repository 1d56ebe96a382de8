"""Which devices are needed, who may open them, and what would mend it."""

import os
from pathlib import Path

import pytest

from edgevision.doctor.permissions import look_at_permissions
from edgevision.doctor.user import READ, WRITE, User, group_to_join, user_in_question
from tests.doctor.cases import NOBODY, case, unconfigured
from tests.edgetpu.machine import Machine as Devices

PI_CAMERA = {"front": {"source": {"type": "picamera2"}}}


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    # Open to all on the way, as /dev is; pytest's own folders are not.
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    devices = Devices(tmp_path / "machine")
    for name in ("video0", "video1", "media0", "dma_heap/system", "dma_heap/vidbuf_cached"):
        node = devices.roots.dev / name
        node.parent.mkdir(exist_ok=True)
        node.touch()
        node.chmod(0o660)
    return devices


def give(path: Path, group: int) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file to another group")
    os.chown(path, 0, group)


def test_the_group_that_would_mend_it_is_named(tmp_path: Path, devices: Devices) -> None:
    for node in devices.roots.dev.glob("video*"):
        give(node, 44)
    video, media, heap = look_at_permissions(case(tmp_path, cameras=PI_CAMERA, user=NOBODY))
    assert video.status == media.status == heap.status == "problem"
    assert "nobody may not open" in video.text
    assert group_to_join(devices.roots.dev / "video0", READ | WRITE) in (video.remedy or "").split()
    assert "usermod -aG" in (video.remedy or "")
    assert "chgrp" not in (video.remedy or "")
    # A group of root's is nothing to join.
    assert "chgrp video" in (media.remedy or "")


def test_a_member_of_the_group_may_open_it(tmp_path: Path, devices: Devices) -> None:
    for node in devices.roots.dev.rglob("*"):
        if node.is_file():
            give(node, 44)
    member = User("member", 65534, frozenset({44}), myself=False)
    assert {one.status for one in look_at_permissions(case(tmp_path, cameras=PI_CAMERA, user=member))} == {"ok"}


def test_one_heap_is_enough(tmp_path: Path, devices: Devices) -> None:
    (devices.roots.dev / "dma_heap" / "vidbuf_cached").chmod(0o666)
    *_, heap = look_at_permissions(case(tmp_path, cameras=PI_CAMERA, user=NOBODY))
    assert heap.status == "ok"


def test_what_is_not_needed_is_not_asked_for(tmp_path: Path, devices: Devices) -> None:
    (finding,) = look_at_permissions(case(tmp_path, user=NOBODY))
    assert finding.status == "ok"
    assert {one.status for one in look_at_permissions(unconfigured(tmp_path))} == {"ok"}


def test_a_coral_without_its_udev_rule(tmp_path: Path, devices: Devices) -> None:
    devices.add_usb(2, 3).chmod(0o600)
    (wanted,) = look_at_permissions(case(tmp_path, model={"accelerator": "edgetpu"}, user=NOBODY))
    (useful,) = look_at_permissions(case(tmp_path, user=NOBODY))
    assert (wanted.status, useful.status) == ("problem", "warning")
    assert "libedgetpu1-std" in (wanted.remedy or "")
    (unused,) = look_at_permissions(case(tmp_path, model={"accelerator": "cpu"}, user=NOBODY))
    assert unused.status == "ok"


def test_a_usb_camera_is_judged_by_the_node_behind_its_link(tmp_path: Path, devices: Devices) -> None:
    link = devices.roots.dev / "webcam"
    link.symlink_to("video1")
    cameras = {"usb": {"source": {"type": "v4l2", "device": str(link)}}}
    (finding,) = look_at_permissions(case(tmp_path, cameras=cameras, user=NOBODY))
    assert finding.status == "problem"
    assert "video1" in finding.text


def test_root_judges_for_the_services_user_and_others_for_themselves() -> None:
    user = user_in_question("nobody", ("0", "no-such-group"))
    if os.geteuid() == 0:
        assert (user.name, user.myself, 0 in user.groups) == ("nobody", False, True)
    else:
        assert (user.uid, user.myself) == (os.geteuid(), True)
    assert user_in_question("nobody", services_own=True).name == "nobody"
    assert user_in_question(None, services_own=True).uid == os.geteuid()


def test_a_folder_on_the_way_may_shut_a_user_out(tmp_path: Path, devices: Devices) -> None:
    file = tmp_path / "closed" / "file"
    file.parent.mkdir(mode=0o755)
    file.touch(mode=0o644)
    assert NOBODY.may(file, READ)
    file.parent.chmod(0o700)
    assert not NOBODY.may(file, READ)
    assert not NOBODY.may(tmp_path / "none", READ)
