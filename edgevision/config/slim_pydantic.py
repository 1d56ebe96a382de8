"""pydantic without what a single check of a configuration doesn't need: that takes a quarter of its time to import."""

import contextlib
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from edgevision.deferred import defer


def slim_pydantic() -> None:
    """To be called before anything of pydantic is imported, in a process that only checks a configuration."""
    defer("secrets")  # loads OpenSSL; for comparing secrets
    _without_metadata("pydantic.plugin._loader")
    from edgevision.config.section import Section

    # The texts under the keys, of which `edgevision schema` makes descriptions.
    Section.model_config["use_attribute_docstrings"] = False


def _without_metadata(name: str) -> None:
    """Import a module that wants `importlib.metadata`, and so ZIP files and e-mail, for plugins alone.

    Older pydantic keeps the module and looks into it later, newer takes `entry_points` at once.
    """
    stand_in = ModuleType("importlib.metadata")

    def later(key: str) -> Any:
        if sys.modules.get(stand_in.__name__) is stand_in:
            raise AttributeError(key)
        return getattr(import_module(stand_in.__name__), key)

    stand_in.__dict__["__getattr__"] = later
    stand_in.__dict__["entry_points"] = lambda **which: import_module(stand_in.__name__).entry_points(**which)
    if sys.modules.setdefault(stand_in.__name__, stand_in) is stand_in:
        with contextlib.suppress(ImportError):  # it is pydantic's own affair whether there is one
            import_module(name)
        del sys.modules[stand_in.__name__]
