"""From the last features of a network to probabilities of the scores 0-4, and the loss between."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CrossEntropyHead(nn.Module):
    """One logit a score; scores that were never seen in training get probability 0.

    Args:
        n_scores: Number of scores on the scale.
        weighting: `none`, or `inverse`: each score counts as much as every other in the loss,
            however rare it is.

    Raises:
        ValueError: If the weighting is unknown.
    """

    counts: Tensor

    def __init__(self, n_scores: int, weighting: str = "none") -> None:
        super().__init__()
        if weighting not in ("none", "inverse"):
            raise ValueError(f"loss.weighting={weighting!r}: choose none or inverse")
        self.n_outputs = n_scores
        self.weighting = weighting
        self.register_buffer("counts", torch.ones(n_scores))

    def set_counts(self, counts: list[int]) -> None:
        """Tell the head how often each score stands in the training set."""
        self.counts.copy_(torch.tensor(counts))

    def loss(self, outputs: Tensor, score: Tensor) -> Tensor:
        """Mean cross entropy of outputs (B, n_scores) against score (B,).

        A score without training legs (it can occur in validation) counts with the smallest
        probability that float32 can tell from 0, so that the loss stays finite.
        """
        tiny = torch.finfo(torch.float32).tiny
        log_probabilities = self.probabilities(outputs).clamp(min=tiny).log()
        return F.nll_loss(log_probabilities, score, weight=self._weights())

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Probability of each score, (B, n_scores), rows sum to 1."""
        masked = outputs.float().masked_fill(self.counts == 0, -torch.inf)
        return masked.softmax(dim=1)

    def _weights(self) -> Tensor | None:
        if self.weighting == "none":
            return None
        return self.counts.sum() / self.counts.clamp(min=1) / (self.counts > 0).sum()
