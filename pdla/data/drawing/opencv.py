"""Drawing on the CPU with OpenCV's anti-aliased lines."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdla.data.drawing.options import Drawing
from pdla.data.drawing.strokes import Stroke, strokes_of

SUBPIXEL_BITS: Final = 4  # OpenCV draws on a grid of 1/16 px
PIXEL: Final = 1 << SUBPIXEL_BITS


def draw_with_opencv(points: Tensor, drawing: Drawing) -> Tensor:
    """Draw bones as `draw_with_torch` does, many times faster; edge pixels differ a little.

    Args:
        points: (B, T, 25, 3) on the CPU, of x, y in picture px, brightness in 0-1; NaN where
            unseen.
        drawing: Size and style; heat maps have no lines and are not drawn here.

    Returns:
        (B, 3, T, H, W) float32 in 0-1.

    Raises:
        ValueError: If the style is `heatmaps`.
    """
    return draw_bytes(points, drawing).float().div_(255)


def draw_bytes(points: Tensor, drawing: Drawing) -> Tensor:
    """As `draw_with_opencv`, but (B, 3, T, H, W) uint8 in 0-255."""
    batch, frames = points.shape[:2]
    canvas = np.empty((batch, 3, frames, drawing.height, drawing.width), dtype=np.uint8)
    for clip in range(batch):
        for frame, picture in enumerate(_pictures(points[clip], drawing)):
            cv2.split(picture, list(canvas[clip, :, frame]))
    return torch.from_numpy(canvas)


def draw_frames(points: Tensor, drawing: Drawing) -> NDArray[np.uint8]:
    """As `draw_bytes` for one clip (T, 25, 3), but with colours last, as files want them.

    Returns:
        (T, H, W, 3) uint8 in 0-255.
    """
    canvas = np.empty((len(points), drawing.height, drawing.width, 3), dtype=np.uint8)
    for frame, picture in enumerate(_pictures(points, drawing)):
        canvas[frame] = picture
    return canvas


def _pictures(points: Tensor, drawing: Drawing) -> Iterator[NDArray[np.uint8]]:
    """Draw (T, 25, 3) frame by frame; each (H, W, 3) picture is overwritten by the next."""
    if drawing.style == "heatmaps":
        raise ValueError("heat maps are drawn by torch or Triton: OpenCV has no such lines")
    is_seen = points[..., :2].isfinite().all(dim=-1).tolist()
    # Far outside the picture a line needs no exact end, and OpenCV's grid must not overflow.
    reach = 8 * max(drawing.height, drawing.width)
    places = points[..., :2].nan_to_num().clamp(-reach, reach)
    grid = places.mul(PIXEL).round().int().tolist()
    brightness = points[..., 2].mul(255).tolist()
    strokes = strokes_of(drawing.style)
    thickness = max(1, drawing.line_px - 1)
    picture = np.empty((drawing.height, drawing.width, 3), dtype=np.uint8)
    for seen, lit, ends in zip(is_seen, brightness, grid, strict=True):
        picture.fill(0)
        _draw_frame(picture, ends, seen, lit, strokes, thickness)
        yield picture


def _draw_frame(
    picture: NDArray[np.uint8],
    grid: list[list[int]],
    is_seen: list[bool],
    brightness: list[float],
    strokes: tuple[Stroke, ...],
    thickness: int,
) -> None:
    for stroke in strokes:
        start, end = stroke.start, stroke.end
        if is_seen[start] and is_seen[end]:
            lit = min(brightness[start], brightness[end])
            colour = [lit * value for value in stroke.colour]
            first, last = grid[start], grid[end]
            if thickness == 1 and abs(first[0] - last[0]) < PIXEL > abs(first[1] - last[1]):
                # OpenCV gives thin lines no ends, so one without length would not be seen.
                first, last = [first[0] - PIXEL // 2, first[1]], [first[0] + PIXEL // 2, first[1]]
            cv2.line(picture, first, last, colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
