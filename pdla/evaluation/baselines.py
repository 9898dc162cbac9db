"""What a model must beat before it is worth a word."""

import numpy as np
from numpy.typing import NDArray

from pdla.data.recordings import N_SCORES


def majority(training_counts: list[int], n_legs: int) -> NDArray[np.float64]:
    """Say the commonest training score every time.

    Args:
        training_counts: Legs with score 0, 1, 2, 3, 4 in the training set.
        n_legs: Legs to be scored.

    Returns:
        (n_legs, 5) probabilities, 1 for the commonest training score (the lowest of several).
    """
    probabilities = np.zeros((n_legs, N_SCORES))
    probabilities[:, int(np.argmax(training_counts))] = 1.0
    return probabilities
