"""What to hold a number against: how well humans agree, and the best that simulated data allows."""

from dataclasses import dataclass
from typing import Final

from pdla.data.intake.agreement import Agreement
from pdla.data.skeletons import LEG_NAMES, Leg
from pdla.report.study_run import StudyRun


@dataclass(frozen=True)
class Reference:
    """One line of comparison.

    Attributes:
        name: Who or what.
        value: The figure, in words.
        source: Where it comes from.
    """

    name: str
    value: str
    source: str


LITERATURE: Final = (
    Reference(
        "Human raters, right leg",
        "intraclass correlation about 0.53",
        "leg agility in SPES/SCOPA, J Neurol Neurosurg Psychiatry, table 2",
    ),
    Reference(
        "Human raters, left leg",
        "intraclass correlation about 0.61",
        "leg agility in SPES/SCOPA, J Neurol Neurosurg Psychiatry, table 2",
    ),
    Reference(
        "Human raters of videos",
        "mean absolute difference about 0.65 points an item",
        "published video ratings of MDS-UPDRS part III",
    ),
)
NOT_COMPARABLE: Final = "other data or protocol, not comparable"
PUBLISHED: Final = (
    Reference(
        "Li & Taati 2018, leg agility, random forests, 9 patients",
        f"severity r = 0.618 ({NOT_COMPARABLE})",
        "doi.org/10.1186/s12984-018-0446-z; leave one subject out, means of raters",
    ),
    Reference(
        "Li & Taati 2018, toe tapping, random forests, 9 patients",
        f"detection AUC 0.773 ({NOT_COMPARABLE})",
        "doi.org/10.1186/s12984-018-0446-z; leave one subject out, optical flow",
    ),
)
# As `pdla simulate --ceiling` prints them (seed 0): kappa and MAE over everyone, then within the
# patients; a slow test measures them again.
CEILINGS: Final[dict[str, dict[str, tuple[float, float, float, float]]]] = {
    "clinic": {
        "true kinematics, this leg": (0.63, 0.38, 0.40, 0.47),
        "true kinematics, both legs": (0.68, 0.33, 0.44, 0.42),
        "second rater": (0.59, 0.46, 0.33, 0.63),
    },
    "balanced": {
        "true kinematics, this leg": (0.81, 0.59, 0.74, 0.64),
        "true kinematics, both legs": (0.82, 0.55, 0.75, 0.62),
        "second rater": (0.70, 0.74, 0.59, 0.83),
    },
}


def find_references(run: StudyRun) -> list[Reference]:
    """Agreement of this study's own raters, else the literature; the ceiling on simulated data."""
    measured = [_own_raters(leg, value) for leg, value in run.result.agreement.items()]
    found = [*(measured or LITERATURE), *PUBLISHED]
    mix = run.result.data.simulated
    for name, (qwk, mae, own_qwk, own_mae) in CEILINGS.get(mix or "", {}).items():
        value = (
            f"kappa {qwk:.2f}, MAE {mae:.2f}; within the patient group {own_qwk:.2f} and "
            f"{own_mae:.2f}"
        )
        source = f"simulated clinic, {mix} scores: pdla simulate --ceiling"
        found.append(Reference(f"Ceiling on simulated data: {name}", value, source))
    return found


def _own_raters(leg: Leg, agreement: Agreement) -> Reference:
    side = LEG_NAMES[leg]
    parts = [
        f"{title} {value:.2f}"
        for title, value in (
            ("quadratic weighted kappa", agreement.kappa),
            ("ICC(2,1)", agreement.icc),
        )
        if value is not None
    ]
    return Reference(
        f"Raters of this study, {side} leg",
        ", ".join(parts) or "not to be computed",
        f"{agreement.n_raters} raters, {agreement.n_legs} legs that all of them scored",
    )
