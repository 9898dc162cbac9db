"""Probabilities of scores, and scores that were never seen."""

import pytest
import torch

from pdla.models.heads import CrossEntropyHead


def test_a_score_never_seen_in_training_has_probability_0():
    head = CrossEntropyHead(5)
    head.set_counts([10, 12, 3, 1, 0])
    probabilities = head.probabilities(torch.randn(6, 5))
    assert (probabilities[:, 4] == 0).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(6))


def test_loss_stays_finite_when_validation_holds_an_unseen_score():
    head = CrossEntropyHead(5)
    head.set_counts([10, 12, 3, 1, 0])
    assert head.loss(torch.randn(2, 5), torch.tensor([4, 0])).isfinite()


def test_loss_equals_cross_entropy_when_all_scores_were_seen():
    outputs, score = torch.randn(8, 5), torch.tensor([0, 1, 2, 3, 4, 0, 1, 2])
    expected = torch.nn.functional.cross_entropy(outputs, score)
    torch.testing.assert_close(CrossEntropyHead(5).loss(outputs, score), expected)


def test_inverse_weighting_gives_each_score_the_same_say():
    head = CrossEntropyHead(3, weighting="inverse")
    head.set_counts([8, 2, 0])
    outputs = torch.zeros(10, 3, requires_grad=True)
    score = torch.tensor([0] * 8 + [1] * 2)
    head.loss(outputs, score).backward()
    torch.testing.assert_close(outputs.grad[:8].abs().sum(), outputs.grad[8:].abs().sum())


def test_an_unknown_weighting_is_refused():
    with pytest.raises(ValueError, match="none or inverse"):
        CrossEntropyHead(5, weighting="focal")
