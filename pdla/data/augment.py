"""Augmentation of keypoints, batched, on the device that holds them; labels stay true.

Each augmentation is a small dataclass that maps (B, T, 25, 3) to the same shape, the same change
for all frames of a clip and another one for each clip, drawn from the generator it is given.
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


@dataclass(frozen=True)
class Rotate:
    """Tilt the camera by up to `degrees` either way, about the middle of the person."""

    degrees: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Rotate x and y of each clip by its own angle."""
        angle = _uniform(keypoints, generator) * radians(self.degrees)
        cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
        centre = _centre(keypoints)
        x, y = (keypoints[..., :2] - centre).unbind(-1)
        turned = torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1) + centre
        return torch.cat([turned, keypoints[..., 2:]], dim=-1)


@dataclass(frozen=True)
class Stretch:
    """Make people wider or taller by up to `share`: other builds, other camera angles."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Scale x and y of each clip by factors of their own."""
        factors = torch.stack([_uniform(keypoints, generator) for _ in range(2)], dim=-1)
        centre = _centre(keypoints)
        scaled = (keypoints[..., :2] - centre) * (1 + self.share * factors[:, None, None]) + centre
        return torch.cat([scaled, keypoints[..., 2:]], dim=-1)


@dataclass(frozen=True)
class DropJoints:
    """Lose each joint for a whole clip with probability `share`, as when clothes hide it."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Set lost joints to NaN, NaN, 0."""
        draws = torch.rand(
            keypoints.shape[0],
            1,
            keypoints.shape[2],
            1,
            generator=generator,
            device=keypoints.device,
        )
        unseen = keypoints.new_tensor([torch.nan, torch.nan, 0.0])
        return torch.where(draws < self.share, unseen, keypoints)


@dataclass(frozen=True)
class Jitter:
    """Add Gaussian noise with an SD of `share` of the person's height to each seen joint."""

    share: float

    def __call__(self, keypoints: Tensor, generator: Generator) -> Tensor:
        """Move each joint in each frame."""
        points = keypoints[..., :2]
        y = points[..., 1].flatten(1)
        height = torch.where(y.isfinite(), y, -torch.inf).amax(1) - torch.where(
            y.isfinite(), y, torch.inf
        ).amin(1)
        noise = torch.randn(points.shape, generator=generator, device=points.device)
        spread = self.share * height.nan_to_num(0.0, 0.0, 0.0)[:, None, None, None]
        return torch.cat([points + noise * spread, keypoints[..., 2:]], dim=-1)


def augment(
    keypoints: Tensor, augmentations: Sequence[Augmentation], generator: Generator
) -> Tensor:
    """Apply augmentations one after the other to (B, T, 25, 3); none gives the input back."""
    for augmentation in augmentations:
        keypoints = augmentation(keypoints, generator)
    return keypoints


def _uniform(keypoints: Tensor, generator: Generator) -> Tensor:
    """(B,) of -1 to 1."""
    draws = torch.rand(keypoints.shape[0], generator=generator, device=keypoints.device)
    return draws * 2 - 1


def _centre(keypoints: Tensor) -> Tensor:
    """Mean place of the joints seen in each clip, (B, 1, 1, 2); (0, 0) where none was."""
    points = keypoints[..., :2].flatten(1, 2)
    return points.nanmean(dim=1).nan_to_num()[:, None, None]
