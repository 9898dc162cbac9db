"""Label sheets: which video, which score for which leg, and what is odd about each row."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.intake.columns import Columns, find_columns
from pdla.data.intake.sheets import plain_text, read_sheets
from pdla.data.reasons import Reason
from pdla.data.recordings import SCORES
from pdla.data.skeletons import LEGS, Leg

# Marks for "not rated"; UR and 101 are those of MDS-UPDRS databases ("unable to rate").
UNRATED_MARKS: Final = (
    "", "x", "xx", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "?", "na", "n/a", "n.a.", "nan", "none",
    "null", "nr",
    "ur", "101", "無", "无", "未評", "未评",
)  # fmt: skip
# A column may be called 1, and a mark for "not rated" be 9: YAML reads numbers there.
Text = Annotated[str, BeforeValidator(lambda cell: plain_text(cell) if _is_number(cell) else cell)]


@checked.dataclass(frozen=True, config=CHECKED)
class SheetOptions:
    """How to read the label sheet.

    Attributes:
        tab: Name of the sheet in the workbook; auto takes the first with the needed columns.
        encoding: Of a text file (utf-8, cp950, gbk, ...); auto guesses.
        video: Column of the video ids; auto guesses by usual names, for all columns.
        left: Column, or columns of several raters, of the left leg's score.
        right: The same for the right leg.
        patient: Column that says who it is; it wins over group codes and numbers.
        group: Column of the cohort group.
        note: Column of remarks.
        round: never refuses scores between whole points; half_up makes 1.5 a 2, half_down a 1.
        unrated: More marks that mean "not rated".
    """

    tab: Text = "auto"
    encoding: str = "auto"
    video: Text = "auto"
    left: Text | Sequence[Text] = "auto"
    right: Text | Sequence[Text] = "auto"
    patient: Text = "auto"
    group: Text = "auto"
    note: Text = "auto"
    round: Literal["never", "half_up", "half_down"] = "never"
    unrated: Sequence[Text] = ()


@dataclass(frozen=True)
class RowProblem:
    """Something odd in one row.

    Attributes:
        row: Row number as the spreadsheet shows it.
        reason: What; an unusable one leaves out the leg (or, without a leg, the whole row).
        leg: The leg that is meant, or None.
        detail: What was special here; never an id, a long number or a date.
    """

    row: int
    reason: Reason
    leg: Leg | None = None
    detail: str = ""


class ScoreError(ValueError):
    """A cell that is no score.

    Attributes:
        reason: Why not.
    """

    def __init__(self, reason: Reason) -> None:
        """Keep the reason; the message does not hold the cell, which may be a patient number."""
        super().__init__(reason.text)
        self.reason = reason


@dataclass(frozen=True)
class LabelRow:
    """One video in the sheet.

    Attributes:
        row: Row number as the spreadsheet shows it.
        clinic_id: The clinic's id; holds a patient number, so it is never shown.
        scores: Score 0-4 of each leg, or None if unrated.
        raters: Scores of the single raters of each leg, None where one did not rate.
        patient: What the patient column says, or empty.
        group: What the group column says, or empty.
        note: The remark; never shown, it may name the patient.
        ratings: Mean of several raters of each leg, where the data set gives no whole scores.
    """

    row: int
    clinic_id: str = field(repr=False)
    scores: Mapping[Leg, int | None]
    raters: Mapping[Leg, tuple[float | None, ...]]
    patient: str = field(default="", repr=False)
    group: str = ""
    note: str = field(default="", repr=False)
    ratings: Mapping[Leg, float | None] = field(default_factory=dict)

    @property
    def is_rated(self) -> bool:
        """Whether at least one leg has a score."""
        return any(score is not None for score in self.scores.values())


@dataclass(frozen=True)
class LabelSheet:
    """All rows of a sheet, and what is odd about them.

    Attributes:
        rows: In sheet order, one for each video id.
        problems: In sheet order.
        n_rows: Rows that name a video, also those left out.
        columns: Which columns were used.
    """

    rows: tuple[LabelRow, ...]
    problems: tuple[RowProblem, ...]
    n_rows: int
    columns: Columns


def read_labels(path: Path, options: SheetOptions) -> LabelSheet:
    """Read a label sheet of any kind that clinics use.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If no sheet has the needed columns; names those found and the option to set.
    """
    sheets = read_sheets(path, options.encoding)
    cells, columns = find_columns(path, sheets, options)
    rows: list[LabelRow] = []
    problems: list[RowProblem] = []
    for number, values in cells:
        row, odd = _read_row(number, values, columns, options)
        problems.extend(odd)
        if row is not None:
            rows.append(row)
    kept, doubles = _merge_doubles(rows)
    problems = sorted([*problems, *doubles], key=lambda problem: problem.row)
    return LabelSheet(tuple(kept), tuple(problems), len(rows), columns)


def read_score(cell: Any, options: SheetOptions) -> float | None:
    """Read one score.

    Returns:
        A number from 0 to 4, or None for an unrated mark.

    Raises:
        ScoreError: If it is no number, or off the scale.
    """
    text = plain_text(cell).casefold()
    if text in UNRATED_MARKS or text in {plain_text(mark).casefold() for mark in options.unrated}:
        return None
    is_number = re.fullmatch(r"[+-]?\d{1,9}([.,]\d{1,9})?", text) is not None
    if isinstance(cell, bool) or not is_number:
        raise ScoreError(Reason.SCORE_NOT_A_NUMBER)
    score = float(text.replace(",", "."))
    if not min(SCORES) <= score <= max(SCORES):
        raise ScoreError(Reason.SCORE_OFF_SCALE)
    return score


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_row(
    number: int, values: Sequence[Any], columns: Columns, options: SheetOptions
) -> tuple[LabelRow | None, list[RowProblem]]:
    def text(column: int | None) -> str:
        return plain_text(values[column]) if column is not None and column < len(values) else ""

    clinic_id = text(columns.video)
    if not clinic_id:
        return None, [RowProblem(number, Reason.NO_VIDEO_ID)]
    scores: dict[Leg, int | None] = {}
    raters: dict[Leg, tuple[float | None, ...]] = {}
    problems: list[RowProblem] = []
    for leg in LEGS:
        given = [values[c] if c < len(values) else None for c in columns.scores(leg)]
        raters[leg], scores[leg], reason = _read_leg(given, options)
        if reason is not None:
            problems.append(RowProblem(number, reason, leg, _short_value(given)))
    row = LabelRow(
        number, clinic_id, scores, raters, text(columns.patient), text(columns.group),
        text(columns.note),
    )  # fmt: skip
    return row, problems


def _read_leg(
    cells: Sequence[Any], options: SheetOptions
) -> tuple[tuple[float | None, ...], int | None, Reason | None]:
    """Scores of the raters, their common score, and why there is none."""
    try:
        raters = tuple(read_score(cell, options) for cell in cells)
    except ScoreError as error:
        return (), None, error.reason
    given = [score for score in raters if score is not None]
    if not given:
        return raters, None, None
    mean = sum(given) / len(given)
    if mean.is_integer():
        return raters, int(mean), None
    if options.round == "never":
        return raters, None, Reason.SCORE_BETWEEN_POINTS
    score = math.floor(mean + 0.5) if options.round == "half_up" else math.ceil(mean - 0.5)
    return raters, score, None


def _short_value(cells: Sequence[Any]) -> str:
    """The cells if they are short enough to be no patient number or name."""
    texts = [plain_text(cell) for cell in cells]
    is_short = all(re.fullmatch(r"[-+.,\d]{0,4}", text) for text in texts)
    return " and ".join(texts) if is_short else "value not shown"


def _merge_doubles(rows: Sequence[LabelRow]) -> tuple[list[LabelRow], list[RowProblem]]:
    """One row for each video id: equal doubles are dropped, contradictions lose the score."""
    by_id: dict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        by_id[row.clinic_id.casefold()].append(row)
    kept: list[LabelRow] = []
    problems: list[RowProblem] = []
    for same in by_id.values():
        first, others = same[0], same[1:]
        differs: dict[Leg, bool] = dict.fromkeys(LEGS, False)
        for other in others:
            differing = [leg for leg in LEGS if other.scores[leg] != first.scores[leg]]
            detail = f"the same video as row {first.row}"
            if not differing:
                problems.append(RowProblem(other.row, Reason.ROW_TWICE, detail=detail))
            for leg in differing:
                differs[leg] = True
                problems.append(RowProblem(other.row, Reason.ROWS_CONTRADICT, leg, detail))
        for leg in (leg for leg in LEGS if differs[leg]):
            problems.append(RowProblem(first.row, Reason.ROWS_CONTRADICT, leg))
        scores = {leg: None if differs[leg] else first.scores[leg] for leg in LEGS}
        kept.append(replace(first, scores=scores))
    return kept, problems
