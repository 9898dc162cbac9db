"""`pdla draw`: one OpenPose folder as pictures, or a whole cohort as video files."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pdla.data.drawing.options import Drawing
from pdla.data.intake import IntakeOptions
from pdla.data.intake.quality import QualityOptions
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Reason
from pdla.data.recordings import Cohort, Recording
from pdla.data.skeletons import LEGS, MIRROR, Leg, as_leg
from pdla.data.video.pictures import (
    draw_contact_sheet,
    draw_recording,
    write_frames,
    write_mp4,
    write_png,
)
from pdla.data.video.traces import draw_height_trace

log = logging.getLogger(__name__)
NOTHING_SEEN: Final = 0.99  # share of joints outside of the frame


def make_drawing(size: str, line_px: int | None = None, **options: Any) -> Drawing:
    """A Drawing from what stands in a command.

    Args:
        size: HEIGHTxWIDTH in px.
        line_px: Width of a bone; None for 3 px, or 1 px in pictures lower than 96 px.
        options: More fields of Drawing.

    Raises:
        ValueError: If it cannot be drawn.
    """
    try:
        height, width = (int(part) for part in size.lower().split("x"))
    except ValueError:
        raise ValueError(f"size {size!r}: expected HEIGHTxWIDTH in px, as in 480x270") from None
    if options.get("style") == "heatmaps":
        raise ValueError("style heatmaps: 19 maps are no picture; choose another style")
    if line_px is None:
        line_px = 3 if height >= 96 else 1
    return Drawing(height=height, width=width, line_px=line_px, **options)


def is_one_video(folder: Path, out: Path) -> bool:
    """Whether a command is about one video: a file is wanted, or keypoints lie right there."""
    return out.suffix in (".mp4", ".png") or any(folder.glob("*.json"))


def draw_folder(
    folder: Path,
    out: Path,
    leg: str,
    drawing: Drawing,
    options: OpenPoseOptions,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    frames: bool = False,
) -> None:
    """Read an OpenPose folder and draw it, where it was: not mirrored.

    Args:
        folder: OpenPose folder of one video.
        out: File to write, .mp4 or .png (a contact sheet); with `frames`, a new folder.
        leg: Leg that is drawn as the scored one.
        drawing: Size, style and crop; even numbers for mp4.
        options: How to read the keypoints.
        start_s: Second at which a contact sheet begins.
        end_s: Second at which it ends; None for the end of the recording.
        frames: Write each frame as a PNG.

    Raises:
        ValueError: If an argument or the folder cannot be used.
    """
    if not frames and out.suffix not in (".mp4", ".png"):
        raise ValueError(f"{out}: expected a file that ends in .mp4 or .png, or --frames")
    try:
        video = read_recording(folder, options)
    except UnreadableRecordingError as error:
        raise ValueError(f"{folder}: {error}") from None
    _check_frame(f"{folder}", video.facts, drawing)
    recording = Recording("video", video.keypoints, video.fps, video.frame_size)
    if frames:
        write_frames(out, draw_recording(_with_scored_leg(recording, as_leg(leg)), drawing))
    else:
        draw_recording_to(out, recording, as_leg(leg), drawing, start_s=start_s, end_s=end_s)


def draw_recording_to(
    out: Path,
    recording: Recording,
    leg: Leg,
    drawing: Drawing,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
) -> None:
    """Draw a recording as an .mp4, or as a .png (contact sheet); not mirrored.

    Raises:
        ValueError: If `out` has another suffix, or the drawing does not fit it.
    """
    if out.suffix not in (".mp4", ".png"):
        raise ValueError(f"{out}: expected a file that ends in .mp4 or .png")
    recording = _with_scored_leg(recording, leg)
    if out.suffix == ".png":
        end_s = recording.duration_s if end_s is None else end_s
        sheet = draw_contact_sheet(recording, drawing, start_s, end_s)
        trace = draw_height_trace(recording, sheet.shape[1], (start_s, end_s))
        write_png(out, np.concatenate([sheet, trace]))
    else:
        write_mp4(out, draw_recording(recording, drawing), recording.n_frames, recording.fps)


def read_for_drawing(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> Cohort:
    """Read the cohort that is to be drawn.

    Args:
        videos: Folder with one OpenPose folder a video.
        labels: Label sheet, or None.
        store: Where parsed keypoints are kept; the secret of the pseudonyms lies next to it.
        options: How to read.

    Raises:
        ValueError: If nothing in it can be drawn.
    """
    from pdla.data.intake import read_cohort

    cohort = read_cohort(videos, labels, store, options)
    if not cohort.samples:
        raise ValueError(f"{videos}: no video can be drawn; `pdla check` says why")
    if cohort.exclusions:
        log.warning("%d videos or legs are left out; `pdla check` says why", len(cohort.exclusions))
    outside = {
        sample.recording.video_id
        for sample in cohort.samples
        if any(finding.reason is Reason.OUTSIDE_FRAME for finding in sample.warnings)
    }
    if outside:
        log.warning("%d videos have joints outside of the frame, which are not drawn; set "
                    "recordings.openpose.frame_size=[HEIGHT,WIDTH]", len(outside))  # fmt: skip
    return cohort


def _check_frame(name: str, facts: Facts, drawing: Drawing) -> None:
    """Say it when joints lie outside of the frame: they are not in the picture.

    Raises:
        ValueError: If all of them do, so that nothing could be seen.
    """
    advice = "set recordings.openpose.frame_size=[HEIGHT,WIDTH]"
    if facts.outside > NOTHING_SEEN and drawing.crop == "frame":
        raise ValueError(f"{name}: all joints lie outside of the frame; {advice}")
    if facts.outside > QualityOptions().warn_outside:
        log.warning("%s: %.0f%% of the joints lie outside of the frame; %s", name,
                    100 * facts.outside, advice)  # fmt: skip


def draw_cohort(
    cohort: Cohort, out: Path, drawing: Drawing, folds: tuple[int, int] | None, *, frames: bool
) -> int:
    """Write the videos of a cohort, named by pseudonyms.

    Args:
        cohort: What was read.
        out: New folder, or one in which the same command was stopped.
        drawing: Size, style and crop.
        folds: For class folders <stage>/<leg>/<score>/<video>.mp4: the fold of patients that is the
            test set, and how many folds there are. None for <video>.mp4.
        frames: A folder of PNG frames a video instead of an mp4.

    Returns:
        Number of videos written.

    Raises:
        ValueError: If there are no scores for class folders, or too few patients for the folds.
    """
    # Imported here: one video needs neither Lightning nor scikit-learn.
    from pdla.data.clips.datamodules import split_cohort
    from pdla.data.splits.rules import PatientKFold
    from pdla.data.video.writing import write_class_folders, write_videos

    if folds is None:
        return write_videos(out, cohort, drawing, frames=frames)
    if not any(sample.is_rated for sample in cohort.samples):
        raise ValueError("--class-folders: no leg has a score; give them with --labels SHEET")
    splitter = PatientKFold(fold=folds[0], n_folds=folds[1])
    samples, split = split_cohort(cohort, splitter, LEGS)
    return write_class_folders(out, samples, split, drawing, frames=frames)


def _with_scored_leg(recording: Recording, leg: Leg) -> Recording:
    """The leg at the right-leg joints, where models have the scored one, yet not mirrored."""
    if leg == "R":
        return recording
    return replace(recording, keypoints=recording.keypoints[:, list(MIRROR)])
