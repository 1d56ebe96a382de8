"""The service as its installers leave it, on a real systemd: installed, confined, supervised, reloaded, removed.

An installation takes longer than all that is to be seen of it: each test is the life of one, step by step.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.mosquitto import wait_until
from tests.system.machine import Machine, booted

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

TREE = "/srv/edgevision"
INSTALLER = f"{TREE}/systemd/install.sh"
UNIT = "edgevision.service"
CONFIG = "/etc/edgevision/edgevision.yaml"
CREDENTIALS = "/etc/edgevision/credentials"
STATE = "/var/lib/edgevision"
KEPT = f"{STATE}/kept"
OVERRIDES = f"/run/systemd/system/{UNIT}.d"  # not on the disk: the installer knows nothing of them
DETECTIONS = "edgevision/rig/front/detections"
THRESHOLD = "edgevision/rig/front/threshold"
FRONT = {"source": {"type": "picamera2", "size": [640, 480], "fps": 4}, "motion": {"enabled": False}, "publish": "all"}
CONFIGURATION = {"device": "rig", "mqtt": {"host": "localhost"}, "cameras": {"front": FRONT}, "stats": {"interval": 2}}
MOST_EXPOSURE = 1.8


@pytest.fixture
def machine(systemd_root: Path, tree: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with the source tree, a broker, and pictures in the place of a camera."""
    root = tmp_path / "root"
    subprocess.run(["cp", "--archive", systemd_root, root], check=True)
    shutil.copytree(tree, root / TREE.lstrip("/"))
    with booted(root, tmp_path / "console.log") as machine:
        override(machine, "camera", f"Environment=EDGEVISION_FAKE_CAMERA={TREE}/edgevision/demo/pictures")
        yield machine
        print(machine.attempt("journalctl", "--unit=edgevision", "--no-pager").stdout)  # pytest shows it with a failure


def test_install_sh_from_the_first_run_to_the_last(machine: Machine) -> None:
    before = machine.files()
    print(machine.run(INSTALLER, "--dry-run"))
    assert machine.files() == before
    print(machine.run(INSTALLER))
    runs_and_publishes_with_its_default_configuration(machine)
    leaves_the_system_its_numpy(machine)
    has_a_user_who_alone_reads_the_configuration(machine)
    is_confined(machine)
    configure(machine)
    machine.run("systemctl", "restart", UNIT)
    changes_its_threshold_without_losing_a_frame(machine)
    is_started_anew_when_it_stands_still(machine)
    stays_down_with_a_wrong_configuration(machine)
    gets_its_secrets_as_credentials(machine)
    is_not_touched_by_an_upgrade_without_network(machine)
    is_restarted_by_an_upgrade_that_keeps_configuration_and_state(machine)
    machine.run(INSTALLER, "--uninstall")
    machine.run("ls", CONFIG, KEPT)
    assert machine.run("ls", "/opt") == ""
    assert machine.attempt("systemctl", "cat", UNIT).returncode != 0
    machine.run(INSTALLER, "--purge")
    assert machine.files() == before
    assert machine.attempt("id", "edgevision").returncode != 0


def test_the_debian_package_from_installation_to_purge(machine: Machine, tree: Path, tmp_path: Path) -> None:
    before = machine.files()
    first, second = (package(tree, tmp_path, version, machine) for version in ("1.0rc1", "1.0"))
    print(machine.run("dpkg", "--install", first))
    assert show(machine, "ActiveState") == "active"
    assert machine.run("stat", "--format=%U:%G %a", CONFIG) == "root:edgevision 640"
    assert machine.attempt(INSTALLER).returncode == 1  # two at once would be one too many
    configure(machine)
    machine.write(KEPT, "")

    process = show(machine, "MainPID")
    assert machine.attempt("dpkg", "--install", second, PIP_FIND_LINKS="/nowhere").returncode != 0
    assert show(machine, "MainPID") == process
    machine.run("dpkg", "--configure", "edgevision")  # as `apt --fix-broken install` does
    assert show(machine, "ActiveState") == "active"
    assert show(machine, "MainPID") != process
    assert machine.run("edgevision", "--version") == "edgevision 1.0"
    assert yaml.safe_load(machine.run("cat", CONFIG)) == CONFIGURATION
    assert machine.run("stat", "--format=%U:%G %a", CONFIG) == "root:edgevision 640"

    machine.run("dpkg", "--remove", "edgevision")
    machine.run("ls", CONFIG, KEPT)
    assert machine.run("ls", "/opt") == ""
    machine.run("dpkg", "--purge", "edgevision")
    assert machine.files() == before


def runs_and_publishes_with_its_default_configuration(machine: Machine) -> None:
    """`systemctl start` in the installer has waited for READY."""
    assert machine.run("systemctl", "is-active", UNIT) == "active"
    assert machine.run("systemctl", "is-enabled", UNIT) == "enabled"
    said = machine.run("mosquitto_sub", "-h", "localhost", "-t", "edgevision/+/front/detections", "-C", "1", "-W", "30")
    assert json.loads(said)["detections"][0]["label"] == "person"


def leaves_the_system_its_numpy(machine: Machine) -> None:
    """Although pip was offered a newer one, and an OpenCV that asks for it."""
    path = machine.run("/opt/edgevision/bin/python", "-c", "import cv2, numpy; print(numpy.__file__)")
    assert path.startswith("/usr/lib/python3/dist-packages/")


def has_a_user_who_alone_reads_the_configuration(machine: Machine) -> None:
    """In those groups that are there. (--purge would leave behind what was made besides.)"""
    groups = [
        name for name in ("video", "render", "plugdev") if machine.attempt("getent", "group", name).returncode == 0
    ]
    assert "video" in groups
    assert set(machine.run("id", "-nG", "edgevision").split()) == {"edgevision", *groups}
    assert show(machine, "User") == "edgevision"
    assert machine.run("stat", "--format=%U:%G %a", CONFIG) == "root:edgevision 640"
    assert machine.run("stat", "--format=%U:%G %a", STATE) == "edgevision:edgevision 750"


def is_confined(machine: Machine) -> None:
    """To what systemd itself calls OK."""
    verified = machine.attempt("systemd-analyze", "verify", UNIT)
    assert (verified.returncode, verified.stderr) == (0, "")
    unit = f"/etc/systemd/system/{UNIT}"
    said = machine.run("systemd-analyze", "security", "--offline=true", unit)
    exposure = re.search(rf"Overall exposure level for {UNIT}: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSURE


def changes_its_threshold_without_losing_a_frame(machine: Machine) -> None:
    """The same process goes on."""
    process = show(machine, "MainPID")
    subscriber = machine.subscribe(DETECTIONS, THRESHOLD)
    try:
        subscriber.wait_for(lambda messages: len(messages) >= 8, "frames before", 30)
        configure(machine, model={"threshold": 0.75})
        machine.run("systemctl", "reload", UNIT)
        messages = subscriber.wait_for_payload(THRESHOLD, b"0.75", 30)
        subscriber.wait_for(lambda more: len(more) >= len(messages) + 8, "frames after", 30)
    finally:
        subscriber.close()
    numbers = [json.loads(payload)["seq"] for payload in subscriber.payloads(DETECTIONS)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert show(machine, "MainPID") == process
    wait_until(lambda: "fps" in show(machine, "StatusText"), "STATUS with frames a second", 30)


def is_started_anew_when_it_stands_still(machine: Machine) -> None:
    """By the watchdog, after each thread has said where it was."""
    override(machine, "watchdog", "WatchdogSec=3")
    machine.run("systemctl", "restart", UNIT)
    process = show(machine, "MainPID")
    machine.run("kill", "-STOP", process)
    wait_until(lambda: show(machine, "NRestarts") == "1", "the watchdog", 60)
    wait_until(lambda: show(machine, "ActiveState") == "active", "READY", 60)
    assert show(machine, "MainPID") != process
    journal = machine.run("journalctl", f"--unit={UNIT}", "--no-pager")
    assert "Watchdog timeout" in journal
    assert "most recent call first" in journal


def stays_down_with_a_wrong_configuration(machine: Machine) -> None:
    """And doesn't wait for another try."""
    configure(machine, model={"threshold": 7})
    assert machine.attempt("systemctl", "restart", UNIT).returncode != 0
    assert show(machine, "ExecMainStatus") == "78"
    assert (show(machine, "ActiveState"), show(machine, "SubState")) == ("failed", "failed")


def gets_its_secrets_as_credentials(machine: Machine) -> None:
    """A file each; without the folder, the service starts all the same."""
    assert machine.run("stat", "--format=%U:%G %a", CREDENTIALS) == "root:root 700"
    machine.write(f"{CREDENTIALS}/broker", "127.0.0.1\n")
    machine.run("chmod", "0600", f"{CREDENTIALS}/broker")
    text = yaml.safe_dump(CONFIGURATION)
    machine.write(CONFIG, text.replace("localhost", "!credential broker"))
    machine.run("systemctl", "restart", UNIT)
    machine.run("mosquitto_sub", "-h", "localhost", "-t", DETECTIONS, "-C", "1", "-W", "30")

    machine.run("rm", "-r", CREDENTIALS)
    machine.write(CONFIG, text)
    machine.run("systemctl", "restart", UNIT)


def is_not_touched_by_an_upgrade_without_network(machine: Machine) -> None:
    """pip finds nothing: the program, the service and everything else stay."""
    process, files = show(machine, "MainPID"), machine.files(beside=STATE)
    done = machine.attempt(INSTALLER, PIP_FIND_LINKS="/nowhere")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert show(machine, "MainPID") == process
    assert machine.files(beside=STATE) == files


def is_restarted_by_an_upgrade_that_keeps_configuration_and_state(machine: Machine) -> None:
    """Also when the program moves."""
    process = show(machine, "MainPID")
    machine.write(KEPT, "")
    machine.run(INSTALLER, "--prefix", "/opt/moved")
    assert show(machine, "ActiveState") == "active"
    assert show(machine, "MainPID") != process
    assert yaml.safe_load(machine.run("cat", CONFIG)) == CONFIGURATION
    machine.run("ls", KEPT)
    assert machine.run("ls", "/opt").split() == ["moved", "moved.1"]
    assert machine.run("edgevision", "--version").startswith("edgevision ")


def override(machine: Machine, name: str, setting: str) -> None:
    """Change the unit by a drop-in."""
    machine.write(f"{OVERRIDES}/{name}.conf", f"[Service]\n{setting}\n")
    machine.run("systemctl", "daemon-reload")


def configure(machine: Machine, **changes: object) -> None:
    """Write the configuration; the service isn't told."""
    machine.write(CONFIG, yaml.safe_dump(CONFIGURATION | changes))


def show(machine: Machine, name: str) -> str:
    """A property of the service."""
    return machine.run("systemctl", "show", UNIT, f"--property={name}", "--value")


def package(tree: Path, folder: Path, version: str, machine: Machine) -> str:
    """A Debian package of the tree, under another version; its place in the machine."""
    source = folder / version
    shutil.copytree(tree, source)
    (source / "edgevision/__init__.py").write_text(f'"""One of two versions."""\n\n__version__ = "{version}"\n')
    subprocess.run([source / "systemd/build-deb.sh", sys.executable], check=True, capture_output=True)
    (deb,) = (source / "dist").iterdir()
    shutil.copy(deb, machine.root / "srv")
    return f"/srv/{deb.name}"
