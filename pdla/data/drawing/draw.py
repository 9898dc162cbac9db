"""Keypoints to pictures: bones drawn with soft edges, straight into the tensor that a network eats.

Three backends give the same pictures up to the edge pixels: OpenCV on CPUs, a Triton kernel on CUDA
GPUs, and plain torch, the reference, on any device.
"""

import logging
from functools import cache

from torch import Tensor

from pdla.data.drawing.canvas import to_canvas
from pdla.data.drawing.maps import draw_maps
from pdla.data.drawing.options import Brightness, Crop, Drawing, Style
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.drawing.strokes import n_channels
from pdla.data.drawing.triton import draw_with_triton, why_no_triton

__all__ = [
    "Brightness",
    "Crop",
    "Drawing",
    "Style",
    "draw_clips",
    "draw_points",
    "n_channels",
    "to_canvas",
]

log = logging.getLogger(__name__)


def draw_clips(keypoints: Tensor, drawing: Drawing, frame_sizes: Tensor) -> Tensor:
    """Draw a batch of clips on the device that holds the keypoints; never waits for a GPU.

    Args:
        keypoints: (B, T, 25, 3) of x px, y px, confidence in the canonical view; a bone with an
            unseen (NaN) end is not drawn, one without length is a dot.
        drawing: Size, style and crop.
        frame_sizes: (B, 2) of H, W of each video in px, for `crop=frame`.

    Returns:
        (B, C, T, H, W) float32 in 0-1, 0 where nothing was seen; C is 3, or the number of maps of
        style `heatmaps` (see pdla.data.drawing.strokes).

    Raises:
        ValueError: If a shape is not as above.
    """
    return draw_points(to_canvas(keypoints, drawing, frame_sizes), drawing)


def draw_points(points: Tensor, drawing: Drawing) -> Tensor:
    """Draw points that are on the canvas already (see `to_canvas`) with the quickest backend."""
    device = points.device.type
    if device == "cpu" and drawing.style == "heatmaps":
        return draw_maps(points, drawing)
    if device == "cpu":
        # Imported here: a GPU machine can do without OpenCV.
        from pdla.data.drawing.opencv import draw_with_opencv

        return draw_with_opencv(points, drawing)
    if device == "cuda":
        reason = why_no_triton()
        if not reason:
            return draw_with_triton(points, drawing)
        _notice(reason)
    return draw_with_torch(points, drawing)


@cache
def _notice(reason: str) -> None:
    """Say once that drawing will be slower than it could be."""
    log.warning("%s: clips are drawn by plain torch, many times slower", reason)
