"""The Debian part of a root: packages unpacked by mmdebstrap, and the few files their scripts would have written."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.system.roots.recipe import RootError, Site

SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# Any root is reached through the same names and servers as this machine: pip needs them.
NETWORK = (Path("/etc/hosts"), Path("/etc/resolv.conf"), AUTHORITIES)


def debootstrap(site: Site, suite: str, packages: Sequence[str], architecture: str | None = None) -> None:
    """Unpack `packages` and what they depend on into the root. None is configured: that takes a third of the time.

    For this machine's architecture unless another one is named.
    """
    include = ",".join(("base-files", "base-passwd", "coreutils", "dash", *packages))
    foreign = [f"--architectures={architecture}"] if architecture else []
    site.run(
        f"unpacking Debian {suite}",
        ["mmdebstrap", "--variant=extract", f"--include={include}", *foreign, suite, str(site.root), mirror()],
    )
    etc = site.root / "etc"
    for accounts in ("passwd", "group"):
        shutil.copy(site.root / f"usr/share/base-passwd/{accounts}.master", etc / accounts)
    for path in NETWORK:
        if path.exists():
            target = site.root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(path, target)


def mirror() -> str:
    """The Debian mirror of this machine's own apt, or EDGEVISION_DEBIAN_MIRROR where the machine isn't a Debian."""
    named = os.environ.get("EDGEVISION_DEBIAN_MIRROR")
    return named or mirror_in(_sources())


def mirror_in(sources: str) -> str:
    """The first Debian mirror named in apt sources, one-line or deb822. Security and foreign archives don't count."""
    for line in sources.splitlines():
        if line.startswith(("URIs:", "deb ")):
            for word in line.split():
                if "://" in word and word.rstrip("/").endswith("/debian"):
                    return word
    raise RootError("no Debian mirror in this machine's apt sources: name one in EDGEVISION_DEBIAN_MIRROR")


def _sources() -> str:
    main, folder = SOURCES
    files = [main, *sorted([*folder.glob("*.sources"), *folder.glob("*.list")])]
    return "\n".join(path.read_text() for path in files if path.is_file())
