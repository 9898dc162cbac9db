"""`pdla search` as a user runs it: killed, repeated, by two processes at once."""

import os
import subprocess
import sys
import time

import pandas as pd
import pytest
import yaml

from pdla.data.splits.files import FoldsRecord
from tests.fixtures.places import ROOT

pytest.importorskip("optuna")

SEARCH = (
    "model=kinematic", "leg=both", "recordings.simulate.videos=24", "split.n_folds=3",
    "split.n_val_folds=3", "split.fold=1", "model.ridge=tag(log,interval(0.01,10))",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def start(place, *command):
    return subprocess.Popen(
        [sys.executable, "-m", "pdla", *command], cwd=place, env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(place, *command):
    process = start(place, *command)
    out, err = process.communicate(timeout=600)
    return process.returncode, out + err


@pytest.mark.slow
def test_a_killed_search_goes_on_in_two_processes_and_never_sees_a_test_patient(tmp_path):
    search = ("search", "ridge", *SEARCH, "--trials", "4")
    runs = tmp_path / "runs" / "ridge"
    killed = start(tmp_path, *search)
    while not list(runs.glob("*-inner1/config.yaml")):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.05)
    killed.kill()
    killed.communicate()
    pair = [start(tmp_path, *search) for _ in range(2)]
    printed = [process.communicate(timeout=600) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], printed
    code, out = finish(tmp_path, *search)  # done: only says what was found
    assert code == 0
    assert "4 trials: 0 pruned, 0 failed" in out
    assert len(list(runs.glob("*-inner?/result.json"))) == 4 * 3
    assert "Traceback" not in str(printed)

    content = yaml.safe_load((tmp_path / "conf" / "experiment" / "ridge.yaml").read_text())
    assert (content["searched"]["trials"], content["split"]["fold"]) == (4, 1)
    code, out = finish(tmp_path, "train", "experiment=ridge", "study=won", "review.pictures=false")
    assert code == 0, out
    (won,) = (tmp_path / "runs" / "won").glob("*-fold1-*")
    own = pd.read_csv(won / "predictions.csv")
    tested = set(own.loc[own["stage"] == "test", "patient"])
    seen = set()
    for path in runs.glob("*-inner?/predictions.csv"):
        seen |= set(pd.read_csv(path)["patient"])
        assert FoldsRecord.read(path.parent / "split.json").is_tuning
    assert tested
    assert not tested & seen
    code, out = finish(tmp_path, "train", "experiment=ridge", "study=won", "split.fold=0")
    assert code == 1
    assert "was chosen on patients whom this run tests" in out
    assert "Traceback" not in out
