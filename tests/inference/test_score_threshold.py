"""A detector that knows from which score on its detections matter finds the same, and leaves the others out."""

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgevision.capture.frame import BgrImage
from edgevision.capture.picture_file import decode_picture
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from edgevision.inference.score_threshold import find_score_threshold
from tests.inference.tflite_writer import Table, flatbuffer, unsigned

PICTURES = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures"
OPERATOR = "TFLite_Detection_PostProcess"
THRESHOLDS = (0.05, 0.25, 0.5, 0.75, 1.0)
MOST = 100


def pictures(folder: Path) -> list[BgrImage]:
    """Those of a folder, and one in which nothing is."""
    return [
        *(decode_picture(path.read_bytes()) for path in sorted(folder.glob("*.jpg"))),
        np.zeros((9, 9, 3), np.uint8),
    ]


def a_file(*options: bytes, name: str = OPERATOR) -> bytes:
    """A .tflite file in which nothing is but operators of that name, with their options."""
    operators: list[Table] = [{0: unsigned(1), 5: np.frombuffer(each, np.uint8)} for each in options]
    return flatbuffer({1: [{1: "another"}, {1: name}], 2: [{3: operators}]}, b"TFL3")


def packed(**options: Any) -> bytes:
    return bytes(flexbuffers.Dumps(options))


def assert_the_same(path: Path, labels: Path | None, folder: Path) -> None:
    """It finds in the pictures what it finds when it is opened as it is."""
    whole = Model(path, labels=labels)
    for threshold in THRESHOLDS:
        model = Model(path, labels=labels, least=threshold)
        for picture in pictures(folder):
            found, wanted = (
                each.run(picture, threshold=threshold, max_detections=MOST).detections for each in (model, whole)
            )
            assert found == wanted


def test_the_detections_are_the_same() -> None:
    assert_the_same(bundled_model("person"), None, PICTURES)


def test_the_detections_of_many_classes_are_the_same(models: Path, photos: Path) -> None:
    model = models / "coco_ssd_mobilenet_v1_1.0_quant.tflite"
    assert_the_same(model, models / "coco_ssd_labels.txt", photos)


def test_what_scores_less_is_left_out_by_the_model_itself() -> None:
    path, picture = bundled_model("person"), decode_picture((PICTURES / "astronaut.jpg").read_bytes())
    scores = {}
    for least in (0.0, 0.5):
        model = Model(path, least=least)
        outputs = model.run_prepared(model.preparer().prepare(picture), least)
        scores[least] = [one.score for one in outputs.read(threshold=0.0, max_detections=MOST).detections]
    assert min(scores[0.0]) < 0.1
    assert scores[0.5] == [score for score in scores[0.0] if score >= 0.5] != []


def test_a_threshold_may_be_lowered_and_raised_at_any_time() -> None:
    path, picture = bundled_model("person"), decode_picture((PICTURES / "astronaut.jpg").read_bytes())
    whole, model = Model(path), Model(path, least=0.5, threads=2)
    for threshold in (0.5, 0.2, 0.6, 0.0, 0.3):
        found, wanted = (
            each.run(picture, threshold=threshold, max_detections=MOST).detections for each in (model, whole)
        )
        assert found == wanted != []


def test_who_says_nothing_of_a_threshold_has_all() -> None:
    path, picture = bundled_model("person"), decode_picture((PICTURES / "astronaut.jpg").read_bytes())
    model = Model(path, least=0.9)
    outputs = model.run_prepared(model.preparer().prepare(picture))
    assert min(one.score for one in outputs.read(threshold=0.0, max_detections=MOST).detections) < 0.1


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({"nms_score_threshold": 0.5}, "<f"),
        ({"max_detections": 10, "nms_score_threshold": 0.25, "w_scale": 5.0}, "<f"),
        ({"nms_score_threshold": 1e-8}, "<d"),
        ({"a": 2**40, "nms_score_threshold": -20.0}, "<d"),
        ({f"option {number}": number for number in range(300)} | {"nms_score_threshold": 0.5}, "<f"),
    ],
    ids=["alone", "among others", "double", "double beside a long number", "with long offsets"],
)
def test_it_is_found_wherever_it_lies(options: dict[str, float], form: str) -> None:
    content = a_file(packed(**options))
    found = find_score_threshold(content)
    assert found is not None
    assert (found.form, found.own) == (form, options["nms_score_threshold"])
    raised = found.put(content, 0.75)
    assert len(raised) == len(content)
    again = find_score_threshold(raised)
    assert again is not None
    assert again.own == 0.75
    assert found.put(raised, found.own) == content != raised


def endless() -> bytes:
    """A map of another option that claims to have more entries than could ever be read, with keys of no width."""
    options = bytearray(packed(another=0.5))
    width = 1 << (options[-2] & 3)
    values = len(options) - 2 - options[-1] - options[-3]  # the root's offset is the byte before its type
    options[values - 2 * width : values] = bytes(width) + b"\xff" * width
    return bytes(options)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"TFL3" * 9,
        a_file(),
        a_file(b""),
        a_file(b"\0\0"),
        a_file(packed(other=0.5)),
        a_file(packed(nms_score_threshold=1)),
        a_file(packed(nms_score_threshold="0.5")),
        a_file(packed(nms_score_threshold=float("nan"))),
        a_file(bytes(flexbuffers.Dumps([0.5]))),
        a_file(endless()),
        a_file(packed(nms_score_threshold=0.5), name="of_my_own"),
        a_file(packed(nms_score_threshold=0.5), packed(nms_score_threshold=0.5)),
    ],
)
def test_where_there_is_none_or_none_alone_the_file_stays_as_it_is(content: bytes) -> None:
    assert find_score_threshold(content) is None


def test_of_what_is_no_detector_there_is_none(models: Path) -> None:
    for name in ("mobilenet_v2_1.0_224_quant", "vww_96_int8", "mobilenet_v1_0.25_128_quant_edgetpu"):
        assert find_score_threshold((models / f"{name}.tflite").read_bytes()) is None


def test_in_a_damaged_file_it_is_not_found_or_in_a_place_that_is_there() -> None:
    chance = random.Random(6)
    options = {"max_detections": 10, "nms_score_threshold": 0.5, "use_regular_nms": False}
    content = a_file(packed(**options))
    found = 0
    for _ in range(20_000):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        del damaged[chance.choice((len(damaged), chance.randrange(len(damaged)))) :]
        place = find_score_threshold(bytes(damaged))
        if place is not None:
            found += 1
            assert len(place.put(bytes(damaged), 0.75)) == len(damaged)
    assert 1000 < found < 19_000


def test_with_non_maximum_suppression_class_by_class_the_detections_are_the_same(tmp_path: Path) -> None:
    content = bundled_model("person").read_bytes()
    own = find_score_threshold(content)
    assert own is not None
    # Of the options, in the order of their names, the next but one: with num_classes between them.
    at = own.place + 8
    assert content[at - 4 : at + 4] == struct.pack("<II", 1, 0)
    path = tmp_path / "person.tflite"
    path.write_bytes(content[:at] + struct.pack("<I", 1) + content[at + 4 :])
    (tmp_path / "person.txt").write_text("person\n")
    assert_the_same(path, None, PICTURES)
