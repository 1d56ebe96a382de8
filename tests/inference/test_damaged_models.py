"""Damaged model files are answered: no crash, no hang, no traceback. `make test-system` tries twenty times as many."""

from pathlib import Path

import pytest

from edgevision.inference.bundled import bundled_model
from tests.damage.answers import answers, table

COUNT = 100


@pytest.mark.timeout(400)
def test_every_damaged_file_is_answered(models: Path) -> None:
    answered = answers(COUNT, {models / "vww_96_int8.tflite": models / "vww_labels.txt", bundled_model("person"): None})
    print(table(answered))
    assert [one.number for one in answered] == list(range(COUNT))
    assert {one.answer for one in answered} <= {"runs", "ModelError", "LabelsError"}
    for one in answered:
        assert (one.answer == "runs") == (one.text == "")
        assert "\n" not in one.text
        assert one.answer == "runs" or "model.tflite" in one.text
