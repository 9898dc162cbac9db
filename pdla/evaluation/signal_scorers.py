"""Scorers of leg signals, each tested on subjects that it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge

from pdla.data.progress import track
from pdla.data.recordings import SCORES
from pdla.data.signals import LegSignal, signal_features
from pdla.evaluation.baselines import fit_ordinal_logistic
from pdla.models.signal_network import fit_signal_network, rate_signals

Values = NDArray[np.float64]

N_TREES: Final = 300
RIDGE: Final = 10.0
NETWORK_SEEDS: Final = 3
DETECTED: Final = 2.0  # mean rating of a leg that the classifier shall find


@dataclass(frozen=True)
class SignalLegs:
    """Legs of one side of a fold.

    Attributes:
        features: (n, F), see `signal_features`.
        flows: (3, T) each.
        rating: (n,) mean ratings.
    """

    features: Values
    flows: Sequence[Values]
    rating: Values


@dataclass(frozen=True)
class SignalScorer:
    """A scorer.

    Attributes:
        title: Its name in tables.
        predict: Known and tested legs to severity (n tested,) and what ranks for detection.
    """

    title: str
    predict: Callable[[SignalLegs, SignalLegs], tuple[Values, Values]]


@dataclass(frozen=True)
class HeldOut:
    """Estimates for every leg, from scorers that never saw its subject.

    Attributes:
        severity: (n,) estimated ratings.
        detection: (n,) what ranks legs for detection.
    """

    severity: Values
    detection: Values


def leave_one_subject_out(
    signals: Sequence[LegSignal], scorers: Sequence[SignalScorer]
) -> dict[str, HeldOut]:
    """Fit each scorer once a subject on all other subjects' rated legs.

    Args:
        signals: Rated legs.
        scorers: What is fitted.

    Returns:
        Title of each scorer to estimates in the order of the signals.

    Raises:
        ValueError: If there are fewer than two subjects, or a leg is unrated.
    """
    if any(signal.rating is None for signal in signals):
        raise ValueError("leave one subject out: expected rated legs only")
    owner = np.array([signal.patient for signal in signals])
    subjects = list(dict.fromkeys(owner))
    if len(subjects) < 2:
        raise ValueError(f"{len(subjects)} rated subject(s): leaving one out needs two")
    features = np.stack([signal_features(signal) for signal in signals])
    rating = np.array([signal.rating for signal in signals], dtype=np.float64)
    held = {
        scorer.title: HeldOut(np.full(len(signals), np.nan), np.full(len(signals), np.nan))
        for scorer in scorers
    }
    for subject in track(subjects, "Leaving out", total=len(subjects), unit="subjects"):
        known, tested = (
            SignalLegs(features[rows], [signals[int(row)].flow for row in rows], rating[rows])
            for rows in (np.flatnonzero(owner != subject), np.flatnonzero(owner == subject))
        )
        for scorer in scorers:
            severity, detection = scorer.predict(known, tested)
            held[scorer.title].severity[owner == subject] = severity
            held[scorer.title].detection[owner == subject] = detection
    return held


def predict_mean(known: SignalLegs, tested: SignalLegs) -> tuple[Values, Values]:
    """The mean rating of the known legs: what no movement gives."""
    mean = np.full(len(tested.rating), known.rating.mean())
    return mean, mean


def predict_ridge(known: SignalLegs, tested: SignalLegs) -> tuple[Values, Values]:
    """Linear regression of the mean rating on standardised features, with a ridge."""
    own, other = _standardise(known.features, tested.features)
    severity = np.clip(Ridge(RIDGE).fit(own, known.rating).predict(other), 0.0, 4.0)
    return severity, severity


def predict_ordinal(known: SignalLegs, tested: SignalLegs) -> tuple[Values, Values]:
    """Ordinal logistic regression of the rounded rating; its expected score."""
    own, other = _standardise(known.features, tested.features)
    model = fit_ordinal_logistic(own, np.floor(known.rating + 0.5).astype(np.int64))
    severity = model.probabilities(other) @ np.array(SCORES, dtype=np.float64)
    return severity, severity


def predict_forest(known: SignalLegs, tested: SignalLegs) -> tuple[Values, Values]:
    """Random forests as in the paper: one estimates the rating, one detects."""
    regressor = RandomForestRegressor(N_TREES, min_samples_leaf=3, random_state=0)
    severity = regressor.fit(known.features, known.rating).predict(tested.features)
    is_detected = known.rating >= DETECTED - 1e-6
    classifier = RandomForestClassifier(N_TREES, min_samples_leaf=3, random_state=0)
    probabilities = classifier.fit(known.features, is_detected).predict_proba(tested.features)
    detection = probabilities @ classifier.classes_.astype(np.float64)
    return severity, detection


def predict_network(known: SignalLegs, tested: SignalLegs) -> tuple[Values, Values]:
    """The 1-D network on the flow itself, mean of three seeds."""
    rated = []
    for seed in range(NETWORK_SEEDS):
        network, scale = fit_signal_network(known.flows, known.rating, seed)
        rated.append(rate_signals(network, scale, tested.flows))
    severity = np.clip(np.mean(rated, axis=0), 0.0, 4.0)
    return severity, severity


SIGNAL_SCORERS: Final = (
    SignalScorer("mean (baseline)", predict_mean),
    SignalScorer("ridge regression", predict_ridge),
    SignalScorer("ordinal logistic", predict_ordinal),
    SignalScorer("random forests", predict_forest),
    SignalScorer("1-D network", predict_network),
)


def _standardise(known: Values, tested: Values) -> tuple[Values, Values]:
    mean, spread = known.mean(axis=0), known.std(axis=0)
    spread = np.where(spread < 1e-12, 1.0, spread)
    return (known - mean) / spread, (tested - mean) / spread
