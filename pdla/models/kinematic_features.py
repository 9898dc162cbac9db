"""Clinical quantities as numbers near 1: logarithm, standardised by the training legs."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from pdla.data.quantities import KINEMATICS

MAX_STANDARD: Final = 4.0  # an SD of quantity; further out a measurement says no more


class KinematicFeatures(nn.Module):
    """Standardises `kinematics` of a batch; what it knows comes from the training legs alone.

    Quantities such as amplitude, tempo or the longest arrest are skewed and span a factor of ten,
    so each is taken as sign(x) log(1 + |x| / median |x|). A missing one becomes the training
    median, and a number of its own says so.

    Args:
        both_legs: Whether the other leg's quantities are given as well; scores of a person's legs
            go together.
        names: Of the quantities, in the order of the batch.

    Attributes:
        n_features: Numbers that come out for a leg.
    """

    scale: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, both_legs: bool, names: Sequence[str] = KINEMATICS) -> None:
        super().__init__()
        self.n_legs = 2 if both_legs else 1
        self.names = tuple(names)
        n_quantities = self.n_legs * len(self.names)
        self.n_features = 2 * n_quantities
        self.register_buffer("scale", torch.ones(n_quantities))
        self.register_buffer("middle", torch.zeros(n_quantities))
        self.register_buffer("spread", torch.ones(n_quantities))

    def learn(self, kinematics: Tensor) -> None:
        """Take medians and spreads of the training legs' kinematics (n, 2, F)."""
        values = kinematics[:, : self.n_legs].flatten(1).to(self.scale)
        median = values.abs().nanmedian(dim=0).values
        self.scale.copy_(torch.where(median > 0, median, 1.0))
        logs = self._logs(values)
        self.middle.copy_(logs.nanmedian(dim=0).values.nan_to_num())
        deviation = (logs - self.middle).square().nanmean(dim=0).sqrt()
        self.spread.copy_(torch.where(deviation > 1e-3, deviation, 1.0))

    def forward(self, kinematics: Tensor) -> Tensor:
        """(B, n_features) of kinematics (B, 2, F): standardised values, then 1 where one missed."""
        values = kinematics[:, : self.n_legs].flatten(1)
        is_missing = ~values.isfinite()
        standard = (self._logs(values) - self.middle) / self.spread
        standard = standard.masked_fill(is_missing, 0.0).clamp(-MAX_STANDARD, MAX_STANDARD)
        return torch.cat([standard, is_missing.to(standard)], dim=1)

    def by_quantity(self, features: Tensor) -> Tensor:
        """Sum what belongs to one quantity, its value and whether it was missing.

        Args:
            features: (B, n_features) in the order of `forward`.

        Returns:
            (B, n legs, F), the scored leg first.
        """
        values, missing = features.chunk(2, dim=1)
        return (values + missing).view(len(values), self.n_legs, -1)

    def _logs(self, values: Tensor) -> Tensor:
        return values.sign() * torch.log1p(values.abs() / self.scale)
