"""Label sheets: which video, which score for which leg, and what is odd about each row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.intake.columns import Columns, Single, find_table
from pdla.data.intake.rater_rules import Decision, RaterRule, Rounding, decide
from pdla.data.intake.sheets import plain_text, read_sheets, safe_label
from pdla.data.intake.video_formats import UNKNOWN_FORMAT, VideoFormat, read_format
from pdla.data.intake.workbooks import UNCALCULATED
from pdla.data.reasons import Finding, Reason, Severity
from pdla.data.recordings import SCORES, Condition, State
from pdla.data.skeletons import LEGS, Leg

# Marks for "not rated"; UR and 101 are those of MDS-UPDRS databases ("unable to rate").
UNRATED_MARKS: Final = (
    "", "x", "xx", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "?", "na", "n/a", "n.a.", "nan", "none",
    "null", "nr",
    "ur", "101", "無", "无", "未評", "未评",
)  # fmt: skip
MAX_NOISE: Final = 1e-6  # of a whole score that was computed, such as 1.0000000000000002
_SIDES: Final[Mapping[str, Leg]] = {
    **dict.fromkeys(("l", "left", "links", "li", "gauche", "izquierda", "左", "1l"), "L"),
    **dict.fromkeys(("r", "right", "rechts", "re", "droite", "derecha", "右", "1r"), "R"),
}
_STATES: Final[Mapping[str, State]] = {
    **dict.fromkeys(("on", "1", "yes", "y", "true", "ja", "oui", "si", "開", "开", "是"), "on"),
    **dict.fromkeys(("off", "0", "no", "n", "false", "nein", "non", "關", "关", "否"), "off"),
}
# A row that does not tell these is not used: a wrong patient would leak, a wrong rate mismeasure.
_NEEDED: Final = ("video", "patient", "side", "rater", "fps", "width", "height")
# A column may be called 1, and a mark for "not rated" be 9: YAML reads numbers there.
Text = Annotated[str, BeforeValidator(lambda cell: plain_text(cell) if _is_number(cell) else cell)]


@checked.dataclass(frozen=True, config=CHECKED)
class MoreColumns:
    """Names of columns that not every sheet has; auto guesses.

    Attributes:
        side: Leg that the row is about, if there is a row for each leg.
        score: Its score.
        rater: Who scored; rows of several raters are joined.
        site: Where it was filmed.
        visit: Which visit.
        medication: On or off.
        stimulation: On or off.
        fps: Frames a second of the video.
        width: Of the video in px.
        height: Of the video in px.
    """

    side: Text = "auto"
    score: Text = "auto"
    rater: Text = "auto"
    site: Text = "auto"
    visit: Text = "auto"
    medication: Text = "auto"
    stimulation: Text = "auto"
    fps: Text = "auto"
    width: Text = "auto"
    height: Text = "auto"


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
        columns: Names of more columns.
        round: never refuses scores between whole points; half_up makes 1.5 a 2, half_down a 1; keep
            keeps 1.5 for losses and for correlations, beside the whole score 2.
        raters: Whose score counts where several raters differ, see `rater_rules.decide`.
        adjudicated: Columns of the left and the right score that was agreed on; where each rater
            has a row, the name of the rater who decides.
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
    columns: MoreColumns = field(default_factory=MoreColumns)
    round: Rounding = "never"
    raters: RaterRule = "ask"
    adjudicated: tuple[Text, ...] = ()
    unrated: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule without what it needs."""
        if len(self.adjudicated) > 2 or (self.raters == "adjudicated" and not self.adjudicated):
            raise ValueError(
                f"recordings.sheet.adjudicated={list(self.adjudicated)}: give the columns of the "
                "left and the right score that was agreed on, or the name of the rater who decides"
            )

    @property
    def named(self) -> Mapping[Single, str]:
        """Names of all columns but those of scores; auto guesses."""
        given: dict[Single, str] = {
            "video": self.video, "patient": self.patient, "group": self.group, "note": self.note,
        }  # fmt: skip
        more: tuple[Single, ...] = (
            "side", "score", "rater", "site", "visit", "medication", "stimulation", "fps", "width",
            "height",
        )  # fmt: skip
        return given | {key: getattr(self.columns, key) for key in more}


@dataclass(frozen=True)
class RowProblem:
    """Something odd in the sheet.

    Attributes:
        row: Row number as the spreadsheet shows it; None if it is about the whole sheet.
        reason: What; an unusable one leaves out the leg (or, without a leg, the whole row).
        leg: The leg that is meant, or None.
        detail: What was special here; never an id, a long number or a date.
    """

    row: int | None
    reason: Reason
    leg: Leg | None = None
    detail: str = ""

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return "the sheet" if self.row is None else f"row {self.row}"


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
        row: Row number as the spreadsheet shows it, the first one of the video.
        clinic_id: The clinic's id; holds a patient number, so it is never shown.
        scores: Score 0-4 of each leg, or None if unrated.
        raters: Scores of the single raters of each leg, None where one did not rate.
        patient: What the patient column says, or empty.
        group: What the group column says, or empty.
        note: The remark; never shown, it may name the patient.
        condition: Medication, stimulation, visit, site and rater.
        video_format: Frame rate and size, as far as the sheet says them.
        ratings: Mean of several raters of each leg, where the data set gives no whole scores.
        shares: Share of the raters for each score of each leg, where a rule keeps it.
        problems: Why a leg cannot be used, whatever was filmed.
    """

    row: int
    clinic_id: str = field(repr=False)
    scores: Mapping[Leg, int | None]
    raters: Mapping[Leg, tuple[float | None, ...]]
    patient: str = field(default="", repr=False)
    group: str = ""
    note: str = field(default="", repr=False)
    ratings: Mapping[Leg, float | None] = field(default_factory=dict)
    shares: Mapping[Leg, tuple[float, ...]] = field(default_factory=dict)
    condition: Condition = field(default_factory=Condition)
    video_format: VideoFormat = UNKNOWN_FORMAT
    problems: Mapping[Leg, Finding] = field(default_factory=dict)

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
        raters: The rule for several raters.
    """

    rows: tuple[LabelRow, ...]
    problems: tuple[RowProblem, ...]
    n_rows: int
    columns: Columns
    raters: RaterRule = "ask"

    @property
    def n_rated_twice(self) -> int:
        """Legs that several raters scored."""
        given = (scores for row in self.rows for scores in row.raters.values())
        return sum(len(scores) - scores.count(None) > 1 for scores in given)

    @property
    def n_undecided(self) -> int:
        """Legs on which raters differ, while no rule says whose score counts."""
        if self.raters not in ("ask", "mean"):  # the others leave open what they cannot decide
            return 0
        return sum(problem.reason is Reason.RATERS_DIFFER for problem in self.problems)


def read_labels(path: Path, options: SheetOptions) -> LabelSheet:
    """Read a label sheet of any kind that clinics use: a row a video, or a row a leg.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If no sheet has the needed columns; names those found and the option to set.
    """
    table = find_table(path, read_sheets(path, options.encoding), options)
    problems = [RowProblem(None, Reason.OTHER_TAB, detail=name) for name in table.others]
    lines = []
    for number, values in table.rows:
        line = _read_line(number, values, table.columns)
        if isinstance(line, RowProblem):
            problems.append(line)
        else:
            lines.append(line)
    order = tuple(dict.fromkeys(line.condition.rater for line in lines))
    by_id: dict[str, list[_Line]] = {}
    for line in lines:
        by_id.setdefault(line.clinic_id.casefold(), []).append(line)
    rows = []
    for same in by_id.values():
        row, odd = _merge_lines(same, options, order)
        rows.append(row)
        problems += odd
    problems.sort(key=lambda problem: problem.row or 0)
    return LabelSheet(tuple(rows), tuple(problems), len(lines), table.columns, options.raters)


def read_score(cell: Any, options: SheetOptions) -> float | None:
    """Read one score.

    Returns:
        A number from 0 to 4, or None for an unrated mark.

    Raises:
        ScoreError: If it is no number, off the scale, or a formula without a value.
    """
    if cell == UNCALCULATED:
        raise ScoreError(Reason.FORMULA_WITHOUT_VALUE)
    text = plain_text(cell).casefold()
    if text in UNRATED_MARKS or text in {plain_text(mark).casefold() for mark in options.unrated}:
        return None
    is_number = re.fullmatch(r"[+-]?\d{1,9}([.,]\d{1,20})?", text) is not None
    if isinstance(cell, bool) or not (is_number or _is_number(cell)):
        raise ScoreError(Reason.SCORE_NOT_A_NUMBER)
    score = float(cell) if _is_number(cell) else float(text.replace(",", "."))
    if abs(score - round(score)) <= MAX_NOISE:
        score = float(round(score))
    if not min(SCORES) <= score <= max(SCORES):
        raise ScoreError(Reason.SCORE_OFF_SCALE)
    return score


@dataclass(frozen=True)
class _Line:
    """One line of the sheet: cells of the scores, and what it says of the video."""

    row: int
    clinic_id: str = field(repr=False)
    cells: Mapping[Leg, tuple[Any, ...]]
    adjudicated: Mapping[Leg, Any] = field(default_factory=dict)
    patient: str = field(default="", repr=False)
    group: str = ""
    note: str = field(default="", repr=False)
    condition: Condition = field(default_factory=Condition)
    video_format: VideoFormat = UNKNOWN_FORMAT
    problems: tuple[RowProblem, ...] = ()


def _read_line(number: int, values: Sequence[Any], columns: Columns) -> _Line | RowProblem:
    def cell(column: int | None) -> Any:
        return values[column] if column is not None and column < len(values) else None

    def text(key: Single) -> str:
        return plain_text(cell(columns.single.get(key)))

    if any(
        cell(columns.single.get(key)) == UNCALCULATED for key in columns.single if key in _NEEDED
    ):
        return RowProblem(number, Reason.CELL_WITHOUT_VALUE)
    clinic_id = text("video")
    if not clinic_id:
        return RowProblem(number, Reason.NO_VIDEO_ID)
    if columns.is_row_a_leg:
        leg = _SIDES.get(text("side").casefold().split()[0] if text("side") else "")
        if leg is None:
            return RowProblem(number, Reason.UNKNOWN_SIDE)
        cells: dict[Leg, tuple[Any, ...]] = {leg: (cell(columns.single.get("score")),)}
    else:
        cells = {leg: tuple(map(cell, columns.scores(leg))) for leg in LEGS}
    agreed = dict(zip(LEGS, map(cell, columns.adjudicated), strict=False))
    problems = []
    states: dict[str, State | None] = {}
    kinds: tuple[Single, ...] = ("medication", "stimulation")
    for key in kinds:
        states[key] = _read_state(text(key))
        if states[key] is None and text(key).casefold() not in UNRATED_MARKS:
            problems.append(RowProblem(number, Reason.UNKNOWN_STATE))
    try:
        video_format = read_format(text("fps"), text("height"), text("width"))
    except ValueError:
        video_format = UNKNOWN_FORMAT
        problems += [RowProblem(number, Reason.ODD_FRAME_RATE, leg) for leg in cells]
    condition = Condition(
        states["medication"], states["stimulation"], safe_label(text("visit")),
        safe_label(text("site")), safe_label(text("rater")),
    )  # fmt: skip
    return _Line(
        number, clinic_id, cells, agreed, text("patient"), text("group"), text("note"), condition,
        video_format, tuple(problems),
    )  # fmt: skip


def _read_state(text: str) -> State | None:
    """On or off, also in `med on` or `OFF (12 h)`."""
    words = re.findall(r"\w+", text.casefold())
    found = {_STATES[word] for word in words if word in _STATES}
    return found.pop() if len(found) == 1 else None


def _merge_lines(
    lines: Sequence[_Line], options: SheetOptions, order: Sequence[str]
) -> tuple[LabelRow, list[RowProblem]]:
    """One row for all lines about a video.

    Lines of several raters are joined, in the order in which they come first in the sheet; equal
    doubles are dropped, contradictions lose the score.
    """
    decides = options.adjudicated[0] if len(options.adjudicated) == 1 else None
    first = lines[0]
    names = {line.condition.rater for line in lines}
    problems = [problem for line in lines for problem in line.problems]
    decided: dict[Leg, Decision] = dict.fromkeys(LEGS, Decision())
    raters: dict[Leg, tuple[float | None, ...]] = dict.fromkeys(LEGS, ())
    for leg in LEGS:
        about = [line for line in lines if leg in line.cells]
        if not about:
            continue
        are_raters = len({line.condition.rater for line in about} - {""}) == len(about) > 1
        given, agreed = about[0].cells[leg], about[0].adjudicated.get(leg)
        if are_raters:
            of_rater = {line.condition.rater: line.cells[leg] for line in about}
            if decides is not None:
                agreed = next(iter(of_rater.pop(decides, ())), None)
            others = [name for name in order if name != decides]
            given = tuple(cell for name in others for cell in of_rater.get(name, (None,)))
        raters[leg], decided[leg] = _read_leg(given, agreed, options)
        if (reason := decided[leg].reason) is not None:
            problems.append(RowProblem(about[0].row, reason, leg, _short_value(given)))
        for other in () if are_raters else about[1:]:
            detail = f"the same video as row {about[0].row}"
            said = _read_leg(other.cells[leg], other.adjudicated.get(leg), options)[1]
            if said.score != decided[leg].score:
                problems.append(RowProblem(other.row, Reason.ROWS_CONTRADICT, leg, detail))
            elif leg == next(iter(other.cells)):
                problems.append(RowProblem(other.row, Reason.ROW_TWICE, detail=detail))
    row_of = {leg: line.row for line in reversed(lines) for leg in line.cells}
    twice_scored = {one.leg for one in problems if one.reason is Reason.ROWS_CONTRADICT}
    for leg in (leg for leg in LEGS if leg in twice_scored):
        decided[leg] = Decision()
        problems.append(RowProblem(row_of[leg], Reason.ROWS_CONTRADICT, leg))
    against = {
        one.leg: Finding(one.reason, one.detail)
        for one in reversed(problems)
        if one.leg is not None
        and one.row == row_of[one.leg]
        and one.reason.severity is Severity.UNUSABLE
    }
    rater = first.condition.rater if len(names) == 1 else ""
    row = LabelRow(
        first.row, first.clinic_id, {leg: one.score for leg, one in decided.items()}, raters,
        first.patient, first.group, first.note,
        ratings={leg: one.rating for leg, one in decided.items()},
        shares={leg: one.shares for leg, one in decided.items()},
        condition=replace(first.condition, rater=rater), video_format=first.video_format,
        problems=against,
    )  # fmt: skip
    return row, problems


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_leg(
    cells: Sequence[Any], agreed: Any, options: SheetOptions
) -> tuple[tuple[float | None, ...], Decision]:
    """Scores of the raters, and what the rule makes of them."""
    try:
        raters = tuple(read_score(cell, options) for cell in cells)
        adjudicated = None if agreed is None else read_score(agreed, options)
    except ScoreError as error:
        return (), Decision(reason=error.reason)
    return raters, decide(raters, options.raters, options.round, adjudicated)


def _short_value(cells: Sequence[Any]) -> str:
    """The cells if they are short enough to be no patient number or name."""
    texts = [plain_text(cell) for cell in cells if cell is not None]
    is_short = all(re.fullmatch(r"[-+.,\d]{0,4}", text) for text in texts)
    return " and ".join(texts) if is_short else "value not shown"
