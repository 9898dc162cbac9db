"""Clips decoded from video files: pytorchvideo's LabeledVideoDataset, made fit for training.

On its own that dataset has no length, shuffles the same way in every epoch of a persistent worker,
gives every process of a distributed run all videos, and leaves out in silence what it cannot
decode. Here an epoch is a list of clips that is known beforehand: it is shuffled, shared out to
processes, and every clip of it is counted.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Literal, TypedDict

import av
import numpy as np
import torch
from av.video.reformatter import VideoReformatter
from pytorchvideo.data import LabeledVideoDataset
from pytorchvideo.data.clip_sampling import ClipInfo, ClipSampler
from pytorchvideo.data.video import Video, VideoPathHandler
from torch import Tensor
from torch.utils.data import IterableDataset, SequentialSampler, default_collate, get_worker_info
from torchvision.transforms import v2

from pdla.data.batches import ClipBatch
from pdla.data.clips.dataset import UNRATED, ClipDataset
from pdla.data.clips.randomness import ClipDraw, seed_of
from pdla.data.clips.sampling import ClipTime, Sampling
from pdla.data.recordings import LegSample
from pdla.data.video.upright import turn_upright
from pdla.data.video.writing import VideoFile

# Lightning cannot know that each worker has clips of its own here; a test counts them.
warnings.filterwarnings("ignore", message=".*IterableDataset` has `__len__` defined.*")


class PlannedClip(TypedDict):
    """What goes with a file through LabeledVideoDataset.

    Keys:
        place: Of the clip in the epoch.
        seed: Of its transform.
        sample: Which leg.
        score: The rater's.
        frames: (T,) int64, frames of the file to show; those outside it are black.
        start_s: Time of the first of them that is in the file, exact.
        end_s: Time after the last of them.
    """

    place: int
    seed: int
    sample: int
    score: int
    frames: Tensor
    start_s: Fraction
    end_s: Fraction


class PlannedClipSampler(ClipSampler):  # type: ignore[misc]  # pytorchvideo has no types
    """Takes the clip that was planned: Sampling, over pytorchvideo's samplers, chose it before."""

    def __call__(
        self, last_clip_time: float, video_duration: float, annotation: PlannedClip
    ) -> ClipInfo:
        """The one clip of this entry."""
        return ClipInfo(annotation["start_s"], annotation["end_s"], 0, 0, True)


class FileClips(IterableDataset[ClipBatch]):
    """Batches of clips of some legs, decoded from files.

    Args:
        files: A video for each sample, of the whole recording.
        samples: All legs of the data module; `sample` in a batch counts these.
        indices: Which of them this stage uses.
        sampling: Where clips are taken.
        stage: `train` shuffles clips and varies them; `eval` shows all, always the same way.
        batch_size: Clips in a batch; `all` makes one batch a worker.
        size: H, W of clips in px; files of another size are resized.
        rotate_degrees: Training clips are turned by up to so much, as a whole.
        seed: Of the order.
        workers: Processes of the DataLoader; 0 for none.
        rank: Which process of a distributed run this is. Where clips cannot be shared out evenly,
            some are shown twice, so that no process waits for ever.
        world: How many there are.
        first_epoch: Epoch to begin with, when training goes on.
    """

    def __init__(
        self,
        files: Sequence[VideoFile],
        samples: Sequence[LegSample],
        indices: Sequence[int],
        sampling: Sampling,
        stage: Literal["train", "eval"],
        *,
        batch_size: int | Literal["all"],
        size: tuple[int, int],
        rotate_degrees: float = 0.0,
        seed: int = 0,
        workers: int = 0,
        rank: int = 0,
        world: int = 1,
        first_epoch: int = 0,
    ) -> None:
        self.files = files
        self.clips = ClipDataset(samples, indices, sampling, stage, seed)
        self.is_train = stage == "train"
        self.batch_size = len(self.clips) if batch_size == "all" else batch_size
        self.seed = seed
        self.workers = workers
        self.rank, self.world = rank, world
        self.epoch = first_epoch
        self.transform = picture_transform(size, rotate_degrees if self.is_train else 0.0)

    @property
    def clips_per_process(self) -> int:
        """Clips of an epoch in each process of a distributed run."""
        return ceil(len(self.clips) / self.world)

    def __len__(self) -> int:
        """Batches in an epoch; each worker makes its own, so more than one may be short."""
        parts = np.array_split(range(self.clips_per_process), max(1, self.workers))
        return sum(ceil(len(part) / self.batch_size) for part in parts)

    def __iter__(self) -> Iterator[ClipBatch]:
        """Batches of this worker's part of the epoch."""
        order = self._order()
        self.epoch += 1
        planned = [self._plan(place, draw) for place, draw in enumerate(order)]
        batch: list[ClipBatch] = []
        for clip in self._decode(planned):
            batch.append(clip)
            if len(batch) == self.batch_size:
                yield default_collate(batch)
                batch = []
        if batch:
            yield default_collate(batch)

    def _order(self) -> list[ClipDraw]:
        """Clips of this process in the order of this epoch; the same list in all its workers."""
        order = torch.arange(len(self.clips))
        if self.is_train:
            generator = torch.Generator().manual_seed(seed_of(self.seed, "order", self.epoch))
            order = torch.randperm(len(self.clips), generator=generator)
        places = range(self.rank, self.clips_per_process * self.world, self.world)
        return [ClipDraw(int(order[place % len(order)]), self.epoch, place) for place in places]

    def _plan(self, place: int, draw: ClipDraw) -> tuple[str, PlannedClip]:
        slot = self.clips.slots[draw.item]
        sample, file = self.clips.samples[slot.sample], self.files[slot.sample]
        sampling = self.clips.sampling
        clip = self.clips.clip_time(draw)
        frames = shown_frames(clip, float(file.fps), sampling.fps, sampling.clip_frames)
        inside = frames[(frames >= 0) & (frames < file.n_frames)]
        if not len(inside):
            raise ValueError(f"{file.path}: {clip} is no part of {file.n_frames} frames")
        return str(file.path), {
            "place": place,
            "seed": seed_of(self.seed, "turn", draw.epoch, draw.place),
            "sample": slot.sample,
            "score": UNRATED if sample.score is None else sample.score,
            "frames": frames,
            "start_s": int(inside[0]) / file.fps,
            "end_s": (int(inside[-1]) + 1) / file.fps,
        }

    def _decode(self, planned: list[tuple[str, PlannedClip]]) -> Iterator[ClipBatch]:
        """Clips of this worker in order.

        Raises:
            ValueError: Naming the first file that could not be decoded; none is left out.
        """
        info = get_worker_info()
        parts = np.array_split(range(len(planned)), info.num_workers if info else 1)
        expected = [int(place) for place in parts[info.id if info else 0]]
        dataset = LabeledVideoDataset(
            planned, PlannedClipSampler(0), SequentialSampler, decode_audio=False
        )
        dataset.video_path_handler = QuickVideos()
        decoded = iter(dataset) if expected else iter(())
        for place in expected:
            try:
                clip = next(decoded, None)
            except RuntimeError:  # pytorchvideo gave up after ten files in a row
                clip = None
            if clip is None or clip["place"] != place:
                raise ValueError(f"{planned[place][0]}: could not be decoded; delete it or mend it")
            yield self._to_clip(clip)

    def _to_clip(self, decoded: dict[str, Any]) -> ClipBatch:
        """Clip as bytes, (3, T, H, W) uint8: a quarter of what floats would be to hand over."""
        pictures = take_frames(decoded["video"], decoded["frames"])
        with torch.random.fork_rng(devices=[]):  # torchvision turns by the global state
            torch.manual_seed(decoded["seed"])
            turned = self.transform(pictures)
        return {
            "clips": turned,
            "score": torch.tensor(decoded["score"]),
            "sample": torch.tensor(decoded["sample"]),
        }


def shown_frames(clip: ClipTime, fps: float, clip_fps: float, n_frames: int) -> Tensor:
    """Frames of a file that are nearest to the times of a clip, (n_frames,) int64.

    Frames before the file, after it, or after the end of the clip are numbers outside the file.
    """
    time_s = clip.start_s + torch.arange(n_frames, dtype=torch.float64) / clip_fps
    frames = (time_s * fps).round().long()
    return torch.where(time_s < clip.end_s - 1e-9, frames, -1)


def take_frames(video: Tensor, frames: Tensor) -> Tensor:
    """Pick frames of a decoded stretch; black where there is none.

    Args:
        video: (3, t, H, W) uint8 of consecutive frames; the first is the first of `frames` that is
            in the file.
        frames: (T,) frame numbers, rising; negative or past the end for black.

    Returns:
        (3, T, H, W) uint8.
    """
    position = frames - frames[frames >= 0].min()
    is_shown = (frames >= 0) & (position < video.shape[1])
    picked = video[:, position.clamp(0, video.shape[1] - 1)]
    return picked * is_shown[None, :, None, None]


def picture_transform(size: tuple[int, int], rotate_degrees: float) -> Callable[[Tensor], Tensor]:
    """Torchvision's transforms of a clip (..., H, W) of bytes: resized, then turned as a whole."""
    steps: list[Any] = [v2.Resize(list(size), antialias=True)]
    if rotate_degrees:
        steps.append(v2.RandomRotation(rotate_degrees, v2.InterpolationMode.BILINEAR))
    transform: Callable[[Tensor], Tensor] = v2.Compose(steps)
    return transform


class DecodedClip(TypedDict):
    """What pytorchvideo expects of a video; None for what could not be decoded."""

    video: Tensor | None
    audio: None


class QuickVideo(Video):  # type: ignore[misc]  # pytorchvideo has no types
    """Gives the same frames as pytorchvideo's EncodedVideo, but upright, several times faster.

    EncodedVideo lets PyAV make a converter to RGB for each frame, which takes most of its time:
    0.19 s for 150 frames of 192 x 108 on two cores, and seconds when the cores are busy. One
    converter for all frames brings that to 0.035 s. Frames stay bytes, a quarter of EncodedVideo's
    floats.

    Args:
        path: File of the video.

    Raises:
        av.FFmpegError: If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._container = av.open(str(path))
        self._stream = self._container.streams.video[0]
        self._reformatter = VideoReformatter()

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return Fraction(self._stream.duration * self._stream.time_base)
        return Fraction(self._container.duration or 0, av.time_base)

    def get_clip(self, start_sec: Fraction, end_sec: Fraction) -> DecodedClip:
        """Frames from a time to before another, (3, t, H, W) uint8."""
        first, end = self._ticks(start_sec), self._ticks(end_sec)
        pictures = []
        try:
            self._container.seek(first, stream=self._stream)
            for frame in self._container.decode(self._stream):
                if frame.pts is None or frame.pts < first:
                    continue
                if frame.pts >= end:
                    break
                rgb = self._reformatter.reformat(frame, format="rgb24", threads=1)
                pictures.append(
                    turn_upright(np.asarray(rgb.to_ndarray(), np.uint8), frame.rotation)
                )
        except av.FFmpegError:
            pictures = []
        video = torch.from_numpy(np.stack(pictures)).permute(3, 0, 1, 2) if pictures else None
        return {"video": video, "audio": None}

    def _ticks(self, seconds: Fraction) -> int:
        base = self._stream.time_base or Fraction(1, av.time_base)
        return ceil(seconds / base) + (self._stream.start_time or 0)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class QuickVideos(VideoPathHandler):  # type: ignore[misc]
    """Opens files as QuickVideo; put in the place of a data set's own handler."""

    def video_from_path(self, filepath: str, *_: Any, **__: Any) -> QuickVideo:
        """Open a file."""
        return QuickVideo(Path(filepath))
