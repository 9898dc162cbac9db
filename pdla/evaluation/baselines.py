"""What a model must beat before it is worth a word, fitted and tested on the same folds.

Legs are rows of the table that a run leaves (`pdla.training.records.legs_table`).
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from pdla.data.recordings import N_SCORES, SCORES
from pdla.evaluation.ordinal import fit_ordinal_logistic

# Columns of the table of legs that say who and what; all others are kinematics.
FACTS: Final = ("video_id", "patient", "group", "leg", "visit", "score")

N_TREES: Final = 100

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class FoldLegs:
    """Legs of one fold.

    Attributes:
        known: Those that the fold does not test: training and validation.
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
    """

    title: str
    meaning: str
    predict: Callable[[FoldLegs], Probabilities]
    needs_kinematics: bool = False


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


def predict_forest(legs: FoldLegs) -> Probabilities:
    """A random forest on the kinematics (Breiman 2001)."""
    features, others = kinematic_features(legs.known, legs.tested)
    forest = RandomForestClassifier(N_TREES, min_samples_leaf=2, random_state=0)
    forest.fit(features, legs.known["score"].to_numpy(dtype=np.int64))
    probabilities = np.zeros((len(legs.tested), N_SCORES))
    probabilities[:, forest.classes_] = forest.predict_proba(others)
    return probabilities


def kinematic_features(
    known: pd.DataFrame, tested: pd.DataFrame
) -> tuple[Probabilities, Probabilities]:
    """Kinematics of both, standardised by the known legs; what was not measured is their median."""
    names = [name for name in known.columns if name not in FACTS]
    own, other = known[names].to_numpy(np.float64), tested[names].to_numpy(np.float64)
    measured = np.isfinite(own).any(axis=0)
    median = np.nanmedian(np.where(measured, own, 0.0), axis=0)
    own, other = (np.where(np.isfinite(part), part, median) for part in (own, other))
    mean, spread = own.mean(axis=0), own.std(axis=0)
    spread[spread < 1e-9] = 1.0
    return (own - mean) / spread, (other - mean) / spread


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
}
