"""The paths of the configuration: relative ones begin at the file's folder, `~` is the home folder.

The folder comes as the validation context `{"folder": Path}`; without one, relative paths stay as they are.
"""

import glob
import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from edgevision.config.checks import fault

_LONGEST_PATH = 4095  # PATH_MAX of Linux, without its NUL
_DEEPEST_PATTERN = 64  # glob calls itself once a level


def _written(text: object) -> object:
    if isinstance(text, str) and not text:
        raise fault("is empty, which is no path")
    if isinstance(text, str) and len(text) > _LONGEST_PATH:
        raise fault("is too long for a path")
    return text


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise fault("can't be resolved: there is no such home folder") from None


def _folder(info: ValidationInfo) -> Path:
    folder = info.context.get("folder") if isinstance(info.context, dict) else None
    return folder if isinstance(folder, Path) else Path()


def _anchored(path: Path, info: ValidationInfo) -> Path:
    return _folder(info) / _expanded(path)


def _device(path: Path) -> Path:
    if not path.is_absolute():
        raise fault("is no device; write its path, such as /dev/video0")
    return path


def _existing(path: Path, info: ValidationInfo) -> tuple[Path, os.stat_result]:
    path = _expanded(path)
    anchored = _folder(info) / path
    try:
        return anchored, anchored.stat()
    except OSError as error:
        # The folder alone is told: the path may have come from a tag, and then isn't shown.
        hint = "" if path.is_absolute() else f"; relative paths begin at {_folder(info).absolute()}"
        raise fault(f"can't be used: {(error.strerror or 'no such path').lower()}{hint}") from None


def _readable_file(path: Path, info: ValidationInfo) -> Path:
    anchored, status = _existing(path, info)
    if not stat.S_ISREG(status.st_mode):
        raise fault("is not a file")
    if not os.access(anchored, os.R_OK):
        raise fault(f"can't be used: user {os.geteuid()} may not read it")
    return anchored


def _pictures(path: Path, info: ValidationInfo) -> Path:
    path, folder = _expanded(path), _folder(info)
    if glob.has_magic(str(path)) and not os.path.lexists(folder / path):
        return _pattern(path, folder)
    anchored, status = _existing(path, info)
    return anchored if stat.S_ISDIR(status.st_mode) else Path(glob.escape(str(anchored)))


def _pattern(path: Path, folder: Path) -> Path:
    if len(path.parts) > _DEEPEST_PATTERN:
        raise fault(f"is a pattern of more than {_DEEPEST_PATTERN} levels")
    anchored = Path(glob.escape(str(folder))) / path
    matches = glob.iglob(str(anchored), recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    if next(matches, None) is None:
        raise fault("is a pattern that no file matches")
    return anchored


ConfigPath = Annotated[Path, BeforeValidator(_written), AfterValidator(_anchored)]
"""A path, made absolute. Whether anything is there is for the one who opens it."""

DevicePath = Annotated[Path, BeforeValidator(_written), AfterValidator(_device)]
"""A device node. It needn't exist: USB cameras come and go."""

ReadableFile = Annotated[Path, BeforeValidator(_written), AfterValidator(_readable_file)]
"""A file that exists and may be read, made absolute."""

Pictures = Annotated[Path, BeforeValidator(_written), AfterValidator(_pictures)]
"""A folder, made absolute, or a pattern for `glob` (`**` included) that matches something.

A folder before a relative pattern is escaped, and so is a single picture's path: whatever isn't a folder is a pattern.
"""
