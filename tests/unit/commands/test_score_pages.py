"""A patient's page says what moved the model: joints over time, quantities, or why it cannot."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from pdla.commands.export import export_run
from pdla.commands.score import explain_scores, score_videos, write_scores
from pdla.commands.score_pages import write_pages
from pdla.commands.score_screen import print_scores
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.evaluation.predictions import PROBABILITY_COLUMNS
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort, renamed

SPLIT = ("split.n_folds=3", "split.n_val_folds=2", "leg=both")
SHORT = ("trainer.max_epochs=1", "review.pictures=false", "review.curves=false")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of a network on joints, and one on quantities."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda _: renamed(make_cohort(9, 1), "own"))
        for model in ("tcn", "kinematic"):
            config = compose_config(f"model={model}", *SPLIT, *SHORT)
            training.run(config, folder / model / f"{model}-both-fold0-seed0")
    return folder


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    simulate_cohort(folder / "new", SimulationOptions(videos=3, seed=3, traps="none", fps=15))
    return folder


def pages_of(source, clinic, folder):
    store = clinic / f"store-{folder.name}"
    scoring = explain_scores(score_videos(source, clinic / "new" / "LA", store=store), store)
    index = write_pages(scoring, folder)
    return scoring, {path.stem: path.read_text() for path in index.parent.glob("P-*.html")}


def test_a_network_on_joints_shows_joints_over_time_for_every_scored_leg(runs, clinic, tmp_path):
    scoring, pages = pages_of(runs / "tcn", clinic, tmp_path / "tcn")
    assert len(scoring.scored) > 2
    assert sum(text.count("<image") for text in pages.values()) == len(scoring.scored)
    keys = zip(scoring.scored["video_id"], scoring.scored["leg"], strict=True)
    assert set(scoring.explanations) == set(keys)
    text = next(text for text in pages.values() if "<image" in text)
    assert "knee, scored</text>" in text
    assert re.search(r"points by \w+", text)
    assert "no proof" in text
    assert re.search(r"where most taps are; most of it around \d+\.\d s", text)
    content = base64.b64decode(re.search(r'<image href="data:image/png;base64,([^"]+)', text)[1])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    n_rows, n_frames = next(iter(scoring.explanations.values())).rows.shape
    assert picture.shape == (6 * n_rows, 6 * n_frames, 3)


def test_a_model_on_quantities_says_that_it_is_given_no_joints(runs, clinic, tmp_path):
    _, pages = pages_of(runs / "kinematic", clinic, tmp_path / "kinematic")
    assert all("is given quantities, not joints" in text for text in pages.values())
    assert not any("<image" in text for text in pages.values())
    assert any(re.search(r"[+-]0\.\d\d points by [a-z]", text) for text in pages.values())


def test_an_exported_file_says_that_it_cannot_tell(runs, clinic, tmp_path):
    export_run(next((runs / "tcn").glob("tcn-*")), tmp_path / "model.pt2")
    scoring, pages = pages_of(tmp_path / "model.pt2", clinic, tmp_path / "file")
    assert len(scoring.scored) > 2
    assert scoring.explanations == {}
    assert all("exported file gives probabilities alone" in text for text in pages.values())


def test_a_page_that_cannot_be_written_is_named(runs, clinic, tmp_path):
    scoring, _ = pages_of(runs / "kinematic", clinic, tmp_path / "kinematic")
    (tmp_path / "pages").mkdir()
    index = tmp_path / "pages" / "index.html"
    index.mkdir()  # cannot be replaced by a file
    with pytest.raises(OSError, match=r"index\.html"):
        write_pages(scoring, tmp_path / "pages")


def test_where_no_leg_can_be_scored_table_page_and_screen_say_why(tmp_path, capsys):
    videos = tmp_path / "LA"
    simulate_cohort(tmp_path, SimulationOptions(videos=1, seed=3, traps="none", fps=15))
    for path in sorted(next(videos.iterdir()).iterdir())[40:]:
        path.unlink()
    scoring = score_videos(Path("simulated"), videos, store=tmp_path / "store")
    scoring = explain_scores(scoring, tmp_path / "store")
    write_scores(scoring, tmp_path / "scores.csv")
    table = pd.read_csv(tmp_path / "scores.csv")
    assert table["reason"].tolist() == ["the video is too short"] * 2
    assert table[["predicted", "expected_score", *PROBABILITY_COLUMNS]].isna().all(axis=None)
    print_scores(scoring, tmp_path / "scores.csv")
    text = capsys.readouterr().out
    assert "no leg has a score" in text
    assert "no score: the video is too short: folder 1" in text
    (page,) = write_pages(scoring, tmp_path / "pages").parent.glob("P-*.html")
    assert page.read_text().count("<b>No score:</b> the video is too short") == 2


def test_a_network_that_nothing_moves_says_so(runs, clinic, tmp_path):
    store = clinic / "store-still"
    scoring = score_videos(runs / "tcn", clinic / "new" / "LA", store=store)
    still = {
        key: replace(one, rows=np.zeros((0, 75), np.float32), row_names=())
        for key, one in explain_scores(scoring, store).explanations.items()
    }
    index = write_pages(replace(scoring, explanations=still), tmp_path / "pages")
    texts = [page.read_text() for page in index.parent.glob("P-*.html")]
    assert sum(text.count("Nothing by more than 0.01 points") for text in texts) == len(still)
    assert not any("nan s" in text or "<image" in text for text in texts)
