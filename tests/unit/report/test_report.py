"""A study read back: what is pooled, what is refused, what the answer says."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pdla.commands.report import report_study
from pdla.data.reasons import Reason
from pdla.data.splits.files import Split
from pdla.evaluation.baselines import BASELINES
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.analysis import abstained, analyse, lonely_scores
from pdla.report.answer import headline, power_note
from pdla.report.baseline_scorers import pool_baselines
from pdla.report.error_clips import ErrorClips
from pdla.report.page import write_report
from pdla.report.references import SIMULATED, attainable_kappa
from pdla.report.scopes import Scope, judge
from pdla.report.study import read_study
from pdla.report.study_file import StudyFile
from pdla.report.study_run import repeat_of_fold
from pdla.report.summary import stamps
from pdla.report.tables import error_table, subgroup_rows
from pdla.runs.folder import fail_run, finish_run, open_run, read_result
from pdla.runs.result import ExternalRecord
from tests.fixtures.studies import make_config, make_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = make_study(tmp_path_factory.mktemp("runs") / "clinic")
    fail_run_in(folder, "r3d-L-fold9-seed0", "ValueError: too few patients")
    open_run(folder / "r3d-R-fold9-seed0", make_config("r3d", "R", 9, 0))
    return folder


@pytest.fixture(scope="module")
def analysis(study):
    return analyse(read_study(study))


@pytest.fixture(scope="module")
def page(study, analysis):
    clips = ErrorClips({("V-010", "L"): "clips/V-010-L.mp4"}, "Drawn.")
    return write_report(analysis, lambda: clips).read_text()


def fail_run_in(folder, name, error):
    open_run(folder / name, make_config("r3d", "L", 9, 0))
    fail_run(folder / name, error)


def test_baselines_learn_from_the_training_patients_alone_as_models_do(study, monkeypatch):
    seen = []

    def spy(legs):
        seen.append((set(legs.known["patient"]), set(legs.tested["patient"])))
        return np.full((len(legs.tested), 5), 0.2)

    monkeypatch.setitem(BASELINES, "spy", replace(BASELINES["majority"], predict=spy))
    runs = read_study(study).runs
    pool_baselines(read_study(study))
    trained = {frozenset(run.own_legs(run.fold.train)["patient"]) for run in runs}
    chose = [set(run.own_legs(run.fold.val)["patient"]) for run in runs]
    assert {frozenset(known) for known, _ in seen} == trained
    assert all(not known & tested for known, tested in seen)
    assert all(chose)  # or there would be nothing to leave alone


def test_each_leg_and_both_have_every_model_and_every_baseline(analysis):
    names = ["r3d", "resnet_lstm", *(baseline.title for baseline in BASELINES.values())]
    assert [section.scope.title for section in analysis.sections] == [
        "Both legs", "Left leg", "Right leg"
    ]  # fmt: skip
    for section, n_legs in zip(analysis.sections, (80, 40, 40), strict=True):
        assert [row.scorer.name for row in section.rows] == names
        assert {row.n_legs for row in section.rows} == {n_legs}


def test_a_good_model_is_better_than_always_1_and_the_page_says_so(analysis, page):
    best = analysis.sections[0].rows[0].estimates["qwk"]
    assert best.low > 0.5
    assert analysis.headline.scope.title == "Both legs, patients only (group TG)"
    assert "patients, both legs, patients only (group TG)" in page
    assert "Better than \N{LEFT DOUBLE QUOTATION MARK}Majority score" in page


def test_baselines_are_tested_on_exactly_the_legs_of_the_models(analysis):
    keys = ["video_id", "leg"]
    tables = [next(iter(s.passes.values())).set_index(keys) for s in analysis.scorers]
    for table in tables[1:]:
        assert set(table.index) == set(tables[0].index)
        assert table["score"].to_dict() == tables[0]["score"].to_dict()


def test_the_headline_is_of_patients_with_everybody_beside_it(analysis, study):
    inside, everybody = analysis.headline, analysis.sections[0]
    assert set(inside.table["group"]) == {"TG"}
    assert set(everybody.table["group"]) == {"CG", "TG"}
    told = headline(analysis)[0]
    assert told.startswith("r3d: Quadratic weighted kappa")
    assert "on 56 legs of 14 patients, both legs, patients only (group TG)" in told
    assert f"with controls {everybody.rows[0].estimates['qwk'].value:.2f}" in told
    values = json.loads((study / "summary.json").read_text())
    assert values["patients_only"]["groups"] == ["TG"]


def test_a_study_names_its_own_controls_or_has_none(study):
    named = analyse(read_study(study), file=StudyFile(frozenset({"tg"})))
    assert set(named.headline.table["group"]) == {"CG"}
    assert analyse(read_study(study), file=StudyFile(frozenset())).patients is None


def test_a_score_of_one_patient_only_is_said(analysis):
    table = analysis.sections[0].table
    lonely = table[(table["score"] < 3) | (table["patient"] == "P-19")].copy()
    lonely.loc[lonely["patient"] == "P-19", "score"] = 4
    (said,) = [line for line in lonely_scores(lonely) if "Score 4" in line]
    assert "one patient only" in said


def test_errors_are_sorted_by_the_unit_that_they_are_shown_in(analysis):
    table = error_table(analysis)
    names = ["r3d", "resnet_lstm"]
    distance = np.mean([(table[name] - table["score"]).abs() for name in names], axis=0)
    np.testing.assert_allclose(table["error"], distance)
    assert (np.diff(table["error"]) <= 0).all()


def test_the_smallest_difference_that_the_patients_could_have_shown_is_on_the_page(analysis, page):
    note = power_note(analysis)
    n_patients = analysis.headline.rows[0].n_patients
    assert f"With these {n_patients} patients" in note
    assert "does not mean that there is none" in page


def test_metrics_within_a_group_and_for_each_visit_are_there(analysis):
    assert list(analysis.sections[0].subgroups) == [
        "group CG alone", "group TG alone", "visit 1", "visit 2"
    ]  # fmt: skip


def test_seeds_are_passes_of_their_own_and_their_spread_is_shown(tmp_path):
    analysis = analyse(read_study(make_study(tmp_path / "s", ["r3d"], ["R"], seeds=(0, 1, 2))))
    row = analysis.sections[0].rows[0]
    assert (row.n_legs, len(row.spread)) == (40, 3)


def test_a_half_finished_seed_is_left_out_of_the_mean_and_named(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    make_study(folder, ["r3d"], ["R"], seeds=(1,), only=[0])
    analysis = analyse(read_study(folder))
    assert len(analysis.sections[0].rows[0].spread) == 1
    assert "Not run: r3d, leg R, seed 1: fold 1, 2 of 3." in analysis.notes


def test_every_draw_of_a_leaky_study_counts_however_many_legs_it_tests(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], n_folds=5, leaky=True)
    study = read_study(folder)
    sizes = [len(run.tested) for run in study.runs]
    assert len(set(sizes)) > 1
    row = analyse(study).sections[0].rows[0]
    assert [len(table) for table in row.passes] == sizes
    assert row.n_legs == len({leg for run in study.runs for leg in run.tested["video_id"]})


def test_kappa_where_the_rater_gave_one_score_says_that_it_cannot_be_anything_but_0(analysis):
    scope = Scope("score 0 alone", "R", "score", (0,))
    judged = judge(analysis.models[0], scope, ["qwk"])
    row = replace(
        analysis.sections[0].rows[0], judged=judged, estimates=judged.draws.estimates(["qwk"])
    )
    section = replace(analysis.sections[0], subgroups={"score 0 alone": [row]})
    ((value, below),) = subgroup_rows(section, [METRIC_OF["qwk"]])[0].cells
    assert value == "0.00"
    assert below == "whatever is predicted: the rater gave every leg a 0"


def test_runs_that_failed_or_stopped_are_named_with_the_reason(page):
    assert "r3d-L-fold9-seed0: ValueError: too few patients" in page
    assert "r3d-R-fold9-seed0: not finished" in page


def test_every_part_that_a_reviewer_asks_for_is_on_the_page(page):
    for part in (
        "research only", "Flow of videos", "the leg is out of the picture", "Scores of the rater",
        "Confusion matrix", "Reliability", "Risk and coverage", "Differences in Quadratic",
        "Errors by video", 'href="clips/V-010-L.mp4"', "No curves", "Models and runs", "TRIPOD+AI",
        "CLAIM", "from the runs", "group TG alone", "All rows",
        "given these trained networks", "no leg has score 4", "intraclass correlation",
        "Primary metrics, fixed in the config: Quadratic weighted kappa and Macro-MAE",
    ):  # fmt: skip
        assert part.lower() in page.lower(), part


def test_the_page_needs_no_other_file_and_no_network(page):
    assert "<script" not in page
    for address in ("http://", "https://", 'src="/', "url("):
        assert address not in page


@pytest.mark.usefixtures("no_board_pictures")
def test_text_from_the_data_cannot_become_html(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], excluded={"<script>alert(1)</script>": 2})
    text = write_report(analyse(read_study(folder))).read_text()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_summaries_hold_the_numbers_of_the_page(study, analysis, page):
    table = pd.read_csv(study / "summary.csv")
    assert len(table) == 4 * (2 + len(BASELINES))  # both legs of the patients come first
    row = table[(table["leg"] == "R") & (table["scorer"] == "r3d")].iloc[0]
    assert row["qwk_low"] < row["qwk"] < row["qwk_high"]
    values = json.loads((study / "summary.json").read_text())
    right = values["legs"]["R"]["scorers"][0]
    assert right["metrics"]["qwk"][0] == pytest.approx(row["qwk"], abs=1e-3)
    assert right["undefined"]["recall_4"] == "no leg has score 4"
    assert right["metrics"]["recall_4"] == [None, None, None]


def test_numbers_and_figures_can_be_read_back_from_tensorboard(study, page):
    events = EventAccumulator(str(study / "_summary"), size_guidance={"images": 0, "tensors": 0})
    events.Reload()
    kinds = {tag.split("/")[0] for tag in events.Tags()["images"]}
    assert {"confusions", "forests", "reliabilities", "folds"} <= kinds
    summary = pd.read_csv(study / "summary.csv")
    text = events.Tensors("leg_R/text_summary")[0].tensor_proto.string_val[0].decode()
    for row in summary[summary["leg"] == "R"].to_dict("records"):
        interval = f"{row['mae']:.2f} ({row['mae_low']:.2f} to {row['mae_high']:.2f})"
        assert f"| {row['scorer']} |" in text
        assert interval in text
    own = EventAccumulator(str(study / "_summary" / "r3d"))
    own.Reload()
    right = summary[(summary["leg"] == "R") & (summary["scorer"] == "r3d")].iloc[0]
    points = [event.value for event in own.Scalars("summary_leg_R/mae")]
    assert points == pytest.approx([right["mae"]], abs=1e-3)


@pytest.mark.usefixtures("no_board_pictures")
def test_a_scorer_that_is_gone_leaves_nothing_in_tensorboard(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], n_folds=2)
    analysis = analyse(read_study(folder))
    write_report(analysis)
    gone = folder / "_summary" / "r3d"
    gone.rename(folder / "_summary" / "an_old_model")
    write_report(analysis)
    assert gone.exists()
    assert not list((folder / "_summary" / "an_old_model").glob("*"))


@pytest.mark.usefixtures("no_board_pictures")
def test_a_leaky_study_is_stamped(tmp_path, capsys):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], leaky=True, noise=1.5)
    text = report_study(folder, n_clips=2).read_text()
    assert "No clip was drawn" in text
    assert "LEAKY: the same patients stand in training and test" in text
    assert "r3d (LEAKY)" in text
    assert "LEAKY" in capsys.readouterr().out
    assert pd.read_csv(folder / "summary.csv")["leaky"].all()


def test_tuning_runs_are_stamped_and_never_mixed_with_the_study(tmp_path):
    folder = make_study(tmp_path / "tune", ["r3d"], ["R"], inner=0)
    assert "TUNING" in stamps(analyse(read_study(folder)))[0]
    make_study(folder, ["resnet_lstm"], ["R"])
    with pytest.raises(ValueError, match="never mixes"):
        analyse(read_study(folder), pool_differing=True)


def test_a_study_of_too_few_patients_says_so_in_place_of_a_comparison(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], only=[0], n_patients=12)
    (told,) = headline(analyse(read_study(folder)))
    assert "Too few patients for an interval" in told


def test_a_study_of_one_run_has_an_answer(tmp_path):
    analysis = analyse(read_study(make_study(tmp_path / "s", ["r3d"], ["R"], only=[0])))
    assert "Not run: r3d, leg R, seed 0: fold 1, 2 of 3." in analysis.notes
    assert len(headline(analysis)) == 1


def spoil(folder, change):
    """Rewrite the predictions of one run by hand, with a hash that fits."""
    run = folder / "r3d-R-fold0-seed0"
    table = pd.read_csv(run / "predictions.csv")
    finish_run(run, read_result(run), change(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(p0=t["p0"] + 0.2), r"row 2: probabilities that do not sum to 1"),
        (lambda t: t.assign(p0=np.nan), r"text where numbers should be"),
        (lambda t: t.assign(score=7), r"row 2: a score that is not 0 to 4"),
        (lambda t: t.drop(columns="p3"), r"no column p3"),
        (lambda t: pd.concat([t, t]), r"row \d+: a leg is there twice"),
        (lambda t: t.assign(predicted=4, score=0), r"row 2: predicted does not follow"),
        (lambda t: t.assign(p1="high"), r"text where numbers should be"),
    ],
)
def test_predictions_that_cannot_be_are_one_line_with_file_and_row(tmp_path, change, message):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    spoil(folder, change)
    with pytest.raises(ValueError, match=rf"predictions\.csv: {message}") as error:
        read_study(folder)
    assert "\n" not in str(error.value)


def test_predictions_edited_by_hand_are_noticed(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    path = folder / "r3d-R-fold0-seed0" / "predictions.csv"
    path.write_text(path.read_text().replace(",1,", ",2,", 1))
    with pytest.raises(ValueError, match="was changed after the run"):
        read_study(folder)


def test_an_empty_study_and_one_of_failures_are_one_line(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        read_study(tmp_path / "none")
    with pytest.raises(ValueError, match="no finished run"):
        read_study(tmp_path)
    fail_run_in(tmp_path, "run", "ValueError: no rated leg")
    with pytest.raises(ValueError, match=r"no finished run.*run: ValueError: no rated leg"):
        read_study(tmp_path)


def test_a_run_without_its_split_is_one_line(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    (folder / "r3d-R-fold1-seed0" / "split.json").unlink()
    with pytest.raises(ValueError, match=r"split\.json is missing"):
        read_study(folder)


def test_a_repeat_begins_where_a_leg_would_be_tested_twice():
    folds = [Split((), (), test) for test in ((0, 1), (2, 3), (0, 2), (1, 3), (1,))]
    assert repeat_of_fold(folds) == [0, 0, 1, 1, 2]


@pytest.mark.slow  # imports all of it in a process of its own
def test_a_report_starts_without_what_only_training_needs():
    script = "import sys, pdla.commands.report; print(*(sys.modules.keys() & {*sys.argv[1:]}))"
    heavy = ("lightning", "torchvision", "torchmetrics", "pytorchvideo")
    shown = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == []


def test_a_study_of_simulated_legs_says_which_share_of_the_reference_of_its_raters_it_reaches(
    analysis, study
):
    row = analysis.headline.rows[0]
    kappa = row.estimates["qwk"].value
    assert "true kinematics give" not in headline(analysis)[0]  # people have no such reference
    for raters, expected in (("clinic", 0.39), ("icc88", 0.64)):
        data = replace(analysis.study.first.result.data, simulated="clinic", raters=raters)
        run = analysis.study.first
        simulated = replace(run, result=replace(run.result, data=data))
        runs = [simulated, *analysis.study.runs[1:]]
        told = headline(replace(analysis, study=replace(analysis.study, runs=runs)))[0]
        assert f"{kappa / expected:.0%} of the {expected:.2f}" in told
        assert f"with raters {raters}" in told


@pytest.mark.parametrize(
    "recordings",
    [
        {"simulate": {"variety": "site_b"}},
        {"simulate": {"n_raters": 3}, "sheet": {"raters": "mean"}},
    ],
)
def test_no_reference_is_given_for_raters_whose_reference_is_not_known(analysis, recordings):
    run = analysis.study.first
    data = replace(run.result.data, simulated="clinic")
    simulated = replace(run, result=replace(run.result, data=data))
    assert attainable_kappa(simulated, patients_only=True) is not None
    other = replace(simulated, config=run.config | {"recordings": recordings})
    assert attainable_kappa(other, patients_only=True) is None


@pytest.mark.slow
def test_the_references_that_a_report_shows_are_those_of_the_simulation():
    from pdla.evaluation.attainable import measure_attainable

    for row in measure_attainable():
        shown = SIMULATED[row.cohort, row.raters][row.scorer]
        for estimate, (value, low, high) in zip(
            (row.qwk, row.patients_qwk, row.patients_mae), shown, strict=True
        ):
            assert estimate.value == pytest.approx(value, abs=0.03)
            assert low < estimate.value < high


def test_legs_of_another_data_set_that_got_no_score_are_a_note(study):
    read = read_study(study)
    excluded = {Reason.RUNS_DISAGREE.text: 3, "the leg is out of the picture": 2}
    at_home, away = (
        [
            replace(run, result=replace(run.result, excluded=excluded, external=external))
            for run in read.runs
        ]
        for external in (None, ExternalRecord("r3d", "other", "d" * 64))
    )
    (note,) = abstained(replace(read, runs=away))
    assert note.startswith("No score was given to 3 legs (3 x the runs disagree)")
    assert abstained(replace(read, runs=at_home)) == []
