"""A run that was killed, stopped or damaged ends as the straight one: the same bits."""

import errno
import json
import math
import os
import signal
import subprocess
import sys

import pytest

from pdla.runs.folder import BEST, LAST, checkpoint_path, read_result
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.places import ROOT
from tests.fixtures.runs import TINY, read_events

QUICK = (
    *TINY, "leg=both", "sampling=recording", "sampling.seconds=1", "sampling.stride_s=1",
    "augment=strong", "save_every_s=0", "model=tcn", "data.batch_size=4", "model.channels=8",
    "model.layers=2",
)  # fmt: skip


@pytest.fixture
def small_cohort(monkeypatch):
    cohort = make_cohort(9, visits=1)
    monkeypatch.setattr(training, "load_cohort", lambda recordings: cohort)
    return cohort


def run(run_dir, *overrides):
    training.run(compose_config(*QUICK, *overrides), run_dir)
    return run_dir


def curve(run_dir):
    """Everything that was logged but speed, by name and step; the later of two events counts."""
    events = read_events(run_dir)
    tags = [tag for tag in events.Tags()["scalars"] if not tag.startswith("speed/")]
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in tags}


def assert_same_run(one, other):
    assert (one / "predictions.csv").read_bytes() == (other / "predictions.csv").read_bytes()
    assert checkpoint_path(one, BEST).read_bytes() == checkpoint_path(other, BEST).read_bytes()
    assert curve(one) == curve(other)


def stop_in_epoch(monkeypatch, epoch):
    """The power goes in the middle of an epoch."""

    def cut(self, batch, batch_idx):
        if self.current_epoch == epoch and batch_idx == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("pdla.models.trajectory_networks.TCN.on_train_batch_start", cut)


def test_a_resumed_run_is_the_straight_run_bit_for_bit(small_cohort, tmp_path, monkeypatch):
    straight = run(tmp_path / "straight", "trainer.max_epochs=4")
    for epoch in (1, 3):
        with monkeypatch.context() as patch:
            stop_in_epoch(patch, epoch)
            with pytest.raises((KeyboardInterrupt, SystemExit)):
                run(tmp_path / "resumed", "trainer.max_epochs=4")
    assert_same_run(straight, run(tmp_path / "resumed", "trainer.max_epochs=4"))


@pytest.mark.parametrize(
    ("signum", "name"), [(2, "Ctrl-C"), (15, "SIGTERM"), (10, "SIGUSR1")], ids=str
)
def test_a_signal_writes_what_was_learnt_and_the_run_goes_on_from_there(
    small_cohort, tmp_path, monkeypatch, caplog, signum, name
):
    def ask(self, batch, batch_idx):
        if self.current_epoch == 2 and batch_idx == 1:
            os.kill(os.getpid(), signum)

    handlers = [signal.getsignal(one) for one in (2, 10, 15)]
    options = ("trainer.max_epochs=3", "save_every_s=60")
    with monkeypatch.context() as patch:
        patch.setattr("pdla.models.trajectory_networks.TCN.on_train_batch_start", ask)
        with pytest.raises(SystemExit) as stopped:
            run(tmp_path / "run", *options)
    assert stopped.value.code == 128 + signum
    assert f"stopped by {name}: " in caplog.text
    assert "the same command goes on from there" in caplog.text
    assert handlers == [signal.getsignal(one) for one in (2, 10, 15)]
    with caplog.at_level("INFO"):
        run(tmp_path / "run", *options)
    assert "goes on after epoch 2 of 3" in caplog.text


def test_a_kept_last_checkpoint_takes_more_epochs(small_cohort, tmp_path):
    run(tmp_path / "run", "trainer.max_epochs=2", "keep_last=true")
    assert checkpoint_path(tmp_path / "run", LAST).exists()
    run(tmp_path / "run", "trainer.max_epochs=3")
    assert read_result(tmp_path / "run").epochs == 3
    rates = [value for _, value in curve(tmp_path / "run")["optimizer/learning_rate"]]
    assert len(rates) == 3
    assert rates[-1] == pytest.approx(3e-4 * (1 + math.cos(math.pi * 2 / 3)) / 2)


def test_a_full_disk_ends_the_run_and_it_goes_on_once_there_is_room(
    small_cohort, tmp_path, monkeypatch
):
    straight = run(tmp_path / "straight", "trainer.max_epochs=3")
    syncs = iter(range(100))

    def full(handle):
        if next(syncs) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pdla.training.checkpoint_files.os.fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            run(tmp_path / "run", "trainer.max_epochs=3")
    assert_same_run(straight, run(tmp_path / "run", "trainer.max_epochs=3"))


SMALL_R3D = (
    *TINY, "model=r3d", "leg=both", "augment=strong", "save_every_s=0", "trainer.max_epochs=4",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param((*QUICK, "trainer.max_epochs=60"), id="tcn"),
        pytest.param(
            (*QUICK, "trainer.max_epochs=40", "data.workers=2", "data.balance=score"), id="workers"
        ),
        pytest.param(SMALL_R3D, id="r3d"),
    ],
)
def test_ten_sigkills_change_nothing(tmp_path, overrides):
    command = ("-m", "tests.fixtures.killing", str(tmp_path), "10", "1")
    done = subprocess.run(
        [sys.executable, *command, *overrides], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kills = json.loads(done.stdout.splitlines()[-1])
    assert kills["kills"] == 10
    assert_same_run(tmp_path / "straight", tmp_path / "killed")
    assert not checkpoint_path(tmp_path / "killed", LAST).exists()
