"""Drawing on CUDA GPUs with Triton; safe to import where there is neither."""

from functools import cache
from importlib.util import find_spec
from typing import Final

import torch
from torch import Tensor

from pdla.data.drawing.options import Drawing, Style
from pdla.data.drawing.strokes import n_channels, strokes_of
from pdla.data.skeletons import N_JOINTS

# H, W in px of the part of a frame that one program draws; of nine sizes the fastest on an H100
# (16 x 64: 60,100 clips/s at 192 x 108, 32 x 64: 55,900, 8 x 128: 21,900).
TILE: Final = (16, 64)


@cache
def why_no_triton() -> str:
    """Why Triton cannot draw on this machine; empty if it can."""
    if find_spec("triton") is None:
        return "Triton is not installed"
    if not torch.cuda.is_available():
        return "there is no CUDA GPU"
    if torch.version.hip is None and torch.cuda.get_device_capability() < (7, 0):
        return "Triton needs a GPU of compute capability 7.0"
    return ""


def draw_with_triton(
    points: Tensor,
    drawing: Drawing,
    dtype: torch.dtype = torch.float32,
    tile: tuple[int, int] = TILE,
) -> Tensor:
    """Draw as `draw_with_torch` does, in one kernel that touches each pixel once.

    Args:
        points: (B, T, 25, 3) on a CUDA GPU, of x, y in picture px, brightness in 0-1; NaN where
            unseen.
        drawing: Size and style.
        dtype: Type of the pictures: float32, or float16 or bfloat16 for half the memory.
        tile: H, W in px of the part of a frame that one program draws; powers of two.

    Returns:
        (B, C, T, H, W) in 0-1.
    """
    from pdla.data.drawing.triton_kernels import draw_lines, draw_maps

    batch, frames = points.shape[:2]
    shape = (batch, n_channels(drawing.style), frames, drawing.height, drawing.width)
    canvas = torch.empty(shape, dtype=dtype, device=points.device)
    if canvas.numel() == 0:
        return canvas
    is_map = drawing.style == "heatmaps"
    table = _stroke_table(drawing.style, points.device)
    per_frame = -(-drawing.height // tile[0]) * -(-drawing.width // tile[1])
    # From the tile's middle to its corners, a little more so that rounding skips no stroke.
    corner = ((tile[0] - 1) ** 2 + (tile[1] - 1) ** 2) ** 0.5 / 2
    lengths: tuple[float, ...] = (drawing.reach_px, drawing.reach_px + corner + 0.01)
    if is_map:
        lengths += (drawing.sigma_px**-2,)
    kernel = (draw_maps if is_map else draw_lines)[(batch * frames * per_frame,)]
    with torch.cuda.device(points.get_device()):
        kernel(
            points.contiguous(), table, canvas, frames, *lengths,
            N_STROKES=len(table), N_LANES=1 << (len(table) - 1).bit_length(), N_JOINTS=N_JOINTS,
            H=drawing.height, W=drawing.width, TILE_H=tile[0], TILE_W=tile[1],
        )  # fmt: skip
    return canvas


@cache
def _stroke_table(style: Style, device: torch.device) -> Tensor:
    """Strokes on the device: start, end and, where strokes share channels, the colour."""
    strokes = strokes_of(style)
    rows = [
        (stroke.start, stroke.end, *(() if style == "heatmaps" else stroke.colour))
        for stroke in strokes
    ]
    return torch.tensor(rows, dtype=torch.float32, device=device)
