"""Reading the network out of a .tflite file.

The generated classes trust the file: they follow any offset and believe any length. So whatever they may raise on a
damaged one is answered here, and what they say is measured against the size of the file.
"""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgevision.errors import ModelError
from edgevision.inference.tensors import Operator
from edgevision.modeltools.inspection.graph import BITS, Description, FileTensor, Network, Quantization
from edgevision.modeltools.inspection.schema import Schema

MOST_ENTRIES = 100_000
"""No MobileNet has a hundredth as many tensors or operators; guards against a length that would never end."""

MOST_DIMENSIONS = 32
MOST_ELEMENTS = 2**40
"""Of one tensor; no machine that edgevision runs on has the memory."""

ALLOWANCE = 4
"""How often all of the file may be read: lists that lie upon each other could be read without end."""

METADATA = b"TFLITE_METADATA"
METADATA_FIELDS = {"name": 0, "text": 1, "version": 2, "author": 4, "licence": 5}
"""Of the table ModelMetadata (metadata_schema.fbs of TensorFlow Lite Support)."""

CUSTOM = "CUSTOM"


def read_network(path: Path, content: bytes, schema: Schema) -> Network:
    """The network in `content`, a .tflite file; `path` is for messages. Raises ModelError when it is damaged."""
    try:
        return _Reader(content, schema).network()
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({error}): get the file anew") from error
    except (struct.error, TypeError, IndexError, OverflowError) as error:
        # The reason is about Python's own affairs: "unpack_from requires a buffer of at least …".
        raise ModelError(f"{path} is damaged (an offset in it leads nowhere): get the file anew") from error


class _Reader:
    """One file on its way to a Network. Raises all sorts of errors where the file is damaged."""

    def __init__(self, content: bytes, schema: Schema) -> None:
        self._content = content
        self._schema = schema
        self._left = ALLOWANCE * len(content)
        self._model = schema.open_model(content)

    def network(self) -> Network:
        model = self._model
        if not model.SubgraphsLength():
            raise ValueError("it has no graph")
        graph = model.Subgraphs(0)
        buffers = [self._buffer(buffer) for buffer in self._tables(model.BuffersLength(), model.Buffers)]
        tensors = tuple(
            self._tensor(index, tensor, buffers)
            for index, tensor in enumerate(self._tables(graph.TensorsLength(), graph.Tensors))
        )
        codes = [self._code(code) for code in self._tables(model.OperatorCodesLength(), model.OperatorCodes)]
        operators, custom = [], set()
        for entry in self._tables(graph.OperatorsLength(), graph.Operators):
            name, is_custom = codes[entry.OpcodeIndex()]
            inputs = self._indices(entry.InputsLength(), entry.InputsAsNumpy, -1, len(tensors))
            outputs = self._indices(entry.OutputsLength(), entry.OutputsAsNumpy, 0, len(tensors))
            operators.append(Operator(name, inputs, outputs))
            custom |= {name} if is_custom else set()
        return Network(
            self._description(buffers),
            tensors,
            tuple(operators),
            self._indices(graph.InputsLength(), graph.InputsAsNumpy, 0, len(tensors)),
            self._indices(graph.OutputsLength(), graph.OutputsAsNumpy, 0, len(tensors)),
            frozenset(custom),
            self._signature(tensors),
            model.SubgraphsLength(),
        )

    def _spend(self, size: int) -> None:
        """Take `size` bytes from what may still be read."""
        self._left -= size
        if self._left < 0:
            raise ValueError("its lists are longer than the file")

    def _tables(self, length: int, entry: Callable[[int], Any]) -> list[Any]:
        self._spend(4 * length)
        if length > MOST_ENTRIES:
            raise ValueError(f"it claims a list of {length} entries")
        return [entry(number) for number in range(length)]

    def _numbers(self, length: int, values: Callable[[], Any]) -> list[Any]:
        self._spend(4 * length)
        # Where there is no list the generated classes give the number 0 for one.
        return list(values().tolist()) if length else []

    def _indices(self, length: int, values: Callable[[], Any], least: int, most: int) -> tuple[int, ...]:
        indices = self._numbers(length, values)
        if any(not least <= index < most for index in indices):
            raise ValueError("it names a tensor that isn't there")
        return tuple(indices)

    def _text(self, text: bytes | None) -> str:
        self._spend(len(text or b""))
        return (text or b"").decode(errors="replace")

    def _buffer(self, buffer: Any) -> memoryview:
        if buffer.Offset() > 1:
            # Behind the flatbuffer, as in models of more than 2 GB.
            start, size = buffer.Offset(), buffer.Size()
            if start + size > len(self._content):
                raise ValueError("a buffer lies behind its end")
            return memoryview(self._content)[start : start + size]
        return memoryview(buffer.DataAsNumpy()) if buffer.DataLength() else memoryview(b"")

    def _code(self, code: Any) -> tuple[str, bool]:
        # The first 127 operators are also in the older field of one byte, in old files there alone.
        number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
        name = self._schema.operators.get(number, f"BUILTIN_{number}")
        return (self._text(code.CustomCode()) or CUSTOM, True) if name == CUSTOM else (name, False)

    def _tensor(self, index: int, tensor: Any, buffers: list[memoryview]) -> FileTensor:
        name = self._text(tensor.Name())
        if max(tensor.ShapeLength(), tensor.ShapeSignatureLength()) > MOST_DIMENSIONS:
            raise ValueError(f"the tensor {name!r} has {tensor.ShapeLength()} dimensions")
        shape = tuple(self._numbers(tensor.ShapeLength(), tensor.ShapeAsNumpy))
        signature = self._numbers(tensor.ShapeSignatureLength(), tensor.ShapeSignatureAsNumpy)
        if any(side < 0 for side in shape) or math.prod(shape) > MOST_ELEMENTS:
            raise ValueError(f"the tensor {name!r} has the shape {list(shape)}")
        dtype = self._schema.tensor_types.get(tensor.Type(), f"type {tensor.Type()}").lower()
        data = buffers[tensor.Buffer()] if tensor.Buffer() else memoryview(b"")
        size = (math.prod(shape) * BITS.get(dtype, 0) + 7) // 8
        if data and dtype in BITS and tensor.Sparsity() is None and len(data) != size:
            raise ValueError(f"the tensor {name!r} should take {size} bytes and takes {len(data)}")
        return FileTensor(
            index, name, shape, dtype, -1 in signature, tensor.Buffer(), bool(data), self._quantization(name, tensor)
        )

    def _quantization(self, name: str, tensor: Any) -> Quantization | None:
        table = tensor.Quantization()
        if table is None or not table.ScaleLength():
            return None
        scales = self._numbers(table.ScaleLength(), table.ScaleAsNumpy)
        zero_points = self._numbers(table.ZeroPointLength(), table.ZeroPointAsNumpy) or [0] * len(scales)
        if len(scales) != len(zero_points) or not all(math.isfinite(scale) for scale in scales):
            raise ValueError(f"the tensor {name!r} has a damaged quantization")
        # As the files hold them: single precision, so that 0.0078125 is shown and not 0.007812500116.
        shortest = [float(str(np.float32(scale))) for scale in scales]
        return Quantization(tuple(shortest), tuple(zero_points), table.QuantizedDimension())

    def _signature(self, tensors: tuple[FileTensor, ...]) -> dict[str, str]:
        """The signature's name of each output, where there is exactly one signature."""
        if self._model.SignatureDefsLength() != 1:
            return {}
        signature = self._model.SignatureDefs(0)
        outputs = self._tables(signature.OutputsLength(), signature.Outputs)
        return {tensors[entry.TensorIndex()].name: self._text(entry.Name()) for entry in outputs}

    def _description(self, buffers: list[memoryview]) -> Description:
        import flatbuffers  # comes with the schema, and is missed as the schema is: with a sentence

        converter = self._text(self._model.Description())
        for entry in self._tables(self._model.MetadataLength(), self._model.Metadata):
            if entry.Name() == METADATA:
                packed = bytes(buffers[entry.Buffer()])
                (root,) = struct.unpack_from("<I", packed)
                table = flatbuffers.Table(packed, root)
                texts = {}
                for name, field in METADATA_FIELDS.items():
                    offset = table.Offset(4 + 2 * field)
                    texts[name] = self._text(table.String(table.Pos + offset)) if offset else ""
                return Description(converter, **texts)
        return Description(converter)
