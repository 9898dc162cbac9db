"""Scores of a model from elsewhere, moved to local raters by a few legs that they have rated.

Two ways. `thresholds` moves and stretches the model's scale: the log odds of each "this score or
more" are multiplied by one factor and shifted by one number. `prior` keeps the scale and reweighs
the scores until they are given as often as local raters give them (Saerens et al. 2002, with
known labels). Both are
pulled towards no change, the more so the fewer patients there are. What either gains is measured on
patients who were left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from pdla.data.recordings import N_SCORES, SCORES
from pdla.evaluation.metrics import Probabilities, expected_score, leg_metrics, predicted_score
from pdla.evaluation.predictions import add_scores, probabilities_of, scores_of

Way = Literal["thresholds", "prior"]
WAYS: Final[tuple[Way, ...]] = ("thresholds", "prior")
MIN_PATIENTS: Final = 5  # fewer cannot be left out one after another and still say anything
N_FOLDS: Final = 10
FLOOR: Final = 1e-4  # of a probability, so that log odds are finite
# Prior SD of shift and log factor, and pseudo-legs of the prior: a few legs change little.
SHIFT_SD, LOG_FACTOR_SD = 1.0, 0.3
PRIOR_LEGS: Final = 10.0
N_ROUNDS: Final = 50
Change = Callable[[Probabilities], Probabilities]
FIGURES: Final = ("qwk", "mae", "rps")


@dataclass(frozen=True)
class Recalibration:
    """How probabilities change, and what that gained on patients who were left out.

    Attributes:
        way: thresholds or prior.
        change: Of probabilities (n, 5).
        words: The change in words.
        before: Metrics of the local legs as the model scored them, and `bias`, the mean of expected
            score minus rating.
        after: The same with the change learnt from other patients.
        n_legs: Local rated legs.
        n_patients: Their patients.
        predictions: The local legs with probabilities changed as learnt from other patients.
    """

    way: Way
    change: Change
    words: str
    before: dict[str, float]
    after: dict[str, float]
    n_legs: int
    n_patients: int
    predictions: pd.DataFrame

    @property
    def gain(self) -> str:
        """Before and after in a line."""
        parts = [
            f"{name} {self.before[key]:.2f} -> {self.after[key]:.2f}"
            for key, name in (("qwk", "kappa"), ("mae", "MAE"), ("bias", "bias"))
        ]
        return (
            f"recalibrated by {self.way} on {self.n_legs} rated legs of {self.n_patients} patients "
            f"({self.words}); cross-validated by patient: {', '.join(parts)}"
        )


def as_way(text: str | None) -> Way | None:
    """A way by its name; None for none.

    Raises:
        ValueError: If it is unknown.
    """
    for way in WAYS:
        if way == text:
            return way
    if text is not None:
        raise ValueError(f"--recalibrate {text}: choose {' or '.join(WAYS)}")
    return None


def recalibrate(predictions: pd.DataFrame, way: Way) -> Recalibration:
    """Learn a change of probabilities from local rated legs, and cross-validate it by patient.

    Args:
        predictions: A row a leg with patient, the rater's score and probabilities.
        way: thresholds or prior.

    Raises:
        ValueError: If there are fewer than five patients.
    """
    patients = predictions["patient"].unique()
    if len(patients) < MIN_PATIENTS:
        raise ValueError(
            f"--recalibrate: rated legs of {len(patients)} patients with a score; at least "
            f"{MIN_PATIENTS} are needed"
        )
    fit = _FITS[way]
    shares, scores = probabilities_of(predictions), scores_of(predictions)
    folds = np.random.default_rng(0).permutation(len(patients)) % min(N_FOLDS, len(patients))
    fold = predictions["patient"].map(dict(zip(patients, folds, strict=True))).to_numpy()
    moved = np.empty_like(shares)
    for number in np.unique(fold):
        is_out = fold == number
        moved[is_out] = fit(shares[~is_out], scores[~is_out])[0](shares[is_out])
    change, words = learn_change(predictions, way)
    return Recalibration(
        way, change, words, _figures(shares, scores), _figures(moved, scores), len(scores),
        len(patients), add_scores(predictions, moved),
    )  # fmt: skip


def learn_change(predictions: pd.DataFrame, way: Way) -> tuple[Change, str]:
    """The change of probabilities alone, and its words; what it gains is not measured."""
    return _FITS[way](probabilities_of(predictions), scores_of(predictions))


def apply_change(table: pd.DataFrame, recalibration: Recalibration) -> pd.DataFrame:
    """A table of scored legs with the change made."""
    return add_scores(table, recalibration.change(probabilities_of(table)))


def _figures(shares: Probabilities, scores: NDArray[np.int64]) -> dict[str, float]:
    metrics = leg_metrics(scores, predicted_score(shares), shares)
    bias = float(np.mean(expected_score(shares) - scores))
    return {**{key: metrics[key] for key in FIGURES}, "bias": bias}


def _log_odds(shares: Probabilities) -> NDArray[np.float64]:
    """(n, 4) of each score from 1 on or more."""
    above = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return np.asarray(logit(np.clip(above, FLOOR, 1 - FLOOR)))


def _from_log_odds(odds: NDArray[np.float64]) -> Probabilities:
    above = np.hstack([np.ones((len(odds), 1)), expit(odds), np.zeros((len(odds), 1))])
    shares = np.clip(above[:, :-1] - above[:, 1:], 0, None)
    whole: Probabilities = shares / shares.sum(axis=1, keepdims=True)
    return whole


def _fit_thresholds(shares: Probabilities, scores: NDArray[np.int64]) -> tuple[Change, str]:
    odds, rows = _log_odds(shares), np.arange(len(scores))

    def loss(values: NDArray[np.float64]) -> float:
        shift, log_factor = values
        moved = _from_log_odds(np.exp(log_factor) * odds + shift)
        likelihood = np.log(np.clip(moved[rows, scores], FLOOR, None)).sum()
        return float(-likelihood + (shift / SHIFT_SD) ** 2 / 2
                     + (log_factor / LOG_FACTOR_SD) ** 2 / 2)  # fmt: skip

    shift, log_factor = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    factor = float(np.exp(log_factor))

    def change(others: Probabilities) -> Probabilities:
        return _from_log_odds(factor * _log_odds(others) + shift)

    return change, f"log odds times {factor:.2f}, {shift:+.2f}"


def _reweighted(shares: Probabilities, weight: NDArray[np.float64]) -> Probabilities:
    moved: Probabilities = shares * weight
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


def _fit_prior(shares: Probabilities, scores: NDArray[np.int64]) -> tuple[Change, str]:
    said = shares.mean(axis=0)
    given = np.bincount(scores, minlength=N_SCORES)
    local = (given + PRIOR_LEGS * said) / (len(scores) + PRIOR_LEGS)
    weight = np.ones(N_SCORES)
    for _ in range(N_ROUNDS):  # until the scores are given as often as local raters give them
        now = _reweighted(shares, weight).mean(axis=0)
        weight *= np.divide(local, now, out=np.ones(N_SCORES), where=now > FLOOR)

    def change(others: Probabilities) -> Probabilities:
        return _reweighted(others, weight)

    words = ", ".join(f"{score}: {local[score]:.0%}" for score in SCORES)
    return change, f"scores 0 to 4 as often as {words}"


_FITS: Final = {"thresholds": _fit_thresholds, "prior": _fit_prior}
