"""Of what is partly hidden the rest is added, and only of that."""

from edgevision.inference.detection import Box
from edgevision.scene.occlusion import completed, touching

EXPECTED = Box(0.2, 0.2, 0.6, 0.8)
WALL = Box(0.4, 0.0, 0.7, 1.0)


def test_each_box_gets_what_is_hidden_of_it_and_no_more() -> None:
    right_hidden, right_empty = Box(0.2, 0.2, 0.4, 0.8), Box(0.2, 0.2, 0.3, 0.8)
    left_missing, elsewhere = Box(0.3, 0.2, 0.6, 0.8), Box(0.8, 0.2, 0.9, 0.8)
    wholes = completed(EXPECTED, [right_empty, right_hidden, left_missing, elsewhere], [WALL])
    assert wholes == [right_empty, EXPECTED, left_missing, elsewhere]
    assert wholes[0] is right_empty  # by this a tracker knows that nothing was added


def test_boxes_that_lack_nothing_come_back_as_they_are() -> None:
    boxes = [EXPECTED, Box(0.1, 0.1, 0.7, 0.9)]
    assert completed(EXPECTED, boxes, [WALL]) is boxes


def test_all_four_sides_are_completed() -> None:
    everywhere = Box(0.0, 0.0, 1.0, 1.0)
    assert completed(EXPECTED, [Box(0.3, 0.3, 0.5, 0.6)], [everywhere]) == [EXPECTED]


def test_touching_are_others_that_share_some_area() -> None:
    beside, corner = Box(0.6, 0.2, 0.9, 0.8), Box(0.5, 0.7, 0.9, 0.9)
    assert touching(EXPECTED, [EXPECTED, beside, corner, WALL]) == [corner, WALL]
