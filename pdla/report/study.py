"""A study read back: its runs, checked one by one and against each other, and what is missing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from pdla.data.recordings import SCORES
from pdla.evaluation.metrics import predicted_score
from pdla.evaluation.weighted import PROBABILITY_COLUMNS
from pdla.runs.folder import (
    CONFIG,
    ERROR,
    LEGS_FOLDER,
    PREDICTIONS,
    RESULT,
    SPLIT,
    read_result,
    text_hash,
    unfinished_runs,
)

NEEDED = ("video_id", "patient", "group", "leg", "stage", "fold", "score", "predicted")


@dataclass(frozen=True)
class StudyRun:
    """One finished run.

    Attributes:
        folder: Its folder.
        result: result.json.
        config: config.yaml.
        predictions: predictions.csv, a row a leg and stage.
        folds: The folds of split.json, each with the numbers of legs in train, val and test.
        legs: Table of rated legs, which the folds count.
    """

    folder: Path
    result: dict[str, Any]
    config: dict[str, Any]
    predictions: pd.DataFrame
    folds: list[dict[str, list[int]]]
    legs: pd.DataFrame

    @property
    def tested(self) -> pd.DataFrame:
        """Predictions for the test patients, with the number of the visit."""
        rows = self.predictions[self.predictions["stage"] == "test"]
        return rows.merge(self.legs[["video_id", "leg", "visit"]], on=["video_id", "leg"])


@dataclass(frozen=True)
class Study:
    """The runs of one folder.

    Attributes:
        folder: Folder of the study.
        runs: Finished runs, by name.
        failures: Name of each run that is not finished, and why in a line.
    """

    folder: Path
    runs: list[StudyRun]
    failures: dict[str, str]


def read_study(folder: Path) -> Study:
    """Read and check a study.

    Raises:
        ValueError: If there is no finished run, or a file of one cannot be trusted; one line.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; a study is runs/NAME")
    failures = {run.name: _why_unfinished(run) for run in unfinished_runs(folder)}
    finished = [path.parent for path in sorted(folder.rglob(RESULT))]
    if not finished:
        seen = "; ".join(f"{name}: {why}" for name, why in list(failures.items())[:3])
        raise ValueError(
            f"{folder}: no finished run here yet (a run ends with {RESULT})"
            + (f"; {seen}" if seen else "")
        )
    return Study(folder, [read_run(run) for run in finished], failures)


def _why_unfinished(run_dir: Path) -> str:
    error = run_dir / ERROR
    if error.exists():
        return error.read_text(encoding="utf-8").strip().splitlines()[0]
    return "not finished: still running, or stopped from outside"


def read_run(run_dir: Path) -> StudyRun:
    """Read and check a finished run; errors as for a study."""
    result = read_result(run_dir) or {}
    try:
        split = json.loads((run_dir / SPLIT).read_text(encoding="utf-8"))
        text = (run_dir / PREDICTIONS).read_text(encoding="utf-8")
        config = yaml.safe_load((run_dir / CONFIG).read_text(encoding="utf-8"))
        legs = read_legs(run_dir.parent / LEGS_FOLDER / result["legs_file"])
    except (FileNotFoundError, KeyError) as error:
        raise ValueError(
            f"{run_dir}: {getattr(error, 'filename', None) or error} is missing; "
            "delete the folder and run it again"
        ) from None
    if text_hash(text) != result.get("predictions_hash"):
        raise ValueError(
            f"{run_dir / PREDICTIONS}: was changed after the run; restore it, or run again"
        )
    return StudyRun(run_dir, result, config, read_predictions(run_dir), split["folds"], legs)


def read_legs(path: Path) -> pd.DataFrame:
    """Read a table of legs; a kinematic quantity that was not measured is NaN."""
    # As text first: a group may be called "NA".
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    for name in table.columns.difference(["video_id", "patient", "group", "leg"]):
        table[name] = pd.to_numeric(table[name])
    return table


def read_predictions(run_dir: Path) -> pd.DataFrame:
    """Read predictions.csv.

    Raises:
        ValueError: If its rows cannot be predictions; one line with the file and the first row.
    """
    path = run_dir / PREDICTIONS
    table = pd.read_csv(path, keep_default_na=False, dtype={"group": str})
    for problem in _problems(table):
        raise ValueError(f"{path}: {problem}")
    return table


def _problems(table: pd.DataFrame) -> Iterator[str]:
    """What is wrong with a table of predictions, worst first."""
    if missing := [name for name in (*NEEDED, *PROBABILITY_COLUMNS) if name not in table]:
        yield f"no column {', '.join(missing)}"
        return
    try:
        probabilities = table[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64)
        scores = table[["score", "predicted"]].to_numpy(dtype=np.float64)
    except ValueError:
        yield "text where numbers should be"
        return
    is_known = np.isin(scores, SCORES).all(axis=1)
    is_number = np.isfinite(probabilities).all(axis=1) & (probabilities.min(axis=1) >= 0)
    is_whole = is_number & (np.abs(probabilities.sum(axis=1) - 1) <= 1e-3)
    is_near = np.abs(predicted_score(np.nan_to_num(probabilities)) - scores[:, 1]) <= 1
    is_single = ~table.duplicated(["video_id", "leg", "stage"]).to_numpy(dtype=np.bool_)
    for is_fine, problem in (
        (is_known, "a score that is not 0 to 4"),
        (is_whole, "probabilities that do not sum to 1"),
        (is_near, "predicted does not follow from the probabilities"),
        (is_single, "a leg stands there twice"),
    ):
        if not np.all(is_fine):
            # Rows as a spreadsheet counts them, below the header.
            yield f"row {int(np.argmin(is_fine)) + 2}: {problem}"
