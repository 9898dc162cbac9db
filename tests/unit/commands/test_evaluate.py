"""Finished runs score another data set without refitting."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from pdla.commands import evaluate as external
from pdla.commands.evaluate import evaluate_runs
from pdla.commands.report import report_study
from pdla.evaluation import abstention
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort, renamed
from tests.fixtures.runs import TINY


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """One finished run on a cohort of 9 patients."""
    folder = tmp_path_factory.mktemp("runs") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda _: renamed(make_cohort(9, 1), "own"))
        config = compose_config(*TINY, "model=resnet_lstm", "trainer.max_epochs=1")
        training.run(config, folder / "resnet_lstm-R-fold0-seed0")
    return folder


@pytest.fixture
def other(monkeypatch):
    cohort = renamed(make_cohort(6, 2), "other")
    monkeypatch.setattr(external, "read_cohort", lambda *_: cohort)
    return cohort


def evaluate(study, tmp_path):
    return evaluate_runs(
        study, tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", [], tmp_path / "out"
    )


def test_every_rated_leg_of_the_other_data_is_scored_by_the_run_as_it_is(study, other, tmp_path):
    checkpoint = study / "resnet_lstm-R-fold0-seed0" / "checkpoints" / "best.ckpt"
    before = checkpoint.stat().st_mtime_ns
    out = evaluate(study, tmp_path)
    table = pd.read_csv(out / "resnet_lstm-R-fold0-seed0" / "predictions.csv")
    assert set(table["video_id"]) == {sample.recording.video_id for sample in other.rated("R")}
    assert set(table["stage"]) == {"test"}
    assert checkpoint.stat().st_mtime_ns == before
    result = json.loads((out / "resnet_lstm-R-fold0-seed0" / "result.json").read_text())
    assert result["external"]["run"] == "resnet_lstm-R-fold0-seed0"
    page = report_study(out, n_clips=0).read_text()
    assert "external validation" in page
    with pytest.raises(ValueError, match="holds an evaluation already"):
        evaluate(study, tmp_path)


def test_one_run_can_be_evaluated_alone(study, other, tmp_path):
    out = evaluate(study / "resnet_lstm-R-fold0-seed0", tmp_path)
    assert [path.parent.name for path in out.glob("*/result.json")] == ["resnet_lstm-R-fold0-seed0"]


def test_patients_who_were_trained_on_are_refused(study, monkeypatch, tmp_path):
    monkeypatch.setattr(external, "read_cohort", lambda *_: renamed(make_cohort(4, 1), "own"))
    with pytest.raises(ValueError, match="in the other data as well: ownP-0"):
        evaluate(study, tmp_path)


def test_other_data_without_a_rated_leg_are_one_line(study, other, monkeypatch, tmp_path):
    unrated = [replace(sample, score=None) for sample in other.samples]
    cohort = replace(other, samples=tuple(unrated))
    monkeypatch.setattr(external, "read_cohort", lambda *_: cohort)
    with pytest.raises(ValueError, match="no rated leg"):
        evaluate(study, tmp_path)


def test_raters_of_the_other_data_are_what_its_scores_are_held_against(study, other, tmp_path):
    rows = [f"V{number},0,{number % 3},{(number + number // 6) % 3}" for number in range(9)]
    sheet = "\n".join(["VideoId,left,right_a,right_b", *rows])
    (tmp_path / "labels.csv").write_text(sheet)
    columns = ["recordings.sheet.right=[right_a,right_b]"]
    out = evaluate_runs(
        study, tmp_path / "LA", tmp_path / "labels.csv", tmp_path / "store", columns,
        tmp_path / "out",
    )  # fmt: skip
    page = report_study(out, n_clips=0).read_text()
    assert "Raters of this study, right leg" in page


def test_copies_of_training_videos_under_other_names_are_refused(study, tmp_path, monkeypatch):
    known = shutil.copytree(study, tmp_path / "known")
    (path,) = (known / "_legs").glob("*.csv")
    legs = pd.read_csv(path)
    legs.assign(keypoints_sha256=[f"{n % 9:064x}" for n in range(len(legs))]).to_csv(path)
    cohort = renamed(make_cohort(6, 2), "other")
    first = cohort.samples[0]
    copy = replace(first, recording=replace(first.recording, sha256=f"{3:064x}"))
    cohort = replace(cohort, samples=(copy, *cohort.samples[1:]))
    monkeypatch.setattr(external, "read_cohort", lambda *_: cohort)
    with pytest.raises(ValueError, match=r"^1 recordings of resnet_lstm-R-fold0-seed0 are in the"):
        evaluate(known, tmp_path)


def test_legs_on_which_the_runs_of_a_model_disagree_are_left_out_with_the_reason(
    other, monkeypatch, tmp_path
):
    folder = tmp_path / "pair"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda _: renamed(make_cohort(9, 1), "own"))
        for fold in (0, 1):
            config = compose_config(*TINY, "model=kinematic", f"split.fold={fold}")
            training.run(config, folder / f"kinematic-R-fold{fold}-seed0")
    plain = evaluate(folder, tmp_path)
    tables = [pd.read_csv(path) for path in sorted(plain.glob("*/predictions.csv"))]
    spread = pd.concat(tables).groupby("video_id")["expected_score"].std()
    monkeypatch.setattr(abstention, "MAX_DISAGREEMENT", float(spread.median()))
    strict = evaluate_runs(
        folder, tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", [], tmp_path / "two"
    )
    agreed = set(spread.index[spread <= spread.median()])
    assert 0 < len(agreed) < len(spread)
    for path in strict.glob("*/predictions.csv"):
        assert set(pd.read_csv(path)["video_id"]) == agreed
        excluded = json.loads((path.parent / "result.json").read_text())["excluded"]
        assert excluded["the runs disagree"] == len(spread) - len(agreed)
    assert "the runs disagree" in report_study(strict, n_clips=0).read_text()
    monkeypatch.setattr(abstention, "MAX_DISAGREEMENT", -1.0)
    with pytest.raises(ValueError, match="runs of one model disagree on every leg"):
        evaluate_runs(
            folder, tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", [],
            tmp_path / "none",
        )  # fmt: skip
