"""The schema of .tflite files, from whichever installed package has it."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from edgevision.errors import ModelError
from edgevision.record import record

SCHEMAS = ("ai_edge_litert.schema_py_generated", "tflite")
"""LiteRT brings its schema along; beside tflite-runtime it is the package `tflite`."""


@record
class Schema:
    """`open_model` gives the generated class `Model`, which the names of operators and tensor types go with."""

    open_model: Callable[[bytes], Any]
    operators: Mapping[int, str]
    tensor_types: Mapping[int, str]


def load_schema() -> Schema:
    """The schema that is installed here. Raises ModelError with the command to install one where there is none."""
    for name in SCHEMAS:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return Schema(module.Model.GetRootAs, _names(module.BuiltinOperator), _names(module.TensorType))
    raise ModelError("looking into a model file needs its schema: pip install 'edgevision[inspect]'")


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
