"""What is wrong with single trials: counted and listed, never passed over in silence."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pdla.data.li2018.files import TrialKey
from pdla.data.reasons import Reason, Severity
from pdla.data.skeletons import LEG_NAMES, Leg


@dataclass(frozen=True)
class TrialProblem:
    """One thing that is wrong with one trial.

    Attributes:
        trial: Which, in words.
        reason: What.
        leg: The leg, or None for both.
        detail: What was special here; empty if nothing.
    """

    trial: str
    reason: Reason
    leg: Leg | None = None
    detail: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether the trial or leg is left out."""
        return self.reason.severity is Severity.UNUSABLE

    @property
    def place(self) -> str:
        """Trial, leg and detail in words."""
        side = f" {LEG_NAMES[self.leg]}" if self.leg else ""
        return f"{self.trial}{side}{f': {self.detail}' if self.detail else ''}"


def problem_of(
    key: TrialKey, reason: Reason, leg: Leg | None = None, detail: str = ""
) -> TrialProblem:
    """A problem of a trial."""
    return TrialProblem(str(key), reason, leg, detail)


def count_problems(problems: Iterable[TrialProblem]) -> dict[Reason, list[str]]:
    """Places of each reason, in the order of the reasons: those left out come first."""
    places: dict[Reason, list[str]] = defaultdict(list)
    for problem in problems:
        places[problem.reason].append(problem.place)
    return {reason: places[reason] for reason in Reason if reason in places}
