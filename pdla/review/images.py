"""Pictures as small files: PNG, and GIF that TensorBoard plays."""

import io
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Frames = NDArray[np.uint8]

GAP_PX: Final = 2
GAP_GREY: Final = 70
CAPTION_PX: Final = 16
GIF_COLOURS: Final = 48
PNG_COLOURS: Final = 192  # a third of the bytes of full colour; nobody sees it on drawn lines


def figure_png(figure: Figure, dpi: int = 90) -> bytes:
    """Draw a figure as PNG with a palette.

    Letters are not fitted to whole pixels: that takes a quarter of the time of a page, and leaves
    uneven gaps between small letters.
    """
    canvas: Any = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    with rc_context({"text.hinting": "none"}):
        canvas.draw()
    return encode_png(np.asarray(canvas.buffer_rgba())[..., :3])


def encode_png(picture: Frames) -> bytes:
    """(H, W, 3) RGB as PNG with a palette."""
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.quantize(PNG_COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG")
    return buffer.getvalue()


def encode_gif(frames: Frames, fps: float) -> bytes:
    """(T, H, W, 3) RGB as a GIF that plays for ever, in the colours of a few of its frames.

    Raises:
        ValueError: If there is no frame.
    """
    if not len(frames):
        raise ValueError("a clip without frames cannot be played")
    few = frames[pick_frames(len(frames), 4)]
    palette = Image.fromarray(few.reshape(-1, *few.shape[2:])).quantize(GIF_COLOURS)
    pictures = [
        Image.fromarray(np.ascontiguousarray(frame)).quantize(
            palette=palette, dither=Image.Dither.NONE
        )
        for frame in frames
    ]
    buffer = io.BytesIO()
    # GIF counts in hundredths of a second; browsers slow down what is quicker than 20 ms.
    duration_ms = max(20, 10 * round(100 / fps))
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=duration_ms, loop=0
    )
    return buffer.getvalue()


def filmstrip(frames: Frames, height_px: int, picked: Sequence[int]) -> Frames:
    """Some frames of (T, H, W, 3) side by side, enlarged to a height, with a thin gap between."""
    shown = [resize(frames[number], height_px) for number in picked]
    gap = np.full((height_px, GAP_PX, 3), GAP_GREY, dtype=np.uint8)
    parts = [part for frame in shown for part in (frame, gap)]
    return np.concatenate(parts[:-1], axis=1)


def add_caption(pictures: Frames, text: str) -> Frames:
    """A line of text over each of some pictures (..., H, W, 3)."""
    bar = Image.new("RGB", (pictures.shape[-2], CAPTION_PX), "black")
    ImageDraw.Draw(bar).text((3, 1), text, fill="white", font=ImageFont.load_default(12))
    size = (*pictures.shape[:-3], CAPTION_PX, *pictures.shape[-2:])
    return np.concatenate([np.broadcast_to(np.asarray(bar), size), pictures], axis=-3)


def stack_rows(rows: Sequence[Frames]) -> Frames:
    """Pictures (H, W, 3) of any width one below the other, with a thin gap between."""
    width = max(row.shape[1] for row in rows)
    padded = []
    for row in rows:
        padded.append(np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))))
        padded.append(np.full((GAP_PX, width, 3), GAP_GREY, dtype=np.uint8))
    return np.concatenate(padded[:-1])


def resize(frame: Frames, height_px: int) -> Frames:
    """(H, W, 3) at another height, its shape kept; pixels stay square blocks when enlarged."""
    height, width = frame.shape[:2]
    size = (max(1, round(width * height_px / height)), height_px)
    way = cv2.INTER_NEAREST if height_px >= height else cv2.INTER_AREA
    return np.asarray(cv2.resize(frame, size, interpolation=way), dtype=np.uint8)


def pick_frames(n_frames: int, n_wanted: int) -> list[int]:
    """Numbers of frames spread evenly over a clip."""
    return sorted({int(place) for place in np.linspace(0, n_frames - 1, min(n_wanted, n_frames))})
