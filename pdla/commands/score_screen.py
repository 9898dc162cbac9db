"""What `pdla score` prints: how good the scorer is, a row a leg, and what has no score and why."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.commands.score import VideoScoring
from pdla.commands.score_table import COLUMNS
from pdla.evaluation.change import MIN_PATIENTS, Change
from pdla.evaluation.predictions import PROBABILITY_COLUMNS

CHANGED: Final = {column.name: column.meaning for column in COLUMNS} | {
    "expected_score": "expected score"
}
MAX_LEGS: Final = 80  # more are read in the file


def print_scores(scoring: VideoScoring, out: Path) -> None:
    """Print the figures of the scorer, a row a leg, what could not be scored, and the notes.

    Args:
        scoring: Of `score_videos`.
        out: Where the whole table will be.
    """
    console = Console(soft_wrap=True, highlight=False)
    scored = scoring.scored
    console.print(f"scored by {scoring.scorer.name}", style="bold")
    console.print(f"on patients new to it: {scoring.scorer.figures}")
    if len(scored):
        _print_legs(console, scoring, out)
    else:
        console.print("no leg has a score")
    for reason, places in _left_out(scoring).items():
        console.print(f"no score: {reason}: {_some(places)}")
    for fact in scoring.facts:
        console.print(fact)
    if scoring.change is not None:
        _print_change(console, scoring.change)
    console.print(RESEARCH_ONLY, style="italic")


def _print_legs(console: Console, scoring: VideoScoring, out: Path) -> None:
    """A row a leg, and what the columns are."""
    scored = scoring.scored
    title = f"{len(scored)} legs, each by the mean of the runs of its side"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("video", no_wrap=True)
    table.add_column("leg", no_wrap=True)
    with_runs = bool((scored["n_runs"] > 1).any())
    names = ("score", "mean", *(column[1] for column in PROBABILITY_COLUMNS), "set")
    for name in (*names, "SD", "runs") if with_runs else names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in scored.head(MAX_LEGS).to_dict("records"):
        table.add_row(*_cells(row, with_runs))
    console.print(table)
    if len(scored) > MAX_LEGS:
        console.print(f"and {len(scored) - MAX_LEGS} more legs in {out}")
    console.print(
        "0 to 4: probability of each score in percent; mean: their mean, which rounded is the "
        f"score; set: scores that hold the rater's with {scoring.sets.coverage:.0%} probability"
        + ("; SD: of the mean, between runs" if with_runs else ""),
        style="dim",
    )


def _print_change(console: Console, change: Change) -> None:
    """A table for each pair of states, and how much a take errs."""
    pairs = dict.fromkeys((row.before, row.after) for row in change.rows)
    for before, after in pairs:
        rows = [row for row in change.rows if (row.before, row.after) == (before, after)]
        count = f"{rows[0].n_patients} patient{'' if rows[0].n_patients == 1 else 's'}"
        title = f"{change.condition}: {after} minus {before}, {count}"
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
        table.add_column("quantity")
        for name in ("difference", "95%", "SEM", "SDC"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(
                CHANGED[row.quantity], _difference(row.mean), _interval(row.low, row.high),
                _number(row.sem), _number(row.sdc),
            )  # fmt: skip
        console.print(table)
    if any(row.n_patients < MIN_PATIENTS for row in change.rows):
        console.print(f"no interval with fewer than {MIN_PATIENTS} patients")
    if change.n_repeats:
        console.print(
            "SEM: standard error of one take; SDC: smallest change of a leg that is more than "
            f"noise, of {change.n_repeats} repeated takes",
            style="dim",
        )
        return
    console.print(
        "no repeated takes in a visit: how much a take errs is not known. Film a leg twice under "
        "one condition; the visit is a column of the sheet, or the date in the video id"
    )


def _interval(low: float, high: float) -> str:
    return f"{_difference(low)} to {_difference(high)}" if np.isfinite(low) else "-"


def _difference(value: float) -> str:
    """With its sign; what is left of rounding is 0."""
    return f"{round(value, 9):+.3g}"


def _number(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "-"


def print_files(files: Sequence[Path]) -> None:
    """Print what was written."""
    console = Console(soft_wrap=True, highlight=False)
    for path in files:
        console.print(f"wrote {path}")


def _cells(row: dict[Any, Any], with_runs: bool) -> list[str]:
    shares = [row[column] for column in PROBABILITY_COLUMNS]
    numbers = [str(row["predicted"]), f"{row['expected_score']:.2f}"]
    numbers += [f"{100 * share:.0f}" if share >= 0.005 else "-" for share in shares]
    words = row["score_set"].split()
    numbers.append(" ".join(words) if all(word.isdigit() for word in words) else "-")
    if with_runs:
        numbers += [f"{row['disagreement']:.2f}" if row["n_runs"] > 1 else "-", str(row["n_runs"])]
    return [_short(row["place"]), row["leg"], *numbers]


def _short(place: str) -> str:
    """`folder 12` of `folder 12 of 62 by name`."""
    return place.split(" of ", maxsplit=1)[0]


def _left_out(scoring: VideoScoring) -> dict[str, list[str]]:
    """Places by reason, the commonest first; a place stands there once if it is about both legs."""
    rows = scoring.table[scoring.table["reason"] != ""]
    found: dict[str, list[str]] = {}
    for reason, _ in Counter(rows["reason"]).most_common():
        sides: dict[str, str] = {}
        for row in rows[rows["reason"] == reason].itertuples():
            sides[str(row.place)] = sides.get(str(row.place), "") + str(row.leg)
        found[str(reason)] = [
            _short(place) if len(legs) > 1 else f"{_short(place)} {legs}"
            for place, legs in sides.items()
        ]
    return found


def _some(places: list[str]) -> str:
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more
