"""`node_red`: Node-RED, from npm, for this machine's Node.js. No root, but kept like one."""

from pathlib import Path

from tests.system.roots.recipe import Recipe, Site

SCRIPT = "node_modules/node-red/red.js"
_INSTALL = ("npm", "install", "--loglevel=error", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


def recipe() -> Recipe:
    """Of this folder."""
    return Recipe("node_red", _build, inputs=(Path(__file__),), requirements=("node-red@4.1.15",))


def _build(site: Site) -> None:
    site.root.mkdir()
    site.run("npm install", [*_INSTALL, "--prefix", str(site.root), *recipe().requirements])
