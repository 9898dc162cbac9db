"""Averages of runs: named beforehand, of one fold, over seeds and models; never of a half study."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.metrics import predicted_score
from pdla.report.analysis import analyse
from pdla.report.averages import pool_averages
from pdla.report.page import write_report
from pdla.report.study import read_study
from tests.fixtures.studies import make_study

PROBABILITIES = ["p0", "p1", "p2", "p3", "p4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models, one of them with a second seed."""
    folder = make_study(tmp_path_factory.mktemp("runs") / "clinic", ["tcn", "stgcn"], ["L", "R"])
    return make_study(folder, ["stgcn"], ["L", "R"], seeds=(1,))


@pytest.fixture(scope="module")
def study(folder):
    return read_study(folder)


def mean_of(study, name):
    """Test predictions of the runs whose folder begins so, mean over seeds, by video and leg."""
    rows = pd.concat([run.tested for run in study.runs if run.folder.name.startswith(name)])
    return rows.groupby(["video_id", "leg"])[PROBABILITIES].mean()


def only_table(averages):
    (average,) = averages
    (table,) = average.passes.values()
    return table.set_index(["video_id", "leg"]).sort_index()


def test_each_model_counts_the_same_however_many_seeds_it_has(study):
    table = only_table(pool_averages(study, ["tcn,stgcn"]))
    expected = (mean_of(study, "tcn-") + mean_of(study, "stgcn-")) / 2
    np.testing.assert_allclose(table[PROBABILITIES], expected)
    assert table["predicted"].tolist() == predicted_score(expected.to_numpy()).tolist()
    assert len(table) == 80


def test_one_name_is_the_mean_over_its_seeds(study):
    table = only_table(pool_averages(study, ["stgcn"]))
    np.testing.assert_allclose(table[PROBABILITIES], mean_of(study, "stgcn-"))


def test_a_leg_is_scored_only_by_runs_that_did_not_train_on_its_patient(study):
    folds = {}
    for run in study.runs:
        trained = set(run.own_legs(run.fold.train, run.fold.val)["patient"])
        for patient in set(run.tested["patient"]):
            assert patient not in trained
            folds.setdefault(patient, set()).add(run.result.split.fold)
    assert all(len(numbers) == 1 for numbers in folds.values())
    assert set(only_table(pool_averages(study, ["all"]))["patient"]) == set(folds)


def test_repeats_of_the_split_stay_passes_of_their_own(tmp_path):
    study = read_study(make_study(tmp_path / "s", ["tcn"], ["R"], seeds=(0, 1), leaky=True))
    (average,) = pool_averages(study, ["tcn"])
    assert average.is_leaky
    assert len(average.passes) == 3  # each draw of the videos tests some of them again


def test_on_another_data_set_all_folds_are_averaged_too(tmp_path):
    folder = make_study(tmp_path / "s", ["tcn"], ["R"], leaky=True)
    study = read_study(folder)
    study = replace(study, runs=[as_external(run) for run in study.runs])
    table = only_table(pool_averages(study, ["tcn"]))
    np.testing.assert_allclose(table[PROBABILITIES], mean_of(study, "tcn-"))


def as_external(run):
    split = replace(run.result.split, rule="external")
    return replace(run, result=replace(run.result, split=split))


@pytest.mark.usefixtures("no_board_pictures")
def test_the_page_shows_an_average_as_a_model_and_says_that_it_was_chosen(folder):
    analysis = analyse(read_study(folder), averages=["tcn,stgcn", "stgcn", "tcn, stgcn"])
    names = [row.scorer.name for row in analysis.sections[0].rows[:4]]
    assert names == ["stgcn", "tcn", "average of tcn and stgcn", "stgcn, mean over seeds"]
    pairs = {(d.scorer.name, d.other.name) for d in analysis.sections[0].differences}
    assert ("average of tcn and stgcn", "tcn") in pairs
    assert ("tcn", "average of tcn and stgcn") not in pairs
    assert ("average of tcn and stgcn", "Majority score") in pairs
    page = write_report(analysis).read_text()
    assert "Confusion matrix, average of tcn and stgcn, Left leg" in page
    assert "average of tcn and stgcn: Quadratic weighted kappa" in page
    assert "was chosen on the command line" in page
    summary = pd.read_csv(folder / "summary.csv")
    assert set(summary.loc[summary["kind"] == "average", "leg"]) == {"both", "L", "R"}


def test_a_row_whose_name_holds_a_comma_can_be_named(tmp_path):
    folder = make_study(tmp_path / "s", ["tcn", "stgcn"], ["R"])
    study = read_study(make_study(folder, ["tcn"], ["both"]))
    with pytest.raises(ValueError, match="stgcn has no run on leg L of fold 0 with seed 0"):
        pool_averages(study, ["tcn, both legs,stgcn"])
    study = replace(study, runs=[run for run in study.runs if run.result.model == "tcn"])
    with pytest.raises(ValueError, match="tcn has no run on leg L"):
        pool_averages(study, ["tcn,tcn, both legs"])


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("tcx", r"--average tcx: no model 'tcx' in this study; choose of: stgcn; tcn"),
        ("tcn", r"--average tcn: one model and one seed"),
        ("tcn,", r"no model ''"),
    ],
)
def test_what_cannot_be_averaged_is_one_line(study, request_, message):
    with pytest.raises(ValueError, match=message) as error:
        pool_averages(study, [request_])
    assert "\n" not in str(error.value)


def test_a_model_that_lacks_a_fold_is_not_averaged(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "s")
    shutil.rmtree(tmp_path / "s" / "stgcn-L-fold1-seed1")
    study = read_study(tmp_path / "s")
    with pytest.raises(ValueError, match="stgcn has no run on leg L of fold 1 with seed 1; run it"):
        pool_averages(study, ["all"])


def test_two_variants_of_a_model_must_be_told_apart(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "s")
    for path in (tmp_path / "s").glob("stgcn-*-seed1/config.yaml"):
        path.write_text(path.read_text().replace("dropout: 0.2", "dropout: 0.5"))
    study = read_study(tmp_path / "s")
    with pytest.raises(ValueError, match=r"'stgcn' stands for several rows; choose of: stgcn, mod"):
        pool_averages(study, ["stgcn,tcn"])
    average = pool_averages(study, ["stgcn, model.dropout=0.2,stgcn, model.dropout=0.5"])
    assert average[0].name == "average of stgcn, model.dropout=0.2 and stgcn, model.dropout=0.5"


def test_a_tag_stands_for_all_models_that_ran_with_it(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d", "tcn", "stgcn", "mc3"], ["R"], n_folds=2)
    for path in folder.glob("*/config.yaml"):
        if not path.parent.name.startswith("mc3"):
            path.write_text(path.read_text().replace("tag: ''", "tag: -tuned"))
    (average,) = pool_averages(read_study(folder), ["tuned"])
    assert average.name == "average of all 3 models, tuned"
    assert "mean of 3 networks a leg" in average.note
