"""The YAML beside a model without post-processing is read strictly, and mistakes in it are told by file and key."""

from pathlib import Path

import pytest

from edgevision.errors import ModelError
from edgevision.inference.ssd_parameters import MultiscaleAnchorGenerator, SsdParameters, read_ssd_parameters


def read(folder: Path, text: str | bytes) -> SsdParameters:
    path = folder / "model.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ssd_parameters([path])


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n", "ssd_anchor_generator:\n", "\ufeff{}"])
def test_what_is_not_written_is_as_in_the_usual_ssd_mobilenet(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == SsdParameters()


def test_the_names_of_the_object_detection_api_are_understood(tmp_path: Path) -> None:
    parameters = read(
        tmp_path,
        """
        ssd_anchor_generator: {num_layers: 5, min_scale: 0.1, aspect_ratios: [1, 2.0], reduce_boxes_in_lowest_layer: no}
        faster_rcnn_box_coder: {y_scale: 1, height_scale: 2.5}
        post_processing: {score_converter: SIGMOID, iou_threshold: 0.45}
        add_background_class: false
        """,
    )
    assert parameters.ssd_anchor_generator.num_layers == 5
    assert parameters.ssd_anchor_generator.aspect_ratios == (1.0, 2.0)
    assert parameters.ssd_anchor_generator.reduce_boxes_in_lowest_layer is False
    assert (parameters.faster_rcnn_box_coder.y_scale, parameters.faster_rcnn_box_coder.height_scale) == (1, 2.5)
    assert (parameters.post_processing.score_converter, parameters.post_processing.iou_threshold) == ("sigmoid", 0.45)
    assert parameters.add_background_class is False


BOMB = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ssd_anchor_generator: {num_layer: 6}", "model.yaml: ssd_anchor_generator.num_layer: there is no such key"),
        ("ssd_anchor_generator: {min_scale: 0}", "ssd_anchor_generator.min_scale: .* greater than 0"),
        ("ssd_anchor_generator: {min_scale: .nan}", "ssd_anchor_generator.min_scale: .* finite"),
        ("ssd_anchor_generator: {min_scale: yes}", "ssd_anchor_generator.min_scale: "),
        ("ssd_anchor_generator: {num_layers: 6.5}", "ssd_anchor_generator.num_layers: "),
        ("ssd_anchor_generator: {num_layers: 1000000000}", "ssd_anchor_generator.num_layers: "),
        ("ssd_anchor_generator: {aspect_ratios: []}", "ssd_anchor_generator.aspect_ratios: "),
        ("ssd_anchor_generator: {aspect_ratios: [1, -1]}", "ssd_anchor_generator.aspect_ratios.1: "),
        ("ssd_anchor_generator: {scales: [0.2]}", "ssd_anchor_generator: 1 scales don't fit num_layers 6"),
        ("ssd_anchor_generator: 6", "ssd_anchor_generator: is not a mapping"),
        ("post_processing: {score_converter: tanh}", "post_processing.score_converter: .*'sigmoid'"),
        ("ssd_anchor_generator: {}\nmultiscale_anchor_generator: {}", "are both written"),
        ("multiscale_anchor_generator: {min_level: 7, max_level: 3}", "max_level 3 is below min_level 7"),
        ("[1, 2]", "model.yaml: is not a mapping"),
        ("{", r"model.yaml:1:\d+: "),
        ("add_background_class: no\nadd_background_class: yes", "model.yaml:2:1: add_background_class stands twice"),
        (BOMB, "model.yaml:2:8: aliases can't be used here"),
        ("[" * 5000, "model.yaml:1:9: nested too deep"),
        ("a: 2020-99-99", "model.yaml: not YAML: "),
        ("a: !!python/object:os.system x", "model.yaml:1:4: "),
        (b"\xff\xfe\xfa", "model.yaml: byte 0 is not UTF-8"),
        (b"a: \x00", "model.yaml: not YAML: "),
        ("# " + "x" * 70_000, "is larger than"),
    ],
)
def test_a_mistake_is_told_by_file_and_key(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read(tmp_path, text)


def test_all_mistakes_are_told_a_line_each(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        read(tmp_path, "iou: 1\nfaster_rcnn_box_coder: {y_scale: x}\n")
    assert len(str(raised.value).splitlines()) == 2


def test_where_no_file_is_the_message_says_what_to_write_where(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.yaml.*ssd_anchor_generator into it, or \{\}.*docs/configuration\.md"):
        read_ssd_parameters([tmp_path / "model.yaml", tmp_path / "other.yaml"])


def test_a_compiled_model_shares_the_file_of_the_one_it_was_compiled_from(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("add_background_class: true")
    assert read_ssd_parameters([tmp_path / "model.yaml", tmp_path / "other.yaml"]).add_background_class is True


def test_what_the_documentation_writes_out_are_the_defaults(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    section = page.split("### Detection without post-processing")[1]
    example = section.split("```yaml\n")[1].split("```")[0]
    assert read(tmp_path, example) == SsdParameters()
    pyramid = example.split("# multiscale_anchor_generator: ")[1].splitlines()[0]
    parameters = read(tmp_path, f"multiscale_anchor_generator: {pyramid}")
    assert parameters.multiscale_anchor_generator == MultiscaleAnchorGenerator()
