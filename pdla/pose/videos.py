"""Pictures of a video file, upright, with the time of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from pdla.data.video.upright import turn_upright

VIDEO_SUFFIXES: Final = (
    ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".mts", ".m2ts", ".mpg", ".mpeg",
    ".wmv", ".flv", ".ogv",
)  # fmt: skip


@dataclass(frozen=True)
class VideoPicture:
    """One frame of a video.

    Attributes:
        pixels: (H, W, 3) uint8, RGB, upright.
        time_s: Seconds after the first frame.
        rotation: Degrees by which the stored picture was turned counterclockwise to be upright.
    """

    pixels: NDArray[np.uint8]
    time_s: float
    rotation: int


def find_videos(paths: list[Path]) -> list[Path]:
    """Video files among files and folders, each folder by name.

    Raises:
        FileNotFoundError: If a path does not exist.
        ValueError: If there is no video, or two would get pose files of the same name.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such video or folder")
        inner = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [
            file for file in inner
            if file == path or (file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())
        ]  # fmt: skip
    if not found:
        raise ValueError(f"{paths[0]}: no video in it ({', '.join(VIDEO_SUFFIXES)})")
    stems = [path.stem.casefold() for path in found]
    twice = next((path for path, stem in zip(found, stems, strict=True)
                  if stems.count(stem) > 1), None)  # fmt: skip
    if twice is not None:
        raise ValueError(
            f"{twice.parent}: two videos have the name of another but for folder or ending; "
            "the name becomes the video id, so rename one"
        )
    return found


def count_frames(path: Path) -> int:
    """Frames of a video as its header says; 0 if it does not."""
    with _opened(path) as container:
        stream = container.streams.video[0]
        length = float((stream.duration or 0) * (stream.time_base or 0))
        return stream.frames or round(length * float(stream.average_rate or 0))


def read_format(path: Path) -> tuple[float, tuple[int, int]]:
    """Frames a second, and (H, W) in px of the upright picture, of a video file.

    Raises:
        ValueError: If it is no video that can be decoded.
    """
    with _opened(path) as container:
        fps = float(container.streams.video[0].average_rate or 0)
    picture = next(read_pictures(path), None)
    if picture is None or fps <= 0:
        raise ValueError(f"{path}: no video that can be decoded")
    height, width = picture.pixels.shape[:2]
    return fps, (int(height), int(width))


def read_pictures(path: Path) -> Iterator[VideoPicture]:
    """Decode a video frame by frame.

    Raises:
        ValueError: If it is no video that can be decoded.
    """
    first: float | None = None
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        step = 1 / float(stream.average_rate or 30)
        try:
            for number, frame in enumerate(container.decode(stream)):
                moment = float(frame.time) if frame.time is not None else number * step
                first = moment if first is None else first
                pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                turned = turn_upright(pixels, frame.rotation)
                rotation = round(frame.rotation) % 360
                yield VideoPicture(np.ascontiguousarray(turned), moment - first, rotation)
        except av.FFmpegError as error:
            if first is None:
                raise _unreadable(path, error) from None
            # A truncated video ends where it cannot be decoded any more.


def _opened(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, error) from None
    if not container.streams.video:
        container.close()
        raise ValueError(f"{path}: no video in this file")
    return container


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path}: no video that can be decoded ({type(error).__name__})")
