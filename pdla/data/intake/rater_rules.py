"""One score of several raters, by a rule that a person has chosen, and what the rule leaves open.

Dropping the legs on which raters differ keeps the easy ones, and agreement with a model rises by
that selection alone. So training starts only once a rule is chosen, and reports say how often
raters differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pdla.data.reasons import Reason
from pdla.data.recordings import N_SCORES, Cohort, shares_of_rating

RaterRule = Literal["ask", "first", "adjudicated", "consensus", "mean", "distribution"]
Rounding = Literal["never", "half_up", "half_down", "keep"]


@dataclass(frozen=True)
class Decision:
    """What becomes of the raters of one leg.

    Attributes:
        score: 0 to 4; None if unrated, or left open.
        rating: The fraction behind the score, where it is kept.
        shares: (5,) how likely each score is by the raters; empty where the score says it all.
        reason: Why there is no score though somebody rated.
    """

    score: int | None = None
    rating: float | None = None
    shares: tuple[float, ...] = ()
    reason: Reason | None = None


def decide(
    ratings: Sequence[float | None],
    rule: RaterRule,
    rounding: Rounding,
    adjudicated: float | None = None,
) -> Decision:
    """Make one score of what the raters of a leg gave.

    Args:
        ratings: 0 to 4 of each rater, in the order of the sheet; None where one did not rate.
        rule: `first`, the first who rated; `adjudicated`, the score that was agreed on;
            `consensus`, what more than half of them gave; `mean`; `distribution`, the share of the
            raters for each score, its mean rounded half up where a whole score is needed; `ask`
            leaves open what they differ on, unless `rounding` says how to round a mean.
        rounding: What becomes of fractions: `never` refuses them, and leaves a mean open that is
            one; `half_up` and `half_down` make whole scores, `keep` keeps the fraction beside the
            score that is rounded half up.
        adjudicated: The score that was agreed on, or None.
    """
    given = [rating for rating in ratings if rating is not None]
    if rule == "adjudicated" and adjudicated is not None:
        return _round(adjudicated, rounding)
    if not given:
        return Decision()
    if len(set(given)) == 1 or rule == "first":
        return _round(given[0], rounding)
    if rule == "distribution":
        return _share(given)
    commonest = max(given, key=given.count)
    mean = sum(given) / len(given)
    if rule in ("mean", "ask") and rounding != "never":
        decided = _round(mean, rounding)
    elif rule == "mean" and mean.is_integer():
        decided = Decision(int(mean))
    elif rule == "consensus" and 2 * given.count(commonest) > len(given):
        decided = _round(commonest, rounding)
    else:
        decided = Decision(reason=Reason.RATERS_DIFFER)
    return decided


def _round(rating: float, rounding: Rounding) -> Decision:
    if rating.is_integer():
        return Decision(int(rating))
    if rounding == "never":
        return Decision(reason=Reason.SCORE_BETWEEN_POINTS)
    if rounding == "keep":
        return Decision(math.floor(rating + 0.5), rating, shares_of_rating(rating))
    is_up = rounding == "half_up"
    return Decision(math.floor(rating + 0.5) if is_up else math.ceil(rating - 0.5))


def _share(given: Sequence[float]) -> Decision:
    """Each rater counts the same; a rater's fraction is shared by the scores on both sides."""
    parts = [shares_of_rating(rating) for rating in given]
    shares = tuple(sum(part[score] for part in parts) / len(parts) for score in range(N_SCORES))
    mean = sum(given) / len(given)
    return Decision(math.floor(mean + 0.5), mean, shares)


def check_rater_rule(cohort: Cohort) -> None:
    """Stop where raters differ and nobody has said whose score counts.

    Raises:
        ValueError: One line with the number of legs, and the rules.
    """
    if cohort.n_undecided:
        raise ValueError(
            f"the raters differ on {cohort.n_undecided} of {cohort.n_rated_twice} legs that "
            "several rated, and nothing says whose score counts: recordings.sheet.raters=first, "
            "adjudicated, consensus or distribution, or mean with recordings.sheet.round=half_up, "
            "half_down or keep (docs/own_data.md)"
        )
