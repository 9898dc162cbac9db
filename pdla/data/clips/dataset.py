"""Clips of keypoints for a DataLoader: small tensors of a scored leg in the canonical view."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from pdla.data.batches import ClipBatch
from pdla.data.clips.randomness import ClipDraw, seed_of
from pdla.data.clips.sampling import ClipTime, Sampling, Span, take_clip
from pdla.data.kinematics.bouts import bout_taps, find_bout
from pdla.data.recordings import LegSample
from pdla.data.skeletons import mirror_keypoints

UNRATED = -1


@dataclass(frozen=True)
class _Slot:
    """A place for one clip: which sample, and which seconds (None: drawn at each reading)."""

    sample: int
    clip: ClipTime | None


class ClipDataset(Dataset[ClipBatch]):
    """Clips of some legs of a cohort.

    Args:
        samples: All legs of the data module; `sample` in a batch counts these.
        indices: Which of them this stage uses.
        sampling: Where clips are taken.
        stage: `train` draws clips as `sampling.train` says; `eval` covers the whole span, always
            the same way.
        seed: Seed of the clips that are drawn.
    """

    def __init__(
        self,
        samples: Sequence[LegSample],
        indices: Sequence[int],
        sampling: Sampling,
        stage: Literal["train", "eval"],
        seed: int = 0,
    ) -> None:
        self.samples = samples
        self.sampling = sampling
        self.seed = seed
        self.spans = {index: clip_span(samples[index], sampling.within) for index in indices}
        self.slots = [slot for index in indices for slot in self._slots(index, stage)]

    def _slots(self, index: int, stage: Literal["train", "eval"]) -> list[_Slot]:
        span = self.spans[index]
        if stage == "eval":
            return [_Slot(index, clip) for clip in self.sampling.covering_clips(span)]
        if self.sampling.draws_clips(span):
            return [_Slot(index, None)] * self.sampling.clips_per_video
        return [_Slot(index, clip) for clip in self.sampling.training_clips(span)]

    def __len__(self) -> int:
        """Clips in an epoch."""
        return len(self.slots)

    def clip_time(self, draw: ClipDraw) -> ClipTime:
        """Where the clip of a draw is; the same for the same draw, in any process."""
        slot = self.slots[draw.item]
        if slot.clip is not None:
            return slot.clip
        chances = epoch_chances(self.seed, draw.epoch, len(self))
        return self.sampling.random_clip(self.spans[slot.sample], chances[draw.place % len(self)])

    def score_of(self, leg: int) -> int:
        """The rater's score of a leg, UNRATED if there is none."""
        score = self.samples[leg].score
        return UNRATED if score is None else score

    @staticmethod
    def as_draw(wanted: ClipDraw | int) -> ClipDraw:
        """A number is a draw of epoch 0."""
        return wanted if isinstance(wanted, ClipDraw) else ClipDraw(wanted, 0, wanted)

    def __getitem__(self, wanted: ClipDraw | int) -> ClipBatch:
        """One clip: keypoints (T, 25, 3), score (), sample (); a number is a draw of epoch 0."""
        draw = self.as_draw(wanted)
        slot = self.slots[draw.item]
        sample = self.samples[slot.sample]
        clip = self.clip_time(draw)
        keypoints = take_clip(
            sample.recording.keypoints,
            sample.recording.fps,
            clip,
            self.sampling.fps,
            self.sampling.clip_frames,
        )
        return {
            "keypoints": torch.from_numpy(canonical_view(keypoints, sample)),
            "score": torch.tensor(self.score_of(slot.sample)),
            "sample": torch.tensor(slot.sample),
        }


@lru_cache(maxsize=2)
def epoch_chances(seed: int, epoch: int, n_clips: int) -> NDArray[np.float64]:
    """Where the clips of an epoch are drawn, (n_clips,) by place, uniform from 0 to below 1."""
    return np.random.default_rng(seed_of(seed, "clip", epoch)).random(n_clips)


def clip_span(sample: LegSample, within: Literal["leg_bout", "taps", "recording"]) -> Span:
    """Seconds from which clips of a sample are taken; all of them where no bout was found."""
    recording = sample.recording
    bout = None if within == "recording" else find_bout(recording, sample.leg)
    if bout is None:
        return Span(0.0, recording.duration_s)
    taps = bout_taps(recording, sample.leg, bout) if within == "taps" else []
    lifts = (*(tap.lift_s for tap in taps), *(tap.floor_s for tap in taps[-1:]))
    return Span(bout.start_s, bout.end_s, lifts)


def canonical_view(keypoints: NDArray[np.float32], sample: LegSample) -> NDArray[np.float32]:
    """Bring the scored leg to the right-leg joints: leg L is mirrored, leg R stays as it is."""
    if sample.leg == "R":
        return keypoints
    return mirror_keypoints(keypoints, sample.recording.frame_size[1])
