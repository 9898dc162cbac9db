"""Batches that carry the clinical quantities of both legs beside the clip of the scored one."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.clips.datamodules import KeypointClips
from pdla.data.kinematics.published import published_features
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.quantities import quantity_names
from pdla.data.recordings import LegSample, Recording
from pdla.data.skeletons import LEGS, Leg, other_leg


class KinematicClips(KeypointClips):
    """Clips as keypoints, and `kinematics` (B, 2, F) of the whole bouts of scored and other leg.

    Args:
        quantities: Sets of quantities, as the model has them.
        options: As for KeypointClips.
    """

    input_kind: ClassVar[InputKind] = "kinematics"

    def __init__(self, *, quantities: Sequence[str] = ("kinematics",), **options: Any) -> None:
        super().__init__(**options)
        self.kinematics = kinematics_table(self.samples, quantities)

    def training_kinematics(self) -> Tensor:
        """Quantities of the training legs, (n legs, 2, F): all that a model may standardise by."""
        return self.kinematics[list(self.split.train)]

    def represent(self, batch: ClipBatch) -> ClipBatch:
        """Look up the quantities of each clip's leg."""
        if self.kinematics.device != batch["sample"].device:
            self.kinematics = self.kinematics.to(batch["sample"].device)
        return {**self.gather(batch), "kinematics": self.kinematics[batch["sample"]]}


def kinematics_table(
    samples: Sequence[LegSample], quantities: Sequence[str] = ("kinematics",)
) -> Tensor:
    """Measure the scored leg of each sample and the other leg of its video.

    Args:
        samples: The legs.
        quantities: Sets of quantities.

    Returns:
        (n samples, 2, F) float32 in the order of `quantity_names`; NaN where a quantity could not
        be measured.
    """
    names = quantity_names(quantities)
    measured: dict[tuple[str, Leg], list[float]] = {}
    for sample in track(samples, "Measuring taps", total=len(samples)):
        for leg in LEGS:
            key = (sample.recording.video_id, leg)
            if key not in measured:
                measured[key] = _measure(sample.recording, leg, names)
    rows = [
        [measured[sample.recording.video_id, leg] for leg in (sample.leg, other_leg(sample.leg))]
        for sample in samples
    ]
    return torch.tensor(rows, dtype=torch.float32)


def _measure(recording: Recording, leg: Leg, names: Sequence[str]) -> list[float]:
    row = leg_kinematics(recording, leg).as_row()
    if not set(names) <= row.keys():
        row |= published_features(recording, leg)
    return [row[name] for name in names]
