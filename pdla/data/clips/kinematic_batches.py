"""Batches that carry the clinical quantities of both legs beside the clip of the scored one."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.clips.datamodules import KeypointClips
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.quantities import KINEMATICS
from pdla.data.recordings import LegSample, Recording
from pdla.data.skeletons import LEGS, Leg, other_leg


class KinematicClips(KeypointClips):
    """Clips as keypoints, and `kinematics` (B, 2, F) of the whole bouts of scored and other leg.

    Args:
        options: As for KeypointClips.
    """

    input_kind: ClassVar[InputKind] = "kinematics"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kinematics = kinematics_table(self.samples)

    def training_kinematics(self) -> Tensor:
        """Quantities of the training legs, (n legs, 2, F): all that a model may standardise by."""
        return self.kinematics[list(self.split.train)]

    def represent(self, batch: ClipBatch) -> ClipBatch:
        """Look up the quantities of each clip's leg."""
        if self.kinematics.device != batch["sample"].device:
            self.kinematics = self.kinematics.to(batch["sample"].device)
        return {**self.gather(batch), "kinematics": self.kinematics[batch["sample"]]}


def kinematics_table(samples: Sequence[LegSample]) -> Tensor:
    """Measure the scored leg of each sample and the other leg of its video.

    Returns:
        (n samples, 2, len(KINEMATICS)) float32; NaN where a quantity could not be measured.
    """
    measured: dict[tuple[str, Leg], list[float]] = {}
    for sample in track(samples, "Measuring taps", total=len(samples)):
        for leg in LEGS:
            key = (sample.recording.video_id, leg)
            if key not in measured:
                measured[key] = _quantities(sample.recording, leg)
    rows = [
        [measured[sample.recording.video_id, leg] for leg in (sample.leg, other_leg(sample.leg))]
        for sample in samples
    ]
    return torch.tensor(rows, dtype=torch.float32)


def _quantities(recording: Recording, leg: Leg) -> list[float]:
    row = leg_kinematics(recording, leg).as_row()
    return [row[name] for name in KINEMATICS]
