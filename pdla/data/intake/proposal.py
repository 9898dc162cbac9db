"""Options of the intake, proposed from a folder of videos and a label sheet: for `pdla init`."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pdla.data.intake.columns import Columns
from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.folders import FolderOptions, VideoFolder, find_folders
from pdla.data.intake.labels import LabelSheet, SheetOptions, read_labels
from pdla.data.intake.loose_ids import digits_of
from pdla.data.intake.matching import match_folders
from pdla.data.intake.options import IntakeOptions
from pdla.data.intake.patient_patterns import ProposedPattern, propose_pattern
from pdla.data.intake.patients import group_patients, identify
from pdla.data.intake.sheets import Row, mask_numbers, plain_text, read_sheets

SHEET_SUFFIXES: Final = (".xls", ".xlsx", ".ods", ".csv", ".tsv")
N_PAIRS: Final = 5
SAMPLE: Final = 200  # folders whose names tell prefix and suffix
MIN_SHARE: Final = 0.5  # of rows or folders that a proposal must explain
NO_AFFIXES: Final = FolderOptions(prefix="", suffix="")


@dataclass(frozen=True)
class Proposal:
    """How a cohort would be read.

    Attributes:
        videos: Folder of the videos.
        labels: Label sheet; None if there is none.
        options: As a section `recordings`, only what differs from the defaults or was found.
        entries: Rows and folders, matched with these options.
        columns: Name of each column that was found, by what it holds.
        n_raters: Raters of a leg.
        n_rated: Rows with a score.
        n_half_points: Legs whose raters differ, so that the mean is no whole score.
        pattern: How patients are told, and how many there are; None where a column says it.
        n_patients: People in the matched videos.
        n_unknown: Rated videos whose patient cannot be told.
    """

    videos: Path
    labels: Path | None
    options: Mapping[str, Any]
    entries: Sequence[VideoEntry] = field(repr=False)
    columns: Mapping[str, str]
    n_raters: int
    n_rated: int
    n_half_points: int
    pattern: ProposedPattern | None
    n_patients: int
    n_unknown: int

    @property
    def matched(self) -> list[VideoEntry]:
        """Rows that have a folder; without a sheet, all folders."""
        needed = self.labels is not None
        return [entry for entry in self.entries if entry.folder and (entry.row or not needed)]

    @property
    def pairs(self) -> list[VideoEntry]:
        """Some of them, from the first to the last row."""
        found = self.matched
        step = max(1, len(found) // N_PAIRS)
        return found[::step][:N_PAIRS]


def propose(videos: Path, labels: Path | None, given: Mapping[str, Any]) -> Proposal:
    """Look at names, headers and cells; no keypoints are read.

    Args:
        videos: Folder with a folder or file of keypoints for each video.
        labels: Label sheet, or None.
        given: Options that the user has set, as a section `recordings`; they are kept.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If columns cannot be found, or no row fits a folder; says what to set.
    """
    folders, _ = find_folders(videos, NO_AFFIXES)
    options: dict[str, Any] = dict(given)
    sheet = None
    if labels is not None:
        sheet, options["sheet"] = _propose_sheet(labels, folders, options)
    ids = [row.clinic_id for row in sheet.rows] if sheet else []
    options["folders"] = _propose_affixes(ids, folders) | dict(options.get("folders", {}))
    named = IntakeOptions.from_config(options).folders
    renamed = [VideoFolder(one.path, named.clinic_id(one.clinic_id), one.position)
               for one in folders]  # fmt: skip
    has_patient = sheet is not None and "patient" in sheet.columns.single
    known = [one.clinic_id for one in renamed]
    is_patient = sheet is not None and _video_is_patient(sheet.columns)
    pattern = None
    if not has_patient and not options.get("patients"):
        pattern = propose_pattern(ids or known, whole_id=is_patient)
        if pattern is not None:
            options["patients"] = {"pattern": pattern.pattern}
    read = IntakeOptions.from_config(options)
    entries = match_folders(sheet.rows if sheet else (), renamed, read.folders, read.patients)
    _check_matches(entries, labels)
    people = [
        identify(
            entry.clinic_id, read.patients, entry.row.patient if entry.row else "",
            entry.row.group if entry.row else "",
        )
        for entry in entries if entry.folder and (entry.row or labels is None)
    ]  # fmt: skip
    return Proposal(
        videos, labels, options, entries,
        columns=_name_columns(sheet.columns) if sheet else {},
        n_raters=_count_raters(sheet),
        n_rated=sum(row.is_rated for row in sheet.rows) if sheet else 0,
        n_half_points=_count_half_points(sheet),
        pattern=pattern,
        n_patients=len(set(group_patients(people))),
        n_unknown=sum(not one.is_known for one in people),
    )  # fmt: skip


def find_sheets(videos: Path) -> list[Path]:
    """Label sheets in the folder of videos and beside it: files with the needed columns."""
    found = []
    beside = videos.parent if videos.name not in ("", "..") else videos.absolute().parent
    for folder in (videos, beside):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in SHEET_SUFFIXES or path.name.startswith((".", "~$")):
                continue
            try:
                read_labels(path, SheetOptions())
            except (ValueError, OSError):
                continue
            found.append(path)
        if found:
            return found
    return found


def _propose_sheet(
    labels: Path, folders: Sequence[VideoFolder], options: Mapping[str, Any]
) -> tuple[LabelSheet, dict[str, Any]]:
    """The sheet, and the names of its columns; a column of ids is also known by its content."""
    given = dict(options.get("sheet", {}))
    try:
        sheet = _read(labels, given)
    except ValueError as error:
        video = None if "video" in given else _find_id_column(labels, given, folders)
        if video is None:
            raise ValueError(f"{error}{_score_columns(labels, given)}") from None
        try:
            sheet = _read(labels, given | {"video": video})
        except ValueError as other:
            raise ValueError(f"{other}{_score_columns(labels, given)}") from None
    else:
        better = None if "video" in given else _find_id_column(labels, given, folders)
        header = sheet.columns.header
        is_same = better in (None, header[sheet.columns.single["video"]])
        if not is_same and not _fits(sheet, folders):
            sheet = _read(labels, given | {"video": better})
    return sheet, _as_options(sheet.columns) | given


def _read(labels: Path, given: Mapping[str, Any]) -> LabelSheet:
    return read_labels(labels, IntakeOptions.from_config({"sheet": dict(given)}).sheet)


def _fits(sheet: LabelSheet, folders: Sequence[VideoFolder]) -> bool:
    names = [NO_AFFIXES.key(folder.clinic_id) for folder in folders]
    ids = [NO_AFFIXES.key(row.clinic_id) for row in sheet.rows]
    return _count_within(ids, names) >= MIN_SHARE * min(len(ids), len(names))


def _find_id_column(
    labels: Path, given: Mapping[str, Any], folders: Sequence[VideoFolder]
) -> str | None:
    """Name of the column whose cells stand in the names of the folders; None if none does."""
    names = [NO_AFFIXES.key(folder.clinic_id) for folder in folders]
    best, best_count = None, 0
    for sheet in read_sheets(labels, str(given.get("encoding", "auto"))):
        if len(sheet.rows) < 2:
            continue
        header, below = sheet.rows[0][1], sheet.rows[1:]
        for column, name in enumerate(header):
            texts = _column_texts(below, column)
            count = _count_within(texts, names)
            enough = MIN_SHARE * min(len(set(texts)), len(names))
            if count > best_count and count >= enough and plain_text(name):
                best, best_count = plain_text(name), count
    return best


def _column_texts(rows: Sequence[Row], column: int) -> list[str]:
    cells = (values[column] for _, values in rows if column < len(values))
    return [NO_AFFIXES.key(text) for cell in cells if (text := plain_text(cell))]


def _count_within(texts: Sequence[str], names: Sequence[str]) -> int:
    """How many of the names (at most SAMPLE) hold a text of at least three characters, or are it.

    The same number within the name is asked for: 12 is not in sub-123.
    """
    wanted = {text for text in texts if len(text) >= 2}
    count = 0
    for name in names[:: max(1, len(names) // SAMPLE)]:
        count += any(_stands_in(text, name) for text in wanted)
    return count * max(1, len(names) // SAMPLE)


def _stands_in(text: str, name: str) -> bool:
    start = name.find(text)
    if start < 0:
        return False
    end = start + len(text)
    cuts_before = start > 0 and name[start - 1].isdigit() and text[0].isdigit()
    cuts_after = end < len(name) and name[end].isdigit() and text[-1].isdigit()
    return not cuts_before and not cuts_after


def _score_columns(labels: Path, given: Mapping[str, Any]) -> str:
    """Which columns hold whole scores 0 to 4, for a message; empty if none do."""
    found = []
    for sheet in read_sheets(labels, str(given.get("encoding", "auto")))[:1]:
        for column, name in enumerate(sheet.rows[0][1] if sheet.rows else ()):
            texts = _column_texts(sheet.rows[1:], column)
            n_scores = sum(re.fullmatch("[0-4]", text) is not None for text in texts)
            if texts and n_scores >= MIN_SHARE * len(texts):
                found.append(repr(mask_numbers(plain_text(name))))
    return f" (columns with scores 0 to 4: {', '.join(found)})" if found else ""


def _as_options(columns: Columns) -> dict[str, Any]:
    """Names of the columns as options of the sheet; those that stand there twice are left out."""
    names = columns.header
    counts = Counter(name.casefold() for name in names)

    def is_unique(position: int) -> bool:
        return counts[names[position].casefold()] == 1

    options: dict[str, Any] = {}
    for key, position in columns.single.items():
        if is_unique(position):
            is_own = key in ("video", "patient", "group", "note")
            (options if is_own else options.setdefault("columns", {}))[key] = names[position]
    for leg, positions in (("left", columns.left), ("right", columns.right)):
        if positions and all(map(is_unique, positions)):
            wanted = [names[position] for position in positions]
            options[leg] = wanted[0] if len(wanted) == 1 else wanted
    return options


def _name_columns(columns: Columns) -> dict[str, str]:
    names = [mask_numbers(name) for name in columns.header]
    found = {str(key): names[position] for key, position in columns.single.items()}
    for leg, positions in (("left", columns.left), ("right", columns.right)):
        if positions:
            found[leg] = ", ".join(names[position] for position in positions)
    return found


def _video_is_patient(columns: Columns) -> bool:
    """Whether the column of video ids is one that clinics use for patients."""
    name = columns.header[columns.single["video"]].casefold()
    return (
        re.search(r"pat(?:ient|no|$)|subject|participant|mrn|患者|病人|病[歷历]", name) is not None
    )


def _propose_affixes(ids: Sequence[str], folders: Sequence[VideoFolder]) -> dict[str, str]:
    """What stands before and behind the ids in most names of folders."""
    if not ids:
        usual = FolderOptions()
        with_usual = sum(
            usual.clinic_id(one.clinic_id) != NO_AFFIXES.clinic_id(one.clinic_id) for one in folders
        )
        is_usual = with_usual >= MIN_SHARE * len(folders)
        return {} if is_usual else {"prefix": "", "suffix": ""}
    keys = {NO_AFFIXES.key(one) for one in ids}
    found: Counter[tuple[str, str]] = Counter()
    for folder in folders[:: max(1, len(folders) // SAMPLE)]:
        name = NO_AFFIXES.clinic_id(folder.clinic_id)
        key = NO_AFFIXES.key(name)
        inside = [one for one in keys if _stands_in(one, key)]
        if inside and len(name) == len(key):
            longest = max(inside, key=len)
            start = key.find(longest)
            found[name[:start], name[start + len(longest) :]] += 1
    if not found:
        return {"prefix": "", "suffix": ""}
    # Names of single folders may hold more; digits are of an id, not of all names.
    common = [(pair, n) for pair, n in found.most_common() if not digits_of("".join(pair))]
    (prefix, suffix), _ = common[0] if common else (("", ""), 0)
    return {"prefix": prefix, "suffix": suffix}


def _check_matches(entries: Sequence[VideoEntry], labels: Path | None) -> None:
    if labels is not None and not any(entry.row and entry.folder for entry in entries):
        raise ValueError(
            f"{labels}: no row fits a folder of videos; set recordings.sheet.video to the column "
            "of video ids, and recordings.folders.prefix and .suffix to what folder names add to it"
        )


def _count_raters(sheet: LabelSheet | None) -> int:
    if sheet is None:
        return 0
    return max((len(scores) for row in sheet.rows for scores in row.raters.values()), default=0)


def _count_half_points(sheet: LabelSheet | None) -> int:
    rows = sheet.rows if sheet else ()
    found = 0
    for row in rows:
        for leg, scores in row.raters.items():
            has_several = len({score for score in scores if score is not None}) > 1
            found += has_several and row.scores[leg] is None
    return found
