"""Pictures for people and for training from files: mp4, PNG frames and contact sheets."""

import logging
import shutil
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdla.data.drawing.canvas import to_canvas
from pdla.data.drawing.opencv import draw_frames
from pdla.data.drawing.options import Drawing
from pdla.data.files import PART, replacing
from pdla.data.progress import track
from pdla.data.recordings import Recording

CHUNK_FRAMES = 256
SHEET_COLUMNS = 8
GAP_PX = 2

Frames = NDArray[np.uint8]
# yuv420p plays everywhere but halves the resolution of colour; yuv444p keeps thin coloured lines.
PixelFormat = Literal["yuv420p", "yuv444p"]

log = logging.getLogger(__name__)


def draw_recording(recording: Recording, drawing: Drawing) -> Iterator[Frames]:
    """Draw all frames of a recording with one crop, a few hundred at a time.

    Yields:
        (T, H, W, 3) RGB of consecutive frames.
    """
    points = _on_canvas(recording.keypoints, drawing, recording.frame_size)
    for chunk in torch.split(points, CHUNK_FRAMES, dim=1):
        yield _draw(chunk, drawing)


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
    shown = np.minimum(picked.astype(int), recording.n_frames - 1)
    points = _on_canvas(recording.keypoints[shown], drawing, recording.frame_size)
    return tile(_draw(points, drawing))


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


def write_frames(folder: Path, chunks: Iterable[Frames]) -> None:
    """Write each frame as a PNG, 000000.png on, in a new folder that appears once it is whole.

    Args:
        folder: Folder to make.
        chunks: (T, H, W, 3) RGB of consecutive frames.

    Raises:
        ValueError: If there is something in the folder already.
    """
    for _ in keep_frames(folder, chunks):
        pass


def keep_frames(folder: Path, chunks: Iterable[Frames]) -> Iterator[Frames]:
    """As `write_frames`, but each chunk is passed on once it is written, to be encoded too."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is there already; give a new folder for the frames")
    temporary = folder.with_name(f".{folder.name}{PART}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    number = 0
    for chunk in chunks:
        for frame in chunk:
            write_png(temporary / f"{number:06d}.png", frame)
            number += 1
        yield chunk
    temporary.replace(folder)


def write_mp4(
    path: Path,
    chunks: Iterable[Frames],
    n_frames: int,
    fps: float,
    pixel_format: PixelFormat = "yuv420p",
    *,
    progress: bool = True,
    threads: int = 0,
) -> None:
    """Write RGB frames as a video, under a temporary name until it is whole.

    H.264 where FFmpeg has an encoder for it, else MPEG-4 part 2. Every second begins with a frame
    that needs no other, so that a clip can be read without the seconds before it.

    Args:
        path: File to write; its folder is made if need be.
        chunks: (T, H, W, 3) of consecutive frames.
        n_frames: Frames in all chunks, for the progress bar.
        fps: Frames a second.
        pixel_format: How colours are kept; yuv420p wants even H and W.
        progress: Whether to show a bar for this file.
        threads: Of the encoder; 0: as many as FFmpeg likes, 1 where many files are encoded at once.

    Raises:
        ValueError: If fps is not positive, or the size is odd where it must be even.
    """
    if not fps > 0:
        raise ValueError(f"{path}: fps={fps}, expected more than 0")
    path.parent.mkdir(parents=True, exist_ok=True)
    frames: Iterable[Frames] = (frame for chunk in chunks for frame in chunk)
    if progress:
        frames = track(frames, f"drawing {path.name}", n_frames, "frames")
    with replacing(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        _encode(container, frames, fps, pixel_format, threads)


def _encode(
    container: av.container.OutputContainer,
    frames: Iterable[Frames],
    fps: float,
    pixel_format: PixelFormat,
    threads: int,
) -> None:
    stream: av.VideoStream | None = None
    for frame in frames:
        if stream is None:
            stream = _add_stream(container, frame.shape[:2], fps, pixel_format)
            stream.thread_count = threads
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
    if stream is not None:
        container.mux(stream.encode())


def _add_stream(
    container: av.container.OutputContainer,
    size: tuple[int, ...],
    fps: float,
    pixel_format: PixelFormat,
) -> av.VideoStream:
    codec = _codec()
    if codec == "mpeg4":
        pixel_format = "yuv420p"  # it knows no other
    if pixel_format == "yuv420p" and (size[0] % 2 or size[1] % 2):
        raise ValueError(f"a video of {size[0]} x {size[1]} px: height and width must be even")
    stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
    stream.height, stream.width = size
    stream.pix_fmt = pixel_format
    stream.gop_size = max(1, round(fps))
    # Nearly without loss: thin lines on black need few bytes anyway.
    if codec == "mpeg4":
        stream.options = {"qscale": "2"}
    else:
        stream.options = {"crf": "10", "preset": "veryfast"}
    return stream


@cache
def _codec() -> Literal["libx264", "mpeg4"]:
    if "libx264" in av.codecs_available:
        return "libx264"
    log.warning("this FFmpeg has no libx264: videos are written as MPEG-4 part 2, not H.264")
    return "mpeg4"


def _on_canvas(
    keypoints: NDArray[np.float32], drawing: Drawing, frame_size: tuple[int, int]
) -> Tensor:
    """Points (1, T, 25, 3) of a recording, cropped over all frames that are given."""
    # Copied, as a memory map cannot be written to and torch would warn.
    return to_canvas(torch.from_numpy(keypoints.copy())[None], drawing, torch.tensor([frame_size]))


def _draw(points: Tensor, drawing: Drawing) -> Frames:
    """Pictures (T, H, W, 3) in 0-255 of points (1, T, 25, 3)."""
    return draw_frames(points[0], drawing)
