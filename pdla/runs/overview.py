"""All runs of a study, finished or not: what became of each, and the command that completes it."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml

from pdla.data.files import first_line
from pdla.runs.asked import read_asked
from pdla.runs.folder import CONFIG, ERROR, REFUSED, RESULT, WRITER, read_result

State = Literal["finished", "running", "failed", "stopped", "missing"]
OVERRIDES: Final = Path(".hydra") / "overrides.yaml"  # what Hydra writes before a run begins
LAUNCHERS: Final = ("launcher=", "+launcher=", "hydra")  # of a sweep, not of one of its runs


@dataclass(frozen=True)
class RunState:
    """What became of one run.

    Attributes:
        folder: Its folder; of a missing run the one that it would have.
        state: `missing` was asked for by a sweep and has no folder.
        minutes: Reading, training and testing; None unless finished.
        primary: Primary metrics of the test patients; empty unless finished.
        reason: Why it is not finished, in a line.
        overrides: Its part of the command line; None if unknown.
    """

    folder: Path
    state: State
    minutes: float | None = None
    primary: tuple[tuple[str, float], ...] = ()
    reason: str = ""
    overrides: tuple[str, ...] | None = None

    @property
    def command(self) -> str:
        """The command that completes this run; empty if it is finished or nobody knows."""
        if self.state in ("finished", "running") or self.overrides is None:
            return ""
        own = [one for one in self.overrides if not one.startswith(LAUNCHERS)]
        return f"python train.py {shlex.join(own)}".strip()


def list_runs(study: Path, name_of: Callable[[Sequence[str]], str] = shlex.join) -> list[RunState]:
    """The runs of a study in order of their names, with those that a sweep still has to start.

    Args:
        study: Folder of the study.
        name_of: Names the folder of a run by its overrides; called where no folder has them.

    Raises:
        ValueError: If there is no such folder, or no run in it.
    """
    if not study.is_dir():
        raise ValueError(f"{study}: no such folder; a study is runs/NAME")
    folders = sorted(
        path
        for path in study.iterdir()
        if path.is_dir() and any((path / name).exists() for name in (RESULT, CONFIG, OVERRIDES))
    )
    if not folders:
        raise ValueError(f"{study}: no run here")
    states = [_state_of(folder) for folder in folders]
    return sorted([*states, *_missing(study, states, name_of)], key=lambda state: state.folder.name)


def _state_of(folder: Path) -> RunState:
    overrides = read_overrides(folder)
    if (note := folder / REFUSED).exists() and not (folder / WRITER).exists():
        return RunState(folder, "failed", reason=f"refused: {_first_line(note)}")
    try:
        result = read_result(folder)
    except (ValueError, OSError) as error:
        return RunState(folder, "failed", reason=first_line(error), overrides=overrides)
    if result is not None:
        primary = tuple((key, result.metrics["test"][key]) for key in result.primary)
        minutes = sum(result.times.values()) / 60
        return RunState(folder, "finished", minutes, primary, overrides=overrides)
    if (folder / WRITER).exists():
        return RunState(folder, "running", overrides=overrides)
    if (note := folder / ERROR).exists():
        return RunState(folder, "failed", reason=_first_line(note), overrides=overrides)
    return RunState(folder, "stopped", reason="stopped from outside", overrides=overrides)


def _first_line(note: Path) -> str:
    lines = note.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[0] if lines else "no reason given"


def read_overrides(folder: Path) -> tuple[str, ...] | None:
    """What the command line said of a run; None where Hydra has not started it."""
    try:
        lines = yaml.safe_load((folder / OVERRIDES).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return tuple(str(line) for line in lines) if isinstance(lines, list) else None


def _missing(
    study: Path, states: list[RunState], name_of: Callable[[Sequence[str]], str]
) -> Iterator[RunState]:
    """What a sweep has asked for and has no folder; other folds were left out on purpose."""
    started = {frozenset(state.overrides) for state in states if state.overrides is not None}
    names = {state.folder.name for state in states}
    for overrides in read_asked(study):
        if frozenset(overrides) in started or (name := name_of(overrides)) in names:
            continue
        names.add(name)
        yield RunState(
            study / name, "missing", reason="asked for, but never started", overrides=overrides
        )
