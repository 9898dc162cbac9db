"""The one type that crosses from data to models."""

from typing import Literal, NotRequired, TypedDict

from torch import Tensor

Representation = Literal["drawn_clips", "keypoint_clips", "heatmap_clips"]


class ClipBatch(TypedDict):
    """A batch of B clips of T frames, each showing one scored leg in the canonical view.

    In the canonical view the scored leg stands at the right-leg joints: recordings for leg L are
    mirrored, so that one network can learn from both legs.

    Keys:
        keypoints: (B, T, 25, 3) float32 of x px, y px, confidence; NaN, NaN, 0 where unseen. Absent
            where clips come from video files.
        score: (B,) int64, the rater's 0-4, or -1 for a leg that was not rated.
        sample: (B,) int64, which LegSample of the data module the clip shows.
        clips: (B, C, T, H, W) float32 in 0-1, once the clips were drawn: pictures of 3 channels, or
            heat maps (see pdla.data.strokes).
    """

    keypoints: NotRequired[Tensor]
    score: Tensor
    sample: Tensor
    clips: NotRequired[Tensor]
