"""Checkpoints on disk are whole, or said to be damaged; the best is never lost for a worse one."""

import errno
import os
from dataclasses import asdict

import pytest
import torch

from pdla.runs.folder import BEST, LAST, checkpoint_path
from pdla.training import checkpoint_files
from pdla.training.checkpoint_files import (
    STAMP,
    BackgroundCheckpointIO,
    SaveRequest,
    write_checkpoint,
)
from pdla.training.checkpoints import Stamp, find_start

DATA = "abc"


def stamp(epochs, score=0.3, best_epochs=3, data_hash=DATA):
    return Stamp(epochs, 10 * epochs, score, best_epochs, 9, data_hash)


def keep(run_dir, name, *values, **named):
    content = {
        "state_dict": {"weight": torch.arange(300.0)},
        STAMP: asdict(stamp(*values, **named)),
    }
    write_checkpoint(content, checkpoint_path(run_dir, name))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def empty(path):
    path.write_bytes(b"")


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def write_something_else(path):
    torch.save([1, 2], path)


DAMAGE = [truncate, empty, flip_a_bit, write_something_else]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_last_checkpoint_means_the_beginning_and_keeps_the_best(tmp_path, damage, caplog):
    keep(tmp_path, BEST, 3)
    keep(tmp_path, LAST, 5)
    damage(checkpoint_path(tmp_path, LAST))
    start = find_start(tmp_path, DATA)
    assert start.last is None
    assert start.best == stamp(3)
    assert "last.ckpt: damaged" in caplog.text or "does not say" in caplog.text


@pytest.mark.parametrize("damage", [*DAMAGE, os.remove])
def test_without_its_best_checkpoint_a_training_begins_again(tmp_path, damage, caplog):
    keep(tmp_path, BEST, 3)
    keep(tmp_path, LAST, 5)
    damage(checkpoint_path(tmp_path, BEST))
    start = find_start(tmp_path, DATA)
    assert start.last is start.best is None
    assert "best.ckpt is not the one of epoch 3" in caplog.text
    assert not checkpoint_path(tmp_path, BEST).exists()


def test_a_training_goes_on_if_both_are_whole_or_nothing_was_best_yet(tmp_path):
    keep(tmp_path, LAST, 2, score=float("inf"), best_epochs=0)
    assert find_start(tmp_path, DATA).last.epochs == 2
    keep(tmp_path, BEST, 7, score=0.2, best_epochs=7)  # a kill between best and last
    start = find_start(tmp_path, DATA)
    assert (start.last.epochs, start.best.score) == (2, 0.2)


def test_changed_recordings_are_refused(tmp_path):
    keep(tmp_path, BEST, 3)
    keep(tmp_path, LAST, 5)
    with pytest.raises(ValueError, match="the recordings have changed"):
        find_start(tmp_path, "other")


def test_what_a_kill_left_half_written_is_deleted(tmp_path):
    keep(tmp_path, BEST, 3)
    half = checkpoint_path(tmp_path, LAST).with_name(".last.1-ab.part.ckpt")
    half.write_bytes(b"half")
    find_start(tmp_path, DATA)
    assert not half.exists()


def test_the_same_content_gives_the_same_bytes(tmp_path):
    keep(tmp_path / "one", BEST, 3)
    keep(tmp_path / "other", BEST, 3)
    one, other = (checkpoint_path(tmp_path / name, BEST).read_bytes() for name in ("one", "other"))
    assert one == other


def saved_value(path):
    return torch.load(path, weights_only=True)["state_dict"]["weight"].item()


def state(weight):
    return {"state_dict": {"weight": weight}, "optimizer_states": []}


def test_a_checkpoint_is_the_state_when_it_was_saved_and_the_newest_wins(tmp_path):
    path, weight = tmp_path / "last.ckpt", torch.zeros(())
    with BackgroundCheckpointIO() as files:
        for value in range(3):
            weight.fill_(value)
            files.save_checkpoint(state(weight), path, SaveRequest({}, every_s=60))
        weight.fill_(9)
        assert not path.exists()  # it waits for its time, or for the end of the block
    assert saved_value(path) == 2


def test_a_held_checkpoint_waits_for_its_release(tmp_path):
    path, weight = tmp_path / "last.ckpt", torch.ones(())
    with BackgroundCheckpointIO() as files:
        files.save_checkpoint(state(weight), path, SaveRequest({}, is_held=True))
        files.release()
        files.wait_for(path)
        assert saved_value(path) == 1
        files.save_checkpoint(state(weight * 2), path, SaveRequest({}, is_held=True))
    assert saved_value(path) == 1


@pytest.mark.parametrize("hook", ["fsync", "write"])
def test_a_full_disk_is_one_error_with_the_path_and_leaves_the_old_file(
    tmp_path, monkeypatch, hook
):
    path = tmp_path / "last.ckpt"
    write_checkpoint({"state_dict": {"weight": torch.ones(())}}, path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if hook == "fsync":
        monkeypatch.setattr(checkpoint_files.os, "fsync", full)
    else:
        monkeypatch.setattr(checkpoint_files._Sink, "write", full)
    with (
        pytest.raises(OSError, match=r"No space left.*last\.ckpt|could not be written"),
        BackgroundCheckpointIO() as files,
    ):
        files.save_checkpoint(state(torch.zeros(())), path)
        files.wait_for(path)
    assert saved_value(path) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["last.ckpt"]
