"""Finished runs score videos that nobody has rated; what cannot be scored says why."""

import errno
import json
import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pdla.api import Scorer, read_cohort
from pdla.commands import score_table
from pdla.commands.export import export_run
from pdla.commands.score import score_cohort, score_legs, score_videos, write_scores
from pdla.commands.score_pages import write_pages
from pdla.commands.score_screen import print_scores
from pdla.data import files
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.evaluation import recalibration
from pdla.report.analysis import analyse
from pdla.report.study import read_study
from pdla.report.study_row import choose_row
from pdla.runs.folder import BEST, checkpoint_path, fail_run, open_run
from pdla.training import run as training
from pdla.training.prediction import load_best
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort, renamed
from tests.fixtures.studies import make_study

TINY = ("model=kinematic", "split.n_folds=3", "split.n_val_folds=2", "leg=both")
TCN = "pdla.models.trajectory_networks.TCN"
PROBABILITIES = ["p0", "p1", "p2", "p3", "p4"]


def unrated(cohort):
    return replace(cohort, samples=tuple(replace(sample, score=None) for sample in cohort.samples))


NEW = unrated(renamed(make_cohort(3, 2), "new"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two finished runs for both legs, one for the right leg, one that failed."""
    folder = tmp_path_factory.mktemp("runs") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda _: renamed(make_cohort(9, 1), "own"))
        for fold in (0, 1):
            config = compose_config(*TINY, f"split.fold={fold}")
            training.run(config, folder / f"kinematic-both-fold{fold}-seed0")
        right = compose_config(*TINY[:3], "leg=R", "model.name=right_only")
        training.run(right, folder / "right_only-R-fold0-seed0")
    open_run(folder / "kinematic-both-fold2-seed0", compose_config(*TINY, "split.fold=2"))
    fail_run(folder / "kinematic-both-fold2-seed0", "ValueError: the disk is full")
    return folder


@pytest.fixture(scope="module")
def runs(study):
    return {run.folder.name: run for run in read_study(study).runs}


def scores_of(runs, cohort, tmp_path):
    return score_cohort(runs, cohort, tmp_path / "store").set_index(["video_id", "leg"])


def test_an_average_of_two_runs_is_the_mean_of_what_each_says(runs, tmp_path):
    pair = [run for name, run in runs.items() if name.startswith("kinematic")]
    one, two = (scores_of([run], NEW, tmp_path) for run in pair)
    both = scores_of(pair, NEW, tmp_path)
    assert len(both) == 12
    np.testing.assert_allclose(both[PROBABILITIES], (one[PROBABILITIES] + two[PROBABILITIES]) / 2)
    spread = pd.concat([one["expected_score"], two["expected_score"]], axis=1).std(axis=1)
    np.testing.assert_allclose(both["disagreement"], spread)
    assert not np.allclose(one[PROBABILITIES], two[PROBABILITIES])
    assert set(both["n_runs"]) == {2}
    assert one["disagreement"].isna().all()


def test_a_checkpoint_of_another_version_is_one_line(runs, tmp_path):
    run = runs["right_only-R-fold0-seed0"]
    changed = {**run.config["model"], "_target_": "pdla.models.kinematic_model.Retired"}
    for config in (run.config["model"] | {"_target_": TCN}, changed):
        with pytest.raises(ValueError, match="install these versions, or run it again") as error:
            load_best(replace(run, config=run.config | {"model": config}))
        assert "best.ckpt: does not open as" in str(error.value)
        assert "\n" not in str(error.value)


def test_a_flipped_bit_in_a_checkpoint_is_noticed(runs):
    run = runs["right_only-R-fold0-seed0"]
    path = checkpoint_path(run.folder, BEST)
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-900] + bytes([content[-900] ^ 1]) + content[-899:])
        with pytest.raises(ValueError, match=r"best\.ckpt: was changed or damaged"):
            load_best(run)
    finally:
        path.write_bytes(content)


def test_a_run_of_one_leg_scores_that_leg_only(runs, tmp_path):
    table = scores_of(list(runs.values()), NEW, tmp_path)
    assert table.xs("R", level="leg")["n_runs"].unique().tolist() == [3]
    assert table.xs("L", level="leg")["n_runs"].unique().tolist() == [2]
    only_left = replace(NEW, samples=tuple(s for s in NEW.samples if s.leg == "L"))
    with pytest.raises(ValueError, match="no usable leg of a side that these runs score"):
        scores_of([runs["right_only-R-fold0-seed0"]], only_left, tmp_path)


def test_a_rating_changes_no_score(runs, tmp_path):
    rated = renamed(make_cohort(3, 2), "new")
    pair = list(runs.values())
    pd.testing.assert_frame_equal(scores_of(pair, rated, tmp_path), scores_of(pair, NEW, tmp_path))


def test_runs_that_were_trained_on_the_patient_are_counted(runs, tmp_path):
    table = scores_of(list(runs.values()), renamed(make_cohort(9, 1), "own"), tmp_path)
    right = table.xs("R", level="leg")["runs_that_knew_the_patient"]
    # fold 0 is tested by two of the three runs, fold 1 by the third, fold 2 by none
    assert right.value_counts().to_dict() == {1: 3, 2: 3, 3: 3}
    # Neither cohort says with which secret its pseudonyms were made.
    assert scores_of(list(runs.values()), NEW, tmp_path)["runs_that_knew_the_patient"].isna().all()


def test_no_run_knows_other_patients_of_the_same_working_folder(runs, tmp_path):
    def of_project(run):
        data = replace(run.result.data, project="this one")
        return replace(run, result=replace(run.result, data=data))

    cohort = replace(NEW, project="this one")
    table = scores_of([of_project(run) for run in runs.values()], cohort, tmp_path)
    assert (table["runs_that_knew_the_patient"] == 0).all()


def test_a_copy_of_a_training_video_is_known_under_any_name(runs, tmp_path):
    run = next(iter(runs.values()))
    fold = run.folds[run.result.split.fold]
    legs = run.legs.assign(keypoints_sha256=[f"{n:064x}" for n in range(len(run.legs))])
    copied = replace(NEW.samples[0].recording, sha256=f"{fold.train[0]:064x}")
    samples = tuple(
        replace(one, recording=copied) if one.recording.video_id == copied.video_id else one
        for one in NEW.samples
    )
    table = scores_of([replace(run, legs=legs)], replace(NEW, samples=samples), tmp_path)
    known = table["runs_that_knew_the_patient"]
    patients = {one.recording.video_id: one.patient for one in samples}
    of_copy = [patients[video] == NEW.samples[0].patient for video, _ in table.index]
    assert known.notna().tolist() == of_copy


@pytest.mark.parametrize("ending", [".pt2", ".onnx"])
def test_an_exported_file_gives_the_scores_of_its_run_without_the_run(runs, tmp_path, ending):
    if ending == ".onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    run = runs["right_only-R-fold0-seed0"]
    facts = export_run(run.folder, tmp_path / f"model{ending}")
    assert str(run.folder.parent) not in json.dumps(facts)
    scorer = Scorer(tmp_path / f"model{ending}")
    assert scorer.figures == Scorer(run.folder).figures
    table = scorer.score(NEW).set_index(["video_id", "leg"])
    expected = scores_of([run], NEW, tmp_path)
    scored = table[table["reason"] == ""]
    assert len(scored) > 3
    found, wanted = scored[PROBABILITIES], expected.loc[scored.index, PROBABILITIES]
    np.testing.assert_allclose(found.astype(float), wanted, atol=1e-4)
    assert scored["runs_that_knew_the_patient"].isna().all()  # a file does not say it
    with pytest.raises(ValueError, match="is one network; leave the option out"):
        Scorer(tmp_path / f"model{ending}", row="tcn")
    (tmp_path / f"model{ending}").write_bytes(b"another network")
    with pytest.raises(ValueError, match="SHA-256 differs"):
        Scorer(tmp_path / f"model{ending}")


def test_a_scorer_takes_a_recording_a_cohort_or_a_folder(study, clinic):
    scorer = Scorer(study, row="kinematic")
    assert repr(scorer).startswith("Scorer(kinematic, both legs of study; ")
    one = scorer.score(NEW.samples[0].recording)
    assert one["leg"].tolist() == ["L", "R"]
    both = scorer.score(NEW)
    assert one.loc[0, "expected_score"] == pytest.approx(both.loc[0, "expected_score"])
    folder = scorer.score(clinic / "new" / "LA", store=clinic / "store")
    assert len(folder) == 2 * len(list((clinic / "new" / "LA").iterdir()))
    assert folder.attrs["intended_use"] == "Research only, not a medical device."


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    simulate_cohort(folder / "new", SimulationOptions(videos=8, seed=3, traps="all", fps=15))
    return folder


@pytest.fixture(scope="module")
def written(study, clinic):
    """The command on files, without a label sheet."""
    out = clinic / "out" / "scores.csv"
    scoring = score_videos(study, clinic / "new" / "LA", store=clinic / "store", row="kinematic")
    write_scores(scoring, out)
    return scoring, out


def test_every_leg_of_every_folder_has_a_score_or_a_reason(written, clinic):
    _, out = written
    table = pd.read_csv(out, keep_default_na=False)
    folders = [path for path in (clinic / "new" / "LA").iterdir() if path.is_dir()]
    assert len(table) == 2 * len(folders)
    has_reason = table["reason"] != ""
    assert 0 < has_reason.sum() < len(table)
    assert (table.loc[has_reason, "predicted"] == "").all()
    assert table.loc[~has_reason, "predicted"].isin(list("01234")).all()
    assert set(table.loc[~has_reason, "unsupported_scores"]) == {"3 4"}
    assert "only the upper body was filmed, no leg is seen" in set(table["reason"])
    assert set(table["intended_use"]) == {"Research only, not a medical device."}


def test_each_row_says_whose_leg_it_is_how_it_was_filmed_and_what_it_did(written):
    table = pd.read_csv(written[1])
    scored = table[table["reason"].isna()]
    assert scored["patient"].str.fullmatch(r"P-[0-9a-f]{8,}").all()
    assert set(scored["fps"]) == {30.0}  # nothing but the options says it: OpenPose files do not
    assert scored["duration_s"].between(1, 60).all()
    assert scored[["patient_seen", "foot_seen"]].stack().between(0, 1).all()
    assert scored["amplitude_trunk_lengths"].between(0.01, 2).all()
    columns = json.loads(written[1].with_suffix(".json").read_text())["columns"]
    assert list(columns) == list(table.columns)
    assert columns["amplitude_trunk_lengths"]["unit"] == "trunk lengths"


def test_score_sets_stand_in_table_and_json_and_on_the_screen(written, capsys):
    scoring, out = written
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    # Six test patients of two folds: nine are the fewest for 90%.
    assert not scoring.sets.has_enough_patients
    assert set(table.loc[table["reason"] == "", "score_set"]) == {"too few patients"}
    legs = json.loads(out.with_suffix(".json").read_text())["legs"]
    assert {leg["score_set"] for leg in legs} == {"too few patients", None}
    print_scores(scoring, out)
    assert "too few patients for score sets: 6, needed 9" in capsys.readouterr().out


@pytest.mark.slow
def test_the_figures_of_the_row_are_those_of_the_report(written, study):
    row = choose_row(read_study(study), "kinematic")
    analysis = analyse(read_study(study))
    reported = next(one for one in analysis.headline.rows if one.scorer.name == row.name)
    assert row.estimates == {key: reported.estimates[key] for key in ("qwk", "mae")}
    assert written[0].scorer.figures == f"simulated patients; {row.figures()}"


def test_what_made_the_scores_stands_beside_them(written):
    _, out = written
    made = json.loads(out.with_suffix(".json").read_text())
    assert set(made["runs"]) == {"kinematic-both-fold0-seed0", "kinematic-both-fold1-seed0"}
    assert made["row"] == "kinematic, both legs"
    assert "kappa" in made["figures"]
    assert made["not_finished"] == {"kinematic-both-fold2-seed0": "ValueError: the disk is full"}
    assert made["intended_use"] == "Research only, not a medical device."


def test_the_screen_says_what_was_not_used_and_what_is_never_said(written, capsys):
    print_scores(*written)
    text = " ".join(capsys.readouterr().out.split())
    assert text.index("Quadratic weighted kappa") < text.index("legs, each by the mean")
    assert "not used: kinematic-both-fold2-seed0: ValueError: the disk is full" in text
    assert "No training leg had score 4: it is never said, and not ruled out." in text
    assert "no score: only the upper body was filmed" in text
    assert "Research only, not a medical device." in text


def test_no_patient_number_is_in_the_output(written, clinic, capsys):
    print_scores(*written)
    scoring, out = written
    index = write_pages(scoring, clinic / "pages")
    texts = [out.read_text(), out.with_suffix(".json").read_text(), capsys.readouterr().out]
    texts += [re.sub(r"base64,[^\"]+", "", page.read_text()) for page in index.parent.iterdir()]
    texts += [page.name for page in index.parent.iterdir()]
    names = [path.name for path in (clinic / "new" / "LA").iterdir()]
    secrets = {part for name in names for part in re.findall(r"[CT]G\d+|\d{5,}", name)}
    assert len(secrets) > 8
    assert not [secret for secret in secrets for text in texts if secret in text]


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_leaves_all_old_files_whole_and_is_one_line(
    written, tmp_path, monkeypatch, room
):
    scoring, _ = written
    out = tmp_path / "scores.csv"
    out.write_text("what was there")
    wrote = []

    def full(path, content):
        wrote.append(path)
        with path.open("wb") as file:
            file.write(content if len(wrote) <= room else content[:9])
        if len(wrote) > room:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device; nothing was lost") as error:
        write_scores(scoring, out)
    assert "\n" not in str(error.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


def test_local_scores_of_the_sheet_move_the_scores_and_the_gain_is_said(
    study, clinic, tmp_path, monkeypatch
):
    monkeypatch.setattr(recalibration, "MIN_PATIENTS", 3)  # of this small clinic
    videos, labels = clinic / "new" / "LA", clinic / "new" / "labels.xls"
    options = {"store": clinic / "store", "labels": labels, "row": "kinematic"}
    plain = score_videos(study, videos, **options)
    moved = score_videos(study, videos, way="thresholds", **options)
    assert not np.allclose(
        plain.scored["expected_score"].astype(float), moved.scored["expected_score"].astype(float)
    )
    assert moved.facts[0].startswith("recalibrated by thresholds on ")
    assert "cross-validated by patient: kappa" in moved.facts[0]
    write_scores(moved, tmp_path / "s.csv")
    written = json.loads((tmp_path / "s.json").read_text())["recalibration"]
    assert written["way"] == "thresholds"
    assert written["patients"] == moved.recalibration.n_patients


def test_a_page_a_patient_says_what_the_legs_did_and_how_sure_the_model_is(written, clinic):
    scoring, _ = written
    start = time.perf_counter()
    index = write_pages(scoring, clinic / "pages")
    pages = {path.stem: path.read_text() for path in index.parent.glob("P-*.html")}
    assert (time.perf_counter() - start) / len(pages) < 3
    patients = {entry.patient for entry in scoring.intake.videos}
    assert set(pages) == patients
    assert all(f'href="{patient}.html"' in index.read_text() for patient in patients)
    for patient, text in pages.items():
        own = scoring.table[scoring.table["patient"] == patient]
        assert text.count("<section") == own["video_id"].nunique()
        assert text.count("Research only, not a medical device.") >= 2
        assert text.count("<b>No score:</b>") == (own["reason"] != "").sum()
        assert scoring.scorer.figures in text
        assert "<script" not in text
        without_pictures = re.sub(r"base64,[^\"]+", "", text)
        assert re.findall(r".{0,40}\bnan\b.{0,20}", without_pictures, re.IGNORECASE) == []
    scored = scoring.scored
    measured = scored.groupby("patient")["n_taps"].sum()
    tops = {name: pages[name].count("<circle") for name in measured.index}
    assert all(tops[name] >= count for name, count in measured.items())  # a dot is a tap
    assert any("most like score" in text for text in pages.values())


@pytest.mark.parametrize(
    ("row", "n_runs"), [("right_only", 1), ("kinematic, both legs", 2), ("kinematic", 2)]
)
def test_one_row_of_a_study_scores_as_the_report_or_the_model_names_it(study, row, n_runs):
    chosen = choose_row(read_study(study), row)
    assert len(chosen.runs) == n_runs
    assert all(run.folder.name.startswith(row.partition(",")[0]) for run in chosen.runs)


def test_a_leg_that_no_picked_run_scores_says_so(study, clinic):
    scoring = score_videos(study, clinic / "new" / "LA", store=clinic / "store", row="right_only")
    reasons = scoring.table.set_index("leg").loc["L", "reason"]
    assert "none of these runs scores this leg" in set(reasons)
    assert "" not in set(reasons)


def test_a_leg_on_which_runs_disagree_has_no_score_in_any_form(study, clinic, monkeypatch):
    options = {"store": clinic / "store", "row": "kinematic"}
    plain = score_videos(study, clinic / "new" / "LA", **options).scored
    monkeypatch.setattr(score_table, "MAX_DISAGREEMENT", float(plain["disagreement"].median()))
    table = score_videos(study, clinic / "new" / "LA", **options).table
    disputed = table[table["reason"] == "the runs disagree"]
    assert 0 < len(disputed) < len(plain)
    assert disputed[["predicted", "expected_score", *PROBABILITIES]].isna().all(axis=None)
    assert (disputed["disagreement"] > 0).all()
    monkeypatch.setattr(score_table, "MAX_DISAGREEMENT", -1.0)
    scoring = score_videos(study, clinic / "new" / "LA", **options)
    assert scoring.scored.empty
    pages = write_pages(scoring, clinic / "disputed").parent.glob("P-*.html")
    assert not any("most like score" in page.read_text() for page in pages)


def test_the_folder_of_one_video_is_scored_as_well(study, clinic):
    folders = sorted((clinic / "new" / "LA").iterdir())
    table = score_legs(
        study, read_cohort(folders[0], None, store=clinic / "one"), clinic, "kinematic"
    )
    assert table["leg"].tolist() == ["L", "R"]


def test_scores_are_kept_where_nobody_was_filmed_in_two_states(study, clinic):
    videos = clinic / "new" / "LA"
    scoring = score_videos(
        study, videos, store=clinic / "store", row="kinematic", change="medication"
    )
    assert len(scoring.scored) > 3
    assert scoring.change is None
    assert "--change medication: the sheet says nothing; two states" in scoring.facts[-1]


def test_what_the_intake_warns_of_stands_beside_the_score(written):
    table = pd.read_csv(written[1], keep_default_na=False)
    assert table["warnings"].str.contains("the foot is hidden, only the knee is followed").any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"row": "r3d"},
            "--row r3d: no model 'r3d' in this study; choose of: kinematic, both legs",
        ),
        ({}, "2 models, and none is the primary one; choose by --row: kinematic, both legs; right"),
        ({"folder": "none"}, "no such folder; a study is"),
        ({"change": "mood", "row": "kinematic"}, "choose medication, stimulation, visit"),
        ({"way": "prior", "row": "kinematic"}, "name the sheet with local scores by --labels"),
    ],
)
def test_what_cannot_work_is_one_line_before_any_work(study, clinic, options, message):
    folder = clinic / options.pop("folder") if "folder" in options else study
    with pytest.raises(ValueError, match=message) as error:
        score_videos(folder, clinic / "new" / "LA", store=clinic / "store", **options)
    assert "\n" not in str(error.value)


def test_a_folder_with_runs_of_different_data_is_refused(tmp_path):
    study = make_study(tmp_path / "study", ["r3d"], ["R"], only=[0])
    make_study(tmp_path / "study", ["r3d"], ["R"], only=[1], data_hash="e" * 64)
    with pytest.raises(ValueError, match=r"runs of 2 different data .* new videos are scored by"):
        choose_row(read_study(study))
