"""How well several raters agree on the same legs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pdla.data.intake.labels import LabelSheet
from pdla.data.skeletons import LEGS, Leg

MIN_LEGS = 3  # with fewer, both measures are noise
RULE_WORDS = {
    "ask": "no rule is chosen yet for these",
    "first": "the first rater counts",
    "adjudicated": "the adjudicated score counts, legs without one are left out",
    "consensus": "the majority counts; legs without one are left out, which raises kappa",
    "mean": "the mean counts",
    "distribution": "every rater counts: models learn the share of the raters for each score",
}


@dataclass(frozen=True)
class Agreement:
    """Agreement of raters.

    Attributes:
        n_raters: Raters compared.
        n_legs: Legs that all of them scored.
        kappa: Quadratically weighted Cohen's kappa, mean over the pairs of raters; None if it can't
            be computed (half points, or everybody gave one score).
        icc: Intraclass correlation ICC(2,1): two-way random effects, absolute agreement, single
            rater; None if it can't be computed.
        n_several: Legs that at least two raters scored.
        n_differ: Those of them on which they differ.
        rule: Whose score counts then, see `rater_rules.decide`.
    """

    n_raters: int
    n_legs: int
    kappa: float | None
    icc: float | None
    n_several: int = 0
    n_differ: int = 0
    rule: str = ""

    @property
    def told(self) -> str:
        """How often raters differ and whose score counts, in words; empty in older results."""
        if not self.n_several:
            return ""
        share = f"they differ on {self.n_differ / self.n_several:.0%} of {self.n_several} legs"
        return f"{share}; {RULE_WORDS.get(self.rule, self.rule)}"


def measure_agreement(scores: Sequence[Sequence[float | None]], rule: str = "") -> Agreement | None:
    """Measure the agreement of raters.

    Args:
        scores: For each leg the scores of all raters, None where one did not rate.
        rule: Whose score counts where they differ.

    Returns:
        None if there is one rater, or fewer than three legs were scored by all.
    """
    given = [[score for score in row if score is not None] for row in scores]
    several = [row for row in given if len(row) > 1]
    complete = [row for row in scores if row and None not in row]
    n_raters = max(map(len, complete), default=0)
    table = np.asarray([row for row in complete if len(row) == n_raters], dtype=np.float64)
    if n_raters < 2 or len(table) < MIN_LEGS:
        return None
    return Agreement(
        n_raters, len(table), _mean_kappa(table), intraclass_correlation(table),
        len(several), sum(len(set(row)) > 1 for row in several), rule,
    )  # fmt: skip


def agreement_by_leg(sheet: LabelSheet) -> dict[Leg, Agreement]:
    """Agreement of the raters of a label sheet, for each leg that several raters scored."""
    found = {
        leg: measure_agreement([row.raters[leg] for row in sheet.rows], sheet.raters)
        for leg in LEGS
    }
    return {leg: agreement for leg, agreement in found.items() if agreement is not None}


def intraclass_correlation(table: NDArray[np.float64]) -> float | None:
    """ICC(2,1) of Shrout and Fleiss (1979), Psychological Bulletin 86:420.

    Args:
        table: (legs, raters), no NaN.

    Returns:
        None if nothing varies.
    """
    n, k = table.shape
    rows = k * ((table.mean(axis=1) - table.mean()) ** 2).sum() / (n - 1)
    columns = n * ((table.mean(axis=0) - table.mean()) ** 2).sum() / (k - 1)
    total = ((table - table.mean()) ** 2).sum()
    error = (total - rows * (n - 1) - columns * (k - 1)) / ((n - 1) * (k - 1))
    spread = rows + (k - 1) * error + k * (columns - error) / n
    return float((rows - error) / spread) if spread > 1e-12 else None


def _mean_kappa(table: NDArray[np.float64]) -> float | None:
    # Imported here: few sheets have several raters, and it takes longer than reading one.
    from sklearn.metrics import cohen_kappa_score

    if not np.array_equal(table, np.round(table)) or np.ptp(table) == 0:
        return None
    whole = table.astype(int)
    pairs = combinations(range(whole.shape[1]), 2)
    kappas = [cohen_kappa_score(whole[:, a], whole[:, b], weights="quadratic") for a, b in pairs]
    return float(np.mean(kappas))
