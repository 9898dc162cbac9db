"""Augmentation of time and of what is seen: tempo, rhythm, lost joints, lost frames, confidence."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pdla.data.clips.augment import uniform

# Cycles of one leg differ by 7% at the median and up to 30% (simulation/reference.py), so a tenth
# is within what a rater sees in one score.
MAX_SPEED_CHANGE = 0.10


@dataclass(frozen=True)
class ChangeSpeed:
    """Play a clip faster or slower by up to `share`, about its middle.

    Raises:
        ValueError: If `share` is so large that the tempo would belong to another score.
    """

    share: float

    def __post_init__(self) -> None:
        """Keep labels true."""
        if not 0 <= self.share <= MAX_SPEED_CHANGE:
            raise ValueError(
                f"ChangeSpeed share={self.share}: 0 to {MAX_SPEED_CHANGE} is label-safe"
            )

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Resample each clip at its own speed; time outside the clip is unseen."""
        n_frames = keypoints.shape[1]
        middle = (n_frames - 1) / 2
        frames = torch.arange(n_frames, device=keypoints.device) - middle
        speed = 1 + self.share * uniform(keypoints, generator)
        return resample(keypoints, frames * speed[:, None] + middle)


@dataclass(frozen=True)
class WarpTime:
    """Hasten and slow within a clip: one slow sine wave shifts its frames by up to `share`.

    Attributes:
        share: Largest shift as a share of the clip's length; 0.02 keeps the rhythm of taps.
    """

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Resample each clip on a clock of its own that starts and ends on time."""
        n_frames = keypoints.shape[1]
        frames = torch.arange(n_frames, device=keypoints.device)
        wave = torch.sin(2 * torch.pi * frames / max(n_frames - 1, 1))
        shift = self.share * n_frames * uniform(keypoints, generator)
        return resample(keypoints, (frames + shift[:, None] * wave).clamp(0, n_frames - 1))


@dataclass(frozen=True)
class DropJoints:
    """Lose each joint for a whole clip with probability `share`, as when clothes hide it."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Make some joints unseen."""
        draws = torch.rand(
            keypoints.shape[0],
            1,
            keypoints.shape[2],
            1,
            generator=generator,
            device=keypoints.device,
        )
        return hide(keypoints, draws < self.share)


@dataclass(frozen=True)
class DropFrames:
    """Lose each frame with probability `share`, as when OpenPose finds nobody."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Make some frames unseen."""
        draws = torch.rand(*keypoints.shape[:2], 1, 1, generator=generator, device=keypoints.device)
        return hide(keypoints, draws < self.share)


@dataclass(frozen=True)
class ShakeConfidence:
    """Change the confidence of seen joints by Gaussian noise with SD `sd`, within 0.01 to 1."""

    sd: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Shake confidence; unseen joints keep 0."""
        confidence = keypoints[..., 2:]
        noise = torch.randn(confidence.shape, generator=generator, device=confidence.device)
        shaken = (confidence + self.sd * noise).clamp(0.01, 1.0)
        is_seen = keypoints[..., :1].isfinite()
        return torch.cat([keypoints[..., :2], torch.where(is_seen, shaken, confidence)], dim=-1)


def hide(keypoints: Tensor, is_hidden: Tensor) -> Tensor:
    """Make joints unseen where a mask, broadcast to (B, T, 25, 1), is true."""
    unseen = keypoints.new_tensor([torch.nan, torch.nan, 0.0])
    return torch.where(is_hidden, unseen, keypoints)


def resample(keypoints: Tensor, position: Tensor) -> Tensor:
    """Read clips at other times, linearly between frames.

    Args:
        keypoints: (B, T, 25, 3).
        position: (B, T) frame numbers to read at, any real numbers.

    Returns:
        (B, T, 25, 3). Unseen where a neighbour that counts is unseen, and outside 0 to T - 1.
    """
    last = keypoints.shape[1] - 1
    lower = position.floor().clamp(0, last)
    weight = (position - lower).clamp(0, 1)[..., None, None]
    below = _frames_at(keypoints, lower)
    above = _frames_at(keypoints, (lower + 1).clamp(max=last))
    blended = torch.where(weight > 0, torch.lerp(below, above, weight), below)
    is_outside = ((position < 0) | (position > last))[..., None, None]
    return hide(blended, is_outside | ~blended[..., :2].isfinite().all(dim=-1, keepdim=True))


def _frames_at(keypoints: Tensor, frames: Tensor) -> Tensor:
    index = frames.long()[..., None, None].expand(-1, -1, *keypoints.shape[2:])
    return keypoints.gather(1, index)
