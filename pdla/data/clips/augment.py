"""Augmentation of keypoints, batched, on the device that holds them; labels stay true.

Each augmentation is a small dataclass that maps (B, T, 25, 3) to the same shape: another change for
each clip, drawn from the generator it is given. Unseen joints (NaN, NaN, 0) stay unseen. Changes of
space are here; changes of time and of what is seen are in `augment_time`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import radians
from typing import Protocol

import torch
from torch import Generator, Tensor


class Augmentation(Protocol):
    """What every entry of the config group `augment` can do."""

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Change a batch of clips, (B, T, 25, 3) to (B, T, 25, 3); NaN stays NaN."""


def augment(
    keypoints: Tensor, augmentations: Sequence[Augmentation], generator: Generator
) -> Tensor:
    """Apply augmentations one after the other to (B, T, 25, 3); none gives the input back."""
    for augmentation in augmentations:
        keypoints = augmentation(keypoints, generator)
    return keypoints


@dataclass(frozen=True)
class Rotate:
    """Tilt the camera by up to `degrees` either way, about the middle of the person."""

    degrees: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Rotate x and y of each clip by its own angle."""
        angle = uniform(keypoints, generator) * radians(self.degrees)
        cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
        middle = person_middle(keypoints)
        x, y = (keypoints[..., :2] - middle).unbind(-1)
        turned = torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1)
        return with_points(keypoints, turned + middle)


@dataclass(frozen=True)
class Scale:
    """Move the camera: everything larger or smaller by up to `share`."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Scale x and y of each clip by one factor."""
        factor = 1 + self.share * uniform(keypoints, generator)[:, None, None, None]
        middle = person_middle(keypoints)
        return with_points(keypoints, (keypoints[..., :2] - middle) * factor + middle)


@dataclass(frozen=True)
class Stretch:
    """Make people wider or taller by up to `share`: other builds, other camera angles."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Scale x and y of each clip by factors of their own."""
        factors = torch.stack([uniform(keypoints, generator) for _ in range(2)], dim=-1)
        middle = person_middle(keypoints)
        stretched = (keypoints[..., :2] - middle) * (1 + self.share * factors[:, None, None])
        return with_points(keypoints, stretched + middle)


@dataclass(frozen=True)
class Shift:
    """Point the camera elsewhere: by up to `share` of the person's height in x and y."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Move all joints of each clip together."""
        steps = torch.stack([uniform(keypoints, generator) for _ in range(2)], dim=-1)
        distance = self.share * person_height(keypoints)[:, None] * steps
        return with_points(keypoints, keypoints[..., :2] + distance[:, None, None])


@dataclass(frozen=True)
class Mirror:
    """Show the other side of the body with probability `share`, scored leg and joints together.

    Mirroring a picture swaps left and right joints and with them the scored leg; naming the scored
    leg's joints the right ones again, as the canonical view does, leaves all names as they were and
    x reflected about the person's middle. So the scored leg stays the one that is scored.
    """

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Reflect x of some clips."""
        draws = torch.rand(len(keypoints), generator=generator, device=keypoints.device)
        sign = torch.where(draws < self.share, -1.0, 1.0)
        flip = torch.stack([sign, torch.ones_like(sign)], dim=-1)[:, None, None]
        middle = person_middle(keypoints)
        return with_points(keypoints, (keypoints[..., :2] - middle) * flip + middle)


@dataclass(frozen=True)
class Jitter:
    """Shake joints, more where OpenPose was less sure.

    Attributes:
        share: SD of the Gaussian noise at confidence 0, of the person's height; it falls linearly
            to a quarter of that at confidence 1.
    """

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Move each joint in each frame."""
        points, confidence = keypoints[..., :2], keypoints[..., 2:].clamp(0, 1)
        noise = torch.randn(points.shape, generator=generator, device=points.device)
        spread = self.share * person_height(keypoints)[:, None, None, None]
        return with_points(keypoints, points + noise * spread * (1 - 0.75 * confidence))


def with_points(keypoints: Tensor, points: Tensor) -> Tensor:
    """The same confidence with other x and y."""
    return torch.cat([points, keypoints[..., 2:]], dim=-1)


def uniform(keypoints: Tensor, generator: Generator) -> Tensor:
    """(B,) of -1 to 1."""
    draws = torch.rand(keypoints.shape[0], generator=generator, device=keypoints.device)
    return draws * 2 - 1


def person_middle(keypoints: Tensor) -> Tensor:
    """Mean place of the joints seen in each clip, (B, 1, 1, 2); (0, 0) where none was."""
    points = keypoints[..., :2].flatten(1, 2)
    return points.nanmean(dim=1).nan_to_num()[:, None, None]


def person_height(keypoints: Tensor) -> Tensor:
    """From the highest to the lowest joint of each clip in px, (B,); 0 if none was seen."""
    y = keypoints[..., 1].flatten(1)
    highest = torch.where(y.isfinite(), y, torch.inf).amin(dim=1)
    lowest = torch.where(y.isfinite(), y, -torch.inf).amax(dim=1)
    return (lowest - highest).clamp(min=0.0)


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
    points, confidence = keypoints[..., :2], keypoints[..., 2:]
    # Numbers instead of a tensor of them, whose copy to a GPU every batch would wait for.
    kept = (torch.where(is_hidden, torch.nan, points), torch.where(is_hidden, 0.0, confidence))
    return torch.cat(kept, dim=-1)


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
