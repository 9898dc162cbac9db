"""`pdla check`: what is usable for which leg, what is not and why, and what to do."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pdla.commands.check_summary import (
    CheckSummary,
    Place,
    ReasonGroup,
    count_of,
    summarise,
)
from pdla.commands.local import is_local
from pdla.commands.overrides import as_hydra_reads, write_override
from pdla.data.files import write_bytes
from pdla.data.intake import Intake, IntakeOptions, read_intake
from pdla.data.intake.quality import Verdict
from pdla.data.progress import track
from pdla.data.recordings import SCORES
from pdla.data.skeletons import LEG_NAMES
from pdla.evaluation.abstention import find_abstention


def check_cohort(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> CheckSummary:
    """Read a cohort and say what is in it.

    Nothing in the result names a patient: videos are found by row or by position of the folder.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If nothing can be read at all.
    """
    return judge_intake(read_intake(videos, labels, store, options))


def judge_intake(intake: Intake) -> CheckSummary:
    """Say what is in a cohort that was read, also of which legs no score would be given."""
    return summarise(_with_abstentions(intake))


def _with_abstentions(intake: Intake) -> Intake:
    """Add to the findings of usable legs why no score would be given for them."""
    samples = track(intake.cohort.samples, "Looking for the task", len(intake.cohort.samples))
    found = {(one.recording.video_id, one.leg): find_abstention(one) for one in samples}
    videos = []
    for entry in intake.videos:
        verdicts = dict(entry.verdicts)
        for leg, verdict in entry.verdicts.items():
            why = found.get((entry.video_id, leg))
            if why is not None and why not in verdict.findings:
                verdicts[leg] = Verdict((*verdict.findings, why))
        videos.append(replace(entry, verdicts=verdicts))
    return replace(intake, videos=tuple(videos))


def write_json(summary: CheckSummary, path: Path) -> None:
    """Write a summary as JSON."""
    write_bytes(path, orjson.dumps(summary.to_json(), option=orjson.OPT_INDENT_2))


MAX_PLACES: Final = 5  # the rest is in --json and --html


def print_check(
    summary: CheckSummary,
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
    _print_reasons(console, "Cannot be scored", summary.unusable, "red")
    _print_reasons(console, "Usable, but look at it", summary.warnings, "yellow")
    _print_rows(console, "Odd rows of the sheet", summary.sheet)
    _print_rows(console, "Odd trials in the files", summary.trials)
    _print_files(console, summary)
    if labels and summary.places_without_row:
        console.print(Text("Folders without a row: unrated", style="bold"))
        _print_indented(console, _join_places(summary.places_without_row), 2)
    _print_merged(console, summary)
    _print_agreement(console, summary)
    return _print_next(console, summary, videos, labels, overrides)


def _print_totals(
    console: Console, summary: CheckSummary, videos: Path, labels: Path | None
) -> None:
    sheet = f" with {labels.name}" if labels else ", no label sheet: nothing is rated"
    if summary.source:
        sheet = f": {summary.source}, with its ratings"
    console.print(Text(f"{videos}{sheet}", style="bold"))
    rows = f"{count_of(summary.rows, 'row')}, {summary.rated_rows} of them rated; "
    without = len(summary.places_without_row)
    extra = f" ({without} without a row)" if without and labels else ""
    others = f"; {summary.other_entries} other things passed over"
    console.print(
        f"{rows if labels else ''}{count_of(summary.folders, 'folder')}{extra}; "
        f"{count_of(summary.patients, 'patient')}; "
        f"{count_of(summary.frames, 'frame')}, {summary.minutes} minutes"
        f"{others if summary.other_entries else ''}"
    )


def _legs_table(summary: CheckSummary) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("leg")
    for name, style in (("usable", "green"), ("look at it", "yellow"), ("cannot be scored", "red")):
        table.add_column(name, justify="right", style=style)
    for score in SCORES:
        table.add_column(f"score {score}" if score == SCORES[0] else str(score), justify="right")
    table.add_column("unrated", justify="right")
    for leg, count in summary.legs.items():
        numbers = [count.usable, count.warning, count.unusable]
        numbers += [*count.scores.values(), count.unrated]
        table.add_row(LEG_NAMES[leg], *map(str, numbers))
    return table


def _print_reasons(console: Console, title: str, groups: Sequence[ReasonGroup], style: str) -> None:
    if not groups:
        return
    console.print(Text(title, style=f"bold {style}"))
    for group in groups:
        legs = f"{group.legs['L']} left, {group.legs['R']} right"
        _print_indented(console, f"{legs}: {group.reason.text}", 2)
        _print_indented(console, _join(group.places), 6, "dim")
        if group.reason.advice:
            _print_indented(console, f"-> {group.reason.advice}", 6)


def _print_rows(console: Console, title: str, groups: Sequence[ReasonGroup]) -> None:
    if not groups:
        return
    console.print(Text(title, style="bold"))
    for group in groups:
        _print_indented(console, f"{group.reason.text}: {_join(group.places)}", 2)


def _print_files(console: Console, summary: CheckSummary) -> None:
    if not summary.files:
        return
    console.print(Text("Odd files, read around", style="bold"))
    for one in summary.files:
        places = "" if len(one.places) > MAX_PLACES else f": {_join_places(one.places)}"
        videos = count_of(len(one.places), "video")
        _print_indented(console, f"{one.times} {one.problem} in {videos}{places}", 2)


def _print_merged(console: Console, summary: CheckSummary) -> None:
    if not summary.merged_patients:
        return
    console.print(Text("Taken as one patient each: are they?", style="bold"))
    for one in summary.merged_patients:
        codes, numbers = count_of(one.n_codes, "code"), count_of(one.n_numbers, "number")
        places = _join_places(one.places, 20)
        _print_indented(console, f"{places}: {codes}, {numbers}, now {one.patient}", 2)


def _print_agreement(console: Console, summary: CheckSummary) -> None:
    for leg, values in summary.agreement.items():
        kappa, icc = (
            "-" if value is None else f"{value:.2f}" for value in (values.kappa, values.icc)
        )
        raters = f"{values.n_raters} raters, {values.n_legs} {LEG_NAMES[leg]} legs"
        console.print(f"{raters}: weighted kappa {kappa}, ICC(2,1) {icc}")
        _print_indented(console, f"{values.told} (recordings.sheet.raters={values.rule})", 2)


def _print_next(
    console: Console,
    summary: CheckSummary,
    videos: Path,
    labels: Path | None,
    overrides: Sequence[str],
) -> bool:
    """What to type next; returns whether anything can be scored."""
    if not summary.n_usable:
        console.print(Text("Nothing here can be scored yet.", style="bold red"))
    elif is_local(videos, labels) and not overrides:
        console.print(Text("Train on it", style="bold"))
        console.print(Text("  python train.py study=ours"))
    elif labels is not None or summary.source:
        console.print(Text("Train on it", style="bold"))
        if labels is None:
            name, places = "li2018", {"root": videos}
        else:
            name, places = "clinic", {"videos": videos, "labels": labels}
        command = [f"  python train.py recordings={name}"]
        command += [write_override(f"recordings.{key}", path) for key, path in places.items()]
        command += [
            shlex.quote(f"recordings.{as_hydra_reads(override).removeprefix('recordings.')}")
            for override in overrides
        ]
        console.print(Text(" ".join(command)), soft_wrap=True)  # one line, to be copied
    return bool(summary.n_usable)


def _print_indented(console: Console, line: str, spaces: int, style: str = "") -> None:
    console.print(Padding(Text(line, style=style), (0, 0, 0, spaces), expand=False))


def _join(places: Sequence[Place], most: int = MAX_PLACES) -> str:
    """Places in one line; those with the same detail are named together."""
    by_detail: dict[str, list[str]] = {}
    for place in places:
        by_detail.setdefault(place.detail, []).append(str(Place(place.where, place.leg)))
    parts = [
        _join_places(where, most) + (f": {detail}" if detail else "")
        for detail, where in by_detail.items()
    ]
    more = f" and {len(parts) - most} more (see --html)" if len(parts) > most else ""
    return "; ".join(parts[:most]) + more


def _join_places(places: Sequence[str], most: int = MAX_PLACES) -> str:
    """Places in one line; whole rows are joined as `rows 8, 19, 20`."""
    bare = [place for place in places if re.fullmatch(r"row \d+", place)]
    others = [place for place in places if place not in bare]
    shown = [place[4:] for place in bare[:most]]
    if bare:
        others = [f"row{'s' if len(shown) > 1 else ''} {', '.join(shown)}", *others]
    left_out = max(len(bare) - most, 0) + max(len(others) - most, 0)
    more = f" and {left_out} more (see --html)" if left_out else ""
    return "; ".join(others[:most]) + more
