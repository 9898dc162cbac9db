"""Two processes on the CPU train one run: one of them writes, each leg is scored once."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from pdla.data.clips.randomness import EpochOrder, shared_batches
from tests.fixtures.places import ROOT
from tests.fixtures.runs import TINY

TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


@pytest.mark.parametrize("n_clips", [7, 8])
def test_processes_share_an_epoch_as_one_device_sees_it(n_clips):
    whole = list(EpochOrder(n_clips, seed=3))
    parts = [list(EpochOrder(n_clips, seed=3, process=(rank, 2))) for rank in (0, 1)]
    together = [draw for pair in zip(*parts, strict=True) for draw in pair]
    assert together[:n_clips] == whole
    assert len(parts[0]) == len(parts[1])


@pytest.mark.parametrize(("n_clips", "world"), [(2, 2), (13, 2), (16, 4), (5, 3)])
def test_an_evaluation_shows_each_clip_once_in_as_many_batches_a_process(n_clips, world):
    parts = [shared_batches(n_clips, 4, (rank, world)) for rank in range(world)]
    assert len({len(part) for part in parts}) == 1
    assert sorted(clip for part in parts for batch in part for clip in batch) == [*range(n_clips)]
    assert max(len(batch) for part in parts for batch in part) <= 4


def train(tmp_path, *overrides):
    clinic = (
        f"recordings.videos={tmp_path}/files/LA", f"recordings.labels={tmp_path}/files/labels.xls",
        f"recordings.store={tmp_path}/store", "recordings.simulate.videos=16", "leg=both",
        f"hydra.run.dir={tmp_path}/runs/study/run",
    )  # fmt: skip
    command = [sys.executable, "train.py", *TINY, *clinic, *overrides]
    return subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=900
    )


@pytest.mark.slow
def test_two_processes_train_and_one_evaluates_and_writes(tmp_path):
    done = train(tmp_path, "model=tcn", *TWO)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Legs by score") == 1
    result = json.loads((tmp_path / "runs/study/run/result.json").read_text())
    table = pd.read_csv(tmp_path / "runs/study/run/predictions.csv")
    for stage in ("val", "test"):
        assert (table["stage"] == stage).sum() == sum(result["score_counts"][stage])
    assert not table.duplicated(["video_id", "leg", "stage"]).any()
    events = (tmp_path / "runs/study/run").glob("events.out.tfevents.*")
    assert len({path.name.split(".")[-2] for path in events}) == 1  # the number of one process


@pytest.mark.slow
def test_a_failure_of_one_process_ends_all(tmp_path):
    command = [sys.executable, "-m", "tests.fixtures.failing", str(tmp_path / "run")]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=600)
    assert done.returncode != 0
    assert b"the second process fails" in done.stderr
    assert not (tmp_path / "run" / "result.json").exists()
