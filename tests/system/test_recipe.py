"""How roots are kept. Builds none, so it needs no root."""

from pathlib import Path

import pytest

from tests.system.roots.debian import mirror_in
from tests.system.roots.recipe import Recipe, RootError, Site, ready


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEVISION_ROOTS", str(tmp_path))
    return tmp_path


def build(site: Site) -> None:
    site.root.mkdir()
    site.run("counting", ["sh", "-c", f"echo built >>{site.root.parent}/builds"])


def recipe(*requirements: str) -> Recipe:
    return Recipe("some", build, inputs=(Path(__file__),), requirements=requirements)


def test_a_root_is_built_once(cache: Path) -> None:
    assert ready(recipe("numpy")) == ready(recipe("numpy")) == cache / "some"
    assert (cache / "builds").read_text() == "built\n"


def test_a_changed_recipe_builds_anew(cache: Path) -> None:
    (ready(recipe("numpy")) / "old").touch()
    assert not (ready(recipe("numpy<2")) / "old").exists()


def test_a_root_whose_build_was_cut_short_is_built_anew(cache: Path) -> None:
    (cache / "some").mkdir()
    (cache / "some/half").touch()
    assert not (ready(recipe()) / "half").exists()


def test_a_failed_build_leaves_nothing_and_says_which_step_and_why(cache: Path) -> None:
    def fail(site: Site) -> None:
        site.root.mkdir()
        site.run("unpacking", ["sh", "-c", "echo no space left; exit 3"])

    with pytest.raises(
        RootError, match=r"(?s)'some' .* unpacking failed with exit status 3; .*some\.log.*no space left"
    ):
        ready(Recipe("some", fail, inputs=(), requirements=()))
    assert not (cache / "some").exists()
    assert not (cache / "some.stamp").exists()


@pytest.mark.parametrize(
    "sources",
    [
        "deb-src http://mirror.example/debian sid main\ndeb [arch=amd64] http://mirror.example/debian/ sid main",
        "Types: deb\nURIs: http://security.example/debian-security http://mirror.example/debian/\nSuites: sid",
        "deb https://packages.example/apt tool main\ndeb http://mirror.example/debian/ sid main",
    ],
)
def test_the_mirror_is_the_one_of_this_machines_apt(sources: str) -> None:
    assert mirror_in(sources) == "http://mirror.example/debian/"


def test_a_machine_without_a_debian_mirror_is_told_what_to_set() -> None:
    with pytest.raises(RootError, match="EDGEVISION_DEBIAN_MIRROR"):
        mirror_in("deb http://archive.example/ubuntu noble main")
