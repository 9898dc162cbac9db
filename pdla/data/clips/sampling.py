"""Which stretch of time makes a clip: pytorchvideo's clip samplers on a recording or a bout."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pytorchvideo.data.clip_sampling import (
    ClipSampler,
    ConstantClipsPerVideoSampler,
    UniformClipSampler,
)

# Three frames a tap for the fastest seen, 3.8 a second (simulation/reference.py).
MIN_CLIP_FPS = 12.0
MIN_STRIDE_S = 0.01  # less than a frame
MAX_CLIPS = 10_000  # a video; more would fill the memory
MAX_CLIP_FRAMES = 10_000  # over five minutes at 30 fps: no task takes as long


class ClipTime(NamedTuple):
    """Seconds of a recording that make a clip."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Span:
    """Where clips of a leg may be taken.

    Attributes:
        start_s: Seconds from the start of the recording.
        end_s: Seconds from the start of the recording.
        lifts_s: When the foot leaves the floor, and last when it is down for good; empty if the
            taps were not looked for or not found.
    """

    start_s: float
    end_s: float
    lifts_s: tuple[float, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Sampling:
    """How clips are taken from a recording.

    Validation and test always cover the whole span with evenly spaced clips, `stride_s` apart, the
    last one ending with the span::

        span   |----------------|      seconds=3, stride_s=2 on a span of 8 s
        clips  xxxxxx
                   xxxxxx
                       xxxxxx
                          xxxxxx

    A span shorter than a clip gives one clip with the span in its middle; what lies outside the
    recording is unseen (NaN), never invented or repeated.

    Attributes:
        within: `leg_bout` takes clips only while the scored leg moves; `taps` takes runs of
            `n_taps` whole tap cycles of the bout; `recording` takes clips anywhere. Where no bout
            or too few taps were found, clips come from the bout or the whole recording instead.
        train: How training clips are placed: `random`, `constant_clips` (evenly spaced) or
            `uniform` (all, as in evaluation), as pytorchvideo's samplers of these names do.
        seconds: Length of a clip; with `taps`, the longest that is shown.
        fps: Frames a second in a clip; keypoints are interpolated to it.
        stride_s: Distance between evaluation clips.
        clips_per_video: Training clips a video and epoch, for `random` and `constant_clips`.
        n_taps: Tap cycles in a clip, for `taps`.
    """

    within: Literal["leg_bout", "taps", "recording"] = "leg_bout"
    train: Literal["random", "constant_clips", "uniform"] = "random"
    seconds: float = 3.0
    fps: float = 12.0
    stride_s: float = 1.5
    clips_per_video: int = 1
    n_taps: int = 5

    def __post_init__(self) -> None:
        """Refuse clips in which a fast patient's taps cannot be seen."""
        if self.within not in ("leg_bout", "taps", "recording"):
            raise ValueError(f"sampling.within={self.within!r}: choose leg_bout, taps or recording")
        if self.train not in ("random", "constant_clips", "uniform"):
            raise ValueError(
                f"sampling.train={self.train!r}: choose random, constant_clips or uniform"
            )
        if not self.fps >= MIN_CLIP_FPS:
            raise ValueError(
                f"sampling.fps={self.fps}: at least {MIN_CLIP_FPS:g}, or fast taps alias away"
            )
        if not min(self.seconds, self.stride_s, self.clips_per_video, self.n_taps) > 0:
            raise ValueError(
                f"sampling.seconds={self.seconds}, stride_s={self.stride_s}, clips_per_video="
                f"{self.clips_per_video}, n_taps={self.n_taps}: all must be positive"
            )
        if self.stride_s > self.seconds:
            raise ValueError(
                f"sampling.stride_s={self.stride_s} > seconds={self.seconds}: "
                "evaluation would skip parts of the bout"
            )
        if self.stride_s < MIN_STRIDE_S or self.clips_per_video > MAX_CLIPS:
            raise ValueError(
                f"sampling.stride_s={self.stride_s}, clips_per_video={self.clips_per_video}: at "
                f"least {MIN_STRIDE_S:g} s, at most {MAX_CLIPS:,} clips"
            )
        if not self.seconds * self.fps <= MAX_CLIP_FRAMES:
            raise ValueError(
                f"sampling.seconds={self.seconds}, fps={self.fps}: at most {MAX_CLIP_FRAMES:,} "
                "frames in a clip"
            )

    @property
    def clip_frames(self) -> int:
        """T, frames in a clip."""
        return round(self.seconds * self.fps)

    def draws_clips(self, span: Span) -> bool:
        """Whether training clips of this span are drawn anew in every epoch."""
        return self.train == "random" or self._has_cycles(span)

    def training_clips(self, span: Span) -> list[ClipTime]:
        """The training clips of a leg whose places are the same in every epoch.

        Raises:
            ValueError: If they are drawn; see `draws_clips` and `random_clip`.
        """
        if self.draws_clips(span):
            raise ValueError("clips of this span are drawn at random")
        if self.train == "uniform":
            return self.covering_clips(span)
        return self._run(ConstantClipsPerVideoSampler(self.seconds, self.clips_per_video), span)

    def random_clip(self, span: Span, chance: float) -> ClipTime:
        """One clip at a random place: any run of whole cycles, or any start that fits the span.

        pytorchvideo's RandomClipSampler draws the start in the same way, but from a global state.

        Args:
            span: Where it may be.
            chance: The draw, uniform from 0 to below 1.
        """
        if self._has_cycles(span):
            clips = self._cycle_clips(span)
            return clips[int(chance * len(clips))]
        free_s = span.duration_s - self.seconds
        start_s = span.start_s + (chance * free_s if free_s > 0 else free_s / 2)
        return ClipTime(start_s, start_s + self.seconds)

    def covering_clips(self, span: Span) -> list[ClipTime]:
        """Clips that together show every second of the span, the same every time."""
        if self._has_cycles(span):
            clips = self._cycle_clips(span)
            step = max(1, self.n_taps // 2)
            return [*clips[:-1:step], clips[-1]]
        return self._run(UniformClipSampler(self.seconds, self.stride_s, backpad_last=True), span)

    def _has_cycles(self, span: Span) -> bool:
        return self.within == "taps" and len(span.lifts_s) > self.n_taps

    def _cycle_clips(self, span: Span) -> list[ClipTime]:
        """Every run of n whole cycles, from lift to lift; a run over `seconds` ends there."""
        runs = zip(span.lifts_s, span.lifts_s[self.n_taps :], strict=False)
        return [ClipTime(start, min(end, start + self.seconds)) for start, end in runs]

    def _run(self, sampler: ClipSampler, span: Span) -> list[ClipTime]:
        """Let a pytorchvideo sampler walk over a span."""
        if span.duration_s <= self.seconds:
            start_s = span.start_s + (span.duration_s - self.seconds) / 2
            return [ClipTime(start_s, start_s + self.seconds)]
        clips: list[ClipTime] = []
        end_s, is_last = 0.0, False
        while not is_last:
            start, end, _, _, is_last = sampler(end_s, span.duration_s, {})
            end_s = float(end)
            clips.append(ClipTime(span.start_s + float(start), span.start_s + end_s))
        return clips


def take_clip(
    keypoints: NDArray[np.float32], fps: float, clip: ClipTime, clip_fps: float, n_frames: int
) -> NDArray[np.float32]:
    """Keypoints at evenly spaced times, linearly interpolated between frames.

    Args:
        keypoints: (T, 25, 3); NaN, NaN, 0 where unseen.
        fps: Frames a second of `keypoints`.
        clip: Seconds to show; may begin before the recording or end after it.
        clip_fps: Frames a second of the clip.
        n_frames: Frames in the clip.

    Returns:
        (n_frames, 25, 3). A joint unseen in a neighbouring frame that counts is unseen, and so is
        every joint outside the recording or after the end of the clip: nothing is invented.
    """
    frames = clip_frames(len(keypoints), fps, clip.start_s, clip.end_s, clip_fps, n_frames)
    weight = frames.weight[:, None, None]
    blended = keypoints[frames.lower] * (1 - weight) + keypoints[frames.upper] * weight
    taken = np.where(weight > 0, blended, keypoints[frames.lower])
    is_unseen = ~np.isfinite(taken[..., :2]).all(axis=-1) | frames.is_outside[:, None]
    taken[is_unseen] = (np.nan, np.nan, 0.0)
    return np.ascontiguousarray(taken, dtype=np.float32)


class ClipFrames(NamedTuple):
    """Which frames of their recordings clips of T frames show.

    Attributes:
        lower: (..., T) frame at or before each time, within the recording.
        upper: (..., T) the next one.
        weight: (..., T) float32, how far a time is from `lower` to `upper`, 0 to 1.
        is_outside: (..., T) before the recording, after it, or after the end of the clip.
    """

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    weight: NDArray[np.float32]
    is_outside: NDArray[np.bool_]


def clip_frames(
    n_recorded: ArrayLike, fps: ArrayLike, start_s: ArrayLike, end_s: ArrayLike,
    clip_fps: float, n_frames: int,
) -> ClipFrames:  # fmt: skip
    """Where the evenly spaced times of clips fall between the frames of their recordings.

    Args:
        n_recorded: (...) frames of each recording; one number for one clip.
        fps: (...) their frames a second.
        start_s: (...) second at which each clip begins.
        end_s: (...) second at which it ends.
        clip_fps: Frames a second of the clips.
        n_frames: T, frames in a clip.
    """
    last, rate, start, end = (
        np.asarray(value)[..., None] for value in (n_recorded, fps, start_s, end_s)
    )
    last = last - 1
    time_s = start + np.arange(n_frames) / clip_fps
    position = time_s * rate
    nearest = np.round(position)
    position = np.where(np.abs(position - nearest) < 1e-6, nearest, position)
    floor = np.floor(position)
    lower = np.clip(floor.astype(np.int64), 0, last)
    return ClipFrames(
        lower,
        np.minimum(lower + 1, last),
        (position - floor).astype(np.float32),
        (position < 0) | (position > last) | (time_s >= end - 1e-9),
    )
