"""Models on what a neurologist looks at: clinical quantities alone, or beside a small network."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pdla.data.batches import ClipBatch, Representation
from pdla.models.keypoint_features import check_streams, n_channels
from pdla.models.kinematic_features import KinematicFeatures
from pdla.models.scorer import ClipScores, LegScorer
from pdla.models.trajectory_networks import (
    TRAJECTORIES,
    TrajectoryEncoder,
    trajectories,
    trajectories_by_joint,
)


class WithKinematics(LegScorer):
    """Learns from the training legs how to standardise their quantities, before the first step."""

    eats: ClassVar[Representation] = "kinematics"
    features: KinematicFeatures

    def on_fit_start(self) -> None:
        """Ask the data module for the training legs' quantities."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        self.features.learn(data.training_kinematics())


class KinematicModel(WithKinematics):
    """Regression of the score on clinical quantities; with `loss=coral` or `clm` it is ordinal.

    Ridge: half the squared weights times `ridge`, over the number of training legs, as the prior of
    a regression with standardised predictors. It is what makes 70 legs enough for 60 weights.

    Options:
        ridge: Strength of the prior; 1 is weights of about 1 in SDs.
        both_legs: Whether the other leg's quantities help to score this one.
    """

    def build_network(
        self, n_outputs: int, weights: str, *, ridge: float = 10.0, both_legs: bool = True
    ) -> nn.Module:
        """A linear layer on standardised quantities."""
        if ridge < 0:
            raise ValueError(f"model.ridge={ridge}: expected 0 or more")
        self.ridge = ridge
        self.features = KinematicFeatures(both_legs)
        linear = nn.Linear(self.features.n_features, n_outputs)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        return linear

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for kinematics (B, 2, F)."""
        outputs: Tensor = self.network(self.features(batch["kinematics"]))
        return outputs

    def training_step(self, batch: ClipBatch, batch_idx: int) -> ClipScores:
        """One training batch, with the ridge."""
        scores = super().training_step(batch, batch_idx)
        squares = self.network.weight.square().sum() / 2  # type: ignore[operator]
        penalty = self.ridge * squares / self.head.counts.sum()
        return {**scores, "loss": scores["loss"] + penalty}


class KinematicTCN(WithKinematics):
    """A TCN on trajectories that is also told the clinical quantities, in its last layers.

    Options:
        streams: What the network is told of each joint (pdla.models.keypoint_features).
        channels: Width of the TCN.
        layers: Residual blocks; their dilations are 1, 2, 4, ...
        dropout: Share dropped in each block and before the last layer, in training.
        both_legs: Whether the other leg's quantities are given as well.
    """

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        streams: Sequence[str] = ("lift", "motion"),
        channels: int = 32,
        layers: int = 4,
        dropout: float = 0.0,
        both_legs: bool = True,
    ) -> nn.Module:
        """Encoder of trajectories, and a last layer on its features and the quantities."""
        check_streams(streams)
        self.streams = tuple(streams)
        self.features = KinematicFeatures(both_legs)
        n_inputs = n_channels(streams) * len(TRAJECTORIES)
        encoder = TrajectoryEncoder(n_inputs, channels, layers, dropout)
        n_together = encoder.n_features + self.features.n_features
        last = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_together, n_outputs))
        return nn.ModuleDict({"encoder": encoder, "last": last})

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for keypoints (B, T, 25, 3) and kinematics (B, 2, F)."""
        network: Any = self.network
        seen = network["encoder"](trajectories(batch["keypoints"], self.streams))
        known = self.features(batch["kinematics"])
        outputs: Tensor = network["last"](torch.cat([seen, known], dim=1))
        return outputs

    def joint_network(self) -> nn.Module:
        """The encoder of trajectories."""
        network: Any = self.network
        encoder: nn.Module = network["encoder"]
        return encoder

    def by_joint(self, features: Tensor) -> Tensor:
        """(B, C, T, 25) of trajectories (B, C * 12, T)."""
        return trajectories_by_joint(features)
