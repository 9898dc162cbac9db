"""The tables that end a run: counts, and metrics beside the majority class."""

from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.data.recordings import SCORES
from pdla.evaluation.metrics import HEADLINE, METRIC_OF
from pdla.runs.result import RunResult


def print_result(result: RunResult, run_dir: Path) -> None:
    """Print counts, metrics beside the baseline, and what to do next.

    Args:
        result: Of the run.
        run_dir: Folder of the run, inside that of its study.
    """
    console = Console(soft_wrap=True)
    console.print()
    console.print(_counts_table(result))
    console.print(_metrics_table(result))
    for note in _notes(result):
        console.print(note, highlight=False)
    console.print(f"\nrun      {run_dir}", highlight=False)
    console.print(f"review   tensorboard --logdir {run_dir.parent}", highlight=False)
    console.print(f"report   pdla report {run_dir.parent}", highlight=False)
    console.print(RESEARCH_ONLY, style="italic")


def print_line(result: RunResult, run_dir: Path) -> None:
    """Print a finished run as one line: for a sweep in a pipe, whose table follows at its end."""
    row = result.metrics["test"]
    primary = ", ".join(f"{METRIC_OF[key].title} {_cell(row[key])}" for key in result.primary)
    leaky = " LEAKY split, not a result." if result.is_leaky else ""
    console = Console(soft_wrap=True)
    console.print(f"{run_dir}: test {primary}.{leaky} {RESEARCH_ONLY}", highlight=False)


def _counts_table(result: RunResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="Legs by score", title_justify="left")
    table.add_column("stage")
    for score in SCORES:
        table.add_column(str(score), justify="right")
    table.add_column("legs", justify="right")
    table.add_column("patients", justify="right")
    for stage, counts in result.score_counts.items():
        cells = [str(count) if count else "-" for count in counts]
        table.add_row(stage, *cells, str(sum(counts)), str(result.patient_counts[stage]))
    return table


def _metrics_table(result: RunResult) -> Table:
    title = f"{result.model}, leg {result.leg}: test patients of fold {result.split.fold}"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("per video, not per clip")
    table.add_column("model", justify="right")
    table.add_column("majority", justify="right")
    table.add_column("better is")
    for metric in (METRIC_OF[key] for key in HEADLINE):
        rows = (result.metrics["test"], result.baselines.get("majority", {}))
        cells = [_cell(row.get(metric.key, np.nan)) for row in rows]
        name = f"{metric.title} (primary)" if metric.key in result.primary else metric.title
        table.add_row(name, *cells, metric.direction.removesuffix(" is better"))
    return table


def _cell(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "n/a"


def _notes(result: RunResult) -> list[str]:
    notes = []
    if result.is_leaky:
        notes.append("LEAKY split: test patients may be in training. This is not a result.")
    if unsupported := result.unsupported_scores:
        names = ", ".join(str(score) for score in unsupported)
        notes.append(f"No training leg has score {names}: its probability is 0; no claim is made.")
    if absent := result.absent_scores("test"):
        names = ", ".join(str(score) for score in absent)
        notes.append(f"No test leg of this fold has score {names}: metrics that need it are n/a.")
    if result.weights_source == "none":
        notes.append("Trained from scratch: no pre-trained weights were used.")
    notes += [f"left out: {count} x {reason}" for reason, count in result.excluded.items()]
    n_legs = sum(result.score_counts["test"])
    notes.append(f"{n_legs} test legs are few: run all folds before you rely on a number.")
    return notes
