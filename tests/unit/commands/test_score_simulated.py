"""Weights from simulation score files of pose, and say what they cannot know."""

import json
from pathlib import Path

import pytest

from pdla.commands.score import score_videos, write_scores
from pdla.commands.score_pages import write_pages
from pdla.commands.score_screen import print_scores
from pdla.data.simulation import SimulationOptions, simulate_cohort


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    simulate_cohort(folder / "new", SimulationOptions(videos=8, seed=3, traps="all", fps=15))
    return folder


def test_a_set_of_scores_is_a_list_in_json(tmp_path, clinic):
    scoring = score_videos(Path("simulated"), clinic / "new" / "LA", store=clinic / "store")
    out = tmp_path / "scores.csv"
    write_scores(scoring, out)
    legs = json.loads(out.with_suffix(".json").read_text())["legs"]
    sets = [leg["score_set"] for leg in legs if leg["reason"] == ""]
    assert all(sets) and all(set(one) <= set(range(5)) for one in sets)
    for leg, one in zip((leg for leg in legs if leg["reason"] == ""), sets, strict=True):
        assert {score for score in range(5) if leg[f"p{score}"] > 0.5} <= set(one)
    assert any("never saw a real patient" in fact for fact in scoring.facts)


@pytest.mark.parametrize("word", ["simulated", "simulated_tcn"])
def test_weights_from_simulation_say_that_their_level_may_be_off(tmp_path, clinic, capsys, word):
    scoring = score_videos(Path(word), clinic / "new" / "LA", store=clinic / "store")
    print_scores(scoring, tmp_path / "scores.csv")
    page = write_pages(scoring, tmp_path / "pages").read_text(encoding="utf-8")
    for text in (capsys.readouterr().out, page):
        words = " ".join(text.split())
        assert "The level of the scores may be off" in words
        assert "recalibrate on 20 or more rated legs of your own" in words
