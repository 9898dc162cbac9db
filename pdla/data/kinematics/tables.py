"""A row a leg: who, which leg, the score, the bout and its clinical quantities."""

from collections.abc import Sequence

import pandas as pd

from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.recordings import LegSample


def leg_table(samples: Sequence[LegSample]) -> pd.DataFrame:
    """Measure every leg.

    Returns:
        A row a leg, in the order of `samples`: video_id, patient and group; leg; visit, which
        counts the videos of a patient in this order, from 1; score, NaN if unrated; rating, only
        where the data set has means of raters; bout_start_s and bout_end_s in seconds of the
        recording, NaN for a leg that never moved; then the quantities of `LegKinematics`, NaN
        where one needs more taps than there were.
    """
    visits: dict[str, dict[str, int]] = {}
    rows = []
    for sample in track(samples, "Measuring legs", total=len(samples), unit="legs"):
        video_id = sample.recording.video_id
        videos = visits.setdefault(sample.patient, {})
        bout = find_bout(sample.recording, sample.leg)
        rows.append(
            {
                "video_id": video_id,
                "patient": sample.patient,
                "group": sample.group,
                "leg": sample.leg,
                "visit": videos.setdefault(video_id, len(videos) + 1),
                "score": sample.score,
                **({} if sample.rating is None else {"rating": sample.rating}),
                "bout_start_s": bout.start_s if bout else None,
                "bout_end_s": bout.end_s if bout else None,
                **leg_kinematics(sample.recording, sample.leg).as_row(),
            }
        )
    return pd.DataFrame(rows)
