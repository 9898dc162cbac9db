"""Networks on the trajectories of joints as channels over time."""

from collections.abc import Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.skeletons import JOINT, LEG_JOINTS, N_JOINTS
from pdla.models.keypoint_features import (
    check_streams,
    keypoint_features,
    n_channels,
    take_joints,
)
from pdla.models.scorer import LegScorer

# Both legs, and the trunk that everything is measured by; arms and face say nothing of a leg.
TRAJECTORIES: Final = (JOINT["Neck"], JOINT["MidHip"], *LEG_JOINTS["R"], *LEG_JOINTS["L"])


class TCN(LegScorer):
    """Dilated convolutions over time on the normalised trajectories of trunk and legs.

    Paper: Bai, Kolter and Koltun 2018, "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling"; not causal here, since a bout is scored as a whole.

    Options:
        streams: What the network is told of each joint (pdla.models.keypoint_features).
        channels: Width of all layers.
        layers: Residual blocks; their dilations are 1, 2, 4, ...
        dropout: Share of channels dropped in each block and before the last layer, in training.
        freeze: Stages (first layer, then blocks) that keep their weights, or all.
    """

    input_kind: ClassVar[InputKind] = "keypoint_clips"

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        streams: Sequence[str] = ("lift", "motion"),
        channels: int = 48,
        layers: int = 4,
        dropout: float = 0.0,
        freeze: int | str = 0,
    ) -> nn.Module:
        """A small temporal convolutional network."""
        check_streams(streams)
        self.streams = tuple(streams)
        n_inputs = n_channels(streams) * len(TRAJECTORIES)
        encoder = TrajectoryEncoder(n_inputs, channels, layers, dropout)
        self.freeze_stages([encoder.first, *encoder.blocks], freeze)
        last = nn.Sequential(nn.Dropout(dropout), nn.Linear(encoder.n_features, n_outputs))
        return nn.Sequential(encoder, last)

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for keypoints (B, T, 25, 3) in px."""
        outputs: Tensor = self.network(trajectories(batch["keypoints"], self.streams))
        return outputs

    def joint_network(self) -> nn.Module:
        """All of it."""
        return self.network

    def by_joint(self, features: Tensor) -> Tensor:
        """(B, C, T, 25) of trajectories (B, C * 12, T)."""
        return trajectories_by_joint(features)


def trajectories(keypoints: Tensor, streams: Sequence[str]) -> Tensor:
    """Trunk and leg joints as channels over time, (B, C * 12, T), of keypoints (B, T, 25, 3)."""
    features = take_joints(keypoint_features(keypoints, streams), TRAJECTORIES, dim=-1)
    return features.transpose(2, 3).flatten(1, 2)


def trajectories_by_joint(values: Tensor) -> Tensor:
    """The way back from (B, C * 12, T): (B, C, T, 25), 0 for the joints that were left out."""
    batch, _, frames = values.shape
    split = values.view(batch, -1, len(TRAJECTORIES), frames).transpose(2, 3)  # (B, C, T, 12)
    joints = values.new_zeros(*split.shape[:3], N_JOINTS)
    joints[..., list(TRAJECTORIES)] = split
    return joints


class TrajectoryEncoder(nn.Module):
    """Residual blocks of dilated convolutions, then mean and spread of each channel over time.

    Args:
        n_inputs: Channels in.
        channels: Width of all layers.
        layers: Number of blocks.
        dropout: Share of channels dropped in each block.

    Attributes:
        n_features: Numbers that come out for a clip.
    """

    def __init__(self, n_inputs: int, channels: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm1d(n_inputs), nn.Conv1d(n_inputs, channels, 1))
        self.blocks = nn.ModuleList(
            DilatedBlock(channels, 2**layer, dropout) for layer in range(layers)
        )
        self.n_features = 2 * channels

    def forward(self, series: Tensor) -> Tensor:
        """Features (B, n_features) of series (B, n_inputs, T)."""
        encoded = self.first(series)
        for block in self.blocks:
            encoded = block(encoded)
        spread = (encoded.var(dim=2, unbiased=False) + 1e-5).sqrt()
        return torch.cat([encoded.mean(dim=2), spread], dim=1)


class DilatedBlock(nn.Module):
    """Convolution of five frames, `dilation` apart, with a way around it."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Dropout1d(dropout),
            nn.Conv1d(channels, channels, 1),
            nn.BatchNorm1d(channels),
        )

    def forward(self, series: Tensor) -> Tensor:
        """(B, channels, T) of the same shape."""
        return torch.relu(series + self.change(series))
