"""The recipe of R3D-18: each clip plain and turned once an epoch, and both mistakes on demand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2.functional import rotate

from pdla.original import r3d
from pdla.original.clips import ClipSet, n_uniform_clips
from pdla.original.settings import SMALL

CLIPS = ClipSet(torch.randint(0, 255, (5, 3, 4, 16, 12), dtype=torch.uint8), tuple("aabbc"))
CPU = torch.device("cpu")


def test_an_epoch_has_every_clip_once_plain_and_once_turned():
    rows, angles = r3d.epoch_order([0, 2, 4], SMALL, np.random.default_rng(0))
    seen = [(int(row), bool(angle)) for row, angle in zip(rows, angles, strict=True)]
    assert sorted(seen) == [(row, turned) for row in (0, 2, 4) for turned in (False, True)]
    assert np.abs(angles).max() <= SMALL.rotate_degrees


@pytest.mark.parametrize(("as_it_was", "largest"), [(False, 1), (True, 255)])
def test_values_are_normalised_from_0_to_1_or_as_it_was_from_0_to_255(as_it_was, largest):
    white = ClipSet(torch.full((1, 3, 4, 16, 12), 255, dtype=torch.uint8), ("a",))
    pictures = r3d.pictures_of(white, replace(SMALL, as_it_was=as_it_was), torch.tensor([0]))
    assert pictures.max() == pytest.approx((largest - 0.45) / 0.225)


def test_clips_are_turned_as_torchvision_turns_them_and_angle_0_changes_nothing():
    clips, angles = CLIPS.clips.float(), torch.tensor([0.0, 20.0, -13.7, 3.2, -0.4])
    turned = r3d.turn(clips, angles)
    assert torch.equal(turned[0], clips[0])
    for clip, angle, found in zip(clips, angles, turned, strict=True):
        assert (rotate(clip, float(angle)) != found).float().mean() < 0.01  # ties of rounding


def test_rows_of_a_video_named_twice_come_once():
    assert CLIPS.rows_of(["b", "b", "c"]) == [2, 3, 4]


@pytest.mark.parametrize(("frames", "clips"), [(450, 3), (449, 2), (149, 1), (150, 1), (12, 1)])
def test_clips_of_a_video_are_the_whole_ones_that_fit(frames, clips):
    assert n_uniform_clips(frames, 30.0, 5.0) == clips
