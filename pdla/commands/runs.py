"""`pdla runs STUDY`, and the table that ends a sweep: what became of each run."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.commands.train_help import CONF
from pdla.evaluation.metrics import METRIC_OF
from pdla.runs.overview import RunState, list_runs


def show_runs(study: Path, skipped: Sequence[Path] = ()) -> bool:
    """Print the runs of a study: state, minutes and primary metrics; why not, and how to complete.

    Args:
        study: Folder of the study.
        skipped: Folders of runs that were finished before the sweep that ends here.

    Returns:
        Whether all runs are finished.

    Raises:
        ValueError: If there is no run in the folder.
    """
    states = list_runs(study, name_of_run)
    console = Console(soft_wrap=True)
    console.print(_runs_table(study, states, set(skipped)))
    open_runs = [state for state in states if state.state not in ("finished", "running")]
    for state in open_runs:
        console.print(f"{state.folder.name}: {state.reason}", highlight=False, markup=False)
        if state.command:
            console.print(f"  {state.command}", highlight=False, markup=False)
    counts = Counter(_word(state, set(skipped)) for state in states)
    console.print(", ".join(f"{count} {word}" for word, count in counts.items()), highlight=False)
    console.print(RESEARCH_ONLY, style="italic")
    return not open_runs


def name_of_run(overrides: Sequence[str]) -> str:
    """The folder that train.py gives a run of a sweep; its overrides if they do not compose."""
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("train", overrides=list(overrides), return_hydra_config=True)
        return str(config.hydra.sweep.subdir)
    except (HydraException, OmegaConfBaseException):
        return shlex.join(overrides)


def _runs_table(study: Path, states: list[RunState], skipped: set[Path]) -> Table:
    keys = list(dict.fromkeys(key for state in states for key, _ in state.primary))
    table = Table(box=box.SIMPLE_HEAD, title=f"Runs of {study}", title_justify="left")
    table.add_column("run", no_wrap=True)
    table.add_column("state")
    for title in ("minutes", *(METRIC_OF[key].title for key in keys)):
        table.add_column(title, justify="right")
    for state in states:
        found = dict(state.primary)
        cells = [f"{found[key]:.2f}" if key in found else "" for key in keys]
        minutes = "" if state.minutes is None else f"{state.minutes:.1f}"
        table.add_row(state.folder.name, _word(state, skipped), minutes, *cells)
    return table


def _word(state: RunState, skipped: set[Path]) -> str:
    is_skipped = state.state == "finished" and state.folder in skipped
    return "skipped" if is_skipped else state.state
