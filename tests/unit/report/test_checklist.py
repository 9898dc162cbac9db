"""TRIPOD+AI: 52 items, answered by the runs, by study.yaml, or open."""

from dataclasses import replace

import pytest

from pdla.commands.report import report_study
from pdla.report.analysis import analyse
from pdla.report.checklist import ITEM_NUMBERS, count_sources, make_checklist, open_items
from pdla.report.study import read_study
from pdla.report.study_file import StudyFile, read_study_file
from pdla.report.tables import interval_text
from pdla.runs.folder import BEST, checkpoint_path
from tests.fixtures.studies import make_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("runs") / "s", ["tcn"], ["R"], n_folds=2)


@pytest.fixture(scope="module")
def analysis(folder):
    return analyse(read_study(folder))


def answer(rows, number):
    return next(row for row in rows if row.item.number == number)


def test_there_are_52_items_of_27(analysis):
    assert len(ITEM_NUMBERS) == len(set(ITEM_NUMBERS)) == 52
    assert {int(number.rstrip("abcdefg")) for number in ITEM_NUMBERS} == set(range(1, 28))
    rows = make_checklist(analysis, {})
    assert len(rows) == 52
    # These runs know of no site, keep no weights and were not read from pose files.
    assert {"7", "12d", "22", "23b"} <= set(open_items(rows))
    assert count_sources(rows) == "20 from the runs, 0 from you, 32 open"


def test_runs_that_know_sites_keep_weights_and_read_pose_files_answer_24_items(tmp_path):
    study = read_study(make_study(tmp_path / "s", ["tcn"], ["R"], sites=("A", "B"), n_folds=2))
    poses = {"quality": {"min_seconds": 3.0, "min_leg": 0.5}, "openpose": {"max_gap_s": 0.15}}
    for run in study.runs:
        run.config["recordings"].update(poses)
        weights = checkpoint_path(run.folder, BEST)
        weights.parent.mkdir()
        weights.touch()
    rows = make_checklist(analyse(study), {})
    assert count_sources(rows) == "24 from the runs, 0 from you, 28 open"
    assert "videos under 3 s are unusable" in answer(rows, "7").answer
    assert "best.ckpt of 2 of 2 runs" in answer(rows, "22").answer


def test_performance_by_site_is_answered_where_the_sheet_names_sites(tmp_path):
    known = make_study(tmp_path / "known", ["tcn"], ["R"], sites=("A", "B"), n_folds=2)
    new = make_study(tmp_path / "new", ["tcn"], ["R"], sites=("A", "B"), by_site=True)
    for folder, told, kind in (
        (known, "figures of a known site", "other patients: internal validation"),
        (new, "figures of a new site", "internal-external validation"),
    ):
        analysis = analyse(read_study(folder))
        rows = make_checklist(analysis, {})
        assert told in answer(rows, "12d").answer
        assert kind in answer(rows, "16").answer
        for site in "AB":
            estimate = analysis.headline.subgroups[f"site {site}"][0].estimates["qwk"]
            assert f"{site} {interval_text(estimate)}, mean error" in answer(rows, "23b").answer
        assert "A (20 legs of 10 patients), B (20 legs of 10 patients)" in answer(rows, "6a").answer
        assert answer(rows, "6a").source == "open"


def test_the_contrast_that_is_named_is_the_one_that_was_tested(analysis):
    assert "No primary contrast" in answer(make_checklist(analysis, {}), "12e").answer
    named = replace(analysis, contrast=(analysis.scorers[0], analysis.baselines[0]))
    told = answer(make_checklist(named, {}), "12e").answer
    assert "Primary contrast: tcn minus Majority score" in told


def test_a_model_of_one_epoch_chooses_none(analysis):
    assert "the epoch with the best" in answer(make_checklist(analysis, {}), "12c").answer
    runs = [replace(run, result=replace(run.result, epochs=1)) for run in analysis.study.runs]
    study = replace(analysis.study, runs=runs)
    told = answer(make_checklist(replace(analysis, study=study), {}), "12c").answer
    assert "No epoch is chosen" in told


def test_an_answer_of_the_lab_joins_what_the_runs_say(analysis):
    rows = make_checklist(analysis, {"10": "All patients of 2023.", "18a": "None."})
    assert answer(rows, "10").source == answer(rows, "18a").source == "you"
    assert "40 legs of 20 patients" in answer(rows, "10").answer
    assert answer(rows, "10").answer.endswith("All patients of 2023.")
    assert "18a" in open_items(rows)
    assert "12a" not in open_items(rows)


def test_the_partition_is_checked_in_every_run(tmp_path, analysis):
    assert "checked in 2 runs" in answer(make_checklist(analysis, {}), "12a").answer
    leaky = analyse(read_study(make_study(tmp_path / "l", ["tcn"], ["R"], n_folds=2, leaky=True)))
    for item in ("12a", "16"):
        assert "LEAKY" in answer(make_checklist(leaky, {}), item).answer


@pytest.mark.usefixtures("no_board_pictures")
def test_study_yaml_answers_and_the_template_lists_what_is_open(folder, capsys):
    (folder / "study.yaml").write_text("tripod:\n  18a: Nobody paid.\n  3a:\n")
    text = report_study(folder, n_clips=0).read_text()
    assert "20 from the runs, 1 from you, 31 open" in text
    assert "Nobody paid." in text
    assert '"3a":  # medical context' in (folder / "study-template.yaml").read_text()
    (folder / "study.yaml").unlink()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tripod: {99z: x}", "no item '99z'"),
        ("controls: [CG]", "expected the keys control_groups and tripod"),
        ("control_groups: CG", "control_groups is a list"),
        ("tripod: [a", "not YAML"),
        ("- a", "expected the keys"),
    ],
)
def test_a_study_yaml_that_cannot_be_is_one_line(tmp_path, text, message):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_study_file(tmp_path, ITEM_NUMBERS)
    assert "\n" not in str(error.value)
    assert str(tmp_path / "study.yaml") in str(error.value)


def test_no_study_yaml_is_an_empty_one(tmp_path):
    assert read_study_file(tmp_path, ITEM_NUMBERS) == StudyFile()
