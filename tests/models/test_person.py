"""The bundled person model is as good as its card says, measured through edgevision itself."""

from pathlib import Path

import numpy as np
import pytest
from average_precision import Detections, average_precision, judge
from pictures import person_truths

from edgevision.capture.picture_file import decode_picture
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model

FLOAT_AP50 = {100: 0.4598, 20: 0.4333}
"""Of the float graph, with that many boxes a picture: models/person.md."""

ALLOWED_DROP = 0.01


@pytest.mark.parametrize("most", [100, 20])
def test_int8_loses_at_most_a_hundredth_of_ap50_to_the_float_graph(shared: Path, most: int) -> None:
    model = Model(bundled_model("person"))
    judged = []
    for truth in person_truths(shared / "images"):
        picture = decode_picture(truth.path.read_bytes())
        found = model.run(picture, threshold=0.0, max_detections=most).detections
        boxes = [(one.box.xmin, one.box.ymin, one.box.xmax, one.box.ymax) for one in found if one.box is not None]
        detections = Detections(np.array(boxes).reshape(-1, 4), np.array([one.score for one in found]))
        judged.append(judge(detections, truth.boxes, truth.crowds))
    assert sum(one.persons for one in judged) == 86
    assert average_precision(judged) > FLOAT_AP50[most] - ALLOWED_DROP


def test_average_precision_is_the_area_under_the_envelope() -> None:
    truth = np.array([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]])
    nothing = np.zeros((0, 4))
    # Right, wrong, right: precision 1 up to recall 1/2, then 2/3.
    found = Detections(
        np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.5, 0.5, 1.0], [0.5, 0.5, 1.0, 1.0]]), np.array([0.9, 0.8, 0.7])
    )
    assert average_precision([judge(found, truth, nothing)]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    # A second box on the same person is wrong; one in a crowd is not counted.
    twice = Detections(np.array([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.5]]), np.array([0.9, 0.8]))
    assert judge(twice, truth[:1], nothing).right.tolist() == [True, False]
    assert judge(twice, truth[:1], truth[:1]).right.tolist() == [True]
