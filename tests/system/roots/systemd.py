"""`systemd`: Debian 12 that boots, with a broker, apt's NumPy, and the wheels that the installer will ask pip for.

Unlike the other roots it is configured: dpkg is to install our package in it.
"""

import platform
import zipfile
from pathlib import Path

from tests.system.roots import debian, pip, requirements
from tests.system.roots.recipe import Recipe, Site

PACKAGES = (
    *("systemd-sysv", "dbus", "procps", "python3", "python3-venv", "python3-numpy"),
    *("mosquitto", "mosquitto-clients"),
)
SUITE = "bookworm"
PYTHON = "3.11"
WHEELS = "/srv/wheels"
# Debian 12 has NumPy 1.24 and glibc 2.36.
NUMPY = "numpy==1.24.*"
MANYLINUX = ("2014", "_2_17", "_2_27", "_2_28", "_2_34")
# Half the time goes without the fsync after each file.
DPKG = ("force-unsafe-io", *(f"path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc")))
TEMPTING = {"numpy": "", "opencv_python_headless": "numpy>=99"}
"""Packages of which a version 99 is offered, too, and what that requires: to take them would replace apt's NumPy."""


def recipe() -> Recipe:
    """Of this root."""
    return Recipe(
        name="systemd",
        build=_build,
        inputs=(Path(__file__), Path(debian.__file__), Path(pip.__file__)),
        requirements=(*requirements.runtime(), "setuptools>=68", "wheel", NUMPY),
    )


def _build(site: Site) -> None:
    include = f"--include={','.join(PACKAGES)}"
    options = ["--variant=minbase", include, *(f"--dpkgopt={option}" for option in DPKG)]
    site.run(f"installing Debian {SUITE}", ["mmdebstrap", *options, SUITE, str(site.root), debian.mirror()])
    (site.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    folder = site.root / WHEELS.lstrip("/")
    platforms = [f"manylinux{version}_{platform.machine()}" for version in MANYLINUX]
    pip.download(site, folder, recipe().requirements, platforms, PYTHON)
    for wheel in folder.glob("numpy-*.whl"):
        wheel.unlink()  # apt's is to do
    for name, requires in TEMPTING.items():
        _offer(folder, name, requires)


def _offer(folder: Path, name: str, requires: str) -> None:
    about = f"{name}-99.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 99\n"
    with zipfile.ZipFile(folder / f"{name}-99-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}_99.py", "")
        wheel.writestr(f"{about}/METADATA", metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
