"""Heads that learn whether a score is passed, threshold by threshold, so that order is built in."""

from typing import Literal, get_args

import torch
from coral_pytorch.losses import coral_loss, corn_loss
from dlordinal.output_layers import CLM
from torch import Tensor, nn

from pdla.models.heads import Head

Link = Literal["logit", "probit", "cloglog"]


class CORNHead(Head):
    """One logit for each threshold: is the score passed, given that the one below was?

    Paper: Shi, Cao and Raschka 2023, "Deep neural networks for rank-consistent ordinal regression
    based on conditional probabilities". Loss: coral-pytorch.

    Args:
        n_scores: Number of scores on the scale.
    """

    def __init__(self, n_scores: int) -> None:
        super().__init__(n_scores, n_outputs=n_scores - 1)

    def loss(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Mean over clips and the thresholds that each could pass."""
        loss: Tensor = corn_loss(outputs.float(), score, self.n_scores)
        return loss

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """From the product of the conditional probabilities."""
        return between_thresholds(outputs.sigmoid().cumprod(dim=1))


class CORALHead(Head):
    """One number a clip against thresholds that all clips share.

    The weights of the last layer are shared among thresholds: the network ends in one output, the
    thresholds are here. Paper: Cao, Mirjalili and Raschka 2020, "Rank consistent ordinal regression
    for neural networks with application to age estimation". Loss: coral-pytorch.

    Args:
        n_scores: Number of scores on the scale.
    """

    def __init__(self, n_scores: int) -> None:
        super().__init__(n_scores, n_outputs=1)
        # Falling, as coral-pytorch starts them; spread so that all scores start alike.
        self.thresholds = nn.Parameter(torch.linspace(1.0, -1.0, n_scores - 1))

    def loss(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Mean over clips of the binary cross entropies, summed over thresholds."""
        logits = outputs.float() + self.thresholds  # (B, n_scores - 1)
        passed = score[:, None] > torch.arange(self.n_scores - 1, device=score.device)
        loss: Tensor = coral_loss(logits, passed.to(logits))
        return loss

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """Differences of the chances to pass; thresholds are sorted, so that none is negative."""
        falling = self.thresholds.sort(descending=True).values
        return between_thresholds((outputs + falling).sigmoid())


class CLMHead(Head):
    """Cumulative link model: one number a clip, cut by ordered thresholds that are learnt.

    Papers: McCullagh 1980, "Regression models for ordinal data"; Vargas, Gutierrez and
    Hervas-Martinez 2020, "Cumulative link models for deep ordinal classification". Layer:
    dlordinal.

    Args:
        n_scores: Number of scores on the scale.
        link: Shape of the noise around a clip's number: logit, probit or cloglog.

    Raises:
        ValueError: If the link is unknown.
    """

    def __init__(self, n_scores: int, link: Link = "logit") -> None:
        super().__init__(n_scores, n_outputs=1)
        if link not in get_args(Link):
            raise ValueError(f"loss.link={link!r}: choose {', '.join(get_args(Link))}")
        self.cuts = CLM(n_scores, link)

    def loss(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Mean negative log-likelihood."""
        right = self.all_probabilities(outputs.float()).gather(1, score[:, None])
        return -right.clamp(min=1e-12).log().mean()

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """Chances to lie between two thresholds."""
        # Beyond 15 float32 has no gradient left: a clip that is far off must find its way back.
        bounded = 15.0 * torch.tanh(outputs / 15.0)
        probabilities: Tensor = self.cuts(bounded).clamp(min=0.0)
        return probabilities


def between_thresholds(passed: Tensor) -> Tensor:
    """Probability of each score, (B, n), of the falling ones to pass each threshold, (B, n - 1)."""
    edge = torch.ones_like(passed[:, :1])
    bounds = torch.cat([edge, passed, torch.zeros_like(edge)], dim=1)
    return bounds[:, :-1] - bounds[:, 1:]
