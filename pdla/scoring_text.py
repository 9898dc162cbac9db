"""Scores of new videos as they stand on the screen."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.evaluation.weighted import PROBABILITY_COLUMNS
from pdla.commands.score import VideoScoring

MAX_LEGS: Final = 80  # more are read in the file


def print_scores(scoring: VideoScoring, out: Path) -> None:
    """Print a row a leg, what could not be scored and why, and what to keep in mind."""
    console = Console(soft_wrap=True, highlight=False)
    scored = scoring.scored
    title = f"{len(scored)} legs, each by the mean of the runs of its side"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("video", no_wrap=True)
    table.add_column("leg")
    for name in ("score", "mean", *(column[1] for column in PROBABILITY_COLUMNS), "SD", "runs"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in scored.head(MAX_LEGS).to_dict("records"):
        table.add_row(*_cells(row))
    console.print(table)
    if len(scored) > MAX_LEGS:
        console.print(f"and {len(scored) - MAX_LEGS} more legs in {out}")
    console.print(
        "0 to 4: probability of each score; mean: their mean, which rounded is the score; SD: of "
        "the mean, between runs",
        style="dim",
    )
    for reason, places in _left_out(scoring).items():
        console.print(f"no score: {reason}: {_some(places)}")
    for fact in scoring.facts:
        console.print(fact)
    console.print(f"scores   {out}")
    console.print(f"made by  {out.with_suffix('.json')}")
    console.print(RESEARCH_ONLY, style="italic")


def _cells(row: dict[Any, Any]) -> list[str]:
    shares = [row[column] for column in PROBABILITY_COLUMNS]
    numbers = [str(row["predicted"]), f"{row['expected_score']:.2f}"]
    numbers += [f"{share:.2f}" if share >= 0.005 else "-" for share in shares]
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
