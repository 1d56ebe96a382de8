"""The tags that fetch a value from outside the file: `!env NAME`, `!file PATH` and `!credential NAME`."""

import os
from collections.abc import Mapping
from pathlib import Path

from edgevision.config.keys import shortened
from edgevision.config.nearest import did_you_mean
from edgevision.config.yamltree import unusable_character
from edgevision.record import record
from edgevision.regular_file import read_regular_file

TAGS = ("!env", "!file", "!credential")
MAX_SECRET_BYTES = 1 << 16

CREDENTIALS = Path("/etc/edgevision/credentials")
"""Where the installed service's are kept: for root, who tries a configuration out."""

PREFIX = "edgevision_"
"""What systemd puts before their names: systemd/edgevision.service loads the whole folder as `edgevision`."""


class TagError(Exception):
    """A tagged value can't be had; the message is the sentence to show."""


@record
class Tags:
    """Fetches tagged values. `folder` is where relative paths begin; `environ` is where variables are looked up."""

    folder: Path
    environ: Mapping[str, str]

    def fetch(self, tag: str, argument: str) -> str:
        """The text that a tag stands for, a file's without its last line break. Raises TagError."""
        if tag not in TAGS or not argument:
            raise TagError(misplaced_tag(tag))
        value = self._value(tag, argument)
        if unusable := unusable_character(value):
            raise TagError(f"what {tag} {shortened(argument)} stands for holds {unusable}")
        return value

    def _value(self, tag: str, argument: str) -> str:
        match tag:
            case "!env":
                return self._variable(argument)
            case "!file":
                return _text(argument, self._path(argument))
            case _:
                return _text(argument, self._credential(argument))

    def _variable(self, name: str) -> str:
        value = self.environ.get(name)
        if value is None:
            raise TagError(f"the environment variable {shortened(name)} is not set")
        return value

    def _path(self, argument: str) -> Path:
        try:
            return self.folder / Path(argument).expanduser()
        except RuntimeError:
            raise TagError(f"{shortened(argument)} can't be read: there is no such home folder") from None

    def _credential(self, name: str) -> Path:
        if "/" in name or name in {".", ".."}:
            raise TagError(f"{shortened(name)} is no credential's name; for a path, write !file")
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        if folder:
            plain, prefixed = Path(folder) / name, Path(folder) / f"{PREFIX}{name}"
            return prefixed if prefixed.exists() and not plain.exists() else plain
        kept = CREDENTIALS / name
        if not os.access(kept, os.F_OK):
            raise TagError(
                "there are no credentials, for $CREDENTIALS_DIRECTORY is not set; "
                "systemd sets it for a unit with LoadCredential= or SetCredential=, and root finds those of "
                f"{CREDENTIALS}"
            )
        return kept


def misplaced_tag(tag: str) -> str:
    """What to say about a tag that isn't ours, or not on a text.

    A stranger isn't repeated: it may be an unquoted password that begins with !.
    """
    if tag in TAGS:
        return f"{tag} needs {'a path' if tag == '!file' else 'a name'} after it"
    hint = did_you_mean(tag, TAGS) or f"; the tags are {', '.join(TAGS)}"
    return f"unknown tag; quote a text that begins with !{hint}"


def _text(shown: str, path: Path) -> str:
    try:
        data = read_regular_file(path, MAX_SECRET_BYTES)
    except OSError as error:
        raise TagError(f"{shortened(shown)} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise TagError(f"{shortened(shown)} {error}; is it the right file?") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise TagError(f"{shortened(shown)} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")
