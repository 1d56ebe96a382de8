"""The part of the configuration's schema that chooses a model and says how it runs."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from edgevision.config.checks import Between, disagreement, fault
from edgevision.config.nearest import did_you_mean
from edgevision.config.paths import ConfigPath
from edgevision.config.section import Section
from edgevision.inference.bundled import BUNDLED_MODELS
from edgevision.record import record

ACCELERATORS = ("auto", "cpu", "edgetpu", "edgetpu:usb", "edgetpu:usb:0", "edgetpu:pci", "edgetpu:pci:0")
"""The forms of an accelerator; 0 stands for any number."""

_ACCELERATOR = re.compile(r"auto|cpu|edgetpu(:(usb|pci)(:[0-9]{1,2})?)?")
_ONE_OF_THE_ACCELERATORS = WithJsonSchema({"type": "string", "pattern": f"^({_ACCELERATOR.pattern})$"})


def _known_model(name: str) -> str:
    if name in BUNDLED_MODELS:
        return name
    # Imported and read only when it is needed.
    from edgevision.modeltools.catalogue import catalogue

    if name not in catalogue():
        hint = did_you_mean(name, catalogue()) or "; `edgevision models list` shows those that have a name"
        raise fault(f"is no model of the catalogue; for a file of your own, write path instead of name{hint}")
    return name


def _one_or_three(value: object) -> object:
    if not isinstance(value, list | tuple):
        return (value,) * 3
    if len(value) != 3:
        raise fault("is neither a number nor three, [red, green, blue]")
    return value


def _accelerator(text: str) -> str:
    if not _ACCELERATOR.fullmatch(text):
        raise fault(f"is not one of {', '.join(ACCELERATORS)}")
    return text


@record
class _OneOfTheCatalogue:
    """Annotates a model's name; the names are looked up when the JSON Schema is made, not at every start."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from edgevision.modeltools.catalogue import catalogue

        return {"type": "string", "enum": list(catalogue())}


def _one_or_three_of(least: float, greatest: float) -> WithJsonSchema:
    number = {"type": "number", "minimum": least, "maximum": greatest}
    return WithJsonSchema({"anyOf": [number, {"type": "array", "items": number, "minItems": 3, "maxItems": 3}]})


Fraction = Annotated[float, Between(0, 1)]
_Mean = Annotated[float, Between(-1000, 1000)]
_Deviation = Annotated[float, Between(0.001, 1000)]


class NormalizeSettings(Section):
    """How a model wants its pixels: (pixel - mean) / std, the pixel in 0 to 255."""

    mean: Annotated[tuple[_Mean, _Mean, _Mean], BeforeValidator(_one_or_three), _one_or_three_of(-1000, 1000)]
    """What is taken off each pixel: one number, or one for each of red, green and blue."""

    std: Annotated[
        tuple[_Deviation, _Deviation, _Deviation], BeforeValidator(_one_or_three), _one_or_three_of(0.001, 1000)
    ]
    """What the rest is divided by: one number, or one for each of red, green and blue."""


class ModelSettings(Section):
    """The model that looks at the frames: one of the catalogue by `name`, or a file of your own by `path`."""

    name: Annotated[str, AfterValidator(_known_model), _OneOfTheCatalogue()] | None = "person"
    """A model of `edgevision models list`: a bundled one, or one that `edgevision models pull` fetched; null when there
    is a path."""

    path: ConfigPath | None = None
    """A .tflite file, in place of name."""

    labels: ConfigPath | None = None
    """A text file with one label a line; null: the labels inside the model file, else a .txt beside it."""

    task: Literal["auto", "detect", "classify", "embed"] = "auto"
    """What the model does: detect (boxes), classify (the whole picture) or embed (a feature vector of it, which is
    published as `embedding`); auto: detect or classify, as the file looks like."""

    resize: Literal["auto", "stretch", "letterbox", "crop"] = "auto"
    """How a picture becomes as wide and high as the model's input: stretch; letterbox (its shape is kept, bars fill the
    rest); crop (the central 87.5 % of each side, stretched); auto: stretch to detect, crop otherwise."""

    normalize: NormalizeSettings | None = None
    """What the model was trained with, {mean, std}; null: what its quantization or the metadata in the file say, else
    {mean: 127.5, std: 127.5} as for the TensorFlow zoos' models."""

    accelerator: Annotated[str, AfterValidator(_accelerator), _ONE_OF_THE_ACCELERATORS] = "auto"
    """What runs the model: auto (a Coral Edge TPU where there is one and the model is compiled for it, else the CPU),
    cpu, edgetpu (any), edgetpu:usb, edgetpu:pci, or a certain one as edgetpu:usb:0."""

    cpu_path: ConfigPath | None = None
    """The .tflite that a model compiled for the Edge TPU was compiled from, to fall back to; null: the file of the same
    name without `_edgetpu`, in the same folder."""

    threshold: Fraction = 0.5
    """The least score that is reported."""

    max_detections: Annotated[int, Between(1, 1000)] = 20
    """How many detections of a frame are reported at most, the highest scores first."""

    threads: Annotated[int, Between(1, 64)] | None = None
    """How many threads run the model; null: what measures fastest at start."""

    @model_validator(mode="before")
    @classmethod
    def _one_replaces_the_other(cls, data: object) -> object:
        """Make the one that isn't written an explicit null, so that it takes an inherited one's place.

        The twin of an inherited model is none of another model's.
        """
        if not isinstance(data, dict):
            return data
        rest = {key: value for key, value in data.items() if key not in {"name", "path"}}
        written = {key: data[key] for key in ("name", "path") if data.get(key) is not None}
        return {"cpu_path": None, **rest, "name": None, "path": None, **written} if written else rest

    @model_validator(mode="after")
    def _name_or_path(self) -> Self:
        if self.name is not None and self.path is not None:
            raise disagreement("name and path are both written; write one of them", "path")
        return self


class ModelOverrides(ModelSettings):
    """What one camera has otherwise than the top-level model, key by key; what isn't written is inherited."""

    # Fields outside `model_fields_set` hold defaults that mean nothing here: `Settings.model_for` knows what holds.
