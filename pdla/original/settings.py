"""The recipe of 2023 in numbers (BASELINE_2023.md), and a small setting for two cores."""

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import torch

STAMP: Final = "LEAKY"

# How networks compute on a GPU. PyTorch of 2023 used TF32 for convolutions wherever the GPU had it.
Precision = Literal["fp32", "tf32", "bf16"]
PRECISION_TEXT: Final[dict[Precision, str]] = {
    "fp32": "fp32",
    "tf32": "TF32 on a GPU that has it, as PyTorch of 2023 did, else fp32",
    "bf16": "bf16 autocast on a GPU; 2023 had fp32 or TF32",
}


@dataclass(frozen=True)
class OriginalSettings:
    """How the system of 2023 is run. Times in seconds, sizes in px as (H, W).

    Attributes:
        name: Of the setting, for tables.
        canvas: Size of the drawn pictures.
        line_px: Width of a bone.
        max_videos: Only so many videos of the cohort, spread over its scores; None: all.
        max_seconds: Only so much of each video; None: all.
        clip_s: Length of a training clip.
        clip_frames: Frames of a clip, spread evenly over it; 150 in 5 s is all of them.
        test_clip_s: Length of the one random clip of the test.
        size: Size of the clips that the networks see.
        rotate_degrees: The second pass over the training clips ("hint") is turned by up to so much.
        epochs: Of R3D-18.
        batch_size: Clips in a step of R3D-18.
        lr: Learning rate of R3D-18, SGD with momentum 0.9.
        milestones: A tenth of the rate from these epochs on; batches, if `as_it_was`.
        as_it_was: Whether the rate is stepped after every batch, and values 0-255 are normalised as
            if they were 0-1, as in 2023; both were mistakes.
        n_val: Videos drawn for validation and test, beside those of the highest score, which stand
            in training too: 10 and 2 gave the 12 of 2023.
        lstm_frames: Lengths of the runs of frames of ResNet-18 + LSTM: 30 as planned, 1 as in the
            last run of 2023.
        lstm_epochs: Epochs for each of these lengths.
        lstm_lr: Its learning rate; a tenth every 7 epochs.
        n_splits: Random splits of the complaint "other splits, utterly different results".
        split_frames: Frames of a clip there: every n-th of `clip_frames`.
        split_size: Size of a clip there.
        split_epochs: Epochs of R3D-18 on each of them; milestones move along.
        precision: How networks compute on a GPU; a CPU always computes in fp32.
        seed: Of the splits, weights and order of clips.
    """

    name: str = "as in 2023"
    canvas: tuple[int, int] = (960, 540)
    line_px: int = 5
    max_videos: int | None = None
    max_seconds: float | None = None
    clip_s: float = 5.0
    clip_frames: int = 150
    test_clip_s: float = 8.0
    size: tuple[int, int] = (192, 108)
    rotate_degrees: float = 20.0
    epochs: int = 50
    batch_size: int = 3
    lr: float = 0.01
    milestones: tuple[int, ...] = (20, 40)
    as_it_was: bool = False
    n_val: int = 10
    lstm_frames: tuple[int, ...] = (30, 1)
    lstm_epochs: tuple[int, ...] = (50, 1)
    lstm_lr: float = 0.001
    n_splits: int = 20
    split_frames: int = 30
    split_size: tuple[int, int] = (64, 36)
    split_epochs: int = 5
    precision: Precision = "tf32"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse recipes that cannot run."""
        for name in (
            "clip_frames", "epochs", "batch_size", "n_val", "n_splits", "split_frames",
            "split_epochs",
        ):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: expected 1 or more")
        if self.clip_frames % self.split_frames:
            raise ValueError(
                f"split_frames={self.split_frames}: expected a divisor of {self.clip_frames}"
            )
        if self.precision not in get_args(Precision):
            raise ValueError(f"precision={self.precision}: choose {', '.join(get_args(Precision))}")
        if len(self.lstm_frames) != len(self.lstm_epochs):
            raise ValueError("lstm_frames and lstm_epochs: expected as many of each")

    @property
    def for_splits(self) -> "OriginalSettings":
        """The setting of the random splits: small clips, fewer epochs, all else the same."""
        share = self.split_epochs / self.epochs
        return replace(
            self,
            clip_frames=self.split_frames,
            size=self.split_size,
            epochs=self.split_epochs,
            milestones=tuple(max(1, round(epoch * share)) for epoch in self.milestones),
        )


@dataclass(frozen=True)
class Machine:
    """Where the parts run.

    Attributes:
        devices: Of the networks; parts that run at the same time are dealt out to them.
        workers: Processes that draw and decode.
        weights: `auto`, `required` or `none` (pdla.models.weights).
    """

    devices: tuple[torch.device, ...]
    workers: int
    weights: str = "auto"

    @property
    def device(self) -> torch.device:
        """The device of a part."""
        return self.devices[0]


# The last run of 2023 took single frames; 50 epochs of them, batch 1, are a million steps a leg, so
# one epoch stands for it.
FULL: Final = OriginalSettings()
SMALL: Final = OriginalSettings(
    name="small, for two cores: NOT the recipe of 2023",
    max_videos=12,
    max_seconds=6.0,
    clip_s=2.0,
    clip_frames=8,
    test_clip_s=3.0,
    size=(48, 27),
    epochs=2,
    milestones=(1,),
    n_val=4,
    lstm_epochs=(1, 1),
    n_splits=3,
    split_frames=4,
    split_size=(32, 18),
    split_epochs=1,
)
