"""Which folder of keypoints belongs to which row of the label sheet."""

import difflib
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.folders import FolderOptions, VideoFolder
from pdla.data.intake.labels import LabelRow
from pdla.data.reasons import Finding, Reason

MAX_SUGGESTIONS: Final = 200  # near misses are searched for so many rows; more is a wrong sheet


def match_folders(
    rows: Sequence[LabelRow], folders: Sequence[VideoFolder], options: FolderOptions
) -> list[VideoEntry]:
    """Give each row its folder, one to one.

    Args:
        rows: Rows of the label sheet; none if there is no sheet.
        folders: All folders, by name.
        options: How names become ids.

    Returns:
        Rows in sheet order, then folders without a row by name, then folders that share an id with
        another; those, and rows without a folder, have a problem.
    """
    by_key: dict[str, list[VideoFolder]] = defaultdict(list)
    for folder in folders:
        by_key[options.key(folder.clinic_id)].append(folder)
    doubles = [folder for same in by_key.values() if len(same) > 1 for folder in same]
    free = {key: same[0] for key, same in by_key.items() if len(same) == 1}
    found = [_take(row, free, options) for row in rows]
    missing = [row for row, folder in zip(rows, found, strict=True) if folder is None]
    hints = _suggest(missing, free, len(folders), options)
    entries = [
        VideoEntry(
            f"row {row.row}",
            row.clinic_id,
            row,
            folder,
            None if folder else Finding(Reason.NO_FOLDER, hints.get(row.row, "")),
        )
        for row, folder in zip(rows, found, strict=True)
    ]
    unmatched = sorted(free.values(), key=lambda folder: folder.position)
    twice = Finding(Reason.TWO_FOLDERS)
    for without_row, problem in ((unmatched, None), (doubles, twice)):
        entries += [
            VideoEntry(_place(folder, len(folders)), folder.clinic_id, None, folder, problem)
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


def _suggest(
    missing: Sequence[LabelRow],
    free: dict[str, VideoFolder],
    n_folders: int,
    options: FolderOptions,
) -> dict[int, str]:
    """For each row number the folder that is probably meant, in words."""
    hints = {}
    for row in missing[:MAX_SUGGESTIONS]:
        near = difflib.get_close_matches(options.key(row.clinic_id), list(free), n=1, cutoff=0.85)
        if near:
            hints[row.row] = f"did you mean {_place(free[near[0]], n_folders)}?"
    return hints


def _place(folder: VideoFolder, n_folders: int) -> str:
    return f"folder {folder.position} of {n_folders} by name"
