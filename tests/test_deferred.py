"""What is imported only when it comes to that."""

import subprocess
import sys


def said(code: str) -> list[str]:
    """What a process of its own prints that has put `colorsys` and `xml.dom` off."""
    code = f"import sys; from edgevision.deferred import defer; defer('colorsys', 'xml.dom'); {code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_a_module_that_nobody_looks_into_is_not_read() -> None:
    assert (
        said("import colorsys, xml.dom; print(hasattr(colorsys, '__file__'), 'Node' in vars(xml.dom))") == ["False"] * 2
    )


def test_whoever_looks_into_it_has_it_and_so_do_those_who_had_imported_it() -> None:
    held = "import colorsys as held, xml.dom as dom; from colorsys import rgb_to_hsv; import colorsys, xml;"
    same = "held.hsv_to_rgb is colorsys.hsv_to_rgb, colorsys.rgb_to_hsv is rgb_to_hsv"
    whole = "sys.modules['colorsys'].__file__ is not None, dom.Node is xml.dom.Node, dom is not xml.dom"
    assert said(f"{held} print({same}, {whole})") == ["True"] * 5


def test_what_it_lacks_is_told_as_ever() -> None:
    assert said("import colorsys; print(hasattr(colorsys, 'nothing'), hasattr(colorsys, 'nothing'))") == ["False"] * 2


def test_what_is_there_already_stays() -> None:
    assert said("import json; before = sys.modules['json']; defer('json'); print(sys.modules['json'] is before)") == [
        "True"
    ]
