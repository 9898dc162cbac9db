"""Files in the clinic's formats: OpenPose JSON, the legacy label sheet, truth.csv."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import xlwt

from pdla.data.simulation.cohort import VideoPlan
from pdla.data.simulation.randomness import Array
from pdla.data.simulation.truth import Value

SHEET_COLUMNS: Final = ("VideoId", "mds_updrs_left", "mds_updrs_right", "備註")
_BEFORE: Final = b'{"version":1.3,"people":['
_AFTER: Final = b"]}"
_PERSON: Final = b'{"person_id":[-1],"pose_keypoints_2d":'
_NO_MORE: Final = (
    b',"face_keypoints_2d":[],"hand_left_keypoints_2d":[],"hand_right_keypoints_2d":[],'
    b'"pose_keypoints_3d":[],"face_keypoints_3d":[],"hand_left_keypoints_3d":[],'
    b'"hand_right_keypoints_3d":[]}'
)


def pose_lists(keypoints: Array, decimals: int = 3) -> list[bytes]:
    """Keypoints of one person as the JSON lists of each frame.

    Args:
        keypoints: (T, J, 3).
        decimals: Rounding; it also hides differences in the last bit between machines.
    """
    numbers = np.round(keypoints.reshape(len(keypoints), -1), decimals) + 0.0  # no -0.0
    return [orjson.dumps(frame) for frame in numbers.tolist()]


def frame_json(poses: Iterable[bytes]) -> bytes:
    """One frame's file, with the people in this order; each pose is a JSON list."""
    return _BEFORE + b",".join(_PERSON + pose + _NO_MORE for pose in poses) + _AFTER


def write_frames(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write (name, content) of each frame into a new folder."""
    folder.mkdir(parents=True)
    base = f"{folder}/"
    for name, content in files:
        with open(base + name, "wb", buffering=0) as file:  # noqa: PTH123 (Path.open is slower)
            file.write(content)


def write_label_sheet(path: Path, plans: Sequence[VideoPlan]) -> None:
    """Write the legacy .xls (BIFF) sheet: scores as floats, X where unrated."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    for column, title in enumerate(SHEET_COLUMNS):
        sheet.write(0, column, title)
    for line, plan in enumerate(plans, start=1):
        sheet.write(line, 0, plan.row.video_id)
        for column, score in enumerate(plan.scores, start=1):
            sheet.write(line, column, "X" if score is None else float(score))
        sheet.write(line, 3, plan.row.remark)
    book.save(str(path))


def write_truth(path: Path, rows: Iterable[dict[str, Value]]) -> None:
    """Write truth.csv, one row for each video and leg, as rows come."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
