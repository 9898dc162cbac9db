"""Which stretch of time a model is given, and how it comes in batches."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.clips.augment import (
        Augmentation,
        ChangeSpeed,
        DropFrames,
        DropJoints,
        Jitter,
        Mirror,
        Rotate,
        Scale,
        ShakeConfidence,
        Shift,
        Stretch,
        WarpTime,
    )
    from pdla.data.clips.datamodules import DrawnClips, HeatmapClips, KeypointClips
    from pdla.data.clips.dataset import ClipDataset
    from pdla.data.clips.kinematic_batches import KinematicClips
    from pdla.data.clips.sampling import ClipTime, Sampling, Span

__all__ = [
    "Augmentation",
    "ChangeSpeed",
    "ClipDataset",
    "ClipTime",
    "DrawnClips",
    "DropFrames",
    "DropJoints",
    "HeatmapClips",
    "Jitter",
    "KeypointClips",
    "KinematicClips",
    "Mirror",
    "Rotate",
    "Sampling",
    "Scale",
    "ShakeConfidence",
    "Shift",
    "Span",
    "Stretch",
    "WarpTime",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.data.clips.augment": (
            "Augmentation",
            "Rotate",
            "Scale",
            "Stretch",
            "Shift",
            "Mirror",
            "Jitter",
            "DropJoints",
            "ShakeConfidence",
            "ChangeSpeed",
            "WarpTime",
            "DropFrames",
        ),
        "pdla.data.clips.datamodules": (
            "KeypointClips",
            "DrawnClips",
            "HeatmapClips",
        ),
        "pdla.data.clips.dataset": ("ClipDataset",),
        "pdla.data.clips.kinematic_batches": ("KinematicClips",),
        "pdla.data.clips.sampling": (
            "Sampling",
            "Span",
            "ClipTime",
        ),
    },
)
