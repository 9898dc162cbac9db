"""Networks on heat maps of joints and limbs: PoseC3D."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from pdla.data.batches import ClipBatch, InputKind
from pdla.models.scorer import LegScorer


class PoseC3D(LegScorer):
    """A slim 3-D ResNet on volumes of heat maps; an unseen joint is an empty map, never a place.

    Paper: Duan et al. 2022, "Revisiting skeleton-based action recognition" (PoseConv3D). As its
    SlowOnly network it looks at each frame alone first and at their order in the later stages; it
    is narrower and has two blocks fewer a stage, for cohorts of a few dozen people.

    Options:
        maps: Channels of the heat maps; 19 in drawing=heatmaps.
        channels: Channels of the stem and of each stage.
        dropout: Share of the features dropped before the last layer, in training.
        freeze: Stages from the input on, the stem included, that keep their weights.
    """

    input_kind: ClassVar[InputKind] = "heatmap_clips"

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        maps: int = 19,
        channels: Sequence[int] = (8, 16, 32, 64),
        dropout: float = 0.0,
        freeze: int | str = 0,
    ) -> nn.Module:
        """Stem, residual stages, mean over time and place, a last layer."""
        stages = [_stem(maps, channels[0])]
        for stage, (n_inputs, n_stage) in enumerate(pairwise(channels)):
            # Order in time only once places are known: SlowOnly inflates its last two stages.
            reach = 3 if stage > 0 else 1
            stages.append(ResidualBlock(n_inputs, n_stage, reach))
        self.freeze_stages(stages, freeze)
        head = [nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Dropout(dropout)]
        network = nn.Sequential(*stages, *head, nn.Linear(channels[-1], n_outputs))
        return network.to(memory_format=torch.channels_last_3d)

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for heat maps (B, maps, T, H, W) in 0-1."""
        maps = batch["clips"].contiguous(memory_format=torch.channels_last_3d)
        outputs: Tensor = self.network(maps)
        return outputs


class ResidualBlock(nn.Module):
    """Two 3-D convolutions with a way around them; halves H and W, and T if it reaches over time.

    Args:
        n_inputs: Channels in.
        n_outputs: Channels out.
        reach: Frames that a convolution sees, 1 or 3.
    """

    def __init__(self, n_inputs: int, n_outputs: int, reach: int) -> None:
        super().__init__()
        stride = (2 if reach > 1 else 1, 2, 2)
        kernel, padding = (reach, 3, 3), (reach // 2, 1, 1)
        self.change = nn.Sequential(
            nn.Conv3d(n_inputs, n_outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm3d(n_outputs),
            nn.ReLU(),
            nn.Conv3d(n_outputs, n_outputs, kernel, 1, padding, bias=False),
            nn.BatchNorm3d(n_outputs),
        )
        self.around = nn.Sequential(
            nn.Conv3d(n_inputs, n_outputs, 1, stride, bias=False), nn.BatchNorm3d(n_outputs)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, n_outputs, T', H / 2, W / 2) of (B, n_inputs, T, H, W)."""
        return torch.relu(self.change(maps) + self.around(maps))


def _stem(maps: int, channels: int) -> nn.Module:
    convolution = nn.Conv3d(maps, channels, (1, 5, 5), (1, 2, 2), (0, 2, 2), bias=False)
    return nn.Sequential(convolution, nn.BatchNorm3d(channels), nn.ReLU())
