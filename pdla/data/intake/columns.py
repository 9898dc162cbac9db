"""Which column of a label sheet is what: by name if given, else by the names that clinics use."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from pdla.data.intake.sheets import Row, Sheet, mask_numbers, plain_text
from pdla.data.skeletons import Leg

HEADER_ROWS: Final = 20  # a title or a date may stand above the header
MAX_NAMES: Final = 8  # columns that a message lists
Single = Literal[
    "video", "patient", "group", "note", "side", "score", "rater", "site", "visit", "medication",
    "stimulation", "fps", "width", "height",
]  # fmt: skip
# Names without spaces, points, dashes and accents.
_NAMES: Final[dict[Single, tuple[str, ...]]] = {
    "video": (
        "videoid", "video", "videoname", "videofile", "videofilename", "filename", "file", "clip",
        "id", "影片", "影片編號", "影片id", "影片名稱", "視頻", "视频", "视频编号", "视频id",
        "檔名", "文件名", "編號", "编号", "videodatei", "datei", "dateiname", "fichier",
        "fichiervideo", "archivo", "archivodevideo",
    ),
    "patient": (
        "patient", "patientid", "patientno", "patno", "subject", "subjectid", "participant",
        "participantid", "mrn", "病人", "患者", "病歷號", "病历号", "受試者", "受试者", "病患",
        "病人編號", "患者编号", "patientennummer", "patientenid", "proband", "probandid", "sujet",
        "paciente", "pacienteid", "sujeto",
    ),
    "group": ("group", "cohort", "組別", "组别", "分組", "分组", "群組", "gruppe", "groupe",
              "grupo"),
    "note": (
        "note", "notes", "comment", "comments", "remark", "remarks", "備註", "备注", "註記",
        "bemerkung", "kommentar", "remarque", "commentaire", "observaciones",
    ),
    "side": (
        "side", "leg", "legside", "bodyside", "laterality", "handcondition", "limb", "leftright",
        "lr", "側", "侧", "側別", "左右", "seite", "bein", "cote", "lado", "pierna",
    ),
    "score": (
        "score", "rating", "mdsupdrs38", "updrs38", "38", "legagility", "mdsupdrs", "updrs",
        "updrsscore", "mdsupdrsscore", "severity", "分數", "分数", "評分", "评分", "bewertung",
        "punktwert", "puntuacion",
    ),
    "rater": (
        "rater", "raterid", "reader", "reviewer", "ratedby", "examiner", "評分者", "评分者", "醫師",
        "医师", "bewerter", "untersucher", "evaluateur", "evaluador",
    ),
    "site": (
        "site", "siteid", "center", "centre", "clinic", "hospital", "中心", "醫院", "医院",
        "zentrum", "klinik", "centro",
    ),
    "visit": (
        "visit", "visitid", "session", "sessionid", "event", "eventid", "timepoint", "就診",
        "就诊", "回診", "访视", "besuch", "visite", "visita",
    ),
    "medication": (
        "medication", "medicationstate", "medicationstatus", "med", "meds", "medstate", "medstatus",
        "medonoff", "onoff", "state", "pdstate", "levodopa", "drug", "藥物", "药物", "用藥", "用药",
        "medikation", "medicament", "medicacion",
    ),
    "stimulation": (
        "stimulation", "stim", "stimstate", "stimonoff", "dbs", "dbsstate", "dbsstatus", "dbsonoff",
        "stimulator", "刺激", "estimulacion",
    ),
    "fps": ("fps", "framerate", "framespersecond", "bildrate"),
    "width": ("width", "videowidth", "framewidth", "寬度", "宽度"),
    "height": ("height", "videoheight", "frameheight"),
}  # fmt: skip
_LEFT: Final = r"left|左|links|linke|gauche|izquierd|np3lgagl"
_RIGHT: Final = r"right|右|rechts|rechte|droite?\b|derech|np3lgagr"
_SIDES: Final[dict[Leg, re.Pattern[str]]] = {
    "L": re.compile(rf"{_LEFT}|(?:^|[ _.-])l(?:$|[ _.-])|(?:^|\D)3[._ ]?8[._ ]?b$"),
    "R": re.compile(rf"{_RIGHT}|(?:^|[ _.-])r(?:$|[ _.-])|(?:^|\D)3[._ ]?8[._ ]?a$"),
}  # MDS-UPDRS lists the right side first: 3.8a is right, 3.8b left
_LEG_WORDS: Final = re.compile(
    r"leg|agility|3[._]8|lgag|腿|腳|脚|下肢|足|bein|jambe|pierna|(?:^|[ _.-])la(?:$|[ _.-])"
)
_RATER: Final = "(?:rater|reader|doctor|dr|reviewer|評分者|评分者|醫師|医师|醫生|医生)"
_RATER_WORDS: Final = re.compile(
    rf"^{_RATER}[ _.-]*(?:[0-9]+|[a-z])?[ _.-]+|[ _.-]*{_RATER}[ _.-]*(?:[0-9]+|[a-z])?$"
    r"|[ _.-]+[a-z]$|[ _.-]*[0-9]+$"
)
_ONE_ROW: Final = (
    "give one row a video with a column of scores for each leg, or one row a leg with the columns "
    "side and score"
)


class ColumnNames(Protocol):
    """The options that name columns (see `SheetOptions`)."""

    @property
    def tab(self) -> str: ...
    @property
    def left(self) -> str | Sequence[str]: ...
    @property
    def right(self) -> str | Sequence[str]: ...
    @property
    def adjudicated(self) -> Sequence[str]: ...
    @property
    def named(self) -> Mapping[Single, str]: ...


@dataclass(frozen=True)
class Columns:
    """Positions of the columns, counted from 0.

    Attributes:
        single: Column of each kind; a kind that the sheet does not have is absent.
        left: Columns of the left leg's scores, one a rater; empty if each row is about one leg.
        right: The same for the right leg.
        adjudicated: Columns of the left and the right score that was agreed on, or empty.
        header: Names of all columns, as the sheet has them.
    """

    single: Mapping[Single, int]
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    adjudicated: tuple[int, ...] = ()
    header: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_row_a_leg(self) -> bool:
        """Whether each row is about one leg, named in the column of the side."""
        return not self.left

    def scores(self, leg: Leg) -> tuple[int, ...]:
        """Columns of one leg's raters."""
        return self.left if leg == "L" else self.right


@dataclass(frozen=True)
class Table:
    """The sheet of a workbook that holds the scores.

    Attributes:
        rows: Below the header.
        columns: What is where.
        others: Names of other sheets with the same columns, which are not read.
    """

    rows: Sequence[Row]
    columns: Columns
    others: tuple[str, ...] = ()


def find_table(path: Path, sheets: Sequence[Sheet], options: ColumnNames) -> Table:
    """Find the sheet, its header and its columns.

    Raises:
        ValueError: If no sheet has the columns; names what was found and the option to set.
    """
    wanted = [sheet for sheet in sheets if options.tab in ("auto", sheet.name)]
    if not wanted:
        names = ", ".join(repr(mask_numbers(sheet.name)) for sheet in sheets)
        raise ValueError(f"{path}: no sheet {options.tab!r}; recordings.sheet.tab can be {names}")
    tables: list[tuple[Sheet, Sequence[Row], Columns]] = []
    problem = "no rows"
    for sheet in wanted:
        try:
            tables.append((sheet, *_find_header(sheet, options)))
        except ValueError as error:
            problem = str(error) if problem == "no rows" else problem
    if not tables:
        raise ValueError(f"{path}: {problem}")
    sheet, rows, columns = tables[0]
    if sheet.doubt:
        raise ValueError(
            f"{path}: two readers of .xls read cell {sheet.doubt} differently; open the file in a "
            "spreadsheet program and save it as .xlsx"
        )
    others = tuple(mask_numbers(other.name) for other, _, found in tables[1:] if found == columns)
    return Table(rows, columns, others)


def _find_header(sheet: Sheet, options: ColumnNames) -> tuple[Sequence[Row], Columns]:
    """Rows below the header, and its columns; a header may have two lines."""
    top = sheet.rows[:HEADER_ROWS]
    problem = "no rows"
    for position, (_, cells) in enumerate(top):
        try:
            columns = _match_header(cells, options)
        except ValueError as error:
            problem = str(error) if problem == "no rows" else problem
            continue
        below = sheet.rows[position + 1 :]
        if below and _is_second_line(below[0][1], columns):
            try:
                return below[1:], _match_header(_join_lines(cells, below[0][1]), options)
            except ValueError:
                return below, columns
        return below, columns
    for position, ((_, first), (_, second)) in enumerate(pairwise(top)):
        try:
            columns = _match_header(_join_lines(first, second), options)
        except ValueError:
            continue
        return sheet.rows[position + 2 :], columns
    if top and any(_is_number(cell) for cell in top[0][1]):
        problem = (
            "no header: the first line is data already; write names of columns above it, such as "
            "video, left, right, or video, side, score"
        )
    raise ValueError(problem)


def _is_second_line(cells: Sequence[Any], columns: Columns) -> bool:
    """Whether a row goes on with the header: no video, and words under the scores."""
    video = columns.single["video"]
    under = [cells[c] for c in (*columns.left, *columns.right) if c < len(cells)]
    texts = [plain_text(cell) for cell in under]
    return not plain_text(cells[video] if video < len(cells) else "") and any(
        re.search(r"[^\W\d_]{2}", text) for text in texts
    )


def _join_lines(first: Sequence[Any], second: Sequence[Any]) -> list[str]:
    """Names of columns from a header of two lines; what spans columns is repeated."""
    names, above = [], ""
    for column in range(max(len(first), len(second))):
        upper = plain_text(first[column]) if column < len(first) else ""
        lower = plain_text(second[column]) if column < len(second) else ""
        above = upper or (above if lower else "")
        names.append(above if above == lower else f"{above} {lower}".strip())
    return names


def _match_header(cells: Sequence[Any], options: ColumnNames) -> Columns:
    header = tuple(plain_text(cell) for cell in cells)
    names = [name.casefold() for name in header]
    readable = [repr(mask_numbers(name)) for name in names if name and not _is_id(name)]
    more = f" and {len(readable) - MAX_NAMES} more" if len(readable) > MAX_NAMES else ""
    found = ", ".join(readable[:MAX_NAMES]) + more or "no names"
    single: dict[Single, int] = {}
    for key in _NAMES:
        position = _find_single(names, key, options.named.get(key, "auto"), found)
        if position is not None and position not in single.values():
            single[key] = position
    if "video" not in single:
        raise ValueError(f"no column of video ids among {found}; set recordings.sheet.video")
    is_given = (options.left, options.right) != ("auto", "auto")
    if not is_given and {"side", "score"} <= set(single) and not _any_scores(names, single):
        return Columns(single, header=header)
    agreed: tuple[int, ...] = ()
    if len(options.adjudicated) == 2:  # one is the name of a rater
        agreed = tuple(_find_given(names, "adjudicated", one, found) for one in options.adjudicated)
    used = {position for key, position in single.items() if key != "score"} | set(agreed)
    left = _find_scores(names, "L", options.left, found, used)
    right = _find_scores(names, "R", options.right, found, used)
    others = {key: at for key, at in single.items() if key not in ("side", "score")}
    return Columns(others, left, right, agreed, header)


def _any_scores(names: Sequence[str], single: Mapping[Single, int]) -> bool:
    """Whether there are columns of scores for both legs."""
    used = set(single.values())
    return all(_candidates(names, leg, used) for leg in _SIDES)


def _candidates(names: Sequence[str], leg: Leg, used: set[int]) -> list[int]:
    return [
        position
        for position, name in enumerate(names)
        if _SIDES[leg].search(name) and position not in used and not _is_id(name)
    ]


def _is_id(name: str) -> bool:
    """Whether a cell is more likely an id, a number or a date than the name of a column."""
    return re.search(r"\d{3}", name) is not None or len(name) > 40


def _is_number(cell: Any) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)?", plain_text(cell)) is not None


def _find_single(names: Sequence[str], key: Single, given: str, found: str) -> int | None:
    if given != "auto":
        return _find_given(names, key, given, found)
    squeezed = [re.sub(r"[ _.\-#/()]", "", _without_accents(name)) for name in names]
    for usual in _NAMES[key]:
        if usual in squeezed:
            return squeezed.index(usual)
    return None


def _without_accents(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _find_given(names: Sequence[str], key: str, given: str, found: str) -> int:
    try:
        return names.index(plain_text(given).casefold())
    except ValueError:
        raise ValueError(
            f"no column {given!r} (recordings.sheet.{key}); the columns are {found}"
        ) from None


def _find_scores(
    names: Sequence[str], leg: Leg, given: str | Sequence[str], found: str, used: set[int]
) -> tuple[int, ...]:
    key = "left" if leg == "L" else "right"
    if given != "auto":
        columns = [given] if isinstance(given, str) else list(given)
        return tuple(_find_given(names, key, column, found) for column in columns)
    candidates = _candidates(names, leg, used)
    about_legs = [position for position in candidates if _LEG_WORDS.search(names[position])]
    candidates = about_legs or candidates
    if not candidates:
        raise ValueError(
            f"no column of {key} scores among {found}; set recordings.sheet.{key} to its name, or "
            f"{_ONE_ROW}"
        )
    if len({_without_rater(names[position]) for position in candidates}) > 1:
        several = ", ".join(repr(names[position]) for position in candidates)
        raise ValueError(
            f"{several} could all be {key} scores; set recordings.sheet.{key} to the one that "
            "counts, or to all of them, as [A,B], if they are raters"
        )
    return tuple(candidates)


def _without_rater(name: str) -> str:
    return _RATER_WORDS.sub("", name).rstrip(" _.-")
