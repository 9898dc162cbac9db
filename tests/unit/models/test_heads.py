"""Probabilities of scores, scores that were never seen, and what each loss rewards."""

import pytest
import torch
from coral_pytorch.losses import corn_loss

from pdla.models.heads import CrossEntropyHead, EarthMoverHead, FocalHead, SoftLabelsHead
from pdla.models.ordinal_heads import CLMHead, CORALHead, CORNHead, RegressionHead
from pdla.targets import build
from tests.fixtures.configs import compose_config
from tests.fixtures.places import CONF

LOSSES = [path.stem for path in sorted((CONF / "loss").glob("*.yaml"))]


def make_head(loss):
    torch.manual_seed(0)
    return build(compose_config(f"loss={loss}")["loss"], "loss", n_scores=5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("counts", [[10, 12, 3, 1, 0], [0, 4, 0, 2, 1], [0, 0, 0, 0, 7]])
def test_a_score_never_seen_in_training_has_probability_0(loss, counts):
    head = make_head(loss)
    head.set_counts(counts)
    probabilities = head.probabilities(30 * torch.randn(64, head.n_outputs))
    assert (probabilities[:, torch.tensor(counts) == 0] == 0).all()
    assert (probabilities >= 0).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(64))


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_gradients_stay_finite_for_unseen_scores_and_wild_outputs(loss):
    head = make_head(loss)
    head.set_counts([10, 12, 3, 1, 0])
    for scale in (1.0, 1e4):
        outputs = (scale * torch.randn(5, head.n_outputs)).requires_grad_()
        value = head.loss(outputs, torch.tensor([4, 0, 1, 2, 3]))
        value.backward()
        assert value.isfinite()
        assert outputs.grad.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_teaches_which_clip_has_which_score(loss):
    head = make_head(loss)
    head.set_counts([2, 2, 2, 2, 2])
    score = torch.arange(5)
    outputs = torch.zeros(5, head.n_outputs, requires_grad=True)
    optimizer = torch.optim.Adam([outputs, *head.parameters()], lr=0.2)
    for _ in range(150):
        optimizer.zero_grad()
        head.loss(outputs, score).backward()
        optimizer.step()
    probabilities = head.probabilities(outputs)
    assert probabilities.argmax(dim=1).tolist() == score.tolist()


@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_outputs_give_a_loss_in_full_precision(loss):
    head = make_head(loss)
    outputs = torch.randn(3, head.n_outputs).bfloat16()
    assert head.loss(outputs, torch.tensor([0, 2, 4])).dtype == torch.float32
    assert head.probabilities(outputs).dtype == torch.float32


def test_cross_entropy_is_the_usual_one_when_all_scores_were_seen():
    outputs, score = torch.randn(8, 5), torch.tensor([0, 1, 2, 3, 4, 0, 1, 2])
    expected = torch.nn.functional.cross_entropy(outputs, score)
    torch.testing.assert_close(CrossEntropyHead(5).loss(outputs, score), expected)
    torch.testing.assert_close(FocalHead(5, gamma=0.0).loss(outputs, score), expected)


def test_inverse_weighting_gives_each_score_the_same_say():
    head = CrossEntropyHead(3, weighting="inverse")
    head.set_counts([8, 2, 0])
    outputs = torch.zeros(10, 3, requires_grad=True)
    score = torch.tensor([0] * 8 + [1] * 2)
    head.loss(outputs, score).backward()
    torch.testing.assert_close(outputs.grad[:8].abs().sum(), outputs.grad[8:].abs().sum())


def test_effective_weighting_lies_between_none_and_inverse():
    shares = {}
    for weighting in ("none", "effective", "inverse"):
        head = CrossEntropyHead(3, weighting=weighting)
        head.set_counts([80, 20, 0])
        outputs = torch.zeros(2, 3, requires_grad=True)
        head.loss(outputs, torch.tensor([0, 1])).backward()
        shares[weighting] = (outputs.grad[1].abs().sum() / outputs.grad.abs().sum()).item()
    assert shares["none"] < shares["effective"] < shares["inverse"]


def test_earth_movers_distance_is_the_ranked_probability_score_by_hand():
    head = EarthMoverHead(5)
    halves = torch.tensor([[0.5, 0.5, 1e-9, 1e-9, 1e-9]]).log()
    torch.testing.assert_close(head.loss(halves, torch.tensor([0])), torch.tensor(0.25))
    torch.testing.assert_close(head.loss(halves, torch.tensor([3])), torch.tensor(0.25 + 1 + 1))


def test_a_soft_label_forgives_a_neighbour_more_than_a_far_score():
    head = SoftLabelsHead(5)
    near, far = torch.eye(5)[[1]] * 4, torch.eye(5)[[4]] * 4
    score = torch.tensor([0])
    assert head.loss(near, score) < head.loss(far, score)
    best = -(torch.arange(5.0) / 0.5)[None]
    torch.testing.assert_close(head.loss(best, score), torch.tensor(0.0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("head", [CORALHead(5), CLMHead(5)])
def test_one_severity_a_clip_means_that_more_of_it_is_never_a_lower_score(head):
    outputs = torch.linspace(-6, 12, 40)[:, None]
    expected = head.probabilities(outputs) @ torch.arange(5.0)
    assert (expected.diff() >= -1e-6).all()


def test_corn_thresholds_are_conditional_on_the_ones_below():
    passed = torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    probabilities = CORNHead(5).probabilities(passed.logit(eps=1e-9))
    expected = torch.tensor([[0.5, 0.25, 0.25, 0.0, 0.0]])
    torch.testing.assert_close(probabilities, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CrossEntropyHead(5, weighting="focal"), "none, inverse, effective"),
        (lambda: CLMHead(5, link="tanh"), "logit, probit, cloglog"),
        (lambda: SoftLabelsHead(5, spread=0.0), "positive"),
    ],
)
def test_an_unknown_option_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("loss", LOSSES)
def test_shares_of_one_score_are_that_score(loss):
    head = make_head(loss)
    head.set_counts([4, 3, 3, 2, 1])
    outputs, score = torch.randn(8, head.n_outputs), torch.tensor([0, 1, 2, 3, 4, 0, 2, 1])
    sure = torch.nn.functional.one_hot(score, 5).float()
    torch.testing.assert_close(head.loss(outputs, score, sure), head.loss(outputs, score))


@pytest.mark.parametrize("loss", LOSSES)
def test_two_raters_who_differ_are_two_clips_of_half_the_weight(loss):
    head = make_head(loss)
    head.set_counts([4, 3, 3, 2, 1])
    outputs = torch.randn(1, head.n_outputs)
    shares = torch.tensor([[0.0, 0.5, 0.5, 0.0, 0.0]])
    both = head.loss(outputs.repeat(2, 1), torch.tensor([1, 2]))
    torch.testing.assert_close(head.loss(outputs, torch.tensor([2]), shares), both)


def test_corn_counts_clips_as_the_library_does():
    head, outputs = CORNHead(5), torch.randn(16, 4)
    score = torch.arange(16) % 5
    torch.testing.assert_close(head.loss(outputs, score), corn_loss(outputs, score, 5))


def test_regression_learns_the_mean_of_the_raters_fraction_and_all():
    head = RegressionHead(5)
    outputs = torch.zeros(1, 1, requires_grad=True)
    shares = torch.tensor([[0.0, 0.0, 1 / 3, 2 / 3, 0.0]])
    optimizer = torch.optim.LBFGS([outputs], max_iter=50)

    def step():
        optimizer.zero_grad()
        loss = head.loss(outputs, torch.tensor([3]), shares)
        loss.backward()
        return loss

    optimizer.step(step)
    assert head.severity(outputs).item() == pytest.approx(8 / 3, abs=1e-4)
    expected = (head.probabilities(outputs) * torch.arange(5)).sum().item()
    assert expected == pytest.approx(8 / 3, abs=0.1)


def test_shares_on_scores_that_training_never_saw_go_to_those_it_saw():
    head = CrossEntropyHead(5)
    head.set_counts([3, 3, 0, 0, 0])
    shares = torch.tensor([[0.0, 0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5, 0.0]])
    seen = head.seen_shares(torch.tensor([1, 0]), shares)
    assert seen.tolist() == [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert head.loss(torch.randn(2, 5), torch.tensor([1, 0]), seen) < 20
