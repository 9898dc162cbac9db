"""The table of rated legs that a study keeps: who was scored what, and the kinematics of each."""

from pathlib import Path
from typing import Final

import pandas as pd

from pdla.data.files import first_line

# Columns that say who and what; all others but these and KEYPOINTS are kinematics of the bout.
FACTS: Final = ("video_id", "patient", "group", "leg", "visit", "score")
RATING: Final = "rating"  # mean of raters
SITE: Final = "site"  # of the label sheet; empty where it names none
OPTIONAL_FACTS: Final = (RATING, SITE)  # only some data sets have them
KEYPOINTS: Final = "keypoints_sha256"  # of the recording; tables made before 0.2 lack it
_TEXT: Final = ("video_id", "patient", "group", "leg", SITE, KEYPOINTS)


def read_legs(path: Path) -> pd.DataFrame:
    """Read a table of rated legs; a kinematic quantity that was not measured is NaN.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not such a table; one line.
    """
    # As text first: "NA" may be the name of a group.
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a table of legs ({first_line(error)})") from None
    if missing := [name for name in FACTS if name not in table]:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    try:
        for name in table.columns.difference(list(_TEXT)):
            table[name] = pd.to_numeric(table[name])
    except ValueError:
        raise ValueError(f"{path}: text where numbers should be, in column {name}") from None
    return table
