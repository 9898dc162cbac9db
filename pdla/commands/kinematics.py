"""`pdla kinematics`: clinical quantities of every leg of a cohort, as a table."""

from pathlib import Path

import pandas as pd

from pdla.data.intake import IntakeOptions, read_intake
from pdla.data.kinematics.tables import leg_table


def measure_cohort(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> tuple[pd.DataFrame, int]:
    """Measure every usable leg.

    Returns:
        `leg_table` with a first column `place`, where to find the video (`row 14` of the sheet or
        `folder 12 of 62`); and how many legs were left out: `pdla check` says why.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If no leg in them can be used.
    """
    intake = read_intake(videos, labels, store, options)
    if not intake.cohort.samples:
        raise ValueError(f"{videos}: no leg can be measured; `pdla check` says why")
    table = leg_table(intake.cohort.samples)
    place_of = {video.video_id: video.place for video in intake.videos}
    table.insert(0, "place", table["video_id"].map(place_of))
    return table, 2 * len(intake.videos) - len(table)
