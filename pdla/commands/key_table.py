"""Who is who: the only file that pdla writes with ids of the clinic in it, for the user alone."""

import csv
import io
import os
from pathlib import Path
from typing import Final

from pdla.data.files import PART
from pdla.data.intake import Intake
from pdla.runs.folder import CONFIG, LEGS_FOLDER, RESULT

COLUMNS: Final = ("place", "video_id", "patient", "clinic_id")


def write_key_table(intake: Intake, path: Path) -> None:
    """Write the clinic's id behind each pseudonym as a .csv that only its owner may read.

    Args:
        intake: What was read.
        path: Where; never in a folder of runs, which are shared.

    Raises:
        ValueError: If the path is in a folder of runs, or no .csv.
    """
    if path.suffix != ".csv":
        raise ValueError(f"--names {path}: give the name of a table, as in names.csv")
    for folder in path.absolute().parents:
        is_study = (folder / LEGS_FOLDER).exists() or any(folder.glob(f"*/{RESULT}"))
        if folder.name == "runs" or is_study or (folder / CONFIG).exists():
            raise ValueError(
                f"--names {path}: {folder} holds runs, which may be shared; choose another folder"
            )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for entry in intake.videos:
        table.writerow((entry.place, entry.video_id, entry.patient, _as_text(entry.clinic_id)))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{PART}.csv")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _as_text(clinic_id: str) -> str:
    """The id so that a spreadsheet program takes it for text, never for a formula."""
    return f"'{clinic_id}" if clinic_id.startswith(("=", "+", "-", "@")) else clinic_id
