"""Which folder of keypoints belongs to which row of the label sheet."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.folders import FolderOptions, VideoFolder
from pdla.data.intake.labels import LabelRow
from pdla.data.intake.loose_ids import date_keys, digits_of, id_numbers, loose_key
from pdla.data.intake.patients import PatientOptions, identify
from pdla.data.reasons import Finding, Reason

MAX_SUGGESTIONS: Final = 200  # near misses are searched for so many rows; more is a wrong sheet
MIN_SIMILARITY: Final = 0.85


def match_folders(
    rows: Sequence[LabelRow],
    folders: Sequence[VideoFolder],
    options: FolderOptions,
    patients: PatientOptions,
) -> list[VideoEntry]:
    """Give each row its folder, one to one.

    An id fits if it is the folder's, with or without prefix and suffix. If it is not, what a
    spreadsheet program or a file list does to ids (zeros in front, dates, file suffixes) is seen
    through where exactly one row and one folder fit.

    Args:
        rows: Rows of the label sheet; none if there is no sheet.
        folders: All folders, by name.
        options: How names become ids.
        patients: How ids tell the patient: no suggestion points to another one.

    Returns:
        Rows in sheet order, then folders without a row by name, then folders that share an id with
        another; those, and rows without a folder, have a problem.
    """
    by_key: dict[str, list[VideoFolder]] = defaultdict(list)
    for folder in folders:
        by_key[options.key(folder.clinic_id)].append(folder)
    doubles = [folder for same in by_key.values() if len(same) > 1 for folder in same]
    free = {key: same[0] for key, same in by_key.items() if len(same) == 1}
    exact = {row.row: found for row in rows if (found := _take(row, free, options))}
    loose = _match_loosely(rows, folders, exact)
    taken = {folder.position for folder in loose.values()}
    unmatched = [folder for folder in free.values() if folder.position not in taken]
    missing = [row for row in rows if row.row not in exact and row.row not in loose]
    hints = _suggest(missing, unmatched, len(folders), patients)
    entries = []
    for row in rows:
        fitting = exact.get(row.row) or loose.get(row.row)
        problem = None if fitting else Finding(Reason.NO_FOLDER, hints.get(row.row, ""))
        entry = VideoEntry(f"row {row.row}", row.clinic_id, row, fitting, problem)
        if row.row in loose:
            remark = Finding(Reason.ID_CHANGED, _place(loose[row.row], len(folders)))
            entry = replace(entry, clinic_id=loose[row.row].clinic_id, remark=remark)
        entries.append(entry)
    unmatched.sort(key=lambda folder: folder.position)
    twice = Finding(Reason.TWO_FOLDERS)
    for without_row, why in ((unmatched, None), (doubles, twice)):
        entries += [
            VideoEntry(_place(folder, len(folders)), folder.clinic_id, None, folder, why)
            for folder in without_row
        ]
    return entries


def _take(
    row: LabelRow, free: dict[str, VideoFolder], options: FolderOptions
) -> VideoFolder | None:
    """Take the folder of a row out of those that are free."""
    key = options.key(row.clinic_id)
    as_folder = options.key(options.clinic_id(row.clinic_id))
    return free.pop(key, None) or free.pop(as_folder, None)


def _match_loosely(
    rows: Sequence[LabelRow], folders: Sequence[VideoFolder], exact: dict[int, VideoFolder]
) -> dict[int, VideoFolder]:
    """Folders of rows whose id was changed, by row number.

    All rows and folders count when it is told whether only one fits, also those that have a
    partner already: with `sub-1` and `sub-01` nothing is guessed.
    """
    taken = {folder.position for folder in exact.values()}
    found: dict[int, VideoFolder] = {}

    def match(
        row_keys: Callable[[str], set[Hashable]], folder_key: Callable[[str], Hashable]
    ) -> None:
        n_rows = Counter(key for row in rows for key in row_keys(row.clinic_id))
        by_key: dict[Hashable, list[VideoFolder]] = defaultdict(list)
        for folder in folders:
            by_key[folder_key(folder.clinic_id)].append(folder)
        for row in rows:
            if row.row in exact or row.row in found:
                continue
            fitting = [
                folder
                for key in row_keys(row.clinic_id)
                if n_rows[key] == 1
                for folder in by_key.get(key, [])
            ]
            if len(fitting) == 1 and fitting[0].position not in taken:
                found[row.row] = fitting[0]
                taken.add(fitting[0].position)

    match(lambda clinic_id: {loose_key(clinic_id)}, loose_key)
    match(lambda clinic_id: set(date_keys(clinic_id)), id_numbers)
    return found


def _suggest(
    missing: Sequence[LabelRow],
    free: Sequence[VideoFolder],
    n_folders: int,
    patients: PatientOptions,
) -> dict[int, str]:
    """For each row number the folder that is probably meant, in words; each folder once."""
    near = [
        (similarity, row.row, folder)
        for row in missing[:MAX_SUGGESTIONS]
        for folder in free
        if (similarity := _similarity(row.clinic_id, folder.clinic_id)) >= MIN_SIMILARITY
        and _can_be_one_patient(row.clinic_id, folder.clinic_id, patients)
    ]
    hints: dict[int, str] = {}
    suggested: set[int] = set()
    for _, row, folder in sorted(near, key=lambda one: -one[0]):
        if row not in hints and folder.position not in suggested:
            hints[row] = f"did you mean {_place(folder, n_folders)}?"
            suggested.add(folder.position)
    return hints


def _similarity(first: str, second: str) -> float:
    matcher = SequenceMatcher(None, loose_key(first), loose_key(second))
    return matcher.ratio() if matcher.quick_ratio() >= MIN_SIMILARITY else 0.0


def _can_be_one_patient(first: str, second: str, patients: PatientOptions) -> bool:
    """Whether two ids name the same patient, or at least have the same numbers."""
    one, other = identify(first, patients), identify(second, patients)
    if one.is_known and other.is_known:
        return (one.code, one.number) == (other.code, other.number)
    return digits_of(first) == digits_of(second)


def _place(folder: VideoFolder, n_folders: int) -> str:
    return f"folder {folder.position} of {n_folders} by name"
