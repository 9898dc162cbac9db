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
