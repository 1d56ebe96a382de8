"""`edgevision models pull`: a model of the catalogue, fetched, verified, and only then put in place."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgevision.errors import DownloadError
from edgevision.modeltools.archive import take_out
from edgevision.modeltools.catalogue import CatalogueModel, PinnedFile
from edgevision.modeltools.checksum import mismatch, sha256_of
from edgevision.modeltools.download import SILENCE, Progress, download, forget, most_bytes
from edgevision.modeltools.http_get import TRY_A_MIRROR, NotThereError
from edgevision.modeltools.mirror import Mirror, Place, copy_file
from edgevision.modeltools.pulled import fault, is_twin, label_lines, models_folder, note_of, noted, parts
from edgevision.record import record

PARTIAL_FOLDER = ".partial"
"""Where files are until they are verified: beside their places, for a file moves at once only within a file system."""

_MODE, _FOLDER_MODE = 0o644, 0o755  # whoever pulled it, the daemon's user reads it
_CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)


def pull_model(
    model: CatalogueModel,
    state_dir: Path,
    progress: Progress,
    *,
    mirror: Mirror | None = None,
    silence: float = SILENCE,
) -> bool:
    """Get `model` into `<state_dir>/models/`; False when all that can be had is there already, and verified.

    None of its files is put in place before all are verified. Raises DownloadError; what came until then is kept and
    gone on with the next time.
    """
    folder = models_folder(state_dir)
    with _whole_sentences(folder):
        if not _lacking(model, folder) and _note_holds(model, folder):
            return False
        _make(folder)
        with _locked(folder, progress):
            job = _Pull(model, folder / PARTIAL_FOLDER, progress, mirror, silence)
            # What is lacking now: another pull may have been faster.
            paths = {file: job.staged_if_there(file) for file in _lacking(model, folder)}
            staged = {file: path for file, path in paths.items() if path is not None}
            changed = bool(staged) or not _note_holds(model, folder)
            if changed:
                _put_in_place(model, folder, staged)
            job.clear()
    return changed


@record
class _Pull:
    model: CatalogueModel
    partials: Path
    progress: Progress
    mirror: Mirror | None
    silence: float

    def staged_if_there(self, file: str) -> Path | None:
        """As `staged`; None for a compiled twin that the mirror doesn't have: few need it."""
        try:
            return self.staged(file)
        except NotThereError:
            if self.mirror is None or not is_twin(file) or (self.partials.parent / file).exists():
                raise
            self.progress.say(f"{file} is not there: going without; an Edge TPU needs it")
            return None

    def staged(self, file: str) -> Path:
        """One of the model's files, verified, ready to be moved."""
        content = parts(self.model)[file]
        staged = self.partials / file
        if isinstance(content, tuple):
            staged.write_bytes(label_lines(content))
            return staged
        partial = self._fetched(file, content)
        if content.member is None:
            return partial
        take_out(partial, content.file_name, content.member, staged)
        return staged

    def clear(self) -> None:
        """Remove what has been taken from."""
        for content in parts(self.model).values():
            if isinstance(content, PinnedFile):
                forget(self._partial(content))

    def _fetched(self, file: str, pinned: PinnedFile) -> Path:
        """What is pinned, verified, in the folder of partial files."""
        partial = self._partial(pinned)
        resumed = partial.exists()
        if resumed and not _wrong(partial, pinned):
            return partial  # all of it came before; or this archive holds another part of the model, too
        place = self._bring(file, pinned, partial)
        wrong = _wrong(partial, pinned)
        if wrong and resumed and isinstance(place, str):
            self.progress.say("what an earlier try left is of another file: starting over")
            forget(partial)
            place = self._bring(file, pinned, partial)
            wrong = _wrong(partial, pinned)
        if wrong:
            forget(partial)
            raise DownloadError(f"{place} is not the file: {wrong}: {TRY_A_MIRROR}")
        self.progress.say(f"{pinned.file_name}: verified")
        return partial

    def _bring(self, file: str, pinned: PinnedFile, partial: Path) -> Place:
        """Fetch from the first place that has the file; the place."""
        places = self.mirror.places(pinned, file) if self.mirror else (pinned.url or "",)
        for place in places[:-1]:
            try:
                return self._bring_from(place, pinned, partial)
            except NotThereError:
                continue
        return self._bring_from(places[-1], pinned, partial)

    def _bring_from(self, place: Place, pinned: PinnedFile, partial: Path) -> Place:
        if isinstance(place, Path):
            copy_file(place, pinned, partial, self.progress)
        else:
            download(place, pinned, partial, self.progress, self.silence)
        return place

    def _partial(self, pinned: PinnedFile) -> Path:
        # By its pin: what is left of another version of the file is never taken for it.
        return self.partials / pinned.pin[:20]


def _lacking(model: CatalogueModel, folder: Path) -> list[str]:
    return [file for file in parts(model) if fault(folder, model, file)]


def _note_holds(model: CatalogueModel, folder: Path) -> bool:
    """Whether the note, which isn't needed for what the catalogue itself pins, would satisfy `sha256sum -c`."""
    return noted(folder, model.name) == _digests({file: folder / file for file in parts(model)})


def _digests(files: dict[str, Path]) -> dict[str, str]:
    return {file: sha256_of(path) for file, path in files.items() if path.is_file()}


def _wrong(partial: Path, pinned: PinnedFile) -> str | None:
    if (size := partial.stat().st_size) > most_bytes(pinned):
        return f"expected at most {most_bytes(pinned)} bytes, found {size} or more"
    if wrong := mismatch(partial, pinned):
        with partial.open("rb") as file:
            is_html = file.read(64).lstrip().lower().startswith((b"<!doctype html", b"<html"))
        return wrong + ("; it is a web page: is there a login page in between?" if is_html else "")
    return None


def _put_in_place(model: CatalogueModel, folder: Path, staged: dict[str, Path]) -> None:
    """Move verified files to their places, the model last: where it is, the others are."""
    note = folder / PARTIAL_FOLDER / note_of(model.name)
    digests = _digests({file: staged.get(file, folder / file) for file in parts(model)})
    note.write_text("".join(f"{digest}  {file}\n" for file, digest in digests.items()), encoding="ascii")
    moves = {note_of(model.name): note, **staged}
    for path in moves.values():
        path.chmod(_MODE)
        _sync(path)
    for file, path in moves.items():
        path.replace(folder / file)
    _sync(folder)


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    """Make the folder of the models; the daemon's user is to read it, whatever the umask of who pulls."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)  # another pull may have been faster
        folder.chmod(_FOLDER_MODE)


@contextmanager
def _locked(folder: Path, progress: Progress) -> Iterator[None]:
    """Keep other pulls into the same folder waiting. The lock goes with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"another pull into {folder} is running: waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        partials = folder / PARTIAL_FOLDER
        partials.mkdir(exist_ok=True)
        for path in partials.iterdir():
            if path.is_symlink() or not path.is_file():
                path.unlink()  # none of ours: a link would be followed, a pipe never ends
        yield
        if not any(partials.iterdir()):
            partials.rmdir()
    finally:
        os.close(descriptor)


@contextmanager
def _whole_sentences(folder: Path) -> Iterator[None]:
    """What the system says of the folder, with what to do about it."""
    try:
        yield
    except DownloadError:
        raise
    except OSError as error:
        if error.errno in _CANNOT_WRITE:
            advice = "run the command with sudo, or give it a configuration with a state_dir of your own (-c FILE)"
            raise DownloadError(f"{folder} can't be written ({error.strerror}): {advice}") from error
        if error.errno == errno.ENOSPC:
            raise DownloadError(f"{folder}: the disk is full; make room and run the command again to go on") from error
        place = error.filename2 or error.filename or folder  # of a move it is the second that is in the way
        raise DownloadError(f"{place} can't be used ({error.strerror or error})") from error
