"""How well predicted scores agree with the rater's, one value a leg and video, never a clip."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional import mean_absolute_error
from torchmetrics.functional.classification import multiclass_cohen_kappa, multiclass_recall

from pdla.data.recordings import N_SCORES


@dataclass(frozen=True)
class Metric:
    """A metric's short name, its name in words, and which way is better."""

    key: str
    title: str
    higher_is_better: bool


METRICS: Final = (
    Metric("qwk", "Quadratic weighted kappa", True),
    Metric("mae", "MAE, points", False),
    Metric("macro_mae", "Macro-MAE, points", False),
    Metric("balanced_accuracy", "Balanced accuracy", True),
    Metric("within_1", "Within 1 point", True),
    Metric("accuracy", "Exact agreement", True),
    Metric("rps", "Ranked probability score", False),
)


def leg_metrics(
    score: NDArray[np.int64], predicted: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> dict[str, float]:
    """All metrics of METRICS for n legs.

    Args:
        score: (n,) the rater's 0-4.
        predicted: (n,) 0-4.
        probabilities: (n, 5), rows sum to 1.

    Returns:
        Metric key to value; NaN where it is undefined (kappa, if rater and prediction are one and
        the same constant). Macro-averages are over the scores that occur in `score`: Baccianella et
        al. 2009 for macro-MAE; recall for balanced accuracy.

    Raises:
        ValueError: If there are no legs.
    """
    if len(score) == 0:
        raise ValueError("no leg to evaluate")
    true, guess = torch.tensor(score), torch.tensor(predicted)
    error = np.abs(score - predicted)
    present = np.unique(score)
    recall = multiclass_recall(guess, true, num_classes=N_SCORES, average="none")
    return {
        "qwk": float(multiclass_cohen_kappa(guess, true, N_SCORES, weights="quadratic")),
        "mae": float(mean_absolute_error(guess.double(), true.double())),
        "macro_mae": float(np.mean([error[score == value].mean() for value in present])),
        "balanced_accuracy": float(recall[torch.from_numpy(present)].mean()),
        "within_1": float((error <= 1).mean()),
        "accuracy": float((error == 0).mean()),
        "rps": ranked_probability_score(score, probabilities),
    }


def ranked_probability_score(score: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Mean squared distance of the cumulative probabilities from the truth, summed over thresholds.

    0 is perfect, 4 the worst on a scale of 5 scores (Epstein 1969). It rewards honest probabilities
    and counts far misses more, so it chooses the checkpoint.
    """
    reached = np.arange(N_SCORES - 1)[None, :] >= score[:, None]
    difference = probabilities.cumsum(axis=1)[:, :-1] - reached
    return float((difference**2).sum(axis=1).mean())


def expected_score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the scores under (n, 5) probabilities, (n,)."""
    return probabilities @ np.arange(N_SCORES, dtype=np.float64)


def predicted_score(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Expected score rounded to a point of the scale, (n,).

    It minimises the expected squared error, which is what quadratic weighted kappa counts; halves
    go up.
    """
    return np.floor(expected_score(probabilities) + 0.5).astype(np.int64)
