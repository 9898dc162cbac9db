"""`pdla check`, `pdla toe-tapping` and training on files in the format of Li & Taati (2018)."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pdla.cli import app
from pdla.evaluation.signal_scorers import SIGNAL_SCORERS
from tests.fixtures.li2018 import agility_entry, write_li2018
from tests.fixtures.places import ROOT


def pdla(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_check_counts_legs_scores_and_what_is_odd_and_says_how_to_train(tmp_path):
    entry = agility_entry()
    entry["position"]["Ltail"] = []
    write_li2018(tmp_path / "li", trajectories={"3": entry, "5": {"position": {}}})
    page, facts = tmp_path / "check.html", tmp_path / "check.json"
    done = pdla("check", tmp_path / "li", "--store", tmp_path / "store", "--html", page,
                "--json", facts)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Li & Taati (2018), with its ratings" in " ".join(done.output.split())
    assert "1 left, 1 right: the entry is not as published" in done.output
    assert "unknown joint: trial 3: Ltail" in done.output
    assert "python train.py recordings=li2018 recordings.root=" in done.output
    assert "unknown joint" in page.read_text()
    assert json.loads(facts.read_bytes())["legs"]["L"]["usable"] == 9


def test_toe_tapping_writes_the_same_numbers_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("pdla.commands.toe_tapping.N_DRAWS", 50)
    monkeypatch.setattr("pdla.commands.toe_tapping.SIGNAL_SCORERS", SIGNAL_SCORERS[:3])
    write_li2018(tmp_path / "li")
    outputs = []
    for name in ("one", "two"):
        done = pdla("toe-tapping", tmp_path / "li", "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        outputs.append([(tmp_path / name / file).read_text() for file in
                        ("predictions.csv", "result.json", "table.md")])  # fmt: skip
    assert outputs[0] == outputs[1]
    assert "other data or protocol, not comparable" in outputs[0][2]
    assert "20 of them rated, 5 subjects" in done.output


def train(folder, *overrides):
    command = [sys.executable, str(ROOT / "train.py"), "recordings=li2018", *overrides]
    return subprocess.run(
        command, cwd=folder, env={**os.environ}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_command_of_the_docs_trains_and_the_report_shows_published_figures(
    tmp_path, monkeypatch
):
    write_li2018(tmp_path / "li")
    done = train(tmp_path, "recordings.root=li", "model=kinematic", "split=leave_one_patient_out")
    assert done.returncode == 0, done.stderr
    result = json.loads(next(tmp_path.rglob("result.json")).read_text())
    assert result["score_counts"]["train"][3:] == [0, 0]
    monkeypatch.chdir(tmp_path)
    report = pdla("report", "runs/first")
    assert report.exit_code == 0, report.output
    page = (tmp_path / "runs" / "first" / "report.html").read_text()
    assert "r = 0.618 (other data or protocol, not comparable)" in page
