"""The least score of a detector's own post-processing: where its file says it, and putting another in its place.

TFLite_Detection_PostProcess ranks and suppresses, on one core, all candidates that score its nms_score_threshold. In
the zoos' models that is next to nothing, so these are thousands. What scores less suppresses nothing that scores more:
from the score on that is asked for, the detections are the same.

Sources: tensorflow/lite/kernels/detection_postprocess.cc; "FlexBuffers" in flatbuffers' internals, for its options.
"""

import math
import struct
from itertools import islice

from edgevision.inference.flatbuffer import MOST_ENTRIES, Table
from edgevision.inference.postprocessed import POSTPROCESS
from edgevision.record import record

_SUBGRAPHS, _OPERATOR_CODES = 2, 1
_OPERATORS = 3
_OPCODE_INDEX, _CUSTOM_OPTIONS = 0, 5
_CUSTOM_CODE = 1
"""Numbers of fields of Model, SubGraph, Operator and OperatorCode (tensorflow/lite/schema/schema.fbs)."""

_KEY = b"nms_score_threshold\0"
_FLOAT, _MAP = 3, 9
_FORMS = {4: "<f", 8: "<d"}
"""Of numbers, by their bytes, as struct has them."""


@record
class ScoreThreshold:
    """It lies at the byte `place` of the file, in the `form` that struct calls so; `own` is the file's."""

    place: int
    form: str
    own: float

    def put(self, content: bytes, least: float) -> bytes:
        """The file `content` with `least` there, or its own where that is more."""
        number = struct.pack(self.form, max(least, self.own))
        view = memoryview(content)
        return b"".join((view[: self.place], number, view[self.place + len(number) :]))


def find_score_threshold(content: bytes) -> ScoreThreshold | None:
    """Where it is in the .tflite file `content`; None where there is none, or the file is damaged."""
    try:
        start, options = _options(content)
        place, width = _value(options, _KEY)
        (own,) = struct.unpack_from(_FORMS[width], options, place)
    except (ValueError, IndexError, KeyError, struct.error):
        return None
    return ScoreThreshold(start + place, _FORMS[width], own) if math.isfinite(own) else None


def _options(content: bytes) -> tuple[int, bytes]:
    """Where the operator's options begin, and they. Raises ValueError unless there is exactly one such operator."""
    model = Table.root(content)
    codes = enumerate(model.tables(_OPERATOR_CODES))
    (number,) = (place for place, code in codes if code.holds(_CUSTOM_CODE, POSTPROCESS.encode()))
    (graph,) = islice(model.tables(_SUBGRAPHS), 2)
    (operator,) = (each for each in graph.tables(_OPERATORS) if each.number(_OPCODE_INDEX, "<I") == number)
    return operator.extent(_CUSTOM_OPTIONS)[0], operator.content(_CUSTOM_OPTIONS)


def _value(options: bytes, key: bytes) -> tuple[int, int]:
    """Where in a FlexBuffer, which is a map, the float of that key is, and how many bytes it has.

    Raises ValueError or IndexError where there is none.
    """
    if options[-2] >> 2 != _MAP:
        raise ValueError("no map")
    root_width, width = options[-1], 1 << (options[-2] & 3)
    values = _follow(options, len(options) - 2 - root_width, root_width)
    length = _number(options, values - width, width)
    if length > MOST_ENTRIES:
        raise ValueError(f"{length} entries")
    key_width = _number(options, values - 2 * width, width)
    keys = _follow(options, values - 3 * width, width)
    for entry in range(length):
        name = _follow(options, keys + entry * key_width, key_width)
        if options[name : name + len(key)] == key:
            if options[values + length * width + entry] >> 2 != _FLOAT:
                raise ValueError("no float")
            return values + entry * width, width
    raise ValueError("no such key")


def _follow(options: bytes, place: int, width: int) -> int:
    """Where the offset leads that is there: always to the front."""
    return place - _number(options, place, width)


def _number(options: bytes, place: int, width: int) -> int:
    if not 0 <= place <= len(options) - width:
        raise ValueError("an offset leads out of it")
    return int.from_bytes(options[place : place + width], "little")
