"""Training curves of a run, read back from its history, or from TensorBoard events."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from pdla.runs.folder import HISTORY

CURVES: Final = ("train/loss", "val/loss", "val/rps")

Curve = list[tuple[int, float]]


def read_curves(run_dir: Path) -> dict[str, Curve]:
    """Points (step, value) of each of CURVES that a run has logged, in order of the steps.

    A run that was resumed has several files; the later point of a step counts. Runs made before
    there was a history are read from their TensorBoard events, which takes a second or so.
    """
    points: dict[str, dict[int, float]] = {}
    files = sorted((run_dir / HISTORY).glob("version_*/metrics.csv"), key=_version)
    for tag, step, value in _from_history(files) if files else _from_events(run_dir):
        points.setdefault(tag, {})[step] = value
    return {tag: sorted(points[tag].items()) for tag in CURVES if tag in points}


def _version(path: Path) -> int:
    number = path.parent.name.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def _from_history(files: list[Path]) -> Iterator[tuple[str, int, float]]:
    for path in files:
        try:
            table = pd.read_csv(path).apply(pd.to_numeric, errors="coerce")
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
            continue  # a killed run may leave half of a file; the resumed one has its own
        for tag in CURVES:
            if {"step", tag} <= set(table.columns):
                rows = table[["step", tag]].dropna()
                yield from ((tag, int(step), float(value)) for step, value in rows.to_numpy())


def _from_events(run_dir: Path) -> Iterator[tuple[str, int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
        EventAccumulator,
    )

    # 0 keeps every point of a curve, 1 only the last of each picture.
    keep = {"scalars": 0, "images": 1, "tensors": 1}
    for path in sorted(run_dir.glob("events.out.tfevents.*")):
        events = EventAccumulator(str(path), size_guidance=keep).Reload()
        for tag in set(CURVES).intersection(events.Tags()["scalars"]):
            yield from ((tag, event.step, event.value) for event in events.Scalars(tag))
