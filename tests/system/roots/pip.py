"""pip inside a root, configured as it is on this machine: indexes, certificates and local wheel folders."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.system.roots.debian import AUTHORITIES
from tests.system.roots.enter import Bind, command_in, environment
from tests.system.roots.recipe import Site, cache_folder

CACHE_INSIDE = "/var/cache/pip"
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def make_environment(site: Site, requirements: Sequence[str], *, system_packages: bool = False) -> None:
    """Make /venv in the root, with `requirements` in it; `system_packages` lets it see apt's Python packages."""
    venv = ["python3", "-m", "venv", *(["--system-site-packages"] if system_packages else []), "/venv"]
    site.run("making a Python environment", command_in(site.root, venv), environment())
    settings = settings_here()
    site.run(
        "pip install",
        command_in(site.root, ["/venv/bin/pip", "install", *requirements], list(_binds(settings))),
        environment(**_variables(settings)),
    )


def download(site: Site, folder: Path, requirements: Sequence[str], platforms: Sequence[str], python: str) -> None:
    """Put the wheels that another machine would install into `folder`; this machine's pip does it."""
    pip = [sys.executable, "-m", "pip", "download", "--only-binary=:all:", f"--dest={folder}"]
    tags = [f"--abi={tag}" for tag in (f"cp{python.replace('.', '')}", "abi3", "none")]
    target = ["--implementation=cp", f"--python-version={python}", *tags, *(f"--platform={tag}" for tag in platforms)]
    site.run("pip download", [*pip, *target, *requirements], {**os.environ, "PIP_CACHE_DIR": str(_cache())})


def settings_here() -> dict[str, str]:
    """pip's settings on this machine, from wherever it takes them (`pip config list`): option to value."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    # In pip's own order of precedence, so that later ones win.
    for section in ("global.", "install.", ":env:."):
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                settings[name.removeprefix(section)] = str(ast.literal_eval(value))
    return settings


def _variables(settings: dict[str, str]) -> dict[str, str]:
    variables = {"PIP_CERT": str(AUTHORITIES)} if AUTHORITIES.exists() else {}
    for option, value in settings.items():
        variables[f"PIP_{option.upper().replace('-', '_')}"] = " ".join(value.split())
    for name in (*PROXIES, *map(str.upper, PROXIES)):
        if name in os.environ:
            variables[name] = os.environ[name]
    return {**variables, "PIP_CACHE_DIR": CACHE_INSIDE, "PIP_ROOT_USER_ACTION": "ignore"}


def _binds(settings: dict[str, str]) -> Iterator[Bind]:
    """The cache, and every file and folder of this machine that a setting names."""
    yield Bind(_cache(), CACHE_INSIDE, writable=True)
    for option, value in settings.items():
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if option.endswith("index-url"):
                path = path.parent  # an index on disk usually keeps its files beside itself
            if path.is_absolute() and path.exists():
                yield Bind(path, str(path))


def _cache() -> Path:
    folder = cache_folder() / "pip"
    folder.mkdir(exist_ok=True)
    return folder
