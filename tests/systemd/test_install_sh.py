"""What the installer says before it changes anything. tests/system/test_service.py lets it loose on a machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from edgevision.config.loader import load_config
from tests.daemon_process import ROOT

SYSTEMD = ROOT / "systemd"


def install_sh(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installer."""
    return subprocess.run([SYSTEMD / "install.sh", *arguments], capture_output=True, text=True, check=False)


def check_system(folder: Path, *, systemd: int = 252, without: str = "nothing", meanwhile: str = "") -> tuple[int, str]:
    """What the installer's look at the system ends with and says.

    `without`: code that has this text fails in Python there; `meanwhile`: shell functions to put in place of others.
    """
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\ncase "$2" in *"{without}"*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    here = f"PYTHON={python}; systemctl() {{ echo 'systemd {systemd} ({systemd}.1)'; }}; {meanwhile}"
    script = f". {SYSTEMD}/steps.sh; {here}\ncheck_system"
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_system_with_all_that_is_needed_is_accepted(tmp_path: Path) -> None:
    status, said = check_system(tmp_path, meanwhile="check_camera() { :; }")
    assert (status, said) == (0, "")


def test_what_is_missing_is_said_in_one_sentence_with_how_to_get_it(tmp_path: Path) -> None:
    assert check_system(tmp_path, systemd=247) == (
        1,
        "edgevision: systemd 247 is too old: edgevision needs 250, which Raspberry Pi OS has from bookworm on\n",
    )
    status, said = check_system(tmp_path, without="(3, 11)")
    assert (status, "needs 3.11, which Raspberry Pi OS has from bookworm on" in said) == (1, True)
    assert check_system(tmp_path, without="ensurepip") == (
        1,
        "edgevision: Python lacks venv: sudo apt install python3-venv\n",
    )
    assert check_system(tmp_path, meanwhile="PYTHON=/nowhere/python3") == (
        1,
        "edgevision: python3 is missing: sudo apt install python3 python3-venv\n",
    )


def test_the_want_of_picamera2_is_said_but_stops_nothing(tmp_path: Path) -> None:
    status, said = check_system(tmp_path, without="picamera2")
    assert (status, "sudo apt install python3-picamera2" in said) == (0, True)


def test_on_32_bits_tflite_runtime_is_taken_where_there_is_one(tmp_path: Path) -> None:
    status, said = check_system(tmp_path, meanwhile="is_32_bit() { true; }; has_tflite_runtime() { true; }")
    assert (status, "tflite-runtime takes its place" in said) == (0, True)
    status, said = check_system(tmp_path, meanwhile="is_32_bit() { true; }; has_tflite_runtime() { false; }")
    assert (status, "install 64-bit Raspberry Pi OS" in said) == (1, True)


@pytest.mark.parametrize("prefix", ["opt", "/", "/opt/", "/opt/../home/pi", "/opt/a b", "/opt/a|b", "/home/pi/ev", ""])
def test_a_prefix_where_the_service_could_not_run_from_is_refused(prefix: str) -> None:
    done = install_sh(f"--prefix={prefix}", "--dry-run")
    assert done.returncode == 1
    assert done.stderr.startswith("edgevision: --prefix: ")


def test_the_command_line_explains_itself() -> None:
    assert "--purge" in install_sh("--help").stdout
    assert install_sh("--remove").returncode == 2


def test_the_configuration_that_is_installed_loads() -> None:
    settings = load_config(SYSTEMD / "edgevision.yaml").settings
    assert settings.cameras["front"].source.type == "picamera2"


@pytest.mark.parametrize(("systemd", "grows"), [(252, False), (254, True), (257, True)])
def test_the_delay_between_restarts_grows_where_systemd_lets_it(tmp_path: Path, systemd: int, grows: bool) -> None:
    there = tmp_path / "edgevision.service.d" / "10-growing-delay.conf"
    script = (
        f". {SYSTEMD}/steps.sh; DELAY={there}; systemctl() {{ echo 'systemd {systemd} ({systemd}.1)'; }}\n"
        f"let_the_delay_grow {SYSTEMD}/growing-delay.conf"
    )
    subprocess.run(["sh", "-euc", script], check=True)
    assert there.exists() == grows
    assert not grows or "RestartMaxDelaySec=" in there.read_text()
