"""Where else than the catalogue says a model may be had: `--from`."""

from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from edgevision.errors import DownloadError
from edgevision.modeltools.catalogue import PinnedFile
from edgevision.modeltools.download import Progress, forget, most_bytes
from edgevision.modeltools.http_get import NotThereError
from edgevision.modeltools.pulled import is_twin
from edgevision.record import record

Place = Path | str
"""A local file, or a URL."""

_CHUNK = 1 << 20


@record
class Mirror:
    """A folder with the models' files, here or at a URL; or the one file of the model, the others beside it."""

    location: Place
    is_folder: bool

    def places(self, pinned: PinnedFile, file: str) -> tuple[Place, ...]:
        """Where to look for `pinned`, in this order; `file` is what it is called here when it is in place."""
        names = [pinned.file_name] if pinned.member else [pinned.file_name, file]
        beside = tuple(dict.fromkeys(self._beside(name) for name in names))
        if self.is_folder or is_twin(file):
            return beside
        if file.endswith(".txt") and not pinned.member:
            return (*beside, pinned.url or "")
        return (self.location,)

    def _beside(self, name: str) -> Place:
        if isinstance(self.location, str):
            return urljoin(self.location, quote(name))
        return (self.location if self.is_folder else self.location.parent) / name


def mirror_at(text: str) -> Mirror:
    """What `--from` names. Raises ValueError, with a sentence, when that is neither a URL nor here."""
    if "://" not in text:
        try:
            path = Path(text).expanduser()
        except RuntimeError as error:
            raise ValueError(f"{text} is in the home of a user that isn't here") from error
        if not path.is_dir() and not path.is_file():
            raise ValueError(f"{text} is neither a URL nor a file or folder that is here")
        return Mirror(path, path.is_dir())
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:  # a port that is none raises, too
        raise ValueError("a mirror's URL begins with http:// or https:// and a host")
    if "@" in url.netloc:
        raise ValueError("a mirror's URL can't hold a user and password; fetch the file and name it here")
    text = urlunsplit(url._replace(path=quote(url.path, safe="/%:@!$&'()*+,;=~")))  # spaces and umlauts
    return Mirror(text, url.path.endswith("/") or not url.path)


def copy_file(source: Path, pinned: PinnedFile, partial: Path, progress: Progress) -> None:
    """Copy a local file to `partial`.

    Raises NotThereError, DownloadError when it can't be read, and OSError when `partial` can't be written.
    """
    if not source.is_file():
        raise NotThereError(f"{source} is not there")
    try:
        opened = source.open("rb")
    except OSError as error:
        raise DownloadError(f"{source} can't be read ({error.strerror})") from error
    forget(partial)
    with opened, partial.open("wb") as out:
        left = most_bytes(pinned) + 1
        progress.begin(str(source), 0, source.stat().st_size)
        while chunk := opened.read(min(_CHUNK, left)):
            out.write(chunk)
            left -= len(chunk)
            progress.advance(len(chunk))
