"""The reference: drawing in plain torch on any device, by the distance of pixels from a bone."""

from typing import Final

import torch
from torch import Tensor

from pdla.data.drawing.options import Drawing
from pdla.data.drawing.strokes import Stroke, n_channels, strokes_of

# Frames that are drawn at once. A leg moves little in a few frames, so that the window around one
# bone stays small; on other devices, where windows would have to be waited for, it bounds memory.
CHUNK_FRAMES: Final = 10

Window = tuple[int, int, int, int]  # first row, end row, first column, end column


def draw_with_torch(points: Tensor, drawing: Drawing) -> Tensor:
    """Draw strokes over each other, each pixel by its distance from the stroke's axis.

    Args:
        points: (B, T, 25, 3) of x, y in picture px, brightness in 0-1; x, y NaN where unseen. A
            stroke with an unseen end is not drawn, one without length is a dot.
        drawing: Size and style.

    Returns:
        (B, C, T, H, W) float32 in 0-1.
    """
    shape = (n_channels(drawing.style), points.shape[1], drawing.height, drawing.width)
    canvas = points.new_zeros(len(points), *shape)
    step = 1 if points.device.type == "cpu" else max(1, len(points))
    for clip in range(0, len(points), step):
        clips = slice(clip, clip + step)
        for frame in range(0, points.shape[1], CHUNK_FRAMES):
            frames = slice(frame, frame + CHUNK_FRAMES)
            _draw_chunk(canvas[clips, :, frames], points[clips, frames], drawing)
    return canvas


def _draw_chunk(canvas: Tensor, points: Tensor, drawing: Drawing) -> None:
    """Draw on a part of the canvas, (b, C, t, H, W), in place."""
    strokes = strokes_of(drawing.style)
    for stroke, window in zip(strokes, _windows(points, strokes, drawing), strict=True):
        top, bottom, left, right = window
        if top >= bottom or left >= right:
            continue
        start, end = points[:, :, stroke.start], points[:, :, stroke.end]
        y = torch.arange(top, bottom, device=points.device, dtype=points.dtype)[:, None]
        x = torch.arange(left, right, device=points.device, dtype=points.dtype)
        covered = stroke_coverage(stroke_distance(start, end, x, y), drawing)  # (b, t, h, w)
        is_seen = (start[..., :2].isfinite() & end[..., :2].isfinite()).all(dim=-1)
        covered = covered * is_seen[..., None, None]
        brightness = torch.minimum(start[..., 2], end[..., 2])[..., None, None]
        for channel, value in enumerate(stroke.colour, stroke.first_channel):
            part = canvas[:, channel, :, top:bottom, left:right]
            part.lerp_((brightness * value).expand_as(part), covered)


def _windows(points: Tensor, strokes: tuple[Stroke, ...], drawing: Drawing) -> list[Window]:
    """Rows and columns that each stroke can touch in any of the frames; all of them off the CPU."""
    if points.device.type != "cpu":
        return [(0, drawing.height, 0, drawing.width)] * len(strokes)
    starts = points[:, :, [stroke.start for stroke in strokes], :2]
    ends = points[:, :, [stroke.end for stroke in strokes], :2]
    is_seen = (starts.isfinite() & ends.isfinite()).all(dim=-1, keepdim=True)
    low = torch.where(is_seen, torch.minimum(starts, ends), torch.inf).amin(dim=(0, 1))
    high = torch.where(is_seen, torch.maximum(starts, ends), -torch.inf).amax(dim=(0, 1))
    size = low.new_tensor([drawing.width, drawing.height])
    first = (low - drawing.reach_px).floor().clamp(min=0).minimum(size)
    past = (high + drawing.reach_px).ceil().add(1).clamp(min=0).minimum(size)
    windows = torch.stack([first[:, 1], past[:, 1], first[:, 0], past[:, 0]], dim=1)
    return [(top, bottom, left, right) for top, bottom, left, right in windows.int().tolist()]


def stroke_distance(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Distance of pixels from a line between two joints, (b, t, h, w) in px; unseen ends are 0."""
    start, end = start[..., None, None, :2].nan_to_num(), end[..., None, None, :2].nan_to_num()
    along_x, along_y = (end - start).unbind(dim=-1)
    from_x, from_y = x - start[..., 0], y - start[..., 1]  # (b, t, 1, w), (b, t, h, 1)
    length2 = (along_x.square() + along_y.square()).clamp(min=1e-6)
    share = (from_x * (along_x / length2) + from_y * (along_y / length2)).clamp_(0, 1)
    return torch.hypot(from_x - share * along_x, from_y - share * along_y)


def stroke_coverage(distance: Tensor, drawing: Drawing) -> Tensor:
    """How much of the stroke's colour a pixel takes on at a distance in px from its axis."""
    if drawing.style == "heatmaps":
        value = (distance / drawing.sigma_px).square_().mul_(-0.5).exp_()
        return value.mul_(distance <= drawing.reach_px)
    return (drawing.reach_px - distance).clamp_(0, 1)
