"""Labels: what a model's class numbers mean.

Understood are the usual forms of a .txt, one class a line: `name`, `1 name` and `1: name`. A class that has no name
(a gap in the numbers of COCO, a `???`) is None.
"""

import re
from collections.abc import Sequence

from edgevision.errors import LabelsError

Labels = tuple[str | None, ...]

NO_NAMES = frozenset({"", "???", "n/a"})
BACKGROUND_NAMES = frozenset({"???", "background", "__background__", "unlabeled"})
IMAGENET_CLASSES = 1000
"""Models of the TensorFlow zoos have one class more, a leading background; some label files leave it out."""

MOST_CLASSES = 100_000
"""No MobileNet has as many; guards against a number in the file that would fill the memory with gaps."""

LONGEST_LABEL = 200
"""Characters; a label is a level of an MQTT topic, and something to read."""

_NUMBERED = re.compile(r"(\d{1,9})(?:\s*:\s*|\s+)(\S.*)")


def parse_labels(text: str, where: str) -> dict[int, str]:
    """Names by class number, as written in `text`; `where` names it in errors.

    Lines are numbered from 0 unless every one begins with a number of its own. Blank lines at the end don't count.
    Raises LabelsError when a number stands twice or is absurd, a label is very long, or there is none at all.
    """
    lines = [line.strip() for line in text.removeprefix("\ufeff").rstrip().splitlines()]
    if not lines:
        raise LabelsError(f"{where} has no labels in it: it needs one name a line")
    if (longest := max(map(len, lines))) > LONGEST_LABEL:
        raise LabelsError(f"{where} has a label of {longest} characters: at most {LONGEST_LABEL} are allowed")
    matches = [match for line in lines if (match := _NUMBERED.match(line))]
    if len(matches) < sum(1 for line in lines if line):
        return dict(enumerate(lines))
    labels: dict[int, str] = {}
    for match in matches:
        number, name = int(match[1]), match[2]
        if number in labels:
            raise LabelsError(f"{where} names class {number} twice: {labels[number]!r} and {name!r}")
        if number > MOST_CLASSES:
            raise LabelsError(
                f"{where} numbers a class {number} ({name!r}): more than {MOST_CLASSES} classes are refused"
            )
        labels[number] = name
    return labels


def fit_labels(written: dict[int, str], class_counts: Sequence[int], where: str) -> Labels:
    """The labels in the order of the model's class numbers.

    `class_counts` are the numbers of classes that the model may have, the likeliest first: a detection model doesn't
    say whether one of its score columns is a background that its answers leave out.
    Raises LabelsError with what was found and what was expected when the labels fit none of them.
    """
    for classes in class_counts:
        labels = _fit(written, classes)
        if labels is not None:
            return labels
    expected = " or ".join(str(count) for count in class_counts)
    numbers = f"{len(written)} labels numbered {min(written)} to {max(written)}"
    raise LabelsError(
        f"{where} has {numbers}, but the model has {expected} classes: give the labels it was trained with"
    )


def _fit(written: dict[int, str], classes: int) -> Labels | None:
    first, last = min(written), max(written)
    if last == classes - 1:
        return _in_order(written, 0, classes)
    if last == classes and first > 0:
        return _in_order(written, 1, classes + 1)
    if last == classes and written.get(0, "").lower() in BACKGROUND_NAMES:
        return _in_order(written, 1, classes + 1)
    if last == IMAGENET_CLASSES - 1 and classes == IMAGENET_CLASSES + 1:
        return ("background", *_in_order(written, 0, IMAGENET_CLASSES))
    return None


def name_of(labels: Sequence[str | None], number: int) -> str:
    """The label of a class, or `class 12` where it has none."""
    name = labels[number] if 0 <= number < len(labels) else None
    return name if name is not None else f"class {number}"


def _in_order(written: dict[int, str], start: int, stop: int) -> Labels:
    names = (written.get(number, "") for number in range(start, stop))
    return tuple(None if name.lower() in NO_NAMES else name for name in names)
