"""`edgevision models inspect`: what real files are told to be, against what their authors published."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgevision.errors import ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.tensors import Operator
from edgevision.modeltools.inspection import schema
from edgevision.modeltools.inspection.cost import layers_of, separable_convolutions
from edgevision.modeltools.inspection.family import FAMILIES
from edgevision.modeltools.inspection.flatbuffer import read_network
from edgevision.modeltools.inspection.graph import Description, FileTensor, Network
from edgevision.modeltools.inspection.report import Report, inspect_file, to_json
from edgevision.modeltools.inspection.schema import Schema, load_schema

PUBLISHED = {
    "mobilenet_v1_0.25_128_quant": "mobilenet_v1_0.25_128",
    "mobilenet_v1_0.5_160_quant": "mobilenet_v1_0.5_160",
    "mobilenet_v1_0.75_192_quant": "mobilenet_v1_0.75_192",
    "mobilenet_v2_1.0_224_quant": "mobilenet_v2_1.0_224",
    "tf2_mobilenet_v2_1.0_224_ptq": "mobilenet_v2_1.0_224",
    "v3-small_224_1.0_uint8": "mobilenet_v3_small_1.0_224",
}
"""Our files by the names under which their sizes were published."""


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, dict[str, float]]:
    facts = yaml.safe_load((shared / "catalogue-facts.yaml").read_text())
    return dict(facts["published_sizes"])


def share(report: Report, kind: str) -> Any:
    return next(share for share in report.shares if share.kind == kind)


@pytest.mark.parametrize("file", PUBLISHED)
def test_parameters_are_those_published_within_two_percent(
    models: Path, published: dict[str, dict[str, float]], file: str
) -> None:
    report = inspect_file(models / f"{file}.tflite")
    assert report.parameters == pytest.approx(published[PUBLISHED[file]]["params"] * 1e6, rel=0.02)


@pytest.mark.parametrize("file", [name for name in PUBLISHED if name != "mobilenet_v1_0.75_192_quant"])
def test_multiply_accumulates_are_those_published_within_two_percent(
    models: Path, published: dict[str, dict[str, float]], file: str
) -> None:
    report = inspect_file(models / f"{file}.tflite")
    millions = published[PUBLISHED[file]]["macs"]
    # Published as whole millions: 14 of V1 0.25 128 are anything from 13.5 to 14.5.
    assert 0.98 * (millions - 0.5) <= report.macs / 1e6 <= 1.02 * (millions + 0.5)


def test_of_the_width_075_the_figure_in_the_paper_is_met_and_tf_slims_lacks_the_first_convolution(
    models: Path, published: dict[str, dict[str, float]]
) -> None:
    report = inspect_file(models / "mobilenet_v1_0.75_192_quant.tflite")
    classifier = share(report, "fully connected").macs
    # Table 6 of the MobileNets paper: 325 million for 0.75 at 224.
    assert (report.macs - classifier) * (224 / 192) ** 2 + classifier == pytest.approx(325e6, rel=0.005)
    without_first = report.macs - share(report, "standard").macs
    assert without_first == pytest.approx(published["mobilenet_v1_0.75_192"]["macs"] * 1e6, rel=0.005)


def test_of_v1_1x1_convolutions_are_95_percent_of_the_macs_and_75_percent_of_the_parameters(
    models: Path, published: dict[str, dict[str, float]]
) -> None:
    """Table 2 of the MobileNets paper; our file of 1.0 224 lacks the classifier, which is added here."""
    report = inspect_file(models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite")
    classifier = 1024 * 1001
    ones = share(report, "1x1")
    assert ones.macs_fraction == pytest.approx(0.95, abs=0.005)
    assert ones.macs / (report.macs + classifier) == pytest.approx(0.9486, abs=0.001)
    assert ones.parameters / (report.parameters + classifier) == pytest.approx(0.7459, abs=0.005)
    assert share(report, "depthwise").macs_fraction == pytest.approx(0.0306, abs=0.001)
    whole = published["mobilenet_v1_1.0_224"]
    assert report.macs + classifier == pytest.approx(whole["macs"] * 1e6, rel=0.02)
    assert report.parameters + classifier == pytest.approx(whole["params"] * 1e6, rel=0.02)


def test_standard_convolutions_would_cost_what_the_paper_gives(models: Path) -> None:
    """Table 4 of the MobileNets paper: 4866 million and 29.3 million, of which 1.024 million are the classifier's."""
    report = inspect_file(models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite")
    assert report.standard is not None
    assert report.standard.macs == pytest.approx(4866e6, rel=0.001)
    assert report.standard.parameters + 1024 * 1001 == pytest.approx(29.3e6, rel=0.005)


@pytest.mark.parametrize("file", ["mobilenet_v1_0.5_160_quant", "mobilenet_v2_1.0_224_quant", "v3-small_224_1.0_uint8"])
def test_every_separable_convolution_saves_what_the_law_says(models: Path, file: str) -> None:
    path = models / f"{file}.tflite"
    network = read_network(path, path.read_bytes(), load_schema())
    layers = layers_of(network)
    pairs = separable_convolutions(network, layers)
    assert len(pairs) == sum(layer.kind == "depthwise" for layer in layers)
    for pair in pairs:
        assert pair.macs / pair.standard_macs == pytest.approx(pair.law)


@pytest.mark.parametrize(
    ("file", "task", "family", "width", "resolution"),
    [
        ("coco_ssd_mobilenet_v1_1.0_quant", "detect", "SSD MobileNet V1", 0.75, 1.0),
        ("mobilenet_v1_0.25_128_quant", "classify", "MobileNet V1", 0.25, 0.571),
        ("mobilenet_v1_0.5_160_quant", "classify", "MobileNet V1", 0.5, 0.714),
        ("mobilenet_v1_0.75_192_quant", "classify", "MobileNet V1", 0.75, 0.857),
        ("mobilenet_v1_1.0_224_quant_embedding_extractor", "embed", "MobileNet V1", 1.0, 1.0),
        ("mobilenet_v2_1.0_224_inat_bird_quant", "classify", "MobileNet V2", 1.0, 1.0),
        ("tf2_mobilenet_v2_1.0_224_ptq", "classify", "MobileNet V2", 1.0, 1.0),
        ("v3-small_224_1.0_uint8", "classify", "MobileNet V3 small", 1.0, 1.0),
        ("vww_96_float", "classify", "MobileNet V1", 0.25, 0.429),
        ("traffic_model", "detect", "SSDLite MobileNet V2", 1.0, 0.853),
    ],
)
def test_task_family_and_multipliers_are_told(
    models: Path, file: str, task: str, family: str, width: float, resolution: float
) -> None:
    report = inspect_file(models / f"{file}.tflite")
    assert report.task.task == task
    assert report.family is not None
    assert (report.family.name, report.family.width, report.family.resolution) == (family, width, resolution)


@pytest.mark.parametrize(
    ("family", "width", "channels"),
    [
        ("MobileNet V2", 0.35, [16, 48, 48, 48, 96]),
        ("MobileNet V2", 1.4, [48, 144, 192, 192, 288]),
        ("MobileNet V3 large", 0.75, [16, 64, 72, 72, 96]),
        ("MobileNet EdgeTPU", 1.0, [384, 384, 384, 384, 768]),
    ],
)
def test_families_round_their_channels_as_the_published_models_do(
    family: str, width: float, channels: list[int]
) -> None:
    assert [stage[0] for stage in FAMILIES[family](width)][:5] == channels


def test_the_bundled_model_is_described_down_to_its_labels() -> None:
    report = inspect_file(bundled_model("person"))
    assert report.task.task == "detect"
    assert report.family is not None
    assert (report.family.name, report.family.width) == ("SSDLite MobileNet V2", 1.0)
    assert report.description.name == "person: SSDLite MobileNet V2"
    assert report.labels is not None
    assert (report.labels.where, report.labels.first, report.labels.problem) == ("inside", ("person",), None)
    assert report.weights == "int8, one scale a channel"
    assert report.inputs[0].quantization is not None
    assert report.inputs[0].quantization.zero_points == (127,)
    assert report.operators["TFLite_Detection_PostProcess"] == 1
    assert report.custom_operators == ("TFLite_Detection_PostProcess",)
    assert report.edge_tpu.needs == ()
    digest = bundled_model("person").with_suffix(".tflite.sha256").read_text().split()[0]
    assert report.sha256 == digest


def test_labels_beside_the_file_are_found_and_missing_ones_named(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "vww.tflite"
    path.write_bytes((models / "vww_96_int8.tflite").read_bytes())
    without = inspect_file(path).labels
    assert without is not None
    assert without.problem is not None
    assert "vww.txt" in without.problem
    path.with_suffix(".txt").write_text("nobody\nperson\n")
    beside = inspect_file(path).labels
    assert beside is not None
    assert (beside.where, beside.count, beside.first) == ("beside", 2, ("nobody", "person"))


def test_what_the_edge_tpu_needs_is_told(models: Path) -> None:
    assert inspect_file(models / "mobilenet_v2_1.0_224_quant.tflite").edge_tpu.needs == ()
    wanted = inspect_file(models / "vww_96_float.tflite").edge_tpu.needs
    assert any("full integer quantization" in need and "float32" in need for need in wanted)
    assert any("fixed shapes" in need for need in wanted)
    assert any(
        "HARD_SWISH (19)" in need for need in inspect_file(models / "v3-small_224_1.0_uint8.tflite").edge_tpu.needs
    )
    assert any("fake-op-double" in need for need in inspect_file(models / "unresolved_custom_op.tflite").edge_tpu.needs)


def test_a_model_compiled_for_the_edge_tpu_is_told_without_one(models: Path) -> None:
    report = inspect_file(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite")
    assert report.edge_tpu.compiled
    assert report.edge_tpu.cpu_operators == {}
    assert report.task.task == "classify"
    assert report.labels is not None
    assert report.labels.count == 1001


def test_a_network_costs_the_same_in_float_and_int8(models: Path) -> None:
    whole, quantized = (inspect_file(models / f"vww_96_{kind}.tflite") for kind in ("float", "int8"))
    assert (whole.weights, quantized.weights) == ("float32", "int8, one scale a channel")
    assert (whole.parameters, whole.macs) == (quantized.parameters, quantized.macs)
    assert whole.activation_bytes == 4 * quantized.activation_bytes


def test_activations_take_at_least_the_largest_layer_with_its_input(models: Path) -> None:
    report = inspect_file(models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite")
    # 112 x 112 x 32 and x 64 around the first 1x1 convolution, uint8.
    assert report.activation_bytes == 112 * 112 * (32 + 64)


def network_of(operators: list[Operator], shapes: dict[int, tuple[int, ...]], constants: dict[int, int]) -> Network:
    """A network of float tensors; `constants` gives the buffers of those that are in the file."""
    tensors = tuple(
        FileTensor(index, f"t{index}", shape, "float32", False, constants.get(index, 0), index in constants, None)
        for index, shape in sorted(shapes.items())
    )
    return Network(Description(), tensors, tuple(operators), (0,), (len(shapes) - 1,), frozenset(), {}, 1)


@pytest.mark.parametrize(
    ("name", "inputs", "picture", "weights", "output", "macs"),
    [
        ("CONV_2D", (0, 1), (1, 8, 8, 3), (16, 3, 3, 3), (1, 4, 4, 16), 4 * 4 * 16 * 3 * 3 * 3),
        ("DEPTHWISE_CONV_2D", (0, 1), (1, 8, 8, 3), (1, 3, 3, 6), (1, 8, 8, 6), 8 * 8 * 6 * 3 * 3),
        ("TRANSPOSE_CONV", (2, 1, 0), (1, 4, 4, 3), (16, 2, 2, 3), (1, 8, 8, 16), 4 * 4 * 3 * 2 * 2 * 16),
        ("FULLY_CONNECTED", (0, 1), (1, 100), (10, 100), (1, 10), 1000),
        ("BATCH_MATMUL", (0, 1), (2, 5, 7), (2, 7, 11), (2, 5, 11), 2 * 5 * 7 * 11),
        ("BATCH_MATMUL", (0, 1), (2, 7, 5), (2, 7, 11), (2, 5, 11), 2 * 5 * 7 * 11),  # the first one transposed
    ],
)
def test_multiply_accumulates_follow_from_the_shapes(
    name: str,
    inputs: tuple[int, ...],
    picture: tuple[int, ...],
    weights: tuple[int, ...],
    output: tuple[int, ...],
    macs: int,
) -> None:
    shapes = {0: picture, 1: weights, 2: (4,), 3: output}
    (layer,) = layers_of(network_of([Operator(name, inputs, (3,))], shapes, {1: 1, 2: 2}))
    assert layer.macs == macs
    assert layer.parameters == math.prod(weights)


def test_shared_and_unpacked_weights_count_once() -> None:
    """float16 weights: DEQUANTIZE stands between them and two layers that share them."""
    shapes: dict[int, tuple[int, ...]] = {0: (1, 9), 1: (9, 9), 2: (9, 9), 3: (1, 9), 4: (1, 9)}
    operators = [
        Operator("DEQUANTIZE", (1,), (2,)),
        Operator("FULLY_CONNECTED", (0, 2, -1), (3,)),
        Operator("FULLY_CONNECTED", (3, 2, -1), (4,)),
    ]
    layers = layers_of(network_of(operators, shapes, {1: 1}))
    assert [layer.parameters for layer in layers] == [81, 0]
    assert [layer.macs for layer in layers] == [81, 81]


def test_an_h_swish_and_squeeze_and_excite_keep_a_separable_convolution_together() -> None:
    picture, one = (1, 4, 4, 8), (1, 1, 1, 8)
    shapes: dict[int, tuple[int, ...]] = {
        0: picture,
        1: (1, 3, 3, 8),
        2: picture,
        3: picture,
        4: one,
        5: picture,
        6: (16, 1, 1, 8),
        7: (1, 4, 4, 16),
    }
    operators = [
        Operator("DEPTHWISE_CONV_2D", (0, 1), (2,)),
        Operator("HARD_SWISH", (2,), (3,)),
        Operator("MEAN", (3,), (4,)),
        Operator("MUL", (4, 3), (5,)),
        Operator("CONV_2D", (5, 6), (7,)),
    ]
    network = network_of(operators, shapes, {1: 1, 6: 2})
    (pair,) = separable_convolutions(network, layers_of(network))
    assert pair.standard_macs == 4 * 4 * 16 * 8 * 9
    assert pair.macs / pair.standard_macs == pytest.approx(1 / 16 + 1 / 9)


def test_json_tells_everything_in_plain_values(models: Path) -> None:
    entries = to_json(inspect_file(models / "mobilenet_v1_0.25_128_quant.tflite"))
    assert entries["family"] == {"name": "MobileNet V1", "width": 0.25, "resolution": 0.571}
    assert entries["inputs"][0]["quantization"] == {"scales": (0.0078125,), "zero_points": (128,), "axis": 0}
    assert len(entries["layers"]) == 28
    assert sum(layer["macs"] for layer in entries["layers"]) == entries["macs"]
    assert sum(share["parameters"] for share in entries["shares"]) == entries["parameters"]


def test_both_schemas_tell_the_same(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tflite", reason="the package tflite is not installed: pip install 'edgevision[inspect]'")
    path = models / "v3-small_224_1.0_uint8.tflite"
    reports = []
    for name in ("ai_edge_litert.schema_py_generated", "tflite"):
        pytest.importorskip(name)
        monkeypatch.setattr(schema, "SCHEMAS", (name,))
        reports.append(inspect_file(path))
    assert reports[0] == reports[1]


def test_without_a_schema_the_command_that_brings_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SCHEMAS", ("no_such_schema",))
    with pytest.raises(ModelError, match=r"pip install 'edgevision\[inspect\]'"):
        inspect_file(bundled_model("person"))


def test_operators_newer_than_the_schema_are_shown_by_number(models: Path) -> None:
    path = models / "vww_96_int8.tflite"
    known = load_schema()
    network = read_network(path, path.read_bytes(), Schema(known.open_model, {}, known.tensor_types))
    assert network.operators[0].name == "BUILTIN_3"
