"""What became of the runs of a study, and the command that completes each."""

import shutil

import pytest
import yaml

from pdla.commands.runs import show_runs
from pdla.runs.folder import fail_run
from pdla.runs.overview import list_runs
from tests.fixtures.studies import make_study

OVERRIDES = ["model=r3d", "leg=L", "split.fold=0", "tag=a b"]


@pytest.fixture
def study(tmp_path):
    """Fold 0 finished, fold 1 failed, fold 2 never started, a refused one and a stopped one."""
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
    return study


def test_every_run_has_a_state_and_a_reason(study):
    found = {run.folder.name: run for run in list_runs(study)}
    assert {name: run.state for name, run in found.items()} == {
        "r3d-L-fold0-seed0": "finished", "r3d-L-fold1-seed0": "failed",
        "r3d-L-fold2-seed0": "missing", "r3d-X-fold0-seed0": "failed",
        "tcn-L-fold0-seed0": "stopped",
    }  # fmt: skip
    assert found["r3d-L-fold1-seed0"].reason == "ValueError: the disk is full"
    assert [key for key, _ in found["r3d-L-fold0-seed0"].primary] == ["qwk", "macro_mae"]
    assert found["r3d-L-fold0-seed0"].minutes == 1.0


def test_the_command_that_completes_a_run_can_be_pasted_into_a_shell(study):
    commands = {run.folder.name: run.command for run in list_runs(study)}
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


def test_a_folder_without_runs_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="no run here"):
        list_runs(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        list_runs(tmp_path / "none")
