"""Clips gathered on the device are those that a data set takes one by one."""

import pytest
import torch

from pdla.data.clips.dataset import ClipDataset
from pdla.data.clips.randomness import ClipDraw
from pdla.data.clips.resident import PlannedClips, ResidentKeypoints
from pdla.data.clips.sampling import Sampling
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort

# 13.7 of 30 frames a second fall between frames; 6 s are longer than a bout and leave the recording
SAMPLINGS = [Sampling(fps=13.7), Sampling(within="recording", seconds=6.0), Sampling(within="taps")]


@pytest.mark.parametrize("stage", ["train", "eval"])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_gathered_clips_are_those_taken_one_by_one(sampling, stage):
    samples = make_cohort(2, visits=1).samples
    for sample in samples:
        sample.recording.keypoints[40:50, 11] = (float("nan"), float("nan"), 0)
    options = (samples, range(len(samples)), sampling, stage, 3)
    resident = ResidentKeypoints(samples)
    planned, one_by_one = PlannedClips(resident, *options), ClipDataset(*options)
    draws = [ClipDraw(item, 5, item) for item in range(len(planned))]
    batch = planned.__getitems__(draws)
    keypoints = resident.gather(batch["rows"], batch["weight"])
    for place, draw in enumerate(draws):
        expected = one_by_one[draw]
        torch.testing.assert_close(
            keypoints[place], expected["keypoints"], rtol=1e-6, atol=0, equal_nan=True
        )
        assert batch["score"][place] == expected["score"]
        assert batch["sample"][place] == expected["sample"]


def test_a_run_learns_from_the_same_clips_with_and_without_workers():
    batches = []
    for workers in (0, 1):
        options = ("model=tcn", "split.n_folds=3", "split.n_val_folds=2", "augment=none")
        config = compose_config(*options, f"data.workers={workers}")
        data = training.build_data(config, make_cohort(9, visits=1))
        batches.append(data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0))
    one, other = (batch["keypoints"] for batch in batches)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=0, equal_nan=True)
