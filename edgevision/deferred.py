"""Modules that other libraries import for what the daemon may never do: they are read when it comes to that."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


def defer(*names: str) -> None:
    """Let the modules of those names be imported at the first look into them, unless they are already.

    `import NAME` gives a stand-in until then, which is filled for those who hold it. Not for `from NAME import …`.
    """
    for name in names:
        if name not in sys.modules:
            stand_in = ModuleType(name)
            stand_in.__dict__["__getattr__"] = lambda key, stand_in=stand_in: _look(stand_in, key)
            _settle(name, stand_in)


def _look(stand_in: ModuleType, key: str) -> Any:
    # Those who go through all modules ask for `__file__` and the like.
    if key.startswith("__"):
        raise AttributeError(key)
    name = stand_in.__name__
    if sys.modules.get(name) is stand_in:
        del sys.modules[name]
    module = import_module(name)
    _settle(name, module)
    vars(stand_in).update(vars(module))
    return getattr(module, key)


def _settle(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(import_module(parent), child, module)
