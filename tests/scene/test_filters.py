"""What the rules leave out isn't there, and nothing else is left out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.inference.detection import Box, Detection
from edgevision.scene.filters import least_score, there, threshold_of
from edgevision.scene.polygon import Polygon
from edgevision.scene.rules import LabelRule, Rules

LEFT_HALF: Polygon = ((0, 0), (0.5, 0), (0.5, 1), (0, 1))


def rules(labels: dict[str, LabelRule] | None = None, masks: tuple[Polygon, ...] = ()) -> Rules:
    return Rules(labels=labels or {}, zones={}, masks=masks, min_hits=3, max_lost=2.0)


def person(xmin: float, ymin: float, xmax: float, ymax: float, score: float = 0.9) -> Detection:
    return Detection("person", score, Box(xmin, ymin, xmax, ymax))


def test_without_rules_every_label_counts_at_the_cameras_threshold() -> None:
    assert threshold_of(rules(), "cat", 0.4) == 0.4
    assert there(rules(), [Detection("cat", 0.4), Detection("dog", 0.9)], 0.4) == [
        Detection("cat", 0.4),
        Detection("dog", 0.9),
    ]


def test_labels_that_are_not_listed_are_not_there() -> None:
    assert there(rules({"cat": LabelRule()}), [Detection("dog", 0.9), Detection("cat", 0.9)], 0.4) == [
        Detection("cat", 0.9)
    ]


def test_a_labels_own_threshold_goes_before_the_cameras() -> None:
    own = rules({"cat": LabelRule(threshold=0.8), "dog": LabelRule()})
    assert threshold_of(own, "cat", 0.4) == 0.8
    assert threshold_of(own, "dog", 0.4) == 0.4
    assert there(own, [Detection("cat", 0.39), Detection("dog", 0.21)], 0.4) == [Detection("dog", 0.21)]


@pytest.mark.parametrize(
    ("labels", "threshold", "least"),
    [
        ({}, 0.5, 0.25),
        ({"cat": LabelRule()}, 0.5, 0.25),
        ({"cat": LabelRule(threshold=0.8)}, 0.5, 0.4),
        ({"cat": LabelRule(threshold=0.8), "dog": LabelRule()}, 0.5, 0.25),
        ({"cat": LabelRule(threshold=0.2), "dog": LabelRule()}, 0.5, 0.1),
        ({"cat": LabelRule(threshold=0)}, 0.5, 0),
        ({"cat": LabelRule(threshold=1)}, 0.5, 0.5),
    ],
)
def test_the_model_is_asked_for_half_the_lowest_threshold(
    labels: dict[str, LabelRule], threshold: float, least: float
) -> None:
    assert least_score(rules(labels), threshold) == least


@given(
    st.dictionaries(st.sampled_from("abc"), st.builds(LabelRule, threshold=st.none() | st.floats(0, 1))),
    st.floats(0, 1),
    st.lists(st.builds(Detection, label=st.sampled_from("abcd"), score=st.floats(0, 1)), max_size=5),
)
def test_nothing_below_the_least_score_matters(
    labels: dict[str, LabelRule], threshold: float, detections: list[Detection]
) -> None:
    asked = [one for one in detections if one.score >= least_score(rules(labels), threshold)]
    assert there(rules(labels), asked, threshold) == there(rules(labels), detections, threshold)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_with_a_threshold_of_0_every_score_is_there(score: float) -> None:
    found = [person(0.1, 0.1, 0.3, 0.4, score)]
    assert there(rules({"person": LabelRule(threshold=0)}), found, 0.5) == found


def test_with_a_threshold_of_1_only_half_and_more_is() -> None:
    found = there(rules({"person": LabelRule(threshold=1)}), [Detection("person", 0.49), Detection("person", 0.5)], 0.1)
    assert found == [Detection("person", 0.5)]


def test_areas_are_parts_of_the_frame_limits_included() -> None:
    limited = rules({"person": LabelRule(min_area=0.0625, max_area=0.25)})
    smallest, largest = person(0, 0, 0.25, 0.25), person(0.5, 0.5, 1, 1)
    found = [person(0, 0, 0.25, 0.24), smallest, largest, person(0.5, 0.49, 1, 1), Detection("person", 0.9)]
    assert there(limited, found, 0.5) == [smallest, largest, Detection("person", 0.9)]


def test_of_a_box_partly_outside_the_part_in_the_frame_counts() -> None:
    limited = rules({"person": LabelRule(max_area=0.25)})
    assert there(limited, [person(-3, 0.5, 0.5, 1e300)], 0.5) == [person(0, 0.5, 0.5, 1)]
    assert there(limited, [person(-3, 0.4, 0.5, 1e300)], 0.5) == []


def test_what_stands_in_a_mask_is_not_there() -> None:
    masked = rules(masks=(((0.9, 0), (1, 0), (1, 0.1), (0.9, 0.1)), LEFT_HALF))
    left, right = person(0.1, 0.1, 0.8, 0.9), person(0.3, 0.1, 0.8, 0.9)
    assert there(masked, [left, right, Detection("person", 0.9)], 0.5) == [right, Detection("person", 0.9)]


def test_a_mask_hides_what_stands_on_the_frames_border() -> None:
    assert there(rules(masks=(LEFT_HALF,)), [person(0, 0.2, 0.4, 1.0), person(-1, 0.2, 0.1, 1.5)], 0.5) == []


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", range(5))
def test_what_is_not_a_finite_number_is_not_there(side: int, odd: float) -> None:
    numbers = [0.1, 0.1, 0.5, 0.5, 0.9]
    numbers[side] = odd
    assert there(rules({"person": LabelRule(threshold=0)}), [person(*numbers)], 0.5) == []


@pytest.mark.parametrize(
    "sides", [(0.5, 0.1, 0.5, 0.3), (0.5, 0.1, 0.4, 0.3), (0.1, 0.3, 0.4, 0.3), (1.1, 0.1, 1.2, 0.3), (0.1, -1, 0.3, 0)]
)
def test_a_box_without_area_in_the_frame_is_not_there(sides: tuple[float, float, float, float]) -> None:
    assert there(rules(), [person(*sides)], 0.5) == []
