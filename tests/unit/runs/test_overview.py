"""What became of the runs of a study, and the command that completes each."""

import shutil

import pytest
import yaml

from pdla.commands.runs import show_runs
from pdla.runs.asked import note_sweep
from pdla.runs.folder import error_text, fail_run, forget_refusals, note_refusal
from pdla.runs.overview import list_runs
from tests.fixtures.studies import make_study

OVERRIDES = ["model=r3d", "leg=L", "split.fold=0", "tag=a b"]


@pytest.fixture
def study(tmp_path):
    """Fold 0 finished, fold 1 failed, fold 2 asked for, a refused one and a stopped one."""
    study = make_study(tmp_path / "study", ["r3d"], ["L"], n_folds=3, only=[0])
    finished = study / "r3d-L-fold0-seed0"
    for name in ("r3d-L-fold1-seed0", "r3d-X-fold0-seed0", "tcn-L-fold0-seed0"):
        (study / name).mkdir()
    shutil.copy(finished / "config.yaml", study / "r3d-L-fold1-seed0")
    shutil.copy(finished / "config.yaml", study / "tcn-L-fold0-seed0")
    fail_run(study / "r3d-L-fold1-seed0", "ValueError: the disk is full")
    fail_run(study / "r3d-X-fold0-seed0", "leg=X: choose L, R or both")
    for name in ("r3d-L-fold0-seed0", "r3d-X-fold0-seed0"):
        (study / name / ".hydra").mkdir()
        (study / name / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(OVERRIDES))
    fold_2 = [*(one for one in OVERRIDES if "fold" not in one), "split.fold=2", "launcher=joblib"]
    note_sweep(study, [OVERRIDES, fold_2])
    return study


def name_of(overrides):
    """As conf/ names the folder of a run."""
    fold = next(one for one in overrides if one.startswith("split.fold=")).partition("=")[2]
    return f"r3d-L-fold{fold}-seed0"


def state_of(folder):
    return {run.folder: run.state for run in list_runs(folder.parent, name_of)}[folder]


def test_every_run_has_a_state_and_a_reason(study):
    found = {run.folder.name: run for run in list_runs(study, name_of)}
    assert {name: run.state for name, run in found.items()} == {
        "r3d-L-fold0-seed0": "finished", "r3d-L-fold1-seed0": "failed",
        "r3d-L-fold2-seed0": "missing", "r3d-X-fold0-seed0": "failed",
        "tcn-L-fold0-seed0": "stopped",
    }  # fmt: skip
    assert found["r3d-L-fold1-seed0"].reason == "ValueError: the disk is full"
    assert [key for key, _ in found["r3d-L-fold0-seed0"].primary] == ["qwk", "macro_mae"]
    assert found["r3d-L-fold0-seed0"].minutes == 1.0


def test_the_command_that_completes_a_run_can_be_pasted_into_a_shell(study):
    commands = {run.folder.name: run.command for run in list_runs(study, name_of)}
    assert commands["r3d-L-fold0-seed0"] == ""
    assert commands["r3d-L-fold2-seed0"] == (
        "python train.py model=r3d leg=L 'tag=a b' split.fold=2"
    )
    assert commands["tcn-L-fold0-seed0"] == ""  # not started by Hydra: nobody knows


def test_the_table_says_whether_all_are_finished(study, capsys):
    assert not show_runs(study, [study / "r3d-L-fold0-seed0"])
    printed = capsys.readouterr().out
    assert "1 skipped, 2 failed, 1 missing, 1 stopped" in printed
    for name in ("r3d-L-fold1-seed0", "r3d-X-fold0-seed0", "tcn-L-fold0-seed0"):
        shutil.rmtree(study / name)
    complete = make_study(study.parent / "complete", ["r3d"], ["L"], n_folds=3)
    assert show_runs(complete)


def test_a_sweep_whose_job_is_refused_does_not_count_it_as_skipped(study, capsys):
    finished = study / "r3d-L-fold0-seed0"
    refusal = ValueError("was made with another model.dropout. Give this run a name of its own")
    note_refusal(finished, refusal, is_sweep=True)
    assert not show_runs(study, [finished])
    printed = capsys.readouterr().out
    assert f"{finished.name}: refused: was made with another model.dropout." in printed
    assert "3 failed" in printed
    assert "skipped" not in printed
    forget_refusals(study)
    assert state_of(finished) == "finished"


def test_a_refusal_outside_of_a_sweep_changes_nothing_in_a_finished_folder(study):
    note_refusal(study / "r3d-L-fold0-seed0", ValueError("other config"), is_sweep=False)
    assert state_of(study / "r3d-L-fold0-seed0") == "finished"


def test_a_run_that_failed_in_training_is_not_called_refused(study):
    error = ValueError("no leg has a score")
    fail_run(study / "r3d-L-fold1-seed0", error_text(error))
    note_refusal(study / "r3d-L-fold1-seed0", error, is_sweep=True)
    found = {run.folder.name: run for run in list_runs(study, name_of)}
    assert found["r3d-L-fold1-seed0"].reason == "ValueError: no leg has a score"


def test_folds_that_nobody_asked_for_are_not_missing(tmp_path):
    study = make_study(tmp_path / "study", ["r3d"], ["L"], n_folds=3, only=[0, 1])
    assert [run.state for run in list_runs(study)] == ["finished", "finished"]
    note_sweep(study, [["leg=L", f"split.fold={fold}"] for fold in (0, 1)])
    assert show_runs(study)


def test_a_run_that_was_repeated_with_other_words_is_not_missing(study):
    note_sweep(study, [["split.fold=1", "leg=L", "model=r3d"]])
    states = [run.state for run in list_runs(study, name_of)]
    assert states.count("missing") == 1


def test_a_damaged_note_of_a_sweep_counts_as_none(study):
    (study / "_asked" / "0.json").write_text("[1")
    (study / "_asked" / "1.json").write_text("{}")
    assert len(list_runs(study, name_of)) == 5


def test_a_folder_without_runs_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="no run here"):
        list_runs(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        list_runs(tmp_path / "none")
