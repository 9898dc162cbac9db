"""Clips of class folders, read once by pytorchvideo's labeled_video_dataset and kept in memory.

In 2023 the same uniform clips were decoded again in every epoch. Here they are decoded once; the
network gets the same pictures. Three habits of pytorchvideo are mended: a class is the name of its
folder, not its place among the folders; an epoch is a list of known length, shuffled anew each
time; a video that cannot be decoded is an error, not left out in silence.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from pytorchvideo.data import labeled_video_dataset
from pytorchvideo.data.clip_sampling import make_clip_sampler
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, SequentialSampler
from torchvision.transforms import v2

from pdla.data.files import replacing
from pdla.data.video.clips import QuickVideos
from pdla.original.settings import OriginalSettings

UNIFORM: Final = "uniform"
RANDOM: Final = "random"


@dataclass(frozen=True)
class ClipSet:
    """Clips of some videos.

    Attributes:
        clips: (N, 3, T, H, W) uint8.
        video: Name of each clip's video, without its suffix.
    """

    clips: Tensor
    video: tuple[str, ...]

    def rows_of(self, videos: Sequence[str]) -> list[int]:
        """Rows of the clips of some videos; a video named twice has its clips once."""
        wanted = set(videos)
        return [row for row, name in enumerate(self.video) if name in wanted]


def read_clips(
    folder: Path, settings: OriginalSettings, kind: str = UNIFORM, workers: int = 0
) -> ClipSet:
    """Decode all clips of <folder>/<score>/<video>.mp4.

    Args:
        folder: One stage of a data set of class folders.
        settings: Length, frames and size of the clips.
        kind: `uniform`: one after the other over each video; `random`: one a video, anywhere.
        workers: Processes that decode.

    Raises:
        ValueError: If a video gave no clip.
    """
    seconds = settings.clip_s if kind == UNIFORM else settings.test_clip_s
    if kind == RANDOM:  # drawn by Python's global state, in this process and from a known seed
        workers = 0
        random.seed(settings.seed)
    dataset = labeled_video_dataset(
        str(folder),
        make_clip_sampler(kind, seconds),
        video_sampler=SequentialSampler,
        transform=_Resize(settings),
        decode_audio=False,
    )
    dataset.video_path_handler = QuickVideos()
    expected = {path.stem for path in folder.rglob("*.mp4")}
    workers = min(workers, len(expected))
    # Arrays go through a pipe: tensors would need more shared memory than containers have.
    loader: DataLoader[Any] = DataLoader(
        dataset, batch_size=None, num_workers=workers, collate_fn=_as_it_is
    )
    found = [(Path(clip["video_name"]).stem, clip["clip_index"], clip["video"]) for clip in loader]
    if missing := sorted(expected - {name for name, _, _ in found}):
        raise ValueError(
            f"{folder}: {missing[0]}.mp4 could not be decoded; delete it and run again"
        )
    found.sort(key=lambda clip: clip[:2])
    clips = torch.from_numpy(np.stack([clip for *_, clip in found]))
    return ClipSet(clips, tuple(name for name, *_ in found))


def uniform_clips(folder: Path, cache: Path, settings: OriginalSettings, workers: int) -> ClipSet:
    """As `read_clips`, but each video is decoded once for both legs and all parts.

    Args:
        folder: One stage of a data set of class folders.
        cache: Folder of decoded videos, (N, 3, T, H, W) uint8 each.
        settings: Length, frames and size of the clips.
        workers: Processes that decode.
    """
    height, width = settings.size
    kept = cache / f"{settings.clip_s:g}s_{settings.clip_frames}x{height}x{width}"
    videos = sorted({path.stem for path in folder.rglob("*.mp4")})
    if not all((kept / f"{video}.npy").exists() for video in videos):
        kept.mkdir(parents=True, exist_ok=True)
        decoded = read_clips(folder, settings, workers=workers)
        for video in videos:
            with replacing(kept / f"{video}.npy") as path, path.open("wb") as file:
                np.save(file, decoded.clips[decoded.rows_of([video])].numpy())
    parts = {video: torch.from_numpy(np.load(kept / f"{video}.npy")) for video in videos}
    names = [video for video, clips in parts.items() for _ in range(len(clips))]
    return ClipSet(torch.cat(list(parts.values())), tuple(names))


def shrink(clips: ClipSet, n_frames: int, size: tuple[int, int]) -> ClipSet:
    """Every n-th frame of each clip, averaged down to another size, on the same device."""
    every = clips.clips.shape[2] // n_frames
    smaller = [
        interpolate(clip[:, ::every].float(), list(size), mode="bilinear", antialias=True)
        for clip in clips.clips
    ]
    return ClipSet(torch.stack(smaller).round().clamp(0, 255).byte(), clips.video)


def n_uniform_clips(n_frames: int, fps: float, clip_s: float) -> int:
    """Clips of a video: as many whole ones as fit, at least one."""
    return max(1, floor(n_frames / fps / clip_s + 1e-6))


class _Resize:
    """Frames spread evenly over the clip, in the size of the network, as bytes."""

    def __init__(self, settings: OriginalSettings) -> None:
        self.n_frames = settings.clip_frames
        self.resize = v2.Resize(list(settings.size), antialias=True)

    def __call__(self, clip: dict[str, Any]) -> dict[str, Any]:
        # Frame by frame, as it was decoded: a copy of the whole clip takes ten times as long.
        video: Tensor = clip["video"].transpose(0, 1)
        rows = torch.linspace(0, len(video) - 1, self.n_frames).long().tolist()
        frames = torch.cat([self.resize(video[row : row + 1]) for row in rows]).transpose(0, 1)
        return {**clip, "video": np.ascontiguousarray(frames.numpy())}


def _as_it_is(clip: Any) -> Any:
    """Nothing is put together: a clip stays what the data set gave."""
    return clip
