"""The table of predictions.csv: its columns, how they follow from probabilities, its checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pdla.data.recordings import SCORES
from pdla.evaluation.metrics import Probabilities, Scores, expected_score, predicted_score

PROBABILITY_COLUMNS: Final = [f"p{score}" for score in SCORES]
LEG_KEY: Final = ["video_id", "leg"]  # one leg of one video

LegKey = tuple[str, str]  # values of LEG_KEY


@dataclass(frozen=True)
class Column:
    """A column of predictions.csv.

    Attributes:
        name: In the header.
        dtype: `str`, `int` or `float`.
        meaning: Of a cell.
        is_needed: Whether a table without it cannot be used.
    """

    name: str
    dtype: type[str | int | float]
    meaning: str
    is_needed: bool = True


COLUMNS: Final = (
    Column("video_id", str, "pseudonym of the video"),
    Column("patient", str, "pseudonym of the patient"),
    Column("group", str, "group of the cohort; empty where a sheet has none"),
    Column("leg", str, "L or R"),
    Column("stage", str, "val or test"),
    Column("fold", int, "fold of the split, from 0"),
    Column("score", int, "the rater's, 0 to 4"),
    Column("predicted", int, "0 to 4, from the probabilities"),
    Column("expected_score", float, "mean of the scores under the probabilities", is_needed=False),
    *(Column(f"p{score}", float, f"probability of score {score}") for score in SCORES),
    Column("n_clips", int, "clips of the leg", is_needed=False),
    Column(
        "rating", float, "mean of the raters; only where some leg has a fraction", is_needed=False
    ),
)
OLDER_NAMES: Final = {"video": "video_id"}


def add_scores(table: pd.DataFrame, probabilities: Probabilities) -> pd.DataFrame:
    """A table with the columns that follow from probabilities (n, 5) of its n rows."""
    return table.assign(
        predicted=predicted_score(probabilities),
        expected_score=expected_score(probabilities),
        **dict(zip(PROBABILITY_COLUMNS, np.asarray(probabilities).T, strict=True)),
    )


def probabilities_of(table: pd.DataFrame) -> Probabilities:
    """Probabilities (n, 5) of the rows of a table of predictions."""
    return table[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64)


def scores_of(table: pd.DataFrame) -> Scores:
    """The rater's scores (n,) of a table of predictions."""
    return table["score"].to_numpy(dtype=np.int64)


def ratings_of(table: pd.DataFrame) -> Probabilities:
    """Means of the raters (n,) of a table of predictions; the score where there is no fraction."""
    score = table["score"].astype(np.float64)
    rating = table["rating"].fillna(score) if "rating" in table else score
    values: Probabilities = np.asarray(rating, dtype=np.float64)
    return values


def predicted_of(table: pd.DataFrame) -> Scores:
    """Predicted scores (n,) of a table of predictions."""
    return table["predicted"].to_numpy(dtype=np.int64)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read and check predictions.csv, also one with the column names of an earlier version.

    Returns:
        A row a leg and stage with the columns of COLUMNS.

    Raises:
        ValueError: If its rows cannot be predictions; one line with the file and the first row.
    """
    text = dict.fromkeys([c.name for c in COLUMNS if c.dtype is str] + list(OLDER_NAMES), str)
    try:
        # "NA" may be the name of a group.
        table = pd.read_csv(path, keep_default_na=False, dtype=text)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise ValueError(f"{path}: not a table of predictions") from None
    if not set(OLDER_NAMES.values()) & set(table.columns):
        table = table.rename(columns=OLDER_NAMES)
    if "rating" in table:  # empty where the score is whole
        table["rating"] = pd.to_numeric(table["rating"], errors="coerce")
    for problem in _problems(table):
        raise ValueError(f"{path}: {problem}")
    return table


def _problems(table: pd.DataFrame) -> Iterator[str]:
    """What is wrong with a table of predictions, worst first."""
    needed = [column.name for column in COLUMNS if column.is_needed]
    if missing := [name for name in needed if name not in table]:
        yield f"no column {', '.join(missing)}"
        return
    try:
        probabilities = probabilities_of(table)
        scores = table[["score", "predicted"]].to_numpy(dtype=np.float64)
    except ValueError:
        yield "text where numbers should be"
        return
    checks: list[tuple[ArrayLike, str]] = [
        (np.isin(scores, SCORES).all(axis=1), "a score that is not 0 to 4"),
        (_are_whole(probabilities), "probabilities that do not sum to 1"),
        (
            np.abs(predicted_score(np.nan_to_num(probabilities)) - scores[:, 1]) <= 1,
            "predicted does not follow from the probabilities",
        ),
        (~table.duplicated([*LEG_KEY, "stage"]).to_numpy(dtype=np.bool_), "a leg is there twice"),
    ]
    for is_fine, problem in checks:
        if not np.all(is_fine):
            # Rows as a spreadsheet counts them, below the header.
            yield f"row {int(np.argmin(is_fine)) + 2}: {problem}"


def _are_whole(probabilities: Probabilities) -> NDArray[np.bool_]:
    is_number = np.isfinite(probabilities).all(axis=1) & (probabilities.min(axis=1) >= 0)
    whole: NDArray[np.bool_] = is_number & (np.abs(probabilities.sum(axis=1) - 1) <= 1e-3)
    return whole
