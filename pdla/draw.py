"""`pdla draw`: one OpenPose folder as a video or a contact sheet."""

from pathlib import Path
from typing import Any

from pdla.data.drawing import Drawing
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.pictures import draw_contact_sheet, draw_recording, write_mp4, write_png
from pdla.data.recordings import Recording
from pdla.data.skeletons import MIRROR, Leg, as_leg


def draw_folder(
    folder: Path,
    out: Path,
    leg: str,
    *,
    crop: str,
    style: str,
    size: str,
    start_s: float,
    end_s: float | None,
) -> None:
    """Read an OpenPose folder and draw it.

    Args:
        folder: OpenPose folder of one video.
        out: File to write; .mp4 or .png.
        leg: Leg that is drawn as the scored one.
        crop: legs, body or frame.
        style: scored_leg or colour_2023.
        size: Height x width in px; even numbers for mp4.
        start_s: Second at which a contact sheet begins.
        end_s: Second at which it ends; None for the end of the recording.

    Raises:
        ValueError: If an argument or the folder cannot be used.
    """
    if out.suffix not in (".mp4", ".png"):
        raise ValueError(f"{out}: expected a file that ends in .mp4 or .png")
    drawing = _drawing(size, crop=crop, style=style)
    recording = _recording(folder, as_leg(leg))
    if out.suffix == ".png":
        end_s = recording.duration_s if end_s is None else end_s
        write_png(out, draw_contact_sheet(recording, drawing, start_s, end_s))
        return
    write_mp4(out, draw_recording(recording, drawing), recording.n_frames, recording.fps)


def _drawing(size: str, **options: Any) -> Drawing:
    try:
        height, width = (int(part) for part in size.lower().split("x"))
    except ValueError:
        raise ValueError(f"size {size!r}: expected HEIGHTxWIDTH in px, as in 480x270") from None
    return Drawing(height=height, width=width, line_px=3 if height >= 96 else 1, **options)


def _recording(folder: Path, leg: Leg) -> Recording:
    """The recording with the leg at the right-leg joints, yet where it was: not mirrored."""
    video = read_recording(folder, OpenPoseOptions())
    keypoints = video.keypoints if leg == "R" else video.keypoints[:, list(MIRROR)]
    return Recording("video", keypoints, video.fps, video.frame_size)
