"""What a model must beat before it is worth a word, fitted and tested on the same folds.

Legs are rows of the table that a run leaves (`pdla.training.records.legs_table`).
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier

from pdla.data.quantities import PUBLISHED
from pdla.data.recordings import N_SCORES, SCORES
from pdla.evaluation.leg_table import FACTS, KEYPOINTS, OPTIONAL_FACTS

N_TREES: Final = 100

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class FoldLegs:
    """Legs of one fold.

    Attributes:
        known: Those that may be learnt from; in a report those of the training patients alone, as
            for every model.
        tested: Those to be scored.
        everybody: All legs, for the yardstick that looks at other visits.
    """

    known: pd.DataFrame
    tested: pd.DataFrame
    everybody: pd.DataFrame


@dataclass(frozen=True)
class Baseline:
    """A simple scorer.

    Attributes:
        title: Its name.
        meaning: What beating it shows, or what it stands for.
        predict: Legs of a fold to probabilities (n tested, 5).
        needs_kinematics: Whether it looks at the movement.
        quantities: Set of pdla.data.quantities that it looks at; a study whose table of legs lacks
            it, made by an earlier pdla, has no such row.
    """

    title: str
    meaning: str
    predict: Callable[[FoldLegs], Probabilities]
    needs_kinematics: bool = False
    quantities: str = "kinematics"


def majority(training_counts: list[int], n_legs: int) -> Probabilities:
    """Say the commonest training score every time.

    Args:
        training_counts: Legs with score 0, 1, 2, 3, 4 in the training set.
        n_legs: Legs to be scored.

    Returns:
        (n_legs, 5) probabilities, 1 for the commonest training score (the lowest of several).
    """
    return certain(np.full(n_legs, int(np.argmax(training_counts))))


def certain(scores: NDArray[np.int64]) -> Probabilities:
    """(n, 5) probabilities that say each of (n,) scores for sure."""
    sure: Probabilities = np.eye(N_SCORES)[scores]
    return sure


def predict_majority(legs: FoldLegs) -> Probabilities:
    """The commonest score of the known legs."""
    return majority(
        [int((legs.known["score"] == score).sum()) for score in SCORES], len(legs.tested)
    )


def predict_one(legs: FoldLegs) -> Probabilities:
    """Always 1: within a point of nearly everybody in a usual clinic."""
    return certain(np.ones(len(legs.tested), dtype=np.int64))


def predict_nearest_visit(legs: FoldLegs) -> Probabilities:
    """The score that the same leg of the same patient got at the visit next to this one.

    It looks at no movement at all, and at patients whom nobody may have in training: what a model
    reaches that recognises people. The earlier visit of two; the majority for a patient seen once.
    """
    fallback = int(predict_majority(legs)[0].argmax())
    visits: dict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    known = legs.everybody[["patient", "leg", "video_id", "visit", "score"]]
    for patient, leg, *facts in known.itertuples(index=False):
        visits[patient, leg].append((facts[0], int(facts[1]), int(facts[2])))
    said = []
    wanted = legs.tested[["patient", "leg", "video_id", "visit"]]
    for patient, leg, video, visit in wanted.itertuples(index=False):
        others = [
            (abs(other_visit - visit), other_visit, score)
            for other, other_visit, score in visits[patient, leg]
            if other != video
        ]
        said.append(min(others)[2] if others else fallback)
    return certain(np.array(said, dtype=np.int64))


def predict_ordinal(legs: FoldLegs) -> Probabilities:
    """Ordinal logistic regression on the kinematics."""
    features, others = kinematic_features(legs.known, legs.tested)
    model = fit_ordinal_logistic(features, legs.known["score"].to_numpy(dtype=np.int64))
    return model.probabilities(others)


def predict_forest(legs: FoldLegs, quantities: str = "kinematics") -> Probabilities:
    """A random forest (Breiman 2001) on the kinematics, or on features of a published scorer."""
    features, others = kinematic_features(legs.known, legs.tested, quantities)
    forest = RandomForestClassifier(N_TREES, min_samples_leaf=2, random_state=0)
    forest.fit(features, legs.known["score"].to_numpy(dtype=np.int64))
    probabilities = np.zeros((len(legs.tested), N_SCORES))
    probabilities[:, forest.classes_] = forest.predict_proba(others)
    return probabilities


def kinematic_features(
    known: pd.DataFrame, tested: pd.DataFrame, quantities: str = "kinematics"
) -> tuple[Probabilities, Probabilities]:
    """Quantities of both, standardised by the known legs; what was not measured is their median."""
    names = feature_columns(known, quantities)
    own, other = known[names].to_numpy(np.float64), tested[names].to_numpy(np.float64)
    measured = np.isfinite(own).any(axis=0)
    median = np.nanmedian(np.where(measured, own, 0.0), axis=0)
    own, other = (np.where(np.isfinite(part), part, median) for part in (own, other))
    mean, spread = own.mean(axis=0), own.std(axis=0)
    spread[spread < 1e-9] = 1.0
    return (own - mean) / spread, (other - mean) / spread


def feature_columns(legs: pd.DataFrame, quantities: str) -> list[str]:
    """Columns of a table of legs that hold a set of quantities; empty if it was not measured."""
    published = {name for names in PUBLISHED.values() for name in names}
    wanted = [name for name in legs.columns if name not in (*FACTS, *OPTIONAL_FACTS, KEYPOINTS)]
    if quantities == "kinematics":
        return [name for name in wanted if name not in published]
    return [name for name in wanted if name in PUBLISHED[quantities]]


BASELINES: Final = {
    "majority": Baseline(
        "Majority score",
        "says the commonest training score to everybody; its kappa can fall below 0, for setting a "
        "patient aside makes the patient's own score rarer",
        predict_majority,
    ),
    "constant_1": Baseline("Always 1", "says 1 to everybody", predict_one),
    "nearest_visit": Baseline(
        "Nearest other visit",
        "repeats the score of the same patient's next visit: what recognising people is worth",
        predict_nearest_visit,
    ),
    "ordinal_logistic": Baseline(
        "Ordinal logistic, kinematics",
        "a line through taps, height, tempo and pauses",
        predict_ordinal,
        needs_kinematics=True,
    ),
    "random_forest": Baseline(
        "Random forest, kinematics",
        "the same quantities without the line",
        predict_forest,
        needs_kinematics=True,
    ),
    **{
        name: Baseline(
            title,
            f"{source}; a random forest on its features as they are written anew here: classifier, "
            "people and cameras are not the paper's",
            partial(predict_forest, quantities=name),
            needs_kinematics=True,
            quantities=name,
        )
        for name, title, source in (
            (
                "morinan_2023",
                "Features of Morinan 2023 (KELVIN)",
                "knee to neck over standing height, npj Parkinson's Disease 9:10, tables 6 and 8",
            ),
            ("visionmd", "Features of VisionMD", "knee to shoulders over trunk, as the open tool"),
            (
                "li_2018",
                "Features as in Li 2018",
                "kinematic and frequency features of knee and ankle, J NeuroEng Rehabil 15:97",
            ),
        )
    },
}


RIDGE: Final = 1.0  # as scikit-learn's C = 1: legs are few beside the features
MIN_PROBABILITY: Final = 1e-9

Values = NDArray[np.float64]


@dataclass(frozen=True)
class OrdinalLogistic:
    """A fitted model.

    Attributes:
        scores: (k,) the scores that it has seen, in order.
        slopes: (F,) of the standardised features.
        cuts: (k - 1,) rising, on the scale of the slopes.
    """

    scores: NDArray[np.int64]
    slopes: Values
    cuts: Values

    def probabilities(self, features: Values) -> Values:
        """Probabilities (n, 5) for features (n, F); 0 for scores that were never seen."""
        found = np.zeros((len(features), N_SCORES))
        found[:, self.scores] = _class_probabilities(features @ self.slopes, self.cuts)
        return found


def fit_ordinal_logistic(features: Values, scores: NDArray[np.int64]) -> OrdinalLogistic:
    """Fit by penalised maximum likelihood (L-BFGS); the slopes are penalised, the cuts are not.

    Args:
        features: (n, F), standardised.
        scores: (n,) 0-4; one and the same score is answered with itself.
    """
    seen, classes = np.unique(scores, return_inverse=True)
    n_features, n_cuts = features.shape[1], len(seen) - 1
    if n_cuts == 0:
        return OrdinalLogistic(seen, np.zeros(n_features), np.empty(0))

    shares = np.cumsum(np.bincount(classes))[:-1] / len(classes)
    cuts = np.log(shares / (1 - shares))
    start = np.concatenate([np.zeros(n_features), cuts[:1], np.log(np.diff(cuts))])
    fitted = minimize(_loss, start, (features, classes), "L-BFGS-B", jac=True).x
    return OrdinalLogistic(seen, fitted[:n_features], _rising(fitted[n_features:]))


def _loss(values: Values, features: Values, classes: NDArray[np.intp]) -> tuple[float, Values]:
    """Penalised negative log-likelihood of (slopes, first cut, steps), and its gradient."""
    n_features = features.shape[1]
    slopes, steps = values[:n_features], values[n_features:]
    below = _below(features @ slopes, _rising(steps))
    row = np.arange(len(classes))
    chosen = np.maximum(np.diff(below, axis=1)[row, classes], MIN_PROBABILITY)
    density = below * (1 - below)
    upper, lower = density[row, classes + 1] / chosen, density[row, classes] / chosen
    by_slope = RIDGE * slopes + features.T @ (upper - lower)
    by_cut = np.zeros(below.shape[1])
    np.add.at(by_cut, classes + 1, -upper)
    np.add.at(by_cut, classes, lower)
    # A step moves its own cut and all above it.
    by_step = np.cumsum(by_cut[1:-1][::-1])[::-1]
    by_step[1:] *= np.exp(np.clip(steps[1:], -20.0, 20.0))
    loss = float(RIDGE / 2 * (slopes @ slopes) - np.log(chosen).sum())
    return loss, np.concatenate([by_slope, by_step])


def _rising(values: Values) -> Values:
    """First cut, then logarithms of the steps to the next ones: cuts that cannot cross."""
    steps = np.concatenate([values[:1], np.exp(np.clip(values[1:], -20.0, 20.0))])
    rising: Values = np.cumsum(steps)
    return rising


def _class_probabilities(severity: Values, cuts: Values) -> Values:
    """(n, k) from a latent severity (n,) and k - 1 cuts."""
    return np.diff(_below(severity, cuts), axis=1)


def _below(severity: Values, cuts: Values) -> Values:
    """(n, k + 1) probability of being below each edge: nothing, the cuts, everything."""
    below = expit(cuts[None, :] - severity[:, None])
    return np.hstack([np.zeros((len(severity), 1)), below, np.ones((len(severity), 1))])
