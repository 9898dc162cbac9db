"""`pdla reproduce RUN`: repeat a finished run from its own config, and compare what both say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pdla.evaluation.predictions import PROBABILITY_COLUMNS
from pdla.report.study_run import read_run
from pdla.training.run import run as train_run

KEY = ["video_id", "leg", "stage"]


@dataclass(frozen=True)
class Reproduction:
    """How far a repeated run is from the first.

    Attributes:
        folder: The repeated run.
        largest_difference: Of any probability of any leg, 0 to 1.
        versions: Packages of another version now, as `torch 2.14 -> 2.15`.
    """

    folder: Path
    largest_difference: float
    versions: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether every probability is the same, as written in predictions.csv."""
        return self.largest_difference == 0


def reproduce_run(run_dir: Path, out: Path) -> Reproduction:
    """Train and test a run again, on the recordings that its config names.

    Args:
        run_dir: A finished run.
        out: Study of the repeated run; its folder has the name of the first.

    Raises:
        ValueError: If the run cannot be read, its recordings have changed, or other legs were used.
    """
    first = read_run(run_dir)
    folder = out / run_dir.resolve().name
    if folder.resolve() == run_dir.resolve():
        raise ValueError(f"--out {out}: holds the run itself; give another folder")
    train_run(first.config, folder, brief=True)
    again = read_run(folder)
    if again.result.data_hash != first.result.data_hash:
        raise ValueError(
            f"{run_dir}: its recordings or scores have changed since (data_hash differs): "
            "the repeated run cannot be compared"
        )
    both = first.predictions.merge(again.predictions, on=KEY, suffixes=("", "_again"))
    if not len(both) == len(first.predictions) == len(again.predictions):
        raise ValueError(f"{folder}: used other legs than {run_dir}")
    one = both[PROBABILITY_COLUMNS].to_numpy()
    two = both[[f"{name}_again" for name in PROBABILITY_COLUMNS]].to_numpy()
    before, now = first.result.versions, again.result.versions
    changed = tuple(
        f"{name} {before[name]} -> {now.get(name)}"
        for name in before
        if now.get(name) != before[name]
    )
    return Reproduction(folder, float(np.abs(one - two).max()), changed)


def reproduction_text(found: Reproduction) -> str:
    """The result in words."""
    versions = f" Versions have changed: {', '.join(found.versions)}." if found.versions else ""
    if found.is_same:
        return f"{found.folder}: the same predictions, number for number.{versions}"
    return (
        f"{found.folder}: predictions differ, a probability by up to "
        f"{found.largest_difference:.6f}.{versions} Another machine or another number of threads "
        "can be the reason, too."
    )
