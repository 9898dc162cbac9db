"""Scorers of signals: nobody is rated by what was learnt from themselves."""

from dataclasses import replace

import numpy as np
import pytest

from pdla.data.li2018 import read_toe_tapping
from pdla.evaluation.signal_scorers import (
    SIGNAL_SCORERS,
    SignalScorer,
    leave_one_subject_out,
    predict_mean,
)
from pdla.models.signal_network import fit_signal_network, rate_signals
from tests.fixtures.li2018 import write_li2018


@pytest.fixture(scope="module")
def signals(tmp_path_factory):
    return read_toe_tapping(write_li2018(tmp_path_factory.mktemp("li"), 6, 3)).rated


def test_the_mean_is_that_of_the_other_subjects(signals):
    (held,) = leave_one_subject_out(signals, [SignalScorer("mean", predict_mean)]).values()
    for signal, severity in zip(signals, held.severity, strict=True):
        others = [s.rating for s in signals if s.patient != signal.patient]
        assert severity == pytest.approx(np.mean(others))


@pytest.mark.parametrize("scorer", SIGNAL_SCORERS[1:4], ids=lambda scorer: scorer.title)
def test_models_learn_a_movement_that_slows_with_severity(signals, scorer, monkeypatch):
    monkeypatch.setattr("pdla.evaluation.signal_scorers.N_TREES", 20)
    (held,) = leave_one_subject_out(signals, [scorer]).values()
    rating = np.array([signal.rating for signal in signals])
    assert np.corrcoef(rating, held.severity)[0, 1] > 0.8


def test_own_ratings_never_change_an_estimate(signals):
    changed = [
        replace(signal, rating=4.0) if signal.patient == "1" else signal for signal in signals
    ]
    for scorer in SIGNAL_SCORERS[:3]:
        (one,) = leave_one_subject_out(signals, [scorer]).values()
        (other,) = leave_one_subject_out(changed, [scorer]).values()
        own = [row for row, signal in enumerate(signals) if signal.patient == "1"]
        assert np.array_equal(one.severity[own], other.severity[own])


def test_one_subject_alone_is_refused(signals):
    with pytest.raises(ValueError, match="needs two"):
        leave_one_subject_out([s for s in signals if s.patient == "1"], SIGNAL_SCORERS)


def test_the_network_repeats_itself_with_its_seed(signals, monkeypatch):
    monkeypatch.setattr("pdla.models.signal_network.EPOCHS", 2)
    flows = [signal.flow for signal in signals]
    rating = np.array([signal.rating for signal in signals])
    rated = [rate_signals(*fit_signal_network(flows, rating, seed), flows) for seed in (0, 0, 1)]
    assert np.array_equal(rated[0], rated[1])
    assert not np.array_equal(rated[0], rated[2])
