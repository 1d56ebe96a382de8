"""Two thousand damaged model files: every one is answered, within the deadline."""

from pathlib import Path

import pytest

from edgevision.inference.bundled import bundled_model
from edgevision.inference.vetting import DEADLINE
from tests.damage.answers import answers, table

pytestmark = [pytest.mark.system, pytest.mark.timeout(1200)]

COUNT = 2000
MODELS = {
    "vww_96_int8": "vww_labels",
    "mobilenet_v1_0.25_128_quant": None,
    "mobilenet_v1_0.25_128_quant_edgetpu": None,
    "mobilenet_v2_1.0_224_quant": None,
    "v3-small_224_1.0_uint8": "imagenet_labels",
    "coco_ssd_mobilenet_v1_1.0_quant": "coco_ssd_labels",
}
"""And the file with each one's labels, where they aren't inside."""


def test_two_thousand_damaged_files_are_answered(models: Path) -> None:
    files = {models / f"{name}.tflite": models / f"{labels}.txt" if labels else None for name, labels in MODELS.items()}
    answered = answers(COUNT, {**files, bundled_model("person"): None})
    print(table(answered))
    assert len(answered) == COUNT
    assert {one.answer for one in answered} == {"runs", "ModelError", "LabelsError"}
    assert all("\n" not in one.text for one in answered)
    assert max(one.seconds for one in answered) < DEADLINE + 10
