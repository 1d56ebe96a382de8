"""`virtcam`: Debian 13, the base of today's Raspberry Pi OS, with the real picamera2 and libcamera's virtual camera."""

from collections.abc import Sequence
from pathlib import Path

from tests.system.roots import debian, pip, requirements
from tests.system.roots.enter import Bind, command_in, environment
from tests.system.roots.recipe import REPOSITORY, Recipe, Site

PICAMERA2 = "picamera2==0.3.38"
PACKAGES = (
    *("python3", "python3-venv", "python3-libcamera", "libcamera-ipa"),
    *("gcc", "libc6-dev", "python3-dev", "libcap-dev"),  # picamera2 needs python-prctl, which pip has to compile
)
PATCHES = "tests/system/virtcam"
SOURCES = REPOSITORY / PATCHES
PRELOADED = ("fakedma.c", "zeroed_new.c")
LIBRARY = "/usr/lib/libvirtcam.so"
INTERPRETER = "/venv/bin/python"
FRAMES = "/srv/frames"


def recipe() -> Recipe:
    """Of this root."""
    return Recipe(
        name="virtcam",
        build=_build,
        inputs=(*map(Path, (__file__, debian.__file__, pip.__file__)), *(SOURCES / name for name in PRELOADED)),
        requirements=(PICAMERA2, *requirements.runtime(), *requirements.testing()),
    )


def camera(frames: Path) -> Sequence[Bind]:
    """What makes a camera appear in the root: it shows the pictures 0.jpg, 1.jpg, … of `frames`."""
    return Bind(SOURCES / "pipeline", "/usr/share/libcamera/pipeline/virtual"), Bind(frames, FRAMES, writable=True)


def _build(site: Site) -> None:
    debian.debootstrap(site, "trixie", PACKAGES)
    pip.make_environment(site, recipe().requirements, system_packages=True)
    sources = [Bind(SOURCES / name, f"/usr/src/{name}") for name in PRELOADED]
    compiler = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-o", LIBRARY, *(source.target for source in sources)]
    site.run("compiling what is preloaded", command_in(site.root, compiler, sources), environment())
    # Last, so that nothing but the tests runs under it. Unlike LD_PRELOAD it holds for every program in the root.
    (site.root / "etc/ld.so.preload").write_text(f"{LIBRARY}\n")
