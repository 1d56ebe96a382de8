"""Outputs that are cut before they are dequantized say what they would if each number were taken by the formulas."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgevision.capture.transform import WHOLE, Region
from edgevision.inference.classify import ClassReader
from edgevision.inference.detection import Box, Detection
from edgevision.inference.embed import VectorReader
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.postprocessed import DetectionOutputs, PostprocessedReader
from edgevision.inference.raw_heads import RawHeadsReader
from edgevision.inference.reader import Reader, Wanted
from edgevision.inference.tensors import Tensor
from tests.inference.test_raw_heads import small_reader

DTYPES = ("uint8", "int8", "int16", "float32", "float16")
ODD_DTYPES = (*DTYPES, "int32", "float64")
LABELS: Labels = ("cat", None, "dog", "owl")
REGIONS: tuple[Region, ...] = (WHOLE, (0.25, 0.0, 0.75, 0.5), (0.0, -0.5, 1.0, 1.5))

thresholds = st.one_of(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0]), st.floats(0, 1))
scales = st.sampled_from([1 / 256, 1 / 128, 1 / 32768, 0.1, 0.0039, 1.0])


def real(stored: NDArray[np.generic], tensor: Tensor) -> list[float]:
    """What each of the numbers stands for, flat, by the definition."""
    numbers = stored.reshape(-1).tolist()
    return [(number - tensor.zero_point) * tensor.scale if tensor.scale else float(number) for number in numbers]


@st.composite
def outputs(
    draw: st.DrawFn, index: int, *shape: int, floats: st.SearchStrategy[float]
) -> tuple[Tensor, NDArray[np.generic]]:
    """A tensor and what is stored in it: any numbers where it is quantized, else `floats`, or what isn't a number."""
    dtype = draw(st.sampled_from(DTYPES))
    size = math.prod(shape)
    if dtype.startswith("float"):
        numbers = draw(st.lists(floats, min_size=size, max_size=size))
        for place in draw(st.lists(st.integers(0, size - 1), max_size=2)):
            numbers[place] = draw(st.sampled_from([math.nan, math.inf, -math.inf, -0.0]))
        return Tensor(index, "x", shape, dtype), np.array(numbers, dtype).reshape(shape)
    limits = np.iinfo(dtype)
    steps = st.one_of(st.integers(limits.min, limits.max), st.sampled_from([limits.min, limits.max]))
    numbers = draw(st.lists(steps, min_size=size, max_size=size))
    zero_point = draw(st.one_of(st.just(0), st.integers(limits.min, limits.max)))
    return Tensor(index, "x", shape, dtype, draw(scales), zero_point), np.array(numbers, dtype).reshape(shape)


def read(reader: Reader, stored: Mapping[int, NDArray[np.generic]], wanted: Wanted) -> list[Detection]:
    return reader.read(lambda tensor: stored[tensor.index], LABELS, wanted).detections


@given(st.data(), st.sampled_from(ODD_DTYPES), st.sampled_from([-0.1, 0.0, math.nan]) | scales, st.integers(-300, 300))
def test_numbers_compared_as_stored_reach_a_threshold_exactly_when_their_real_values_do(
    data: st.DataObject, dtype: str, scale: float, zero_point: int
) -> None:
    if dtype.startswith("float"):
        scale = 0.0
        numbers = st.floats(-2, 2, width=16 if dtype == "float16" else 32) | st.sampled_from([math.nan, math.inf])
        stored = np.array(data.draw(st.lists(numbers, min_size=1)), dtype)
    else:
        limits = np.iinfo(dtype)
        stored = np.array(data.draw(st.lists(st.integers(limits.min, limits.max), min_size=1)), dtype)
    tensor = Tensor(0, "x", stored.shape, dtype, scale, zero_point)
    values = real(stored, tensor)
    exact = data.draw(st.sampled_from([value for value in values if math.isfinite(value)] or [0.5]))
    for least in (exact, math.nextafter(exact, 9.0), math.nextafter(exact, -9.0), data.draw(thresholds), -math.inf):
        assert tensor.reaches(stored, least).tolist() == [value >= least for value in values]
    assert repr(tensor.dequantize(stored).tolist()) == repr(tensor.numbers(stored)) == repr(values)


@given(outputs(0, 1, 7, floats=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])), thresholds, st.integers(1, 8))
def test_a_classifier_s_classes_are_those_that_reach_the_threshold(
    output: tuple[Tensor, NDArray[np.generic]], threshold: float, most: int
) -> None:
    tensor, stored = output
    scores = real(stored, tensor)
    best = sorted((n for n, score in enumerate(scores) if score >= threshold), key=lambda n: -scores[n])
    found = read(ClassReader(tensor, probabilities=True), {0: stored}, Wanted(threshold, most))
    assert found == [Detection(name_of(LABELS, number), scores[number]) for number in best[:most]]
    assert all(type(one.score) is float for one in found)


def in_picture(corners: Sequence[float], region: Region) -> Box | None:
    if not all(math.isfinite(side) for side in corners):
        return None
    ymin, xmin, ymax, xmax = corners
    xs = (region[0] + side * (region[2] - region[0]) for side in (xmin, xmax))
    ys = (region[1] + side * (region[3] - region[1]) for side in (ymin, ymax))
    xmin, xmax = (min(max(side, region[0], 0.0), region[2], 1.0) for side in xs)
    ymin, ymax = (min(max(side, region[1], 0.0), region[3], 1.0) for side in ys)
    return Box(xmin, ymin, xmax, ymax) if xmin < xmax and ymin < ymax else None


@given(
    outputs(0, 1, 5, 4, floats=st.floats(-0.5, 1.5, width=16)),
    outputs(1, 1, 5, floats=st.sampled_from([0.0, 1.0, 2.0, 3.0, 90.0])),
    outputs(2, 1, 5, floats=st.sampled_from([0.1, 0.5, 0.5, 0.7, 1.0, 1.5])),
    st.sampled_from([-1.0, 0.0, 2.0, 4.9, 5.0, 9.0, math.nan, math.inf, -math.inf]),
    st.sampled_from([(), (1,)]),
    st.builds(Wanted, thresholds, st.integers(1, 6), st.sampled_from(REGIONS)),
)
def test_a_detector_s_boxes_are_those_counted_that_reach_the_threshold_and_are_numbers(
    boxes: tuple[Tensor, NDArray[np.generic]],
    classes: tuple[Tensor, NDArray[np.generic]],
    scores: tuple[Tensor, NDArray[np.generic]],
    count: float,
    count_shape: tuple[int, ...],
    wanted: Wanted,
) -> None:
    found_outputs = DetectionOutputs(boxes[0], classes[0], scores[0], Tensor(3, "n", count_shape, "float32"))
    stored = {0: boxes[1], 1: classes[1], 2: scores[1], 3: np.full(count_shape, count, np.float32)}
    counted = [] if not math.isfinite(count) else list(range(5))[: max(int(count), 0)]
    corners, numbers, marks = (real(one[1], one[0]) for one in (boxes, classes, scores))
    expected = []
    for place in sorted((n for n in counted if marks[n] >= wanted.threshold), key=lambda n: -marks[n]):
        box = in_picture(corners[4 * place : 4 * place + 4], wanted.region)
        if box is not None and math.isfinite(numbers[place]):
            expected.append(Detection(name_of(LABELS, round(numbers[place])), min(marks[place], 1.0), box))
    assert read(PostprocessedReader(found_outputs, ()), stored, wanted) == expected[: wanted.max_detections]


@given(outputs(1, 1, 6, 4, floats=st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0])), thresholds, st.sampled_from([3, 4]))
def test_raw_heads_scores_are_those_that_reach_the_threshold(
    output: tuple[Tensor, NDArray[np.generic]], threshold: float, named: int
) -> None:
    """Boxes far apart, so that none is suppressed; one column more than labels is a background."""
    tensor, stored = output
    boxes = np.zeros((1, 6, 4), np.float32)
    boxes[..., 2:] = -30
    boxes[..., 0] = np.arange(6)
    reader: RawHeadsReader = small_reader("none", tensor)
    labels = tuple(f"{number}" for number in range(named))
    answer = reader.read(lambda wanted: boxes if wanted.index == 0 else stored, labels, Wanted(threshold, 99))
    kept = [
        (labels[column - 4 + named], min(score, 1.0))
        for column, score in zip([0, 1, 2, 3] * 6, real(stored, tensor), strict=True)
        if score >= threshold and column >= 4 - named
    ]
    assert sorted((one.label, one.score) for one in answer.detections) == sorted(kept)


@given(outputs(0, 1, 1, 1, 9, floats=st.floats(-9, 9, width=16)))
def test_a_vector_is_all_real_values(output: tuple[Tensor, NDArray[np.generic]]) -> None:
    tensor, stored = output
    vector = VectorReader(tensor).read(lambda _: stored, (), Wanted(0.5, 1)).vector
    assert vector is not None
    assert vector.dtype == np.float64
    assert repr(vector.tolist()) == repr(real(stored, tensor))
