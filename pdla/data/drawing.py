"""Keypoints to pictures: bones drawn with soft edges, straight into the tensor that a network eats.

Two backends give the same pictures up to the edge pixels: `opencv` draws on the CPU, `torch` on any
device. `draw_clips` picks the one for the device that the keypoints are on.
"""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import matplotlib as mpl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdla.data.skeletons import BONES, JOINT, LEG_JOINTS, N_JOINTS

Style = Literal["scored_leg", "colour_2023"]
Crop = Literal["legs", "body", "frame"]

CROP_MARGIN: Final = 0.10
SUBPIXEL_BITS: Final = 4  # OpenCV draws on a grid of 1/16 px
# OpenCV's anti-aliased line of thickness t covers ceil(t / 2) px to each side of its axis fully and
# fades out over the next 1.2 px (measured on horizontal, half-pixel and diagonal lines, OpenCV
# 5.0).
SOFT_EDGE_PX: Final = 1.2


@dataclass(frozen=True)
class Drawing:
    """How a clip is drawn.

    Attributes:
        height: H of the pictures in px.
        width: W of the pictures in px.
        style: `scored_leg` puts the scored leg in the first channel, the other leg in the second
            and the rest of the body in the third; `colour_2023` gives each of the 24 bones its own
            colour.
        crop: `legs` and `body` fit the box around those joints over the whole clip; `frame` shows
            the frame as filmed. The aspect ratio of the person is always kept.
        line_px: Width of a bone in px, without its soft edge; an odd number.
    """

    height: int = 48
    width: int = 48
    style: Style = "scored_leg"
    crop: Crop = "legs"
    line_px: int = 1

    def __post_init__(self) -> None:
        """Refuse pictures that cannot be drawn."""
        if self.height < 1 or self.width < 1:
            raise ValueError(f"drawing: {self.height} x {self.width} px: both must be at least 1")
        if self.line_px < 1 or self.line_px % 2 == 0:
            raise ValueError(f"drawing.line_px={self.line_px}: choose 1, 3, 5 ...")
        if self.style not in ("scored_leg", "colour_2023"):
            raise ValueError(f"drawing.style={self.style!r}: choose scored_leg or colour_2023")
        if self.crop not in ("legs", "body", "frame"):
            raise ValueError(f"drawing.crop={self.crop!r}: choose legs, body or frame")


def draw_clips(keypoints: Tensor, drawing: Drawing, frame_sizes: Tensor) -> Tensor:
    """Draw a batch of clips on the device that holds the keypoints.

    Args:
        keypoints: (B, T, 25, 3) of x px, y px, confidence; a bone with an unseen end is not drawn.
        drawing: Size, style and crop.
        frame_sizes: (B, 2) of H, W of each video in px, for `crop=frame`.

    Returns:
        (B, 3, T, H, W) float32 in 0-1, black where nothing was seen.
    """
    points = to_canvas(keypoints, drawing, frame_sizes)
    if points.device.type == "cpu":
        return draw_with_opencv(points, drawing)
    return draw_with_torch(points, drawing)


def to_canvas(keypoints: Tensor, drawing: Drawing, frame_sizes: Tensor) -> Tensor:
    """Move keypoints from the video's pixels to the picture's.

    Returns:
        (B, T, 25, 2) of x, y in picture px; NaN where unseen.
    """
    points = keypoints[..., :2]
    box = _crop_box(points, drawing.crop, frame_sizes.to(points))
    centre, extent = box[:, :2], box[:, 2:]
    size = points.new_tensor([drawing.width, drawing.height])
    scale = (size / extent).amin(dim=1)[:, None, None, None]
    # Coordinates are of pixel centres: the middle of W pixels is at (W - 1) / 2.
    return (points - centre[:, None, None]) * scale + (size - 1) / 2


def _crop_box(points: Tensor, crop: Crop, frame_sizes: Tensor) -> Tensor:
    """Centre and extent of the crop of each clip, (B, 4) of cx, cy, w, h in video px."""
    whole = torch.cat([(frame_sizes.flip(1) - 1) / 2, frame_sizes.flip(1)], dim=1)
    if crop == "frame":
        return whole
    joints = list(LEG_JOINTS["L"] + LEG_JOINTS["R"]) if crop == "legs" else list(range(N_JOINTS))
    shown = points[:, :, joints].flatten(1, 2)
    is_seen = shown.isfinite().all(dim=2, keepdim=True)
    low = torch.where(is_seen, shown, torch.inf).amin(dim=1)
    high = torch.where(is_seen, shown, -torch.inf).amax(dim=1)
    extent = (high - low).clamp(min=1.0) * (1 + 2 * CROP_MARGIN)
    box = torch.cat([(low + high) / 2, extent], dim=1)
    return torch.where(is_seen.any(dim=1), box, whole)


def draw_with_torch(points: Tensor, drawing: Drawing) -> Tensor:
    """Reference drawing on any device: a pixel is covered by its distance from the bone's axis.

    Args:
        points: (B, T, 25, 2) in picture px; NaN where unseen.
        drawing: Size and style.

    Returns:
        (B, 3, T, H, W) float32 in 0-1.
    """
    batch, frames = points.shape[:2]
    y = torch.arange(drawing.height, device=points.device, dtype=points.dtype)[:, None]
    x = torch.arange(drawing.width, device=points.device, dtype=points.dtype)
    canvas = points.new_zeros(batch, 3, frames, drawing.height, drawing.width)
    for (start, end), colour in zip(BONES, bone_colours(drawing.style), strict=True):
        covered = _coverage(points[:, :, start], points[:, :, end], x, y, drawing.line_px)
        target = torch.from_numpy(colour).to(points)[None, :, None, None, None]
        canvas = torch.lerp(canvas, target.expand_as(canvas), covered[:, None].expand_as(canvas))
    return canvas


def _coverage(start: Tensor, end: Tensor, x: Tensor, y: Tensor, line_px: int) -> Tensor:
    """Share of each pixel that a line covers; (B, T, H, W) in 0-1, all 0 if an end is unseen."""
    is_seen = (start.isfinite() & end.isfinite()).all(dim=-1)[..., None, None]
    start, end = start.nan_to_num(), end.nan_to_num()
    start_x, start_y = start[..., 0, None, None], start[..., 1, None, None]
    along_x, along_y = (end - start)[..., 0, None, None], (end - start)[..., 1, None, None]
    length2 = (along_x.square() + along_y.square()).clamp(min=1e-6)
    share = ((x - start_x) * along_x + (y - start_y) * along_y) / length2
    share = share.clamp(0, 1)
    distance = torch.hypot(x - start_x - share * along_x, y - start_y - share * along_y)
    return ((line_px - 1) / 2 + SOFT_EDGE_PX - distance).clamp(0, 1) * is_seen


def draw_with_opencv(points: Tensor, drawing: Drawing) -> Tensor:
    """Drawing on the CPU with OpenCV's anti-aliased lines; arguments as for `draw_with_torch`."""
    batch, frames = points.shape[:2]
    canvas = np.zeros((batch, frames, drawing.height, drawing.width, 3), dtype=np.uint8)
    is_seen = points.isfinite().all(dim=-1).numpy()
    # Far outside the picture a line needs no exact end, and OpenCV's grid must not overflow.
    reach = 8 * max(drawing.height, drawing.width)
    grid = points.nan_to_num().clamp(-reach, reach).mul(1 << SUBPIXEL_BITS).round().int().numpy()
    colours = [tuple((colour * 255).tolist()) for colour in bone_colours(drawing.style)]
    for clip in range(batch):
        for frame in range(frames):
            _draw_frame(
                canvas[clip, frame], grid[clip, frame], is_seen[clip, frame], colours, drawing
            )
    return torch.from_numpy(canvas).permute(0, 4, 1, 2, 3).float().div_(255)


def _draw_frame(
    picture: NDArray[np.uint8],
    grid: NDArray[np.int32],
    is_seen: NDArray[np.bool_],
    colours: list[tuple[float, ...]],
    drawing: Drawing,
) -> None:
    for (start, end), colour in zip(BONES, colours, strict=True):
        if is_seen[start] and is_seen[end]:
            cv2.line(
                picture,
                grid[start].tolist(),
                grid[end].tolist(),
                colour,
                max(1, drawing.line_px - 1),
                cv2.LINE_AA,
                SUBPIXEL_BITS,
            )


def bone_colours(style: Style) -> NDArray[np.float32]:
    """Colour of each of the 24 bones, (24, 3) in 0-1; the scored leg is the right one."""
    if style == "colour_2023":
        hues = np.arange(len(BONES), dtype=np.float32) / len(BONES)
        hsv = np.stack([hues, np.ones_like(hues), np.ones_like(hues)], axis=1)
        return mpl.colors.hsv_to_rgb(hsv).astype(np.float32)
    feet = {"L": ("LSmallToe",), "R": ("RSmallToe",)}
    members = {
        leg: {*LEG_JOINTS[leg][1:], *(JOINT[name] for name in feet[leg])} for leg in ("L", "R")
    }
    channels = [_channel(bone, members["R"], members["L"]) for bone in BONES]
    return np.eye(3, dtype=np.float32)[channels]


def _channel(bone: tuple[int, int], scored: set[int], other: set[int]) -> int:
    if scored.intersection(bone):
        return 0
    return 1 if other.intersection(bone) else 2
