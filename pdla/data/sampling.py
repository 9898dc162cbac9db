"""Which stretch of time makes a clip: pytorchvideo's clip samplers on a recording or a bout."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pytorchvideo.data.clip_sampling import (
    ClipSampler,
    ConstantClipsPerVideoSampler,
    RandomClipSampler,
    UniformClipSampler,
)

from pdla.data.bouts import Bout

MIN_CLIP_FPS = 12.0  # 3.8 taps a second need three frames a tap (DATA.md section 4)


@dataclass(frozen=True)
class Sampling:
    """How clips are taken from a recording.

    Training takes `clips_per_video` clips a video and epoch: at random places (`random`), or evenly
    spaced (`uniform`). Validation and test always cover the whole span with evenly spaced clips,
    `stride_s` apart, the last one ending with the span::

        span   |----------------|      seconds=3, stride_s=2 on a span of 8 s
        clips  xxxxxx
                   xxxxxx
                       xxxxxx
                          xxxxxx

    Attributes:
        within: `leg_bout` takes clips only while the scored leg moves (and from the whole recording
            if no bout was found); `recording` takes them anywhere.
        train: How training clips are placed.
        seconds: Length of a clip.
        fps: Frames a second in a clip; keypoints are interpolated to it.
        stride_s: Distance between evaluation clips.
        clips_per_video: Training clips a video and epoch.
    """

    within: Literal["leg_bout", "recording"] = "leg_bout"
    train: Literal["random", "uniform"] = "random"
    seconds: float = 3.0
    fps: float = 12.0
    stride_s: float = 1.5
    clips_per_video: int = 1

    def __post_init__(self) -> None:
        """Refuse clips in which a fast patient's taps cannot be seen."""
        if self.within not in ("leg_bout", "recording"):
            raise ValueError(f"sampling.within={self.within!r}: choose leg_bout or recording")
        if self.train not in ("random", "uniform"):
            raise ValueError(f"sampling.train={self.train!r}: choose random or uniform")
        if self.fps < MIN_CLIP_FPS:
            raise ValueError(
                f"sampling.fps={self.fps}: at least {MIN_CLIP_FPS:g}, or fast taps alias away"
            )
        if self.seconds <= 0 or self.stride_s <= 0 or self.clips_per_video < 1:
            raise ValueError(
                f"sampling.seconds={self.seconds}, stride_s={self.stride_s}, "
                f"clips_per_video={self.clips_per_video}: all must be positive"
            )
        if self.stride_s > self.seconds:
            raise ValueError(
                f"sampling.stride_s={self.stride_s} > seconds={self.seconds}: "
                "evaluation would skip parts of the bout"
            )

    @property
    def clip_frames(self) -> int:
        """T, frames in a clip."""
        return round(self.seconds * self.fps)

    def training_starts(self, span: Bout) -> list[float]:
        """Start times in s of one epoch's clips; random ones use Python's seeded `random`."""
        if self.train == "uniform":
            sampler = ConstantClipsPerVideoSampler(self.seconds, self.clips_per_video)
            return _starts(sampler, span, self.seconds)
        random_sampler = RandomClipSampler(self.seconds)
        n_clips = self.clips_per_video
        return [
            start for _ in range(n_clips) for start in _starts(random_sampler, span, self.seconds)
        ]

    def covering_starts(self, span: Bout) -> list[float]:
        """Start times in s of clips that together show every second of the span."""
        sampler = UniformClipSampler(self.seconds, self.stride_s, backpad_last=True)
        return _starts(sampler, span, self.seconds)


def _starts(sampler: ClipSampler, span: Bout, clip_s: float) -> list[float]:
    """Run a pytorchvideo sampler over a span; a span shorter than a clip gives one centred clip."""
    if span.duration_s <= clip_s:
        return [span.start_s + (span.duration_s - clip_s) / 2]
    starts: list[float] = []
    end_s, is_last = 0.0, False
    while not is_last:
        start, end, _, _, is_last = sampler(end_s, span.duration_s, {})
        starts.append(span.start_s + float(start))
        end_s = float(end)
    return starts


def take_clip(
    keypoints: NDArray[np.float32], fps: float, start_s: float, clip_fps: float, n_frames: int
) -> NDArray[np.float32]:
    """Keypoints at evenly spaced times, linearly interpolated between frames.

    Args:
        keypoints: (T, 25, 3); NaN, NaN, 0 where unseen.
        fps: Frames a second of `keypoints`.
        start_s: Time of the first frame of the clip; may lie before the recording.
        clip_fps: Frames a second of the clip.
        n_frames: Frames in the clip.

    Returns:
        (n_frames, 25, 3). A joint unseen in a neighbouring frame that counts is unseen, and so is
        every joint outside the recording: nothing is invented.
    """
    position = (start_s + np.arange(n_frames) / clip_fps) * fps
    nearest = np.round(position)
    position = np.where(np.abs(position - nearest) < 1e-6, nearest, position)
    last = len(keypoints) - 1
    lower = np.clip(np.floor(position).astype(np.int64), 0, last)
    upper = np.clip(lower + 1, 0, last)
    weight = (position - np.floor(position)).astype(np.float32)[:, None, None]
    blended = keypoints[lower] * (1 - weight) + keypoints[upper] * weight
    clip = np.where(weight > 0, blended, keypoints[lower])
    is_unseen = ~np.isfinite(clip[..., :2]).all(axis=-1)
    is_unseen |= ((position < 0) | (position > last))[:, None]
    clip[is_unseen] = (np.nan, np.nan, 0.0)
    return np.ascontiguousarray(clip, dtype=np.float32)
