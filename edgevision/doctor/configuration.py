"""The configuration file, with the secrets that the service has."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from edgevision.config.config import Config
from edgevision.config.loader import load_config
from edgevision.config.tags import CREDENTIALS, PREFIX
from edgevision.doctor.finding import Finding, mistake, ok, problem
from edgevision.doctor.machine import Machine
from edgevision.doctor.user import READ, User
from edgevision.errors import ConfigError
from edgevision.publish.settings import vet_tls_files

_VARIABLE = "CREDENTIALS_DIRECTORY"


def look_at_configuration(
    path: Path, machine: Machine, user: User, environ: Mapping[str, str]
) -> tuple[Config | None, list[Finding]]:
    """The configuration, None where it is wrong, and what is to be said of it. `environ` is where `!env` looks."""
    with _credentials(machine, environ) as complete:
        try:
            config = load_config(path, complete)
        except ConfigError as error:
            return None, [mistake("configuration", line, _what_to_do(path)) for line in str(error).splitlines()]
    findings = [ok("configuration", f"{path}: {_counted(config)}")]
    try:
        vet_tls_files(config)
    except ConfigError as error:
        findings = [mistake("configuration", str(error))]
    for file in filter(None, (path, *_named_files(config))):
        if os.access(file, os.F_OK) and not user.may(file, READ):
            remedy = f"sudo chgrp {user.name} {file} and sudo chmod g+r {file}; its folders need g+x"
            findings.append(problem("configuration", f"{user.name} may not read {file}", remedy))
    return config, findings


def _named_files(config: Config) -> Iterator[Path | None]:
    """The files that it names, but for models and pictures, which have checks of their own."""
    tls = config.settings.mqtt.tls
    if tls is not None:
        yield from (tls.ca, tls.cert, tls.key)
    models = [config.settings.model_for(name) for name in config.settings.cameras]
    yield from dict.fromkeys(file for model in models for file in (model.labels, model.cpu_path))


def _what_to_do(path: Path) -> str:
    if os.access(path, os.R_OK):
        return "correct the file"
    try:
        path.stat()
    except FileNotFoundError:
        return "write it, or name another one with -c; the README has the few lines that do"
    except OSError:
        pass
    return "sudo edgevision doctor"


def _counted(config: Config) -> str:
    cameras = config.settings.cameras
    return f"device {config.settings.device}, camera{'s' if len(cameras) > 1 else ''} {', '.join(cameras)}"


@contextmanager
def _credentials(machine: Machine, environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The environment with a folder of the credentials as systemd would hand them over at the next start.

    As far as this user may read them; besides, there are those that the environment has already.
    """
    found: dict[str, Path] = {}
    if environ.get(_VARIABLE):
        found |= {file.name: file for file in _files(Path(environ[_VARIABLE]))}
    found |= {PREFIX + file.name: file for file in _files(machine.root / CREDENTIALS.relative_to("/"))}
    if not found:
        yield environ
        return
    with TemporaryDirectory(prefix="edgevision-doctor-") as given:
        for name, file in found.items():
            Path(given, name).symlink_to(file.absolute())
        yield {**environ, _VARIABLE: given}


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
