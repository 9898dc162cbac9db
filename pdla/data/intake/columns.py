"""Which column of a label sheet is what: by name if given, else by the names that clinics use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from pdla.data.intake.sheets import Sheet, mask_numbers, plain_text
from pdla.data.skeletons import LEG_NAMES, Leg

HEADER_ROWS: Final = 20  # a title or a date may stand above the header
MAX_NAMES: Final = 8  # columns that a message lists
_NAMES: Final = {
    "video": (
        "videoid", "video", "videoname", "videofile", "filename", "file", "id", "影片", "影片編號",
        "影片id", "影片名稱", "視頻", "视频", "视频编号", "视频id", "檔名", "文件名", "編號",
        "编号",
    ),
    "patient": (
        "patient", "patientid", "patientno", "subject", "subjectid", "mrn", "病人", "患者",
        "病歷號", "病历号", "受試者", "受试者", "病患", "病人編號", "患者编号",
    ),
    "group": ("group", "cohort", "組別", "组别", "分組", "分组", "群組"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks", "備註", "备注", "註記"),
}  # fmt: skip
_SIDES: Final[dict[Leg, re.Pattern[str]]] = {
    "L": re.compile(r"left|左|(?:^|[ _.-])l(?:$|[ _.-])"),
    "R": re.compile(r"right|右|(?:^|[ _.-])r(?:$|[ _.-])"),
}
_LEG_WORDS: Final = re.compile(r"leg|agility|3[._]8|腿|腳|脚|下肢|足|(?:^|[ _.-])la(?:$|[ _.-])")
_RATER: Final = "(?:rater|reader|doctor|dr|reviewer|評分者|评分者|醫師|医师|醫生|医生)"
_RATER_WORDS: Final = re.compile(
    rf"^{_RATER}[ _.-]*(?:[0-9]+|[a-z])?[ _.-]+|[ _.-]*{_RATER}[ _.-]*(?:[0-9]+|[a-z])?$"
    r"|[ _.-]+[a-z]$|[ _.-]*[0-9]+$"
)


class ColumnNames(Protocol):
    """The options that name columns (see `SheetOptions`)."""

    @property
    def tab(self) -> str: ...
    @property
    def video(self) -> str: ...
    @property
    def left(self) -> str | Sequence[str]: ...
    @property
    def right(self) -> str | Sequence[str]: ...
    @property
    def patient(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True)
class Columns:
    """Positions of the columns, counted from 0; None where a sheet has no such column."""

    video: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    patient: int | None = None
    group: int | None = None
    note: int | None = None

    def scores(self, leg: Leg) -> tuple[int, ...]:
        """Columns of one leg's raters."""
        return self.left if leg == "L" else self.right


def find_columns(
    path: Path, sheets: Sequence[Sheet], options: ColumnNames
) -> tuple[Sequence[tuple[int, tuple[Any, ...]]], Columns]:
    """Find the header and its columns.

    Returns:
        The rows below the header as (row number, cells), and the columns.

    Raises:
        ValueError: If no sheet has the columns; names what was found and the option to set.
    """
    wanted = [sheet for sheet in sheets if options.tab in ("auto", sheet.name)]
    if not wanted:
        names = ", ".join(repr(mask_numbers(sheet.name)) for sheet in sheets)
        raise ValueError(f"{path}: no sheet {options.tab!r}; recordings.sheet.tab can be {names}")
    problem = "no rows"
    for sheet in wanted:
        for position, (_, cells) in enumerate(sheet.rows[:HEADER_ROWS]):
            try:
                return sheet.rows[position + 1 :], _match_header(cells, options)
            except ValueError as error:
                problem = str(error) if problem == "no rows" else problem
    raise ValueError(f"{path}: {problem}")


def _match_header(cells: Sequence[Any], options: ColumnNames) -> Columns:
    names = [plain_text(cell).casefold() for cell in cells]
    readable = [repr(mask_numbers(name)) for name in names if name and not _is_id(name)]
    more = f" and {len(readable) - MAX_NAMES} more" if len(readable) > MAX_NAMES else ""
    found = ", ".join(readable[:MAX_NAMES]) + more or "no names"
    single = {
        key: _find_single(names, key, str(getattr(options, key)), found)
        for key in ("video", "patient", "group", "note")
    }
    video = single["video"]
    if video is None:
        raise ValueError(f"no column of video ids among {found}; set recordings.sheet.video")
    used = {position for position in single.values() if position is not None}
    return Columns(
        video,
        _find_scores(names, "L", options.left, found, used),
        _find_scores(names, "R", options.right, found, used),
        single["patient"],
        single["group"],
        single["note"],
    )


def _is_id(name: str) -> bool:
    """Whether a cell is more likely an id, a number or a date than the name of a column."""
    return re.search(r"\d{3}", name) is not None or len(name) > 40


def _find_single(names: Sequence[str], key: str, given: str, found: str) -> int | None:
    if given != "auto":
        return _find_given(names, key, given, found)
    squeezed = [re.sub(r"[ _.\-#]", "", name) for name in names]
    for usual in _NAMES[key]:
        if usual in squeezed:
            return squeezed.index(usual)
    return None


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
    key = LEG_NAMES[leg]
    if given != "auto":
        columns = [given] if isinstance(given, str) else list(given)
        return tuple(_find_given(names, key, column, found) for column in columns)
    candidates = [
        position
        for position, name in enumerate(names)
        if _SIDES[leg].search(name) and position not in used and not _is_id(name)
    ]
    about_legs = [position for position in candidates if _LEG_WORDS.search(names[position])]
    candidates = about_legs or candidates
    if not candidates:
        raise ValueError(
            f"no column of {key} scores among {found}; set recordings.sheet.{key} to its name"
        )
    if len({_without_rater(names[position]) for position in candidates}) > 1:
        several = ", ".join(repr(names[position]) for position in candidates)
        raise ValueError(f"{several} could all be {key} scores; set recordings.sheet.{key}")
    return tuple(candidates)


def _without_rater(name: str) -> str:
    return _RATER_WORDS.sub("", name).rstrip(" _.-")
