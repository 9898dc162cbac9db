"""Whole videos of some legs, each drawn where it was filmed, the scored leg in red.

A process of its own does this while a report is computed, which itself needs no torch.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pdla.data.drawing.options import Drawing
from pdla.data.skeletons import MIRROR
from pdla.lazy import importing

DRAWING: Final = Drawing(height=480, width=270, style="scored_leg", crop="frame", line_px=3)


def write_leg_clips(recordings: dict[str, Any], paths: Mapping[tuple[str, str], Path]) -> None:
    """Write an mp4 for each leg; a leg that is not in the recordings gets none.

    Args:
        recordings: Section of a config; its keypoints must have been read before.
        paths: File of each video and leg.

    Raises:
        ValueError: If the recordings cannot be opened, or are others than they were.
        OSError: If a file cannot be read or written.
    """
    with importing():
        from pdla.data.intake import IntakeOptions, open_cohort, source_paths
        from pdla.data.video.pictures import draw_recording, write_mp4

    cohort = open_cohort(
        *source_paths(recordings), Path(recordings["store"]), IntakeOptions.from_config(recordings)
    )
    for sample in cohort.samples:
        recording = sample.recording
        path = paths.get((recording.video_id, sample.leg))
        if path is None:
            continue
        if sample.leg == "L":  # drawn where it is, in the colours of the scored leg
            recording = replace(recording, keypoints=recording.keypoints[:, list(MIRROR)])
        frames = draw_recording(recording, DRAWING)
        write_mp4(path, frames, recording.n_frames, recording.fps, progress=False, threads=1)
