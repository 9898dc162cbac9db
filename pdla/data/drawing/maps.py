"""Heat maps on a CPU: each stroke is computed on the few pixels around it alone.

Every map holds one stroke, so that the strokes of a clip can be computed side by side: a clip takes
a few dozen operations instead of a few thousand small ones (see `reference`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pdla.data.drawing.options import Drawing
from pdla.data.drawing.reference import stroke_coverage, stroke_distance
from pdla.data.drawing.strokes import Stroke, n_channels, strokes_of


def draw_maps(points: Tensor, drawing: Drawing) -> Tensor:
    """Draw the maps that `draw_with_torch` draws.

    Args:
        points: (B, T, 25, 3) of x, y in picture px, brightness in 0-1; x, y NaN where unseen.
        drawing: Size; its style is `heatmaps`.

    Returns:
        (B, C, T, H, W) float32 in 0-1.
    """
    strokes = strokes_of(drawing.style)
    dots = [stroke for stroke in strokes if stroke.start == stroke.end]
    limbs = [stroke for stroke in strokes if stroke.start != stroke.end]
    shape = (n_channels(drawing.style), points.shape[1], drawing.height, drawing.width)
    canvas = points.new_zeros(len(points), *shape)
    for clip, drawn in zip(points, canvas, strict=True):
        for group in (dots, limbs):  # patches of a group are of one size
            _draw_group(drawn, clip, group, drawing)
    return canvas


def _draw_group(
    canvas: Tensor, points: Tensor, strokes: Sequence[Stroke], drawing: Drawing
) -> None:
    """Draw strokes of points (T, 25, 3) on a canvas (C, T, H, W), in place."""
    starts, ends = (
        points[:, [getattr(stroke, end) for stroke in strokes]] for end in ("start", "end")
    )
    is_seen = (starts[..., :2].isfinite() & ends[..., :2].isfinite()).all(dim=-1)
    frame, number = is_seen.nonzero(as_tuple=True)  # (N,) each, of strokes that are drawn
    start, end = starts[is_seen], ends[is_seen]
    size = start.new_tensor([drawing.width, drawing.height])
    low, high = torch.minimum(start, end)[:, :2], torch.maximum(start, end)[:, :2]
    first = (low - drawing.reach_px).floor().clamp(min=0).minimum(size)
    past = (high + drawing.reach_px).ceil().add(1).clamp(min=0).minimum(size)
    width, height = (past - first).amax(dim=0).int().tolist() if len(frame) else (0, 0)
    x = first[:, :1, None] + torch.arange(width)  # (N, 1, w)
    y = first[:, 1:, None] + torch.arange(height)[:, None]  # (N, h, 1)
    brightness = torch.minimum(start[:, 2], end[:, 2])[:, None, None]
    covered = stroke_coverage(stroke_distance(start, end, x, y), drawing) * brightness
    channel = torch.tensor([stroke.first_channel for stroke in strokes])[number]
    row = (channel * canvas.shape[1] + frame)[:, None, None] * canvas.shape[2] + y.long()
    places = row * canvas.shape[3] + x.long()
    is_inside = (x < past[:, :1, None]) & (y < past[:, 1:, None])
    shown = (is_inside & (covered > 0)).flatten().nonzero()[:, 0]
    canvas.view(-1)[places.flatten()[shown]] = covered.flatten()[shown]
