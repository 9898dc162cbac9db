"""Heads that learn whether a score is passed, threshold by threshold, so that order is built in."""

from typing import Final, Literal, get_args

import torch
from coral_pytorch.losses import coral_loss
from dlordinal.output_layers import CLM
from torch import Tensor, nn
from torch.nn import functional as F

from pdla.models.heads import Head

Link = Literal["logit", "probit", "cloglog"]
MIN_LOG_SD: Final = -3.0  # 0.05 points: nobody rates so surely


class CORNHead(Head):
    """One logit for each threshold: is the score passed, given that the one below was?

    Paper: Shi, Cao and Raschka 2023, "Deep neural networks for rank-consistent ordinal regression
    based on conditional probabilities". Loss: that of coral-pytorch,
    clip by clip.

    Args:
        n_scores: Number of scores on the scale.
    """

    def __init__(self, n_scores: int) -> None:
        super().__init__(n_scores, n_outputs=n_scores - 1)

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Mean over the thresholds that each clip could pass."""
        threshold = torch.arange(self.n_scores - 1, device=score.device)
        could = threshold <= score[:, None]
        passed = (score[:, None] > threshold).to(outputs)
        losses = F.binary_cross_entropy_with_logits(outputs, passed, reduction="none")
        return (losses * could).sum(dim=1) / could.sum(dim=1)

    def clip_weights(self, score: Tensor) -> Tensor:
        """The number of these thresholds: each counts the same, as in coral-pytorch's corn_loss."""
        return (score + 1).clamp(max=self.n_scores - 1).float()

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

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """The binary cross entropies of each clip, summed over thresholds."""
        logits = outputs + self.thresholds  # (B, n_scores - 1)
        passed = score[:, None] > torch.arange(self.n_scores - 1, device=score.device)
        losses: Tensor = coral_loss(logits, passed.to(logits), reduction=None)
        return losses

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

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Negative log-likelihood of each clip."""
        right = self.all_probabilities(outputs).gather(1, score[:, None])[:, 0]
        return -right.clamp(min=1e-12).log()

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """Chances to lie between two thresholds."""
        # Beyond 15 float32 has no gradient left: a clip that is far off must find its way back.
        bounded = 15.0 * torch.tanh(outputs / 15.0)
        probabilities: Tensor = self.cuts(bounded).clamp(min=0.0)
        return probabilities


class RegressionHead(Head):
    """One severity a clip, learnt by its squared error; scores are where a normal error puts it.

    The loss is the likelihood of a normal distribution whose SD is learnt, so that probabilities
    follow. With several raters, or a mean of raters, it learns the mean, fractions and all.

    Args:
        n_scores: Number of scores on the scale.
        sd: Points; SD of the rater around the severity before training.

    Raises:
        ValueError: If the SD is not positive.
    """

    def __init__(self, n_scores: int, sd: float = 0.7) -> None:
        super().__init__(n_scores, n_outputs=1)
        if sd <= 0:
            raise ValueError(f"loss.sd={sd}: must be positive")
        self.log_sd = nn.Parameter(torch.tensor(sd).log())

    def severity(self, outputs: Tensor) -> Tensor:
        """(B,) on the scale of the scores; an output of 0 is its middle."""
        return outputs[:, 0].float() + (self.n_scores - 1) / 2

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Negative log-likelihood of each clip, but for a constant."""
        log_sd = self.log_sd.clamp(min=MIN_LOG_SD)
        error = (self.severity(outputs) - score) / log_sd.exp()
        return error.square() / 2 + log_sd

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """The share of the normal distribution that is nearest to each score."""
        edges = torch.arange(self.n_scores - 1, device=outputs.device) + 0.5
        sd = self.log_sd.clamp(min=MIN_LOG_SD).exp()
        passed = torch.special.ndtr((self.severity(outputs)[:, None] - edges) / sd)
        return between_thresholds(passed)


def between_thresholds(passed: Tensor) -> Tensor:
    """Probability of each score, (B, n), of the falling ones to pass each threshold, (B, n - 1)."""
    edge = torch.ones_like(passed[:, :1])
    bounds = torch.cat([edge, passed, torch.zeros_like(edge)], dim=1)
    return bounds[:, :-1] - bounds[:, 1:]
