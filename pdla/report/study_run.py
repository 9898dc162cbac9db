"""One finished run read back: its files, checked one by one."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pdla.data.files import read_utf8
from pdla.data.splits.files import FoldsRecord, Split
from pdla.evaluation.leg_table import SITE, read_legs
from pdla.evaluation.predictions import LEG_KEY, read_predictions
from pdla.runs.config import RunConfig, check_sections
from pdla.runs.folder import CONFIG, LEGS_FOLDER, PREDICTIONS, SPLIT, read_result, text_hash
from pdla.runs.old_configs import read_config
from pdla.runs.result import RunResult


class PassKey(NamedTuple):
    """One prediction for each leg: all folds of one repeat of a split, trained with one seed."""

    split: str  # hash
    repeat: int
    seed: int


@dataclass(frozen=True)
class StudyRun:
    """One finished run.

    Attributes:
        folder: Its folder.
        result: result.json.
        config: config.yaml.
        predictions: predictions.csv, a row a leg and stage.
        folds: Every fold of its split.
        legs: Table of rated legs, which the folds count.
    """

    folder: Path
    result: RunResult
    config: RunConfig
    predictions: pd.DataFrame
    folds: tuple[Split, ...]
    legs: pd.DataFrame

    @cached_property
    def tested(self) -> pd.DataFrame:
        """Predictions for the test patients, with visit, place in the table of legs, and site."""
        rows = self.predictions[self.predictions["stage"] == "test"]
        names = [*LEG_KEY, "visit", *([SITE] if SITE in self.legs else [])]
        places = self.legs[names].assign(place=self.legs.index)
        return rows.merge(places, on=LEG_KEY)

    @property
    def fold(self) -> Split:
        """The fold that it tested."""
        return self.folds[self.result.split.fold]

    @cached_property
    def pass_key(self) -> PassKey:
        """Which pass its predictions belong to."""
        split = self.result.split
        return PassKey(split.hash, repeat_of_fold(self.folds)[split.fold], self.result.seed)

    def own_legs(self, *parts: tuple[int, ...]) -> pd.DataFrame:
        """Rated legs of its sides in parts of a fold."""
        numbers = [number for part in parts for number in part]
        chosen = self.legs.index.isin(numbers) & self.legs["leg"].isin(self.result.legs)
        return self.legs[chosen]


def repeat_of_fold(folds: tuple[Split, ...]) -> list[int]:
    """Which repeat each fold belongs to: a new one begins when a leg would be tested twice."""
    repeats, seen, repeat = [], set[int](), 0
    for fold in folds:
        tested = set(fold.test)
        if tested & seen:
            repeat, seen = repeat + 1, set()
        seen |= tested
        repeats.append(repeat)
    return repeats


def read_run(run_dir: Path) -> StudyRun:
    """Read and check a finished run.

    Raises:
        ValueError: If a file is missing or cannot be trusted; one line with its path.
    """
    result = read_result(run_dir)
    if result is None:
        raise ValueError(f"{run_dir}: not a finished run; finish it first")
    try:
        record = FoldsRecord.read(run_dir / SPLIT)
        text = read_utf8(run_dir / PREDICTIONS)
        config = read_config(run_dir / CONFIG)
        check_sections(run_dir / CONFIG, config)
        legs = read_legs(run_dir.parent / LEGS_FOLDER / result.legs_file)
    except FileNotFoundError as error:
        raise ValueError(
            f"{run_dir}: {error.filename} is missing; delete the folder and run it again"
        ) from None
    if text_hash(text) != result.predictions_hash:
        raise ValueError(
            f"{run_dir / PREDICTIONS}: was changed after the run; restore it, or run again"
        )
    if result.split.fold >= len(record.folds):
        raise ValueError(
            f"{run_dir / SPLIT}: {len(record.folds)} folds, but the run tested fold "
            f"{result.split.fold}; restore it, or run again"
        )
    predictions = read_predictions(run_dir / PREDICTIONS)
    run = StudyRun(run_dir, result, config, predictions, record.folds, legs)
    if run.own_legs(run.fold.test).empty:
        raise ValueError(
            f"{run_dir / SPLIT}: fold {result.split.fold} tests no {result.leg} leg; restore it, "
            "or run again"
        )
    return run
