"""`python train.py` as a user says it: bad input is one line and exit code 1."""

import os
import re
import subprocess
import sys

import pytest

from tests.fixtures.places import ROOT


def train(folder, *overrides, **environment):
    command = [sys.executable, str(ROOT / "train.py"), *overrides, "model.weights=none"]
    variables = {**os.environ, "HYDRA_FULL_ERROR": "0", **environment}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def test_a_missing_folder_is_one_line_with_the_path_and_exit_code_1(tmp_path):
    done = train(tmp_path, "recordings=clinic", "recordings.videos=nowhere",
                 "recordings.labels=labels.xls")  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("pdla: recordings.videos=nowhere")
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() == ""


def test_the_traceback_is_there_when_asked_for(tmp_path):
    done = train(tmp_path, "leg=X", HYDRA_FULL_ERROR="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_misspelt_option_is_answered_with_what_there_is(tmp_path):
    done = train(tmp_path, "model=r3dd")
    assert done.returncode == 1
    assert "resnet_lstm" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_sweep_goes_on_after_a_failed_run_and_skips_finished_ones(tmp_path):
    tiny = ("trainer.max_epochs=1", "sampling.seconds=1", "sampling.stride_s=1",
            "drawing.height=16", "drawing.width=16", "recordings.simulate.videos=16",
            "split.n_folds=3", "split.n_val_folds=2", "model=resnet_lstm")  # fmt: skip
    first = train(tmp_path, "-m", "leg=X,R,L", *tiny)
    assert first.returncode == 1
    assert "leg=X" in first.stderr
    study = tmp_path / "runs" / "first"
    results = sorted(path.parent.name for path in study.rglob("result.json"))
    assert results == ["resnet_lstm-L-fold0-seed0", "resnet_lstm-R-fold0-seed0"]
    table = first.stdout[first.stdout.index("Runs of runs/first") :]
    assert "2 finished" in table
    assert "resnet_lstm-X-fold0-seed0: leg=X: choose L, R or both" in table
    assert "python train.py leg=X" in table
    assert "missing" not in table  # nobody asked for other folds
    again = train(tmp_path, "-m", "leg=R,L", *tiny)
    assert again.returncode == 0
    assert "2 skipped" in again.stdout
    assert (again.stdout + again.stderr).count("is finished already") == 2
    changed = train(tmp_path, "-m", "leg=R,L", *tiny, "optim.optimizer.lr=0.01")
    assert changed.returncode == 1
    assert "skipped" not in changed.stdout
    assert len(re.findall(r"refused: \S+/runs/first/resnet_lstm-", changed.stdout)) == 2
