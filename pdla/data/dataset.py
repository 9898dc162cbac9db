"""Clips of keypoints for a DataLoader: small tensors of a scored leg in the canonical view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from pdla.data.batches import ClipBatch
from pdla.data.bouts import Bout, find_bout
from pdla.data.recordings import LegSample
from pdla.data.sampling import Sampling, take_clip
from pdla.data.skeletons import mirror_keypoints

UNRATED = -1


@dataclass(frozen=True)
class _Slot:
    """A place for one clip: which sample, and where it starts (None: drawn at each reading)."""

    sample: int
    start_s: float | None


class ClipDataset(Dataset[ClipBatch]):
    """Clips of some legs of a cohort.

    Args:
        samples: All legs of the data module; `sample` in a batch counts these.
        indices: Which of them this stage uses.
        sampling: Where clips are taken.
        stage: `train` draws clips as `sampling.train` says; `eval` covers the whole span, always
            the same way.
    """

    def __init__(
        self,
        samples: Sequence[LegSample],
        indices: Sequence[int],
        sampling: Sampling,
        stage: Literal["train", "eval"],
    ) -> None:
        self.samples = samples
        self.sampling = sampling
        self.spans = {index: clip_span(samples[index], sampling.within) for index in indices}
        self.slots = [slot for index in indices for slot in self._slots(index, stage)]

    def _slots(self, index: int, stage: Literal["train", "eval"]) -> list[_Slot]:
        if stage == "eval":
            starts = self.sampling.covering_starts(self.spans[index])
            return [_Slot(index, start) for start in starts]
        if self.sampling.train == "random":
            return [_Slot(index, None)] * self.sampling.clips_per_video
        return [_Slot(index, start) for start in self.sampling.training_starts(self.spans[index])]

    def __len__(self) -> int:
        """Clips in an epoch."""
        return len(self.slots)

    def __getitem__(self, item: int) -> ClipBatch:
        """One clip: keypoints (T, 25, 3), score (), sample ()."""
        slot = self.slots[item]
        sample = self.samples[slot.sample]
        start_s = slot.start_s
        if start_s is None:
            start_s = self.sampling.training_starts(self.spans[slot.sample])[0]
        clip = take_clip(
            sample.recording.keypoints,
            sample.recording.fps,
            start_s,
            self.sampling.fps,
            self.sampling.clip_frames,
        )
        return {
            "keypoints": torch.from_numpy(canonical_view(clip, sample)),
            "score": torch.tensor(UNRATED if sample.score is None else sample.score),
            "sample": torch.tensor(slot.sample),
        }


def clip_span(sample: LegSample, within: Literal["leg_bout", "recording"]) -> Bout:
    """Seconds from which clips of a sample are taken; all of them where no bout was found."""
    whole = Bout(0.0, sample.recording.duration_s)
    if within == "recording":
        return whole
    return find_bout(sample.recording, sample.leg) or whole


def canonical_view(keypoints: NDArray[np.float32], sample: LegSample) -> NDArray[np.float32]:
    """Bring the scored leg to the right-leg joints: leg L is mirrored, leg R stays as it is."""
    if sample.leg == "R":
        return keypoints
    return mirror_keypoints(keypoints, sample.recording.frame_size[1])
