"""The screen of `pdla check`."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

MAX_PLACES: Final = 5  # the rest is in --json and --html
_NAMES: Final = {"L": "left", "R": "right"}


def print_check(
    summary: Mapping[str, Any],
    videos: Path,
    labels: Path | None,
    overrides: Sequence[str] = (),
) -> bool:
    """Print a summary on one screen; text of users is never read as markup.

    Args:
        summary: What `check_cohort` found.
        videos: Folder that was checked.
        labels: Its sheet.
        overrides: Options it was read with, for the command that trains on it.

    Returns:
        Whether anything can be scored.
    """
    console = Console(highlight=False, soft_wrap=False)
    _print_totals(console, summary, videos, labels)
    console.print(_legs_table(summary))
    _print_reasons(console, "Cannot be scored", summary["unusable"], "red")
    _print_reasons(console, "Usable, but look at it", summary["warnings"], "yellow")
    _print_notes(console, "Odd rows of the sheet", summary["sheet"])
    _print_notes(console, "Odd files, read around", summary["files"])
    if labels and summary["folders_without_row"]:
        console.print(Text("Folders without a row: unrated", style="bold"))
        _print_indented(console, _places(summary["places_without_row"]), 2)
    _print_merged(console, summary["merged_patients"])
    _print_agreement(console, summary["agreement"])
    return _print_next(console, summary, videos, labels, overrides)


def _print_totals(
    console: Console, summary: Mapping[str, Any], videos: Path, labels: Path | None
) -> None:
    sheet = f" with {labels.name}" if labels else ", no label sheet: nothing is rated"
    console.print(Text(f"{videos}{sheet}", style="bold"))
    rows = f"{summary['rows']} rows, {summary['rated_rows']} of them rated; " if labels else ""
    without = summary["folders_without_row"]
    extra = f" ({without} without a row)" if without and labels else ""
    others = f"; {summary['other_entries']} other things passed over"
    console.print(
        f"{rows}{summary['folders']} folders{extra}; {summary['patients']} patients; "
        f"{summary['frames']:,} frames, {summary['minutes']} minutes"
        f"{others if summary['other_entries'] else ''}"
    )


def _legs_table(summary: Mapping[str, Any]) -> Table:
    scores = list(summary["legs"]["L"]["scores"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("leg")
    for name, style in (("usable", "green"), ("look at it", "yellow"), ("cannot be scored", "red")):
        table.add_column(name, justify="right", style=style)
    for score in scores:
        table.add_column(f"score {score}" if score == scores[0] else score, justify="right")
    table.add_column("unrated", justify="right")
    for leg, count in summary["legs"].items():
        numbers = [count["usable"], count["warning"], count["unusable"]]
        numbers += [*count["scores"].values(), count["unrated"]]
        table.add_row(_NAMES[leg], *map(str, numbers))
    return table


def _print_reasons(
    console: Console, title: str, reasons: Sequence[Mapping[str, Any]], style: str
) -> None:
    if not reasons:
        return
    console.print(Text(title, style=f"bold {style}"))
    for reason in reasons:
        legs = f"{reason['legs']['L']} left, {reason['legs']['R']} right"
        _print_indented(console, f"{legs}: {reason['reason']}", 2)
        _print_indented(console, _places(reason["places"]), 6, "dim")
        if reason["advice"]:
            _print_indented(console, f"-> {reason['advice']}", 6)


def _print_notes(console: Console, title: str, notes: Sequence[Mapping[str, Any]]) -> None:
    if not notes:
        return
    console.print(Text(title, style="bold"))
    for note in notes:
        times = f"{note['times']} " if "times" in note else ""
        where = f" in {_count(note['places'], 'video')}" if "times" in note else ""
        places = "" if where and len(note["places"]) > MAX_PLACES else _places(note["places"])
        line = f"{times}{note['problem']}{where}{': ' if places else ''}{places}"
        _print_indented(console, line, 2)


def _print_merged(console: Console, merged: Sequence[Mapping[str, Any]]) -> None:
    if not merged:
        return
    console.print(Text("Taken as one patient each: are they?", style="bold"))
    for patient in merged:
        counts = [
            f"{patient[name]} {name if patient[name] > 1 else name[:-1]}"
            for name in ("codes", "numbers")
        ]
        line = f"{_places(patient['places'], 20)}: {', '.join(counts)}, now {patient['patient']}"
        _print_indented(console, line, 2)


def _print_agreement(console: Console, agreement: Mapping[str, Any]) -> None:
    for leg, values in agreement.items():
        kappa, icc = (
            "-" if values[name] is None else f"{values[name]:.2f}" for name in ("qwk", "icc")
        )
        raters = f"{values['raters']} raters, {values['legs']} {_NAMES[leg]} legs"
        console.print(f"{raters}: weighted kappa {kappa}, ICC(2,1) {icc}")


def _print_next(
    console: Console,
    summary: Mapping[str, Any],
    videos: Path,
    labels: Path | None,
    overrides: Sequence[str],
) -> bool:
    """What to type next; returns whether anything can be scored."""
    n_usable = sum(count["usable"] + count["warning"] for count in summary["legs"].values())
    if not n_usable:
        console.print(Text("Nothing here can be scored yet.", style="bold red"))
    elif labels is not None:
        console.print(Text("Train on it", style="bold"))
        command = ["  python train.py recordings=clinic"]
        command += [_override("recordings.videos", videos), _override("recordings.labels", labels)]
        command += [
            shlex.quote(f"recordings.{override.removeprefix('recordings.')}")
            for override in overrides
        ]
        console.print(Text(" ".join(command)), soft_wrap=True)  # one line, to be copied
    return bool(n_usable)


def _override(key: str, path: Path) -> str:
    """`key=path` as a shell and Hydra's grammar read it, whatever is in the path."""
    if re.fullmatch(r"[A-Za-z0-9_./+-]+", str(path)):
        return f"{key}={path}"
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return shlex.quote(f'{key}="{escaped}"')


def _count(places: Sequence[str], noun: str) -> str:
    return f"{len(places)} {noun}{'' if len(places) == 1 else 's'}"


def _print_indented(console: Console, line: str, spaces: int, style: str = "") -> None:
    console.print(Padding(Text(line, style=style), (0, 0, 0, spaces), expand=False))


def _places(places: Sequence[str], most: int = MAX_PLACES) -> str:
    """Places in one line; rows without details are joined as `rows 8, 19, 20`."""
    bare = [place for place in places if place.startswith("row ") and place[4:].isdigit()]
    others = [place for place in places if place not in bare]
    shown = [place[4:] for place in bare[:most]]
    if bare:
        others = [f"row{'s' if len(shown) > 1 else ''} {', '.join(shown)}", *others]
    left_out = max(len(bare) - most, 0) + max(len(others) - most, 0)
    more = f" and {left_out} more (see --html)" if left_out else ""
    return "; ".join(others[:most]) + more
