"""What a result is compared with: how well raters agree, and what true kinematics give."""

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
Interval = tuple[float, float, float]  # value, low, high
# As `pdla simulate --ceiling` prints them (seed 0): kappa over everyone, kappa and MAE within the
# patients; a slow test measures them again.
SIMULATED: Final[dict[tuple[str, str], dict[str, tuple[Interval, Interval, Interval]]]] = {
    ("clinic", "clinic"): {
        "true kinematics, this leg": ((0.59, 0.57, 0.61), (0.36, 0.32, 0.39), (0.42, 0.40, 0.45)),
        "true kinematics, both legs": ((0.64, 0.61, 0.67), (0.39, 0.34, 0.43), (0.40, 0.38, 0.43)),
        "second rater": ((0.59, 0.57, 0.62), (0.33, 0.28, 0.37), (0.63, 0.61, 0.66)),
    },
    ("clinic", "icc55"): {
        "true kinematics, this leg": ((0.65, 0.63, 0.67), (0.51, 0.47, 0.54), (0.50, 0.48, 0.52)),
        "true kinematics, both legs": ((0.69, 0.67, 0.71), (0.52, 0.49, 0.56), (0.47, 0.45, 0.50)),
        "second rater": ((0.73, 0.71, 0.76), (0.56, 0.52, 0.59), (0.48, 0.46, 0.50)),
    },
    ("clinic", "icc65"): {
        "true kinematics, this leg": ((0.69, 0.66, 0.71), (0.54, 0.51, 0.57), (0.44, 0.42, 0.46)),
        "true kinematics, both legs": ((0.72, 0.70, 0.74), (0.56, 0.53, 0.59), (0.41, 0.39, 0.43)),
        "second rater": ((0.81, 0.79, 0.83), (0.66, 0.62, 0.68), (0.35, 0.33, 0.37)),
    },
    ("clinic", "icc88"): {
        "true kinematics, this leg": ((0.73, 0.71, 0.75), (0.61, 0.58, 0.64), (0.36, 0.34, 0.37)),
        "true kinematics, both legs": ((0.77, 0.76, 0.79), (0.64, 0.61, 0.66), (0.32, 0.31, 0.34)),
        "second rater": ((0.95, 0.94, 0.95), (0.89, 0.87, 0.90), (0.10, 0.09, 0.11)),
    },
    ("balanced", "clinic"): {
        "true kinematics, this leg": ((0.79, 0.77, 0.80), (0.71, 0.69, 0.73), (0.65, 0.62, 0.67)),
        "true kinematics, both legs": ((0.80, 0.79, 0.82), (0.72, 0.70, 0.74), (0.62, 0.60, 0.65)),
        "second rater": ((0.70, 0.67, 0.72), (0.59, 0.56, 0.62), (0.83, 0.80, 0.86)),
    },
    ("balanced", "icc55"): {
        "true kinematics, this leg": ((0.72, 0.70, 0.74), (0.63, 0.60, 0.65), (0.72, 0.70, 0.75)),
        "true kinematics, both legs": ((0.74, 0.72, 0.76), (0.65, 0.62, 0.67), (0.69, 0.67, 0.72)),
        "second rater": ((0.67, 0.65, 0.70), (0.56, 0.53, 0.59), (0.84, 0.81, 0.88)),
    },
    ("balanced", "icc65"): {
        "true kinematics, this leg": ((0.79, 0.77, 0.80), (0.71, 0.69, 0.73), (0.61, 0.58, 0.63)),
        "true kinematics, both legs": ((0.80, 0.79, 0.81), (0.72, 0.70, 0.74), (0.58, 0.56, 0.60)),
        "second rater": ((0.76, 0.74, 0.78), (0.67, 0.64, 0.69), (0.68, 0.65, 0.71)),
    },
    ("balanced", "icc88"): {
        "true kinematics, this leg": ((0.88, 0.87, 0.89), (0.83, 0.82, 0.84), (0.39, 0.38, 0.41)),
        "true kinematics, both legs": ((0.89, 0.88, 0.90), (0.85, 0.84, 0.86), (0.36, 0.35, 0.38)),
        "second rater": ((0.92, 0.91, 0.93), (0.88, 0.87, 0.89), (0.29, 0.28, 0.31)),
    },
}
BEST_KNOWN: Final = "true kinematics, both legs"


def find_references(run: StudyRun) -> list[Reference]:
    """Agreement of the study's raters, else the literature; of true kinematics if simulated."""
    measured = [_own_raters(leg, value) for leg, value in run.result.agreement.items()]
    found = [*(measured or LITERATURE), *PUBLISHED]
    data = run.result.data
    for name, (everyone, kappa, mae) in _simulated(run).items():
        value = (
            f"patients only: kappa {_told(kappa)}, MAE {_told(mae)}; with controls: kappa "
            f"{_told(everyone)}"
        )
        source = (
            f"simulated clinic, {data.simulated} scores, raters {data.raters}, thousands of legs: "
            "pdla simulate --ceiling"
        )
        found.append(Reference(f"Reference: {name}", value, source))
    return found


def _simulated(run: StudyRun) -> dict[str, tuple[Interval, Interval, Interval]]:
    """SIMULATED where it holds: the usual clinic, and scores of one rater, not of several."""
    data, recordings = run.result.data, run.config["recordings"]
    simulate, sheet = recordings.get("simulate") or {}, recordings.get("sheet") or {}
    is_usual = simulate.get("variety", "clinic") == "clinic"
    is_one_rater = simulate.get("n_raters", 1) == 1 or sheet.get("raters") == "first"
    if not (is_usual and is_one_rater):
        return {}
    return SIMULATED.get((data.simulated or "", data.raters), {})


def attainable_kappa(run: StudyRun, *, patients_only: bool) -> Interval | None:
    """Kappa of true kinematics on simulated data with such raters; None for real people."""
    found = _simulated(run).get(BEST_KNOWN)
    return None if found is None else found[1 if patients_only else 0]


def _told(interval: Interval) -> str:
    value, low, high = interval
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


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
        f"{agreement.n_raters} raters, {agreement.n_legs} legs that all of them scored"
        + (f"; {agreement.told}" if agreement.told else ""),
    )
