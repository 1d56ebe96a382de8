"""`arm64`: Debian 12 for 64-bit Arm and the wheels a Pi would install, run by qemu.

Nothing is executed while it is built. Without the kernel's binfmt_misc no Arm program can start another one in here
but by STARTER: no console scripts, only `interpreter -m …` and `-c …`.
"""

import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.system import host
from tests.system.roots import debian, pip, requirements
from tests.system.roots.recipe import Recipe, RootError, Site

PYTHON = "3.11"
PACKAGES = ("python3", f"python{PYTHON}", "libstdc++6", "zlib1g")
# glibc 2.36, Debian 12's, runs the wheels built for any older one.
PLATFORMS = tuple(f"manylinux{version}_aarch64" for version in ("2014", "_2_17", "_2_27", "_2_28", "_2_34"))
QEMU = "/usr/bin/qemu-aarch64-static"
STARTER = Path(__file__).with_name("arm-python")
INTERPRETER = (QEMU, "-0", f"/usr/bin/{STARTER.name}", f"/usr/bin/python{PYTHON}")
"""What starts Python here. By `-0` Python takes STARTER for itself, and starts child processes with it."""
WHEELS = "/site"


def recipe() -> Recipe:
    """Of this root."""
    return Recipe(
        name="arm64",
        build=_build,
        inputs=(Path(__file__), STARTER, Path(debian.__file__), Path(pip.__file__)),
        requirements=requirements.runtime(),
    )


def _build(site: Site) -> None:
    debian.debootstrap(site, "bookworm", PACKAGES, "arm64")
    qemu = host.find(Path(QEMU).name)
    if qemu is None:
        raise RootError(f"{Path(QEMU).name} is missing: apt-get install qemu-user-static")
    shutil.copy(qemu, site.root / QEMU.lstrip("/"))
    shutil.copy(STARTER, site.root / "usr/bin")
    with TemporaryDirectory() as folder:
        pip.download(site, Path(folder), recipe().requirements, PLATFORMS, PYTHON)
        for wheel in sorted(Path(folder).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site.root / WHEELS.lstrip("/"))
