"""All runs of a study, finished or not: what became of each, and the command that completes it."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import yaml

from pdla.data.splits.files import FoldsRecord
from pdla.runs.folder import CONFIG, ERROR, RESULT, SPLIT, WRITER, read_result

State = Literal["finished", "running", "failed", "stopped", "missing"]
OVERRIDES: Final = Path(".hydra") / "overrides.yaml"  # what Hydra writes before a run begins
FOLD: Final = re.compile(r"-fold(\d+)-")


@dataclass(frozen=True)
class RunState:
    """What became of one run.

    Attributes:
        folder: Its folder; of a missing run the one that it would have.
        state: `missing` is a fold of a split that other runs have.
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
        return f"python train.py {shlex.join(self.overrides)}".strip()


def list_runs(study: Path) -> list[RunState]:
    """The runs of a study in order of their names, with the folds that are missing.

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
    return sorted([*states, *_missing(states)], key=lambda state: state.folder.name)


def _state_of(folder: Path) -> RunState:
    overrides = _read_overrides(folder)
    try:
        result = read_result(folder)
    except (ValueError, OSError) as error:
        return RunState(folder, "failed", reason=str(error).splitlines()[0], overrides=overrides)
    if result is not None:
        primary = tuple((key, result.metrics["test"][key]) for key in result.primary)
        minutes = sum(result.times.values()) / 60
        return RunState(folder, "finished", minutes, primary, overrides=overrides)
    if (folder / WRITER).exists():
        return RunState(folder, "running", overrides=overrides)
    if (error_file := folder / ERROR).exists():
        lines = error_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        reason = lines[0] if lines else "no reason given"
        return RunState(folder, "failed", reason=reason, overrides=overrides)
    return RunState(folder, "stopped", reason="stopped from outside", overrides=overrides)


def _read_overrides(folder: Path) -> tuple[str, ...] | None:
    try:
        lines = yaml.safe_load((folder / OVERRIDES).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return tuple(str(line) for line in lines) if isinstance(lines, list) else None


def _missing(states: list[RunState]) -> Iterator[RunState]:
    """Folds that a split has, but of which a model has no folder."""
    names = {state.folder.name for state in states}
    seen = set[str]()
    for state in states:
        if state.state != "finished" or not FOLD.search(state.folder.name):
            continue
        try:
            n_folds = len(FoldsRecord.read(state.folder / SPLIT).folds)
        except (ValueError, OSError):
            continue
        for fold in range(n_folds):
            name = FOLD.sub(f"-fold{fold}-", state.folder.name, count=1)
            if name not in names and name not in seen:
                seen.add(name)
                yield RunState(
                    state.folder.with_name(name), "missing", reason="this fold was never started",
                    overrides=_with_fold(state.overrides, fold),
                )  # fmt: skip


def _with_fold(overrides: tuple[str, ...] | None, fold: int) -> tuple[str, ...] | None:
    if overrides is None:
        return None
    return (*(one for one in overrides if not one.startswith("split.fold=")), f"split.fold={fold}")
