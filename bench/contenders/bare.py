"""The limit: the interpreter alone, its input set once. With `opencv`, as a script that prepares pictures has it."""

import importlib
from typing import Any

import numpy as np

from bench.turns import loop, serve

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def interpreter_of(settings: dict[str, Any]) -> Any:
    """An interpreter of the runtime that is installed, as its own examples open it."""
    for name in RUNTIMES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        interpreter = module.Interpreter(model_path=settings["model"], num_threads=settings["threads"])
        interpreter.allocate_tensors()
        return interpreter
    raise SystemExit("no TensorFlow Lite runtime is installed: pip install ai-edge-litert")


def run(settings: dict[str, Any]) -> None:
    """Invoke in a loop."""
    if settings.get("opencv"):
        importlib.import_module("cv2")
    interpreter = interpreter_of(settings)
    taken = interpreter.get_input_details()[0]
    interpreter.set_tensor(taken["index"], np.full(taken["shape"], 127, taken["dtype"]))
    interpreter.invoke()
    serve(settings, lambda seconds: loop(interpreter.invoke, seconds))
