"""The one type that crosses from data to models."""

from typing import Literal, NotRequired, TypedDict

from torch import Tensor

# What a data module gives and a model takes; named as the options of the config group `data`.
InputKind = Literal["drawn_clips", "keypoint_clips", "heatmap_clips", "kinematics"]


class ClipBatch(TypedDict):
    """A batch of B clips of T frames, each showing one scored leg in the canonical view.

    In the canonical view the scored leg stands at the right-leg joints: recordings for leg L are
    mirrored, so that one network can learn from both legs.

    Keys:
        keypoints: (B, T, 25, 3) float32 of x px, y px, confidence; NaN, NaN, 0 where unseen. Absent
            where clips come from video files.
        rows: (B, T, 2) int64, and
        weight: (B, T) float32, where `keypoints` are still to be gathered on the device (see
            pdla.data.clips.resident).
        score: (B,) int64, the rater's 0-4, or -1 for a leg that was not rated.
        shares: (B, 5) float32, how likely each score is by the raters; absent where every leg has
            one whole score.
        sample: (B,) int64, which LegSample of the data module the clip shows.
        clips: (B, C, T, H, W) float32 in 0-1, once the clips were drawn: pictures of 3 channels, or
            heat maps (see pdla.data.drawing.strokes).
        kinematics: (B, 2, F) float32 of the F quantities of pdla.data.quantities, of the scored
            leg, then of the other leg of the same video, over the whole bout; NaN where a quantity
            could not be measured.
    """

    rows: NotRequired[Tensor]
    weight: NotRequired[Tensor]
    keypoints: NotRequired[Tensor]
    score: Tensor
    shares: NotRequired[Tensor]
    sample: Tensor
    clips: NotRequired[Tensor]
    kinematics: NotRequired[Tensor]
