"""Sets of scores that hold the rater's with a stated probability, whatever model gave them.

Split-conformal prediction by patient. A leg's nonconformity is 1 minus the probability of the
rater's score. Legs of one patient are alike, so what is exchangeable is the patient: each counts
once, its legs sharing its weight (pooled distribution functions; Dunn, Wasserman and Ramdas 2023,
"Distribution-free prediction sets for two-layer hierarchical models").

Pooled distribution functions keep room for a new patient whose legs all lie at infinity. Where the
legs of a patient differ, that is too much: sets of 90% hold 92% with 40 patients of four legs. So
each patient in turn plays the new one. The level of a leg is the weight of the other patients below
it; the limit stands at the level that the stated share of legs stays under, and never beyond that
of the pooled functions. With one leg a patient this is split-conformal prediction as it is. Sets
are not randomised: two legs with the same probabilities have the same set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdla.data.recordings import SCORES
from pdla.evaluation.metrics import Probabilities
from pdla.evaluation.predictions import probabilities_of, scores_of

COVERAGE: Final = 0.9
ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class ScoreSets:
    """The rule that makes a set of scores of probabilities.

    Attributes:
        limit: Largest nonconformity of a score in the set; infinite if there were too few patients.
        n_patients: Patients whose legs chose it.
        coverage: Stated probability that the rater's score of a leg of a new patient is in its set.
    """

    limit: float
    n_patients: int
    coverage: float = COVERAGE

    @classmethod
    def learn(cls, predictions: pd.DataFrame, coverage: float = COVERAGE) -> "ScoreSets":
        """Choose the limit from predictions of legs that were not trained on.

        Args:
            predictions: Rows with patient, score and probabilities.
            coverage: Stated probability.
        """
        shares = probabilities_of(predictions)
        wrong = 1.0 - shares[np.arange(len(shares)), scores_of(predictions)]
        patients, _ = pd.factorize(predictions["patient"])
        limit = _choose_limit(wrong, patients, coverage)
        return cls(limit, int(predictions["patient"].nunique()), coverage)

    @property
    def has_enough_patients(self) -> bool:
        """Whether the stated coverage can hold; 9 patients are the fewest for 90%."""
        return bool(np.isfinite(self.limit))

    @property
    def note(self) -> str:
        """What the sets promise, or why there are none."""
        if not self.has_enough_patients:
            return f"too few patients for score sets: {self.n_patients}, needed {self._fewest}"
        return (
            f"score sets hold the rater's score of {self.coverage:.0%} of the legs of new patients "
            f"like the {self.n_patients} of this study"
        )

    @property
    def _fewest(self) -> int:
        return int(np.ceil(self.coverage / (1 - self.coverage) - 1e-9))

    def to_json(self) -> dict[str, float | int | None]:
        """Plain values that `from_json` takes back."""
        limit = self.limit if self.has_enough_patients else None
        return {"limit": limit, "n_patients": self.n_patients, "coverage": self.coverage}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ScoreSets":
        """The rule that `to_json` wrote."""
        limit = float("inf") if values["limit"] is None else float(values["limit"])
        return cls(limit, int(values["n_patients"]), float(values["coverage"]))

    def of(self, probabilities: Probabilities) -> list[tuple[int, ...]]:
        """Scores in the set of each leg, (n, 5) probabilities; never empty.

        Raises:
            ValueError: If there were too few patients.
        """
        if not self.has_enough_patients:
            raise ValueError(
                f"too few patients for sets of {self.coverage:.0%}: {self.n_patients}, expected at "
                f"least {self._fewest}"
            )
        return [
            tuple(score for score in SCORES if 1.0 - row[score] <= self.limit + 1e-12)
            or (int(np.argmax(row)),)
            for row in np.asarray(probabilities)
        ]


def _choose_limit(wrong: NDArray[np.float64], patients: NDArray[np.intp], coverage: float) -> float:
    """Largest nonconformity that a set admits; infinite if there are too few patients.

    Args:
        wrong: (n legs,) nonconformity of the rater's score.
        patients: (n legs,) number of the patient, from 0.
        coverage: Stated probability.
    """
    order = np.argsort(wrong, kind="stable")
    wrong, patients = wrong[order], patients[order]
    counts = np.bincount(patients)
    n_patients = len(counts)
    weight = 1.0 / counts[patients]
    below = np.cumsum(weight)  # the leg itself is counted
    enough = np.flatnonzero(below >= coverage * (n_patients + 1) - ROUNDING)
    if not len(enough):
        return float("inf")
    guaranteed = float(wrong[enough[0]])
    own = pd.Series(weight).groupby(patients).cumsum().to_numpy()
    level = (below - own) / max(n_patients - 1, 1)  # weight of the other patients below a leg
    by_level = np.argsort(level, kind="stable")
    inside = np.flatnonzero(np.cumsum(weight[by_level]) >= coverage * n_patients - ROUNDING)
    beyond = level[level > level[by_level[inside[0]]] + ROUNDING]
    if not len(beyond):
        return guaranteed
    admitted = below - weight < beyond.min() * n_patients - ROUNDING
    return min(guaranteed, float(wrong[admitted][-1]))
