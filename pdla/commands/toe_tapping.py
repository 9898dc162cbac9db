"""`pdla toe-tapping`: severity and detection from the toe-tapping flow of Li & Taati (2018)."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdla import RESEARCH_ONLY
from pdla.data.files import write_json, write_text
from pdla.data.li2018 import ToeTapping, count_problems, read_toe_tapping
from pdla.data.reasons import Severity
from pdla.evaluation.intervals import N_DRAWS, Estimate
from pdla.evaluation.severity import SEVERITY_METRICS, estimate_severity
from pdla.evaluation.signal_scorers import (
    SIGNAL_SCORERS,
    HeldOut,
    SignalScorer,
    leave_one_subject_out,
)

TITLES: Final = {
    "pearson": "Pearson r",
    "spearman": "Spearman rho",
    "mae": "MAE (points)",
    "auc_2": "AUC, 2 or more",
    "auc_1": "AUC, above 1",
}
ON_SCREEN: Final = ("pearson", "spearman", "mae", "auc_2")  # the rest is in table.md
PUBLISHED: Final = (
    "published (random forests, leave one subject out): toe tapping, detection AUC 0.773; "
    "leg agility, severity r = 0.618"
)
DIFFERENCES: Final = (
    "Features: 17 of our own; the paper's are not published as code.",
    "Detection: a mean rating of 2 or more, and above 1; the published figure is of the paper's own"
    " threshold.",
    "Trials: those with a rating of item 3.7 in the public UPDRS file.",
    "Legs: each with its own rating, both legs of a trial together in the figures.",
    "Rate: 30 frames a second is assumed; the files hold no times.",
    "Figures: pooled over all held-out legs; intervals are over subjects.",
)
MAX_PLACES: Final = 6


@dataclass(frozen=True)
class ToeTappingStudy:
    """What was found.

    Attributes:
        tapping: What was read.
        held_out: Estimates of each scorer for the rated legs.
        estimates: Metrics of each scorer with intervals over subjects.
    """

    tapping: ToeTapping
    held_out: dict[str, HeldOut]
    estimates: dict[str, dict[str, Estimate]]


def study_toe_tapping(root: Path, scorers: Sequence[SignalScorer] | None = None) -> ToeTappingStudy:
    """Read the flow and test every scorer, leaving one subject out.

    Raises:
        FileNotFoundError: If a file of the data set is missing.
        ValueError: If a file is not as published, or nothing in it is rated.
    """
    tapping = read_toe_tapping(root)
    if not tapping.rated:
        raise ValueError(f"{root}: no leg has flow, subject and rating; nothing can be estimated")
    held_out = leave_one_subject_out(tapping.rated, scorers or SIGNAL_SCORERS)
    rating = np.array([signal.rating for signal in tapping.rated], dtype=np.float64)
    patients = [signal.patient for signal in tapping.rated]
    estimates = {
        title: estimate_severity(rating, held.severity, held.detection, patients, N_DRAWS)
        for title, held in held_out.items()
    }
    return ToeTappingStudy(tapping, held_out, estimates)


def write_study(study: ToeTappingStudy, out: Path) -> None:
    """Write predictions.csv, result.json and table.md into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    rated = study.tapping.rated
    rows = [
        {
            "trial": signal.trial, "leg": signal.leg, "subject": signal.patient, "model": title,
            "rating": signal.rating, "severity": held.severity[row],
            "detection": held.detection[row],
        }
        for title, held in study.held_out.items()
        for row, signal in enumerate(rated)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    write_text(out / "predictions.csv", table.to_csv(index=False, float_format="%.6f"))
    write_text(out / "table.md", markdown_table(study))
    write_json(out / "result.json", _as_json(study))


def markdown_table(study: ToeTappingStudy) -> str:
    """The table of the documentation: a row a scorer, the published figures below."""
    head = f"| model | {' | '.join(TITLES.values())} |\n|{'---|' * (len(TITLES) + 1)}\n"
    rows = "".join(
        f"| {title} | {' | '.join(_text(values[key]) for key in SEVERITY_METRICS)} |\n"
        for title, values in study.estimates.items()
    )
    return f"{head}{rows}\n{PUBLISHED}: other data or protocol, not comparable.\n"


def print_study(study: ToeTappingStudy) -> None:
    """Print what was read, what was left out and the table."""
    console = Console(highlight=False)
    tapping = study.tapping
    n_subjects = len({signal.patient for signal in tapping.rated})
    console.print(
        f"{tapping.n_trials} trials, {len(tapping.signals)} legs with flow, "
        f"{len(tapping.rated)} of them rated, {n_subjects} subjects"
    )
    for reason, places in count_problems(tapping.problems).items():
        more = f" and {len(places) - MAX_PLACES} more" if len(places) > MAX_PLACES else ""
        kind = "left out" if reason.severity is Severity.UNUSABLE else "note"
        line = f"  {kind}: {reason.text}: {len(places)}: {', '.join(places[:MAX_PLACES])}{more}"
        console.print(Text(line))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("held-out subjects", no_wrap=True)
    for key in ON_SCREEN:
        table.add_column(TITLES[key], justify="right")
    for title, values in study.estimates.items():
        cells = (_text(values[key]).replace(" (", "\n").rstrip(")") for key in ON_SCREEN)
        table.add_row(title, *cells)
    console.print(table)
    console.print(f"{PUBLISHED}: other data or protocol, not comparable.")
    for difference in DIFFERENCES:
        console.print(f"  {difference}")
    console.print(RESEARCH_ONLY)


def _text(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "n/a"
    if not math.isfinite(estimate.low):
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.2f} to {estimate.high:.2f})"


def _as_json(study: ToeTappingStudy) -> dict[str, Any]:
    return {
        "trials": study.tapping.n_trials,
        "legs": len(study.tapping.signals),
        "legs_rated": len(study.tapping.rated),
        "subjects": len({signal.patient for signal in study.tapping.rated}),
        "problems": {
            reason.text: places for reason, places in count_problems(study.tapping.problems).items()
        },
        "estimates": {
            title: {
                key: {name: _finite(value) for name, value in asdict(estimate).items()}
                for key, estimate in values.items()
            }
            for title, values in study.estimates.items()
        },
        "published": PUBLISHED,
        "differences": list(DIFFERENCES),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
