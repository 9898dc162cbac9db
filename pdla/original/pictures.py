"""Keypoints as the pictures of 2023: a PNG a frame, an mp4 a video, class folders for training."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pdla.data.drawing.options import Drawing
from pdla.data.files import replacing
from pdla.data.progress import track
from pdla.data.recordings import LegSample, Recording
from pdla.data.skeletons import Leg
from pdla.data.video.pictures import draw_recording, keep_frames, write_mp4
from pdla.original.protocol import VideoSplit
from pdla.original.settings import OriginalSettings

FPS: Final = 30.0
IMAGES: Final = "images"
VIDEOS: Final = "videos"
FRAMES: Final = "frames"
CHUNK_FRAMES: Final = 64


@dataclass(frozen=True)
class DrawnVideo:
    """What was written for one video.

    Attributes:
        video_id: Pseudonym.
        n_frames: PNG files, and frames of the mp4.
    """

    video_id: str
    n_frames: int


def draw_all(
    recordings: Sequence[Recording], out: Path, settings: OriginalSettings, workers: int
) -> list[DrawnVideo]:
    """Write the pictures and the mp4 of each video; what is there is kept.

    <out>/images/<video>/*.png, <out>/videos/<video>.mp4 and, for ResNet-18 + LSTM, the same
    pictures in the size of the networks: <out>/frames/<video>.npy, (T, 3, H, W) uint8.

    Args:
        recordings: Each video once.
        out: Folder of the whole run.
        settings: Size of the canvas and width of the bones.
        workers: Processes that draw.
    """
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    (out / FRAMES).mkdir(exist_ok=True)
    draw = partial(_draw_one, out=out, settings=settings, threads=0 if workers <= 1 else 1)
    # The longest first, so that no process is left alone with one at the end.
    cut = sorted(
        (_cut(recording, settings.max_seconds) for recording in recordings),
        key=lambda recording: -recording.n_frames,
    )
    if workers <= 1:
        return list(track(map(draw, cut), "Drawing", len(cut)))
    with ProcessPoolExecutor(workers, initializer=_use_one_thread) as pool:
        return list(track(pool.map(draw, cut), "Drawing", len(cut)))


def frames_path(out: Path, video_id: str, settings: OriginalSettings) -> Path:
    """File of a video's pictures in the size of the networks."""
    height, width = settings.size
    return out / FRAMES / f"{video_id}_{height}x{width}.npy"


def class_folder(out: Path, leg: Leg) -> Path:
    """The data set of a leg, <out>/video_dataset_<leg>."""
    return out / f"video_dataset_{leg}"


def fill_class_folders(
    out: Path, leg: Leg, samples: Sequence[LegSample], split: VideoSplit
) -> dict[str, list[Path]]:
    """Put each video into <out>/video_dataset_<leg>/<train|val>/<score>/<video>.mp4.

    Files are links to <out>/videos where the file system has them, else copies. Videos of another
    split are taken away.

    Returns:
        Files by stage.
    """
    root = class_folder(out, leg)
    files: dict[str, list[Path]] = {}
    for stage, indices in (("train", split.train), ("val", split.val)):
        files[stage] = [
            root / stage / str(samples[index].score) / f"{samples[index].recording.video_id}.mp4"
            for index in indices
        ]
    wanted = {path for paths in files.values() for path in paths}
    for path in set(root.rglob("*.mp4")) - wanted:
        path.unlink()
    for path in sorted(wanted):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _link(out / VIDEOS / path.name, path)
    return files


def read_png(path: Path) -> NDArray[np.uint8]:
    """An RGB picture, (H, W, 3).

    Raises:
        ValueError: If it is no picture.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: not a picture; delete its folder and run again")
    return np.ascontiguousarray(picture[..., ::-1], dtype=np.uint8)


def _use_one_thread() -> None:
    """In a pool every core has a process already."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _draw_one(
    recording: Recording, out: Path, settings: OriginalSettings, threads: int
) -> DrawnVideo:
    """Draw once: each chunk of frames becomes PNG files, small frames and a part of the mp4."""
    folder = out / IMAGES / recording.video_id
    video = out / VIDEOS / f"{recording.video_id}.mp4"
    small = frames_path(out, recording.video_id, settings)
    if folder.exists():
        pictures = sorted(folder.glob("*.png"))
        n_frames, chunks = len(pictures), _read(pictures)
    else:
        height, width = settings.canvas
        drawing = Drawing(height, width, "colour_2023", "frame", settings.line_px)
        n_frames, chunks = recording.n_frames, draw_recording(recording, drawing)
        chunks = keep_frames(folder, chunks)
    if not (folder.exists() and video.exists() and small.exists()):
        resized: list[NDArray[np.uint8]] = []
        chunks = _shrunk(chunks, settings.size, resized)
        if video.exists():
            n_frames = sum(len(chunk) for chunk in chunks)
        else:
            write_mp4(video, chunks, n_frames, FPS, progress=False, threads=threads)
        with replacing(small) as temporary, temporary.open("wb") as file:
            np.save(file, np.stack(resized))
    return DrawnVideo(recording.video_id, n_frames)


def _shrunk(
    chunks: Iterable[NDArray[np.uint8]], size: tuple[int, int], resized: list[NDArray[np.uint8]]
) -> Iterator[NDArray[np.uint8]]:
    """Pass chunks on, and append each frame in the size of the networks, (3, H, W)."""
    for chunk in chunks:
        for frame in chunk:
            small = cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)
            resized.append(np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.uint8))
        yield chunk


def _cut(recording: Recording, seconds: float | None) -> Recording:
    """The first seconds of a recording; keypoints are copied, to be handed to other processes."""
    last = recording.n_frames if seconds is None else round(seconds * recording.fps)
    return replace(recording, keypoints=np.array(recording.keypoints[:last]))


def _read(pictures: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pictures), CHUNK_FRAMES):
        yield np.stack([read_png(path) for path in pictures[start : start + CHUNK_FRAMES]])


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
