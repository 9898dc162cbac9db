"""From the last outputs of a network to probabilities of the scores 0-4, and the loss between.

A network ends in `n_outputs` numbers a clip; the head owns everything after them, also thresholds
that are learnt. Losses that know the order of the scores by cumulative probabilities are in
`ordinal_heads`.
"""

from abc import abstractmethod
from typing import Final, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Weighting = Literal["none", "inverse", "effective"]

# Cui et al. 2019 draw beta from 0.9 to 0.9999 by the size of the set: 0.99 is for about a hundred.
EFFECTIVE_BETA: Final = 0.99


class Head(nn.Module):
    """Base of all heads: how often each score was seen in training, and what follows from it.

    Args:
        n_scores: Number of scores on the scale.
        n_outputs: Numbers that the network gives for a clip.

    Attributes:
        counts: (n_scores,) training legs of each score; all 1 until `set_counts`.
    """

    counts: Tensor

    def __init__(self, n_scores: int, n_outputs: int) -> None:
        super().__init__()
        self.n_scores = n_scores
        self.n_outputs = n_outputs
        self.register_buffer("counts", torch.ones(n_scores))

    def set_counts(self, counts: list[int]) -> None:
        """Tell the head how often each score stands in the training set."""
        self.counts.copy_(torch.tensor(counts))

    @abstractmethod
    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Loss (B,) of outputs (B, n_outputs) against score (B,); finite for any score."""

    def clip_weights(self, score: Tensor) -> Tensor:
        """How much a clip of each score (B,) counts in the mean, (B,)."""
        return torch.ones_like(score, dtype=torch.float32)

    def loss(self, outputs: Tensor, score: Tensor, shares: Tensor | None = None) -> Tensor:
        """Mean loss () of a batch.

        Args:
            outputs: (B, n_outputs) of the network.
            score: (B,) 0-4.
            shares: (B, n_scores) how likely each score is, where raters differ or a rating is a
                fraction: then the loss of a clip is its mean over the scores under these. Raters
                who differ so count alike, and a squared error is that of their mean.
        """
        outputs = outputs.float()
        if shares is None:
            losses, weights = self.clip_losses(outputs, score), self.clip_weights(score)
            return (losses * weights).sum() / weights.sum()
        each = [torch.full_like(score, value) for value in range(self.n_scores)]
        losses = torch.stack([self.clip_losses(outputs, one) for one in each], dim=1)
        weights = torch.stack([self.clip_weights(one) for one in each], dim=1) * shares
        return (losses * weights).sum() / weights.sum()

    def seen_shares(self, score: Tensor, shares: Tensor) -> Tensor:
        """Shares (B, n_scores) over the scores that training has seen; rows sum to 1.

        Where raters gave none of these, all of it is on `score` (B,).
        """
        seen = shares * (self.counts > 0)
        total = seen.sum(dim=1, keepdim=True)
        whole = F.one_hot(score.clamp(min=0), self.n_scores).to(shares)
        return torch.where(total > 0, seen / total.clamp(min=1e-6), whole)

    @abstractmethod
    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """Probability of each score, (B, n_scores), whether it was seen in training or not."""

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Probability of each score, (B, n_scores): rows sum to 1, an unseen score has 0.

        Where all of the probability lay on unseen scores, what is left is how often each score was
        seen.
        """
        given = self.all_probabilities(outputs.float()) * (self.counts > 0)
        total = given.sum(dim=1, keepdim=True)
        tiny = torch.finfo(torch.float32).tiny
        return torch.where(
            total > tiny, given / total.clamp(min=tiny), self.counts / self.counts.sum()
        )


class SoftmaxHead(Head):
    """Base of the heads with one logit a score.

    Args:
        n_scores: Number of scores on the scale.
        weighting: How much each score counts in the loss: `none`, each leg the same; `inverse`,
            each score the same however rare; `effective`, in between (Cui et al. 2019,
            "Class-balanced loss based on effective number of samples").

    Raises:
        ValueError: If the weighting is unknown.
    """

    def __init__(self, n_scores: int, weighting: Weighting = "none") -> None:
        super().__init__(n_scores, n_outputs=n_scores)
        if weighting not in get_args(Weighting):
            raise ValueError(
                f"loss.weighting={weighting!r}: choose {', '.join(get_args(Weighting))}"
            )
        self.weighting = weighting

    def clip_weights(self, score: Tensor) -> Tensor:
        """By the weighting."""
        return score_weights(self.counts, self.weighting)[score]

    def all_probabilities(self, outputs: Tensor) -> Tensor:
        """Softmax over the scores that were seen."""
        return outputs.masked_fill(self.counts == 0, -torch.inf).softmax(dim=1)

    def log_probabilities(self, outputs: Tensor) -> Tensor:
        """Logarithm of the probabilities, (B, n_scores).

        A score without training legs (it can occur in validation) gets that of the smallest
        probability that float32 can tell from 0, so that losses stay finite.
        """
        masked = outputs.masked_fill(self.counts == 0, -torch.inf)
        return masked.log_softmax(dim=1).clamp(min=-87.0)


class CrossEntropyHead(SoftmaxHead):
    """Scores as unordered classes."""

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Cross entropy of each clip."""
        return F.nll_loss(self.log_probabilities(outputs), score, reduction="none")


class FocalHead(SoftmaxHead):
    """Cross entropy in which clips that are right already count less.

    Paper: Lin et al. 2017, "Focal loss for dense object detection".

    Args:
        n_scores: Number of scores on the scale.
        weighting: As for every softmax head.
        gamma: How much less; 0 is cross entropy.
    """

    def __init__(self, n_scores: int, weighting: Weighting = "none", gamma: float = 2.0) -> None:
        super().__init__(n_scores, weighting)
        self.gamma = gamma

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Focal loss of each clip."""
        log_right = self.log_probabilities(outputs).gather(1, score[:, None])[:, 0]
        return -((1 - log_right.exp()).clamp(min=0) ** self.gamma) * log_right


class SoftLabelsHead(SoftmaxHead):
    """Cross entropy against a label that also lends some probability to the scores next to it.

    Target: softmax of -distance / spread. Paper: Diaz and Marathe 2019, "Soft labels for ordinal
    regression" (SORD).

    Args:
        n_scores: Number of scores on the scale.
        weighting: As for every softmax head.
        spread: 0.5 leaves 0.76 on a score in the middle, 0.10 on each neighbour; raters of this
            item differ by 0.65 points on average.
    """

    def __init__(self, n_scores: int, weighting: Weighting = "none", spread: float = 0.5) -> None:
        super().__init__(n_scores, weighting)
        if spread <= 0:
            raise ValueError(f"loss.spread={spread}: must be positive; small is a hard label")
        self.spread = spread

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Divergence of each clip from its soft label; 0 where they are the same."""
        scores = torch.arange(self.n_scores, device=outputs.device)
        nearness = -(scores - score[:, None]).abs() / self.spread
        target = nearness.masked_fill(self.counts == 0, -torch.inf).softmax(dim=1)
        losses = F.kl_div(self.log_probabilities(outputs), target, reduction="none")
        return losses.sum(dim=1)


class EarthMoverHead(SoftmaxHead):
    """Squared earth mover's distance: how far probability must move along the scale.

    It is the ranked probability score that chooses the checkpoint. Paper: Hou, Yu and Samaras
    2016, "Squared earth mover's distance-based loss for training deep neural networks".
    """

    def clip_losses(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Distance of each clip, 0 to n_scores - 1."""
        reached = torch.arange(self.n_scores, device=outputs.device) >= score[:, None]
        cumulative = self.all_probabilities(outputs).cumsum(dim=1)
        return (cumulative - reached.to(cumulative)).square().sum(dim=1)


def score_weights(counts: Tensor, weighting: Weighting) -> Tensor:
    """Weight of each score, (n_scores,), 1 on average over the scores that were seen.

    Args:
        counts: (n_scores,) training legs; a score without any gets the weight of one with one.
        weighting: See SoftmaxHead.
    """
    seen = counts.clamp(min=1)
    if weighting == "none":
        return torch.ones_like(counts)
    weight = (
        1 / seen if weighting == "inverse" else (1 - EFFECTIVE_BETA) / (1 - EFFECTIVE_BETA**seen)
    )
    return weight / weight[counts > 0].mean()
