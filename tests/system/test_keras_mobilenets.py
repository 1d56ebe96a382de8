"""Keras' own MobileNets, converted by TensorFlow in every type of numbers, say through edgevision what they are."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.picture_file import decode_picture
from edgevision.inference.model import Model
from tests.bare import bare_interpreter, central

REPOSITORY = Path(__file__).parents[2]
LABELS = ("a", "b", "c", "d", "e")

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def keras_models(tensorflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("keras")
    subprocess.run([tensorflow_python, REPOSITORY / "tests" / "system" / "keras_mobilenets.py", folder], check=True)
    made = sorted(folder.glob("*.tflite"))
    assert len(made) == 12
    for path in made:
        path.with_suffix(".txt").write_text("\n".join(LABELS))
    return made


def test_keras_mobilenets_of_every_type_agree_with_a_bare_interpreter(keras_models: list[Path], photos: Path) -> None:
    pictures = [decode_picture(photo.read_bytes()) for photo in sorted(photos.glob("*.jpg"))]
    for path in keras_models:
        model, answers = Model(path), []
        for picture in pictures:
            found = model.run(picture, threshold=0.0, max_detections=9).detections
            ours = {one.label: one.score for one in found}
            bare = bare_scores(path, picture)
            assert [ours[label] for label in LABELS] == pytest.approx(bare, abs=1e-5), path.name
            answers.append(bare)
        assert np.ptp(answers, axis=0).max() > 0.002, f"{path.name} says the same of every picture"


def bare_scores(path: Path, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """V3 begins with scaling 0..255 down; of the others 8-bit inputs get pixels, and those that are left -1..1."""
    interpreter = bare_interpreter(path)
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    _, height, width, channels = given["shape"]
    pixels = cv2.resize(central(picture), (int(width), int(height)), interpolation=cv2.INTER_LINEAR)
    pixels = pixels[..., ::-1] if channels == 3 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[..., np.newaxis]
    values, (scale, zero_point) = pixels.astype(np.float64), given["quantization"]
    rescales = path.name.startswith("v3")
    if given["dtype"] in (np.float32, np.int16) and not rescales:
        values = (values - 127.5) / 127.5
    if given["dtype"] == np.int16 or (scale and rescales):
        # What the calibration pictures didn't reach is cut off.
        limits = np.iinfo(given["dtype"])
        values = np.clip(np.round(values / scale) + zero_point, limits.min, limits.max)
    elif given["dtype"] == np.int8:
        values -= 128
    interpreter.set_tensor(given["index"], np.ascontiguousarray(values.astype(given["dtype"]))[np.newaxis])
    interpreter.invoke()
    raw = interpreter.get_tensor(taken["index"]).reshape(-1).astype(np.float64)
    scale, zero_point = taken["quantization"]
    return np.asarray((raw - zero_point) * scale if scale else raw)
