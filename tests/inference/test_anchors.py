"""Anchors are those that the Object Detection API trains with."""

from pathlib import Path

import numpy as np
import pytest

from edgevision.inference.anchors import generate_anchors
from edgevision.inference.ssd_parameters import MultiscaleAnchorGenerator, SsdAnchorGenerator, SsdParameters


def ssd(**written: object) -> SsdParameters:
    return SsdParameters(ssd_anchor_generator=SsdAnchorGenerator.model_validate(written))


def test_the_usual_anchors_are_those_in_the_person_models_graph(models: Path) -> None:
    corners = np.load(models / "person_anchors.npy")
    centres, sizes = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    anchors = generate_anchors(SsdParameters(), 300, 300)
    assert anchors.shape == (1917, 4)
    assert anchors == pytest.approx(np.concatenate([centres, sizes], axis=1), abs=1e-5)


@pytest.mark.parametrize(("side", "count"), [(300, 1917), (320, 2034), (96, 204)])
def test_feature_maps_follow_from_the_size_of_the_input(side: int, count: int) -> None:
    assert len(generate_anchors(SsdParameters(), side, side)) == count


def test_anchors_are_square_in_the_pixels_of_an_oblong_input() -> None:
    anchors = generate_anchors(ssd(aspect_ratios=[1.0], reduce_boxes_in_lowest_layer=False), 160, 320)
    assert anchors[:, 2] * 160 == pytest.approx(anchors[:, 3] * 320)
    assert anchors[0] == pytest.approx([1 / 20, 1 / 40, 0.2, 0.1])


def test_scales_can_be_written_one_by_one_and_the_interpolated_box_left_out() -> None:
    generator = {"num_layers": 2, "scales": [0.3, 0.6], "aspect_ratios": [1.0, 4.0]}
    anchors = generate_anchors(
        ssd(**generator, reduce_boxes_in_lowest_layer=False, interpolated_scale_aspect_ratio=0.0), 32, 32
    )
    assert anchors[:2] == pytest.approx(np.array([[0.25, 0.25, 0.3, 0.3], [0.25, 0.25, 0.15, 0.6]]))
    assert anchors[-1] == pytest.approx([0.5, 0.5, 0.3, 1.2])
    assert len(anchors) == 2 * (4 + 1)


def test_one_layer_has_the_least_scale() -> None:
    assert generate_anchors(ssd(num_layers=1), 16, 16)[1:, 2:].prod(axis=1) == pytest.approx(0.2**2)


def test_a_feature_pyramid_has_its_own_anchors() -> None:
    anchors = generate_anchors(SsdParameters(multiscale_anchor_generator=MultiscaleAnchorGenerator()), 320, 320)
    assert len(anchors) == 6 * (40**2 + 20**2 + 10**2 + 5**2 + 3**2)
    assert anchors[0] * 320 == pytest.approx([4, 4, 32, 32])
    assert anchors[1] * 320 == pytest.approx([4, 4, 32 * 2**0.5, 32 * 2**0.5])
    assert anchors[2] * 320 == pytest.approx([4, 4, 32 / 2**0.5, 32 * 2**0.5])
    # 128 doesn't divide 320: the centres of the last level begin at the edge.
    assert anchors[-6] * 320 == pytest.approx([256, 256, 512, 512])
