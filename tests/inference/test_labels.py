"""Labels files in every usual form end up at the right class numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.errors import LabelsError
from edgevision.inference.labels import fit_labels, name_of, parse_labels


def labels_of(text: str, *class_counts: int) -> tuple[str | None, ...]:
    return fit_labels(parse_labels(text, "labels.txt"), class_counts, "labels.txt")


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\nowl\n",
        "0 cat\n1 dog\n2 owl",
        "1 cat\n2 dog\n3 owl\n",
        "0: cat\n1: dog\n2: owl\n",
        "  0:cat\n1 : dog\n2   owl",
    ],
)
def test_names_numbered_from_0_from_1_or_not_at_all_mean_the_same(text: str) -> None:
    assert labels_of(text, 3) == ("cat", "dog", "owl")


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_at_the_end_do_not_matter() -> None:
    assert labels_of("\ufeffcat\r\ndog\r\n\r\n", 2) == ("cat", "dog")


def test_a_leading_question_mark_line_is_the_background_that_a_detector_does_not_count() -> None:
    assert labels_of("???\nperson\nbicycle\n", 2, 3) == ("person", "bicycle")


def test_gaps_in_the_numbers_of_coco_are_classes_without_a_name() -> None:
    labels = labels_of("1 person\n2 bicycle\n4 car\n", 4)
    assert labels == ("person", "bicycle", None, "car")
    assert name_of(labels, 3) == "car"
    assert name_of(labels, 2) == "class 2"


@pytest.mark.parametrize("gap", ["n/a", "???", ""])
def test_a_gap_may_be_written_out(gap: str) -> None:
    assert labels_of(f"person\n{gap}\ncar\n", 3) == ("person", None, "car")


def test_a_background_that_the_model_does_not_have_is_left_out() -> None:
    assert labels_of("background\ncat\ndog\n", 2) == ("cat", "dog")


def test_a_background_that_the_model_has_is_a_label_like_any_other() -> None:
    assert labels_of("background\ncat\ndog\n", 3) == ("background", "cat", "dog")


def test_imagenet_labels_without_background_fit_a_model_with_it() -> None:
    labels = labels_of("\n".join(f"thing {number}" for number in range(1000)), 1001)
    assert labels[:2] == ("background", "thing 0")


def test_names_that_begin_with_a_digit_are_no_numbers_unless_all_lines_have_one() -> None:
    assert labels_of("7 up\ncola\n", 2) == ("7 up", "cola")


@pytest.mark.parametrize(
    ("text", "classes", "words"),
    [
        ("cat\ndog\n", 3, "2 labels numbered 0 to 1, but the model has 3 classes"),
        ("cat\ndog\nowl\n", 2, "3 labels numbered 0 to 2, but the model has 2 classes"),
        ("5 cat\n9 dog\n", 3, "numbered 5 to 9"),
        ("0 cat\n3 dog\n", 3, "numbered 0 to 3"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_both_counts(text: str, classes: int, words: str) -> None:
    with pytest.raises(LabelsError, match=words):
        labels_of(text, classes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no labels"),
        (" \n\n", "no labels"),
        ("1 cat\n1 dog", "class 1 twice"),
        ("999999999 cat", "more than"),
        (f"cat\n{'o' * 201}wl", "a label of 203 characters: at most 200"),
    ],
)
def test_label_files_that_mean_nothing_are_refused(text: str, words: str) -> None:
    with pytest.raises(LabelsError, match=words):
        parse_labels(text, "labels.txt")


def test_gaps_at_the_beginning_are_gaps() -> None:
    assert labels_of("2: bicycle\n4: car\n", 4, 5) == (None, "bicycle", None, "car")


NUMBERED = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["cat", "???", "background"])), max_size=12).map(
    lambda lines: "\n".join(f"{number} {name}" for number, name in lines)
)


@given(st.text(max_size=200) | NUMBERED, st.integers(min_value=1, max_value=50))
def test_any_text_gives_labels_or_a_labels_error(text: str, classes: int) -> None:
    try:
        labels = labels_of(text, classes)
    except LabelsError as error:
        assert "labels.txt" in str(error)
    else:
        assert len(labels) == classes
