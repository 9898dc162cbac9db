"""`pdla kinematics`: clinical quantities of every leg of a cohort, as a table."""

from pathlib import Path

import pandas as pd

from pdla.data.intake import IntakeOptions, VideoEntry, read_intake
from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.recordings import LegSample


def measure_cohort(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> tuple[pd.DataFrame, int]:
    """Measure every usable leg.

    Returns:
        One row a leg: where to find the video (`row 14` of the sheet or `folder 12 of 62`), its
        pseudonym and patient, group, leg, score, bout in seconds, then `LegKinematics`; empty cells
        where a quantity needs more taps than there were. And how many legs were left out; `pdla
        check` says why.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If nothing in them can be used.
    """
    intake = read_intake(videos, labels, store, options)
    by_video = {video.video_id: video for video in intake.videos}
    samples = intake.cohort.samples
    rows = [
        _measure_leg(sample, by_video[sample.recording.video_id])
        for sample in track(samples, "measuring", len(samples), "legs")
    ]
    return pd.DataFrame(rows), 2 * len(intake.videos) - len(rows)


def _measure_leg(sample: LegSample, video: VideoEntry) -> dict[str, object]:
    bout = find_bout(sample.recording, sample.leg)
    return {
        "place": video.place,
        "video_id": sample.recording.video_id,
        "patient": sample.patient,
        "group": sample.group,
        "leg": sample.leg,
        "score": sample.score,
        "bout_start_s": None if bout is None else bout.start_s,
        "bout_end_s": None if bout is None else bout.end_s,
        **leg_kinematics(sample.recording, sample.leg).as_row(),
    }
