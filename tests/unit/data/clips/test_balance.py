"""Balanced epochs: as many clips of each score, or of each patient."""

from collections import Counter

import pytest

from pdla.data.clips.datamodules import clip_weights
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort


def test_every_score_gets_the_same_share():
    samples = make_cohort(5, visits=1, scores=(0, 0, 0, 0, 3)).samples
    weights = clip_weights(samples, range(len(samples)), "score")
    shares = Counter()
    for sample, weight in zip(samples, weights, strict=True):
        shares[sample.score] += weight
    assert shares == pytest.approx({0: 0.5, 3: 0.5})


def test_a_patient_of_many_visits_counts_once():
    samples = [*make_cohort(1, visits=4).samples, *make_cohort(2, visits=1).samples[2:]]
    weights = clip_weights(samples, range(len(samples)), "patient")
    assert sum(weights[:8]) == pytest.approx(0.5)


@pytest.mark.parametrize("balance", ["none", "score", "patient"])
def test_an_epoch_is_as_long_however_it_is_balanced(balance):
    config = compose_config("model=tcn", "leg=both", f"data.balance={balance}",
                            "split.n_folds=3", "split.n_val_folds=2")  # fmt: skip
    data = training.build_data(config, make_cohort(9, visits=1))
    clips = [clip for batch in data.train_dataloader() for clip in batch["sample"].tolist()]
    assert len(clips) == sum(data.score_counts("train"))
    assert (len(set(clips)) == len(clips)) == (balance == "none")


def test_an_unknown_balance_is_refused():
    config = compose_config("model=tcn", "data.balance=age")
    with pytest.raises(ValueError, match="none, score, patient"):
        training.build_data(config, make_cohort(9, visits=1))
