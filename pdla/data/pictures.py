"""Pictures for people: a recording as an mp4 or as a contact sheet of its frames."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pdla.data.drawing import Drawing, draw_with_opencv, to_canvas
from pdla.data.progress import track
from pdla.data.recordings import Recording

CHUNK_FRAMES = 256
SHEET_COLUMNS = 8
GAP_PX = 2

Frames = NDArray[np.uint8]


def draw_recording(recording: Recording, drawing: Drawing) -> Iterator[Frames]:
    """Draw all frames of a recording with one crop, a few hundred at a time.

    Yields:
        (T, H, W, 3) RGB of consecutive frames.
    """
    keypoints = torch.from_numpy(recording.keypoints.copy())[None]
    points = to_canvas(keypoints, drawing, torch.tensor([recording.frame_size]))
    for chunk in torch.split(points, CHUNK_FRAMES, dim=1):
        yield _as_pictures(draw_with_opencv(chunk, drawing)[0].numpy())


def draw_contact_sheet(
    recording: Recording, drawing: Drawing, start_s: float, end_s: float, n_frames: int = 16
) -> Frames:
    """Frames spread evenly over a stretch of time, side by side, in rows of eight.

    Returns:
        (H, W, 3) RGB.

    Raises:
        ValueError: If the stretch is empty or outside the recording.
    """
    if not 0 <= start_s < end_s <= recording.duration_s + 1e-6:
        raise ValueError(
            f"{start_s:g} to {end_s:g} s: no stretch of a recording of {recording.duration_s:.1f} s"
        )
    picked = np.linspace(start_s, end_s, n_frames, endpoint=False) * recording.fps
    last = recording.n_frames - 1
    keypoints = torch.from_numpy(recording.keypoints[np.minimum(picked.astype(int), last)])[None]
    points = to_canvas(keypoints, drawing, torch.tensor([recording.frame_size]))
    return tile(_as_pictures(draw_with_opencv(points, drawing)[0].numpy()))


def tile(pictures: Frames) -> Frames:
    """Lay (N, H, W, 3) pictures out in rows of eight, with a thin gap between them."""
    gap = ((0, 0), (0, GAP_PX), (0, GAP_PX), (0, 0))
    padded = np.pad(pictures, gap, constant_values=64)
    missing = -len(padded) % min(SHEET_COLUMNS, len(padded))
    padded = np.pad(padded, ((0, missing), (0, 0), (0, 0), (0, 0)))
    columns = min(SHEET_COLUMNS, len(padded))
    rows = [
        np.concatenate(list(row), axis=1) for row in padded.reshape(-1, columns, *padded.shape[1:])
    ]
    return np.concatenate(rows, axis=0)


def write_png(path: Path, picture: Frames) -> None:
    """Write an RGB picture.

    Raises:
        OSError: If the file cannot be written.
    """
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path}: could not be written; does its folder exist?")


def write_mp4(path: Path, chunks: Iterator[Frames], n_frames: int, fps: float) -> None:
    """Write RGB frames as an H.264 video, under a temporary name until it is whole.

    Args:
        path: File to write.
        chunks: (T, H, W, 3) of consecutive frames; H and W even, as H.264 wants.
        n_frames: Frames in all chunks, for the progress bar.
        fps: Frames a second.
    """
    temporary = path.with_name(f".{path.name}.part.mp4")
    frames = (frame for chunk in chunks for frame in chunk)
    with av.open(str(temporary), "w") as container:
        stream: av.VideoStream | None = None
        for frame in track(frames, f"drawing {path.name}", n_frames, "frames"):
            if stream is None:
                stream = container.add_stream("h264", rate=Fraction(fps).limit_denominator(1001))
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
    temporary.replace(path)


def _as_pictures(clip: NDArray[np.float32]) -> Frames:
    """(3, T, H, W) in 0-1 to (T, H, W, 3) in 0-255."""
    return np.ascontiguousarray((clip * 255).round().astype(np.uint8).transpose(1, 2, 3, 0))
