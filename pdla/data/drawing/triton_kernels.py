"""Triton kernels that draw; imported only where Triton is installed.

One program draws a tile of pixels of one frame. It looks at all strokes at once and keeps those
whose axis is near enough to the tile's middle, a bit each; these are painted over each other in
registers, and the tile is written once. Nothing else is read or written but the joints.
"""

# mypy: ignore-errors
# Triton compiles these functions itself; its language has no Python types.

import triton
import triton.language as tl
from triton.language.extra.libdevice import ffs


@triton.jit
def _locate(points_ptr, strokes_ptr, frame, stroke, N_JOINTS: tl.constexpr, N_FIELDS: tl.constexpr):
    """Both ends of a stroke in a frame, and its brightness."""
    field = strokes_ptr + stroke * N_FIELDS
    first = points_ptr + (frame * N_JOINTS + tl.load(field).to(tl.int64)) * 3
    last = points_ptr + (frame * N_JOINTS + tl.load(field + 1).to(tl.int64)) * 3
    lit = tl.minimum(tl.load(first + 2), tl.load(last + 2))
    return tl.load(first), tl.load(first + 1), tl.load(last), tl.load(last + 1), lit


@triton.jit
def _distance(x, y, start_x, start_y, end_x, end_y):
    """Distance of points from a line between two joints, in px."""
    along_x, along_y = end_x - start_x, end_y - start_y
    per_length2 = 1.0 / tl.maximum(along_x * along_x + along_y * along_y, 1e-6)
    from_x, from_y = x - start_x, y - start_y
    share = from_x * (along_x * per_length2) + from_y * (along_y * per_length2)
    share = tl.minimum(tl.maximum(share, 0.0), 1.0)
    off_x, off_y = from_x - share * along_x, from_y - share * along_y
    return tl.sqrt(off_x * off_x + off_y * off_y)


@triton.jit
def _near_strokes(
    points_ptr, strokes_ptr, frame, tile_x, tile_y, far,
    N_STROKES: tl.constexpr, N_JOINTS: tl.constexpr, N_FIELDS: tl.constexpr, N_LANES: tl.constexpr,
):  # fmt: skip
    """Which strokes come nearer than `far` to a tile's middle, a bit each; unseen ones do not."""
    stroke = tl.arange(0, N_LANES)
    is_stroke = stroke < N_STROKES
    field = strokes_ptr + stroke * N_FIELDS
    first = points_ptr + (frame * N_JOINTS + tl.load(field, is_stroke, 0.0).to(tl.int64)) * 3
    last = points_ptr + (frame * N_JOINTS + tl.load(field + 1, is_stroke, 0.0).to(tl.int64)) * 3
    start_x, start_y = tl.load(first), tl.load(first + 1)
    end_x, end_y = tl.load(last), tl.load(last + 1)
    size = tl.abs(start_x) + tl.abs(start_y) + tl.abs(end_x) + tl.abs(end_y)
    is_near = _distance(tile_x, tile_y, start_x, start_y, end_x, end_y) <= far
    is_drawn = is_stroke & (size < 1e30) & is_near  # neither NaN nor infinite
    return tl.sum(tl.where(is_drawn, 1 << stroke, 0))


@triton.jit
def _tile(H: tl.constexpr, W: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr):
    """Which frame and which pixels a program draws: frame, rows, columns, middle of the tile."""
    ACROSS: tl.constexpr = (W + TILE_W - 1) // TILE_W
    DOWN: tl.constexpr = (H + TILE_H - 1) // TILE_H
    program = tl.program_id(0)
    tile = program % (ACROSS * DOWN)
    frame = (program // (ACROSS * DOWN)).to(tl.int64)
    top, left = (tile // ACROSS) * TILE_H, (tile % ACROSS) * TILE_W
    rows = top + tl.arange(0, TILE_H)[:, None]
    columns = left + tl.arange(0, TILE_W)[None, :]
    return frame, rows, columns, top + (TILE_H - 1) / 2, left + (TILE_W - 1) / 2


@triton.jit(do_not_specialize=["n_frames"])
def draw_lines(
    points_ptr,
    strokes_ptr,
    canvas_ptr,
    n_frames,
    reach,
    far,
    N_STROKES: tl.constexpr,
    N_LANES: tl.constexpr,
    N_JOINTS: tl.constexpr,
    H: tl.constexpr,
    W: tl.constexpr,
    TILE_H: tl.constexpr,
    TILE_W: tl.constexpr,
):
    """Bones in three colours; strokes are rows of start, end, red, green, blue."""
    frame, rows, columns, tile_y, tile_x = _tile(H, W, TILE_H, TILE_W)
    x, y = columns.to(tl.float32), rows.to(tl.float32)
    red = tl.zeros((TILE_H, TILE_W), tl.float32)
    green = tl.zeros((TILE_H, TILE_W), tl.float32)
    blue = tl.zeros((TILE_H, TILE_W), tl.float32)
    near = _near_strokes(
        points_ptr, strokes_ptr, frame, tile_x, tile_y, far, N_STROKES, N_JOINTS, 5, N_LANES
    )
    while near != 0:  # from the lowest bit up: later strokes lie over earlier ones
        stroke = ffs(near) - 1
        near &= near - 1
        start_x, start_y, end_x, end_y, lit = _locate(
            points_ptr, strokes_ptr, frame, stroke, N_JOINTS, 5
        )
        distance = _distance(x, y, start_x, start_y, end_x, end_y)
        covered = tl.minimum(tl.maximum(reach - distance, 0.0), 1.0)
        colour = strokes_ptr + stroke * 5 + 2
        red += covered * (lit * tl.load(colour) - red)
        green += covered * (lit * tl.load(colour + 1) - green)
        blue += covered * (lit * tl.load(colour + 2) - blue)
    clip, time = frame // n_frames, frame % n_frames
    pixels = canvas_ptr + (clip * 3 * n_frames + time) * (H * W) + rows * W + columns
    channel = n_frames.to(tl.int64) * (H * W)
    is_inside = (rows < H) & (columns < W)
    tl.store(pixels, red.to(canvas_ptr.dtype.element_ty), mask=is_inside)
    tl.store(pixels + channel, green.to(canvas_ptr.dtype.element_ty), mask=is_inside)
    tl.store(pixels + 2 * channel, blue.to(canvas_ptr.dtype.element_ty), mask=is_inside)


@triton.jit(do_not_specialize=["n_frames"])
def draw_maps(
    points_ptr,
    strokes_ptr,
    canvas_ptr,
    n_frames,
    reach,
    far,
    per_variance,
    N_STROKES: tl.constexpr,
    N_LANES: tl.constexpr,
    N_JOINTS: tl.constexpr,
    H: tl.constexpr,
    W: tl.constexpr,
    TILE_H: tl.constexpr,
    TILE_W: tl.constexpr,
):
    """Heat maps, a channel each; strokes are rows of start, end."""
    frame, rows, columns, tile_y, tile_x = _tile(H, W, TILE_H, TILE_W)
    x, y = columns.to(tl.float32), rows.to(tl.float32)
    clip, time = frame // n_frames, frame % n_frames
    channel = n_frames.to(tl.int64) * (H * W)
    pixels = canvas_ptr + (clip * N_STROKES * n_frames + time) * (H * W) + rows * W + columns
    is_inside = (rows < H) & (columns < W)
    near = _near_strokes(
        points_ptr, strokes_ptr, frame, tile_x, tile_y, far, N_STROKES, N_JOINTS, 2, N_LANES
    )
    for stroke in range(N_STROKES):
        value = tl.zeros((TILE_H, TILE_W), tl.float32)
        if (near >> stroke) & 1:
            start_x, start_y, end_x, end_y, lit = _locate(
                points_ptr, strokes_ptr, frame, stroke, N_JOINTS, 2
            )
            distance = _distance(x, y, start_x, start_y, end_x, end_y)
            bell = lit * tl.exp(-0.5 * per_variance * distance * distance)
            value = tl.where(distance <= reach, bell, 0.0)
        tl.store(pixels + stroke * channel, value.to(canvas_ptr.dtype.element_ty), mask=is_inside)
