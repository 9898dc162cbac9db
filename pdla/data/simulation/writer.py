"""Files in the clinic's formats: folders of frames, the legacy label sheet, truth.csv."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import xlwt

from pdla.data.simulation.cohort import VideoPlan
from pdla.data.simulation.truth import Value

SIDES: Final = ("mds_updrs_left", "mds_updrs_right")


def write_frames(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write (name, content) of each frame into a new folder."""
    folder.mkdir(parents=True)
    base = f"{folder}/"
    for name, content in files:
        with open(base + name, "wb", buffering=0) as file:  # noqa: PTH123 (Path.open is slower)
            file.write(content)


def write_strays(folder: Path, strays: dict[str, bytes | None]) -> None:
    """Put other things among the frames: files, or directories where the content is None."""
    for name, content in strays.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)


def write_label_sheet(path: Path, plans: Sequence[VideoPlan], n_raters: int = 1) -> None:
    """Write the legacy .xls (BIFF) sheet: scores as floats, X where unrated.

    Args:
        path: Of the file.
        plans: A row each.
        n_raters: Each has a column for each leg; a single one goes without a number.
    """
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    names = [""] if n_raters == 1 else [f"_rater{number}" for number in range(1, n_raters + 1)]
    titles = ["VideoId", *(f"{side}{name}" for name in names for side in SIDES), "備註"]
    for column, title in enumerate(titles):
        sheet.write(0, column, title)
    for line, plan in enumerate(plans, start=1):
        sheet.write(line, 0, plan.row.clinic_id)
        rows = [plan.scores, *plan.raters[1:n_raters]]
        for column, score in enumerate((one for row in rows for one in row), start=1):
            is_rated = plan.scores[(column - 1) % 2] is not None
            sheet.write(line, column, float(score or 0) if is_rated else "X")
        sheet.write(line, len(titles) - 1, plan.row.remark)
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
