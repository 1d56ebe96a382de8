"""`python -m tests.system.roots [NAME...]`: builds the roots that are missing or out of date."""

import signal
import sys

from tests.system import host
from tests.system.roots import arm64, home_assistant, node_red, systemd, tensorflow, tflite, virtcam
from tests.system.roots.recipe import RootError, ready

PLACES = (arm64, tflite, virtcam, systemd, home_assistant, tensorflow, node_red)
RECIPES = {recipe.name: recipe for recipe in (place.recipe() for place in PLACES)}


def main(names: list[str]) -> str | None:
    """What went wrong, if anything."""
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        return f"no root is called {', '.join(unknown)}: there are {', '.join(RECIPES)}"
    # As after Ctrl-C, nothing stays half built.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before all roots were there"))
    try:
        host.prepare()
    except host.MissingError as error:
        return str(error)
    wrong = []
    for name in names or RECIPES:
        try:
            ready(RECIPES[name])
        except RootError as error:
            wrong.append(str(error))
    return "\n".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
