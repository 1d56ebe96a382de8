"""The YAML beside a detection model without post-processing: how its boxes are encoded.

Names and defaults are those of the TensorFlow Object Detection API's pipeline configuration
(object_detection/protos: ssd_anchor_generator, multiscale_anchor_generator, faster_rcnn_box_coder, post_processing).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from edgevision.errors import ModelError, SsdParametersError
from edgevision.regular_file import read_regular_file

MOST_BYTES = 64 * 1024
MOST_DEPTH = 8

Positive = Annotated[float, Field(gt=0, le=1000, strict=True)]
AspectRatios = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=20)]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class _Section(BaseModel):
    # Not strict as a whole, for lists are to become tuples; each number is, so that `yes` is none.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_defaults(cls, data: object) -> object:
        return {} if data is None else data


class SsdAnchorGenerator(_Section):
    """One feature map from a sixteenth of the input on, each half as large as the one before."""

    num_layers: Annotated[int, Field(ge=1, le=20, strict=True)] = 6
    min_scale: Positive = 0.2
    max_scale: Positive = 0.95
    scales: Annotated[tuple[Positive, ...], Field(max_length=20)] = ()
    """One a layer, in place of those between min_scale and max_scale."""

    aspect_ratios: AspectRatios = (1.0, 2.0, 0.5, 3.0, 0.3333)
    interpolated_scale_aspect_ratio: Annotated[float, Field(ge=0, le=1000, strict=True)] = 1.0
    reduce_boxes_in_lowest_layer: Annotated[bool, Field(strict=True)] = True
    base_anchor_height: Positive = 1.0
    base_anchor_width: Positive = 1.0

    @model_validator(mode="after")
    def _a_scale_a_layer(self) -> "SsdAnchorGenerator":
        if self.scales and len(self.scales) != self.num_layers:
            raise ValueError(f"{len(self.scales)} scales don't fit num_layers {self.num_layers}")
        return self


class MultiscaleAnchorGenerator(_Section):
    """The anchors of models with a feature pyramid (FPN, FPNLite): a feature map for each power of two."""

    min_level: Annotated[int, Field(ge=1, le=10, strict=True)] = 3
    max_level: Annotated[int, Field(ge=1, le=10, strict=True)] = 7
    anchor_scale: Positive = 4.0
    aspect_ratios: AspectRatios = (1.0, 2.0, 0.5)
    scales_per_octave: Annotated[int, Field(ge=1, le=10, strict=True)] = 2

    @model_validator(mode="after")
    def _levels_in_order(self) -> "MultiscaleAnchorGenerator":
        if self.max_level < self.min_level:
            raise ValueError(f"max_level {self.max_level} is below min_level {self.min_level}")
        return self


class FasterRcnnBoxCoder(_Section):
    """What box encodings were multiplied with in training."""

    y_scale: Positive = 10.0
    x_scale: Positive = 10.0
    height_scale: Positive = 5.0
    width_scale: Positive = 5.0


ScoreConverter = Literal["auto", "sigmoid", "softmax", "none", "identity"]


class PostProcessing(_Section):
    """What the model leaves to be done."""

    score_converter: Annotated[ScoreConverter, BeforeValidator(_lower)] = "auto"
    """`none` and `identity`: the model's scores are converted already; auto: told from its last operator."""

    iou_threshold: Annotated[float, Field(gt=0, le=1, strict=True)] = 0.6
    """Of two boxes of one class that overlap more, only the better one is kept."""


class SsdParameters(_Section):
    """The whole file. Of the two kinds of anchors at most one is written."""

    ssd_anchor_generator: SsdAnchorGenerator = SsdAnchorGenerator()
    multiscale_anchor_generator: MultiscaleAnchorGenerator | None = None
    faster_rcnn_box_coder: FasterRcnnBoxCoder = FasterRcnnBoxCoder()
    post_processing: PostProcessing = PostProcessing()
    add_background_class: Annotated[bool, Field(strict=True)] | None = None
    """Whether the first score column is a background; null: it is, unless the labels are as many as the columns."""

    @model_validator(mode="after")
    def _one_kind_of_anchors(self) -> "SsdParameters":
        if self.multiscale_anchor_generator is not None and "ssd_anchor_generator" in self.model_fields_set:
            raise ValueError("ssd_anchor_generator and multiscale_anchor_generator are both written; write one of them")
        return self


def read_ssd_parameters(places: Sequence[Path]) -> SsdParameters:
    """The parameters in the first of `places` that is there.

    Raises ModelError (to be read after the model file's name) where none is, and ModelError with FILE: KEY: what is
    wrong, one line each, for mistakes.
    """
    for path in places:
        try:
            content = read_regular_file(path, MOST_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SsdParametersError(f"{path} can't be read ({error.strerror})") from error
        except ValueError as error:
            raise SsdParametersError(f"{path} {error}: it should hold a model's SSD parameters") from error
        return _parse(path, content)
    raise ModelError(
        f"gives raw box encodings and class scores, and {places[0]}, which should say how to read them, does not"
        " exist: write the model's ssd_anchor_generator into it, or {} for the usual SSD MobileNet"
        ' (docs/configuration.md, "Detection without post-processing")'
    )


def _parse(path: Path, content: bytes) -> SsdParameters:
    try:
        data = _load(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SsdParametersError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
        raise SsdParametersError(f"{where}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise SsdParametersError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return SsdParameters.model_validate(data)
    except ValidationError as error:
        raise SsdParametersError("\n".join(f"{path}: {_sentence(one)}" for one in error.errors())) from None


def _load(text: str) -> object:
    """Plain YAML. Aliases are refused: parameters need none, and a few lines of them can fill the memory."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MOST_DEPTH:
            problem = "aliases can't be used here" if isinstance(event, yaml.AliasEvent) else "nested too deep"
            assert isinstance(event.start_mark, yaml.Mark)  # the pure Python parser marks every event
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
    return yaml.load(text, Loader=_UniqueKeys)


class _UniqueKeys(yaml.SafeLoader):
    """Of a key that stands twice, PyYAML would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value} stands twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return dict(super().construct_mapping(node, deep))


def _sentence(error: object) -> str:
    assert isinstance(error, dict)
    place = ".".join(map(str, error["loc"]))
    said = {"extra_forbidden": "there is no such key", "model_type": "is not a mapping of keys"}
    message = said.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return f"{place}: {message}" if place else message
