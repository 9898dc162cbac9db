"""Clips gathered where the network is: keypoints lie on the device, a batch only says which frames.

Some thousand legs of keypoints are small (a minute of one leg takes 0.5 MB), so that no worker
process and no copy of clips is needed, on a GPU as on two cores.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from pdla.data.batches import ClipBatch
from pdla.data.clips.dataset import ClipDataset, canonical_view
from pdla.data.clips.randomness import ClipDraw
from pdla.data.clips.sampling import clip_frames
from pdla.data.recordings import LegSample

MAX_BYTES: Final = 2**30  # of keypoints of all legs; more of them come from a loader's workers
UNSEEN_ROW: Final = 0


def fits_on_device(samples: Sequence[LegSample]) -> bool:
    """Whether the keypoints of these legs are few enough to stay on a device."""
    return sum(sample.recording.keypoints.nbytes for sample in samples) <= MAX_BYTES


class ResidentKeypoints:
    """Keypoints of legs in the canonical view, one after the other, behind one row that is unseen.

    Args:
        samples: The legs, as `sample` in a batch counts them.
    """

    def __init__(self, samples: Sequence[LegSample]) -> None:
        parts = [canonical_view(sample.recording.keypoints, sample) for sample in samples]
        unseen = np.full((1, *parts[0].shape[1:]), (np.nan, np.nan, 0.0), dtype=np.float32)
        self.first_rows = 1 + np.cumsum([0, *(len(part) for part in parts)])[:-1]
        self._rows = torch.from_numpy(np.concatenate([unseen, *parts]))
        self._copies: dict[torch.device, Tensor] = {self._rows.device: self._rows}

    def gather(self, rows: Tensor, weight: Tensor) -> Tensor:
        """Read clips, linearly between two frames each.

        Args:
            rows: (B, T, 2) int64, the frames before and after.
            weight: (B, T) float32, share of the later one.

        Returns:
            (B, T, 25, 3) on the device of `rows`, exactly as `take_clip` gives them.
        """
        if rows.device not in self._copies:
            self._copies[rows.device] = self._rows.to(rows.device)
        before, after = self._copies[rows.device][rows].unbind(2)
        share = weight[..., None, None]
        taken = torch.where(share > 0, before * (1 - share) + after * share, before)
        points, confidence = taken[..., :2], taken[..., 2:]
        is_seen = points.isfinite().all(dim=-1, keepdim=True)
        kept = (torch.where(is_seen, points, torch.nan), torch.where(is_seen, confidence, 0.0))
        return torch.cat(kept, dim=-1)


class PlannedClips(ClipDataset):
    """A ClipDataset whose batches say which rows of ResidentKeypoints they show.

    Args:
        resident: Where the keypoints are.
        options: As for ClipDataset.
    """

    def __init__(self, resident: ResidentKeypoints, *options: object) -> None:
        super().__init__(*options)  # type: ignore[arg-type]
        self.resident = resident
        recordings = [sample.recording for sample in self.samples]
        self._n_recorded = np.array([recording.n_frames for recording in recordings])
        self._fps = np.array([recording.fps for recording in recordings])

    def __getitems__(self, wanted: Sequence[ClipDraw | int]) -> ClipBatch:
        """A batch: rows (B, T, 2), weight (B, T), score (B,), sample (B,)."""
        draws = [self.as_draw(one) for one in wanted]
        legs = [self.slots[draw.item].sample for draw in draws]
        clips = [self.clip_time(draw) for draw in draws]
        frames = clip_frames(
            self._n_recorded[legs],
            self._fps[legs],
            [clip.start_s for clip in clips],
            [clip.end_s for clip in clips],
            self.sampling.fps,
            self.sampling.clip_frames,
        )
        rows = np.stack([frames.lower, frames.upper], axis=-1)
        rows += self.resident.first_rows[legs][:, None, None]
        rows[frames.is_outside] = UNSEEN_ROW
        return {
            "rows": torch.from_numpy(rows),
            "weight": torch.from_numpy(frames.weight),
            "score": torch.tensor([self.score_of(leg) for leg in legs]),
            "sample": torch.tensor(legs),
        }
