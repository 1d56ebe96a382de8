"""A picture can be made ready by one thread while another runs the model: the answer is the same."""

from pathlib import Path

import numpy as np
import pytest

from edgevision.capture.frame import BgrImage
from edgevision.capture.picture_file import decode_picture
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model

ASTRONAUT = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures" / "astronaut.jpg"


@pytest.fixture(scope="module")
def person() -> Model:
    return Model(bundled_model("person"))


def test_a_prepared_picture_has_the_same_answer(person: Model) -> None:
    picture = decode_picture(ASTRONAUT.read_bytes())
    prepared = person.preparer().prepare(picture)
    person.run(np.zeros_like(picture), threshold=0.3, max_detections=5)
    found = person.run_prepared(prepared).read(threshold=0.3, max_detections=5).detections
    assert found
    assert found == person.run(picture, threshold=0.3, max_detections=5).detections


def test_what_the_model_has_left_can_be_read_while_it_is_at_the_next_picture(person: Model) -> None:
    picture = decode_picture(ASTRONAUT.read_bytes())
    preparer = person.preparer()
    outputs = person.run_prepared(preparer.prepare(picture))
    person.run_prepared(preparer.prepare(np.zeros_like(picture)))
    found = outputs.read(threshold=0.3, max_detections=5).detections
    assert found == person.run(picture, threshold=0.3, max_detections=5).detections


def test_pictures_that_wait_do_not_disturb_each_other(person: Model) -> None:
    preparer = person.preparer()
    pictures: list[BgrImage] = [np.full((90, 160, 3), grey, np.uint8) for grey in (10, 60, 110, 160)]
    waiting = [preparer.prepare(picture) for picture in pictures]
    wanted = [person.preparer().prepare(picture).pixels for picture in pictures]
    assert all(np.array_equal(one.pixels, other) for one, other in zip(waiting, wanted, strict=True))


def test_memory_is_used_again_when_nobody_has_the_picture_any_more(person: Model) -> None:
    preparer, picture = person.preparer(), np.zeros((90, 160, 3), np.uint8)
    waiting = [preparer.prepare(picture) for _ in range(3)]
    places = {id(one.pixels) for one in waiting}
    assert len(places) == 3
    waiting.clear()
    for _ in range(5):
        waiting = [preparer.prepare(picture) for _ in range(3)]
        assert {id(one.pixels) for one in waiting} == places
        waiting.clear()
