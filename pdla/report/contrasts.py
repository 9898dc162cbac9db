"""Differences between scorers: the one that was named beforehand, and the others corrected."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pdla.evaluation.intervals import Estimate, adjust_holm
from pdla.evaluation.metrics import Metric
from pdla.report.pooling import Scorer
from pdla.report.study_run import PassKey

ALPHA: Final = 0.05

Contrast = tuple[Scorer, Scorer]  # a model, and what it is compared with


@dataclass(frozen=True)
class Difference:
    """A model minus another scorer, on the same legs and patients.

    Attributes:
        scorer: The model.
        other: What it is compared with.
        estimates: Metric key to difference.
        p_values: Metric key to the p value that decides: as it is for the primary contrast, else
            corrected by Holm's method for all other differences of the section.
        is_primary: Whether it is the primary contrast, in the headline's part of the cohort.
        spread: Metric differences of each single pass; empty if the two scored other legs.
    """

    scorer: Scorer
    other: Scorer
    estimates: dict[str, Estimate]
    p_values: dict[str, float]
    is_primary: bool = False
    spread: dict[PassKey, dict[str, float]] = field(default_factory=dict, repr=False)

    def is_better(self, metric: Metric) -> bool | None:
        """Whether the model is better than the other; None if no difference was shown."""
        if not self.p_values[metric.key] < ALPHA:
            return None
        return bool((self.estimates[metric.key].value > 0) == metric.higher_is_better)


def find_contrast(scorers: Sequence[Scorer], names: Sequence[str]) -> tuple[Contrast | None, str]:
    """The primary contrast of a study.

    Args:
        scorers: Rows of the report.
        names: Of the config: what the only model is compared with, or two rows.

    Returns:
        Model and other scorer, or None with a line that says why.
    """
    if not names:
        return None, "No primary contrast was named (evaluation.contrast): all are corrected."
    rows = []
    for name in names:
        called = [scorer for scorer in scorers if scorer.is_called(name)]
        if len(called) != 1:
            problem = "several rows are called so" if called else "no row is called so"
            return None, f"Primary contrast {name!r}: {problem}; all comparisons are corrected."
        rows.append(called[0])
    if len(rows) == 2:
        return (rows[0], rows[1]), ""
    models = [scorer for scorer in scorers if scorer.kind == "model"]
    if len(models) != 1:
        return None, (
            f"{len(models)} models and no primary contrast between two rows "
            "(evaluation.contrast=[MODEL,OTHER]): all comparisons are corrected."
        )
    return (models[0], rows[0]), ""


def correct(
    differences: Sequence[Difference],
    contrast: Contrast | None,
    primary: Sequence[str],
) -> list[Difference]:
    """Mark the primary contrast, and correct the p values of the others.

    The primary contrast counts for the first primary metric. Each metric has a family of its own.

    Args:
        differences: Of one part of the cohort.
        contrast: The primary one; None in all parts but that of the headline.
        primary: Keys of the primary metrics.
    """
    found = [
        replace(one, is_primary=contrast is not None and _is(one, contrast)) for one in differences
    ]
    for place, key in enumerate(primary):
        family = [one for one in found if not (place == 0 and one.is_primary)]
        adjusted = adjust_holm([one.estimates[key].p_value for one in family])
        for one, p_value in zip(family, adjusted, strict=True):
            one.p_values[key] = p_value
    return found


def _is(difference: Difference, contrast: Contrast) -> bool:
    return difference.scorer is contrast[0] and difference.other is contrast[1]
