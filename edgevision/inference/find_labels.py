"""Finding a model's labels: given, inside the file, beside it, or those of its twin."""

from pathlib import Path

from edgevision.errors import LabelsError
from edgevision.inference.labels import Labels, fit_labels, parse_labels
from edgevision.inference.metadata import MOST_LABEL_BYTES, decode_labels, packed_labels
from edgevision.inference.model_file import beside
from edgevision.regular_file import read_regular_file


def find_labels(
    model: Path, content: bytes, given: Path | None, classes: tuple[int, ...], twin: Labels | None
) -> Labels:
    """The labels of the model that `content` is, in the order of its class numbers.

    `classes` are the numbers of labels that fit, the likeliest first; empty: the model doesn't tell. `twin` holds where
    there are none of its own. Raises LabelsError with what was found and what was expected.
    """
    text = _label_text(model, content, given)
    if text is None:
        if twin is not None:
            return twin
        count = f" for {classes[0]} classes" if classes else ""
        raise LabelsError(
            f"no labels{count}: neither inside {model} nor in {beside(model, '.txt')[0].name} beside it;"
            " set model.labels to a .txt, or model.task to embed if it is a feature vector that the model gives"
        )
    where, written = text[0], parse_labels(text[1], text[0])
    # A detector that doesn't tell its classes: as many as there are labels, less a leading background.
    return fit_labels(written, classes or (max(written), max(written) + 1), where)


def _label_text(model: Path, content: bytes, given: Path | None) -> tuple[str, str] | None:
    if given is not None:
        text = _read(given)
        if text is None:
            raise LabelsError(f"{given} does not exist: give the .txt with the model's labels")
        return str(given), text
    packed = packed_labels(model, content)
    if packed is not None:
        return f"{packed[0]} inside {model}", packed[1]
    for path in beside(model, ".txt"):
        text = _read(path)
        if text is not None:
            return str(path), text
    return None


def _read(path: Path) -> str | None:
    try:
        content = read_regular_file(path, MOST_LABEL_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LabelsError(f"{path} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise LabelsError(f"{path} {error}: give the .txt with the model's labels") from error
    return decode_labels(content, str(path))
