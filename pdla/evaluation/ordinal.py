"""Ordinal logistic regression: proportional odds (McCullagh 1980, JRSS B 42:109), with a ridge."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from pdla.data.recordings import N_SCORES

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
