"""`python -m tests.system.roots [NAME...]`: builds the roots that are missing or out of date."""

import sys

from tests.system import host
from tests.system.roots import arm64, home_assistant, tflite, virtcam
from tests.system.roots.recipe import RootError, ready

RECIPES = {
    recipe.name: recipe for recipe in (virtcam.recipe(), tflite.recipe(), arm64.recipe(), home_assistant.recipe())
}


def main(names: list[str]) -> str | None:
    """What went wrong, if anything."""
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        return f"no root is called {', '.join(unknown)}: there are {', '.join(RECIPES)}"
    try:
        host.prepare()
        for name in names or RECIPES:
            ready(RECIPES[name])
    except (host.MissingError, RootError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
