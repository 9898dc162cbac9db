"""Models on what a neurologist looks at: clinical quantities alone, or beside a small network."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.quantities import quantity_names
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

    input_kind: ClassVar[InputKind] = "kinematics"
    features: KinematicFeatures

    def on_fit_start(self) -> None:
        """Ask the data module for the training legs' quantities; weights keep those they know."""
        if self.weights_source == "none":
            data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
            self.features.learn(data.training_kinematics())


class KinematicModel(WithKinematics):
    """Regression of the score on clinical quantities; with `loss=coral` or `clm` it is ordinal.

    From scratch a ridge holds it: half the squared weights times `ridge`, over the number of
    training legs, as the prior of a regression with standardised predictors. It is what makes 70
    legs enough for 60 weights. Started from `weights=PATH` it stays near them instead: half the
    squared distance of every parameter from its start, times `pull`. Paper: Li, Grandvalet and
    Davoine 2018, "Explicit inductive bias for transfer learning with convolutional networks"
    (L2-SP).

    Options:
        hidden: Width of a hidden layer (tanh); 0 is a plain regression.
        ridge: Strength of the prior from scratch; 1 is weights of about 1 in SDs.
        pull: Strength of the prior around `weights=PATH`: about as many legs of it as are believed.
        both_legs: Whether the other leg's quantities help to score this one.
        quantities: Sets of quantities, see pdla.data.quantities; that of the data must be the same.
    """

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        hidden: int = 0,
        ridge: float = 10.0,
        pull: float = 300.0,
        both_legs: bool = True,
        quantities: Sequence[str] = ("kinematics",),
    ) -> nn.Module:
        """One or two linear layers on standardised quantities."""
        for name, value in (("hidden", hidden), ("ridge", ridge), ("pull", pull)):
            if value < 0:
                raise ValueError(f"model.{name}={value}: expected 0 or more")
        self.ridge, self.pull = ridge, pull
        self.start: dict[str, Tensor] = {}
        self.features = KinematicFeatures(both_legs, quantity_names(quantities))
        if hidden > 0:
            first = nn.Linear(self.features.n_features, hidden)
            return nn.Sequential(first, nn.Tanh(), nn.Linear(hidden, n_outputs))
        linear = nn.Linear(self.features.n_features, n_outputs)
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
        return linear

    def setup(self, stage: str) -> None:
        """Remember the weights that were loaded, before any step changes them."""
        if self.weights_source != "none" and not self.start:
            self.start = {name: value.detach().clone() for name, value in self.named_parameters()}

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for kinematics (B, 2, F)."""
        outputs: Tensor = self.network(self.features(batch["kinematics"]))
        return outputs

    def training_step(self, batch: ClipBatch, batch_idx: int) -> ClipScores:
        """One training batch, with the prior."""
        scores = super().training_step(batch, batch_idx)
        return {**scores, "loss": scores["loss"] + self._prior() / self.head.counts.sum()}

    def _prior(self) -> Tensor:
        """Half the squared weights, or their distance from the start, times its strength; ()."""
        if self.start:
            moved = (value - self.start[name].to(value) for name, value in self.named_parameters())
            return self.pull / 2 * torch.stack([one.square().sum() for one in moved]).sum()
        matrices = [value for value in self.network.parameters() if value.dim() > 1]
        return self.ridge / 2 * torch.stack([one.square().sum() for one in matrices]).sum()


class KinematicTCN(WithKinematics):
    """A TCN on trajectories that is also told the clinical quantities, in its last layers.

    Options:
        streams: What the network is told of each joint (pdla.models.keypoint_features).
        channels: Width of the TCN.
        layers: Residual blocks; their dilations are 1, 2, 4, ...
        dropout: Share dropped in each block and before the last layer, in training.
        both_legs: Whether the other leg's quantities are given as well.
        quantities: Sets of quantities, as for KinematicModel.
        freeze: Stages of the TCN (first layer, then blocks) that keep their weights, or all.
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
        quantities: Sequence[str] = ("kinematics",),
        freeze: int | str = 0,
    ) -> nn.Module:
        """Encoder of trajectories, and a last layer on its features and the quantities."""
        check_streams(streams)
        self.streams = tuple(streams)
        self.features = KinematicFeatures(both_legs, quantity_names(quantities))
        n_inputs = n_channels(streams) * len(TRAJECTORIES)
        encoder = TrajectoryEncoder(n_inputs, channels, layers, dropout)
        self.freeze_stages([encoder.first, *encoder.blocks], freeze)
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
