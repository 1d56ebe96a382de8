"""The whole command, in short."""

import json
from pathlib import Path

import cv2
import pytest

from bench import __main__ as bench
from bench import plan

NAMES = ["bare", "straightforward", "pipeline", "pipeline", "pipeline", "pipeline", "daemon", "daemon"]


@pytest.mark.timeout(400)  # it starts some twenty processes
def test_one_command_measures_shows_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plan, "SHARED", tmp_path / "nowhere")
    results, picture = tmp_path / "out" / "bench.json", tmp_path / "other" / "bench.png"
    options = "--cameras 1,4 --threads 1 --seconds 0.1 --rounds 1 --without peers,idle"
    bench.main([*options.split(), "--json", str(results), "--plot", str(picture)])
    shown = capsys.readouterr().out
    assert "The folder of test models isn't here" in shown
    assert "Figures" in shown
    said = json.loads(results.read_text())
    assert said["failures"] == {}
    assert [row["key"]["name"] for row in said["rows"]] == NAMES
    assert all(row["fps"] > 0 and row["cpu"] > 0 and row["resident"] > 0 for row in said["rows"])
    assert {figure["number"] for figure in said["figures"]} >= {1, 5, 6, 7, 9, 10}
    assert said["machine"]["cores"] >= 1
    assert said["plan"]["seed"] == 1
    drawn = cv2.imread(str(picture))
    assert drawn is not None and drawn.shape[0] > 200


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--cameras 0", "at least 1"),
        ("--cameras ,", "nothing"),
        ("--seconds 0", "between"),
        ("--seconds nan", "between"),
        ("--threads two", "invalid"),
        ("--models nonsense", "no model 'nonsense'"),
        ("--without nonsense", "'nonsense'"),
    ],
)
def test_a_wrong_option_is_a_sentence(options: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(options.split())
    assert what in f"{ended.value} {capsys.readouterr().err}"


def test_quick_gives_way_to_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[plan.Plan] = []

    def noted(made: plan.Plan, progress: object) -> None:
        plans.append(made)
        raise SystemExit

    monkeypatch.setattr(bench, "measure", noted)
    with pytest.raises(SystemExit):
        bench.main(["--quick", "--rounds", "7", "--models", "person", "--without", "peers"])
    (made,) = plans
    assert (made.rounds, made.cameras, made.deep) == (7, (1, 4), 1)
    assert "peers" not in made.contenders
