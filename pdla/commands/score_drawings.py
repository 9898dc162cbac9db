"""Small pictures of a patient's page: heights of both feet, a quantity on its scale, frames."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from pdla.data.drawing.options import Drawing
from pdla.data.kinematics.bouts import bout_taps, find_bout
from pdla.data.kinematics.heights import leg_height
from pdla.data.kinematics.taps import Tap
from pdla.data.recordings import Recording
from pdla.data.skeletons import LEGS, Leg
from pdla.data.video.pictures import draw_contact_sheet
from pdla.evaluation.training_legs import QuantityRange

N_FRAMES: Final = 8
FRAME: Final = Drawing(height=200, width=112, style="scored_leg", crop="body", line_px=3)
WIDTH, HEIGHT, MARGIN = 640, 190, 34  # of the heights, in units of the SVG
MAX_POINTS: Final = 700
MIN_TOP: Final = 0.15  # trunk lengths; a foot that hardly moves fills no picture
SCALE_WIDTH: Final = 150


@dataclass(frozen=True)
class FootTrace:
    """Height of one foot over a video, ready to be drawn.

    Attributes:
        leg: L or R.
        path: Of an SVG path; gaps where the foot was not seen.
        taps: (x, y) of the top of each tap.
    """

    leg: Leg
    path: str
    taps: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Heights:
    """Both feet of a video.

    Attributes:
        feet: Left, then right.
        seconds: (x, seconds) of marks on the axis of time.
        top: Height of the upper edge, in trunk lengths.
    """

    feet: Sequence[FootTrace]
    seconds: Sequence[tuple[float, int]]
    top: float


def trace_heights(recording: Recording) -> Heights:
    """Heights of both feet in trunk lengths, with the taps that were found in their bouts."""
    heights = {leg: leg_height(recording, leg) for leg in LEGS}
    seen = np.concatenate(list(heights.values()))
    seen = seen[np.isfinite(seen)]
    top = max(MIN_TOP, float(np.percentile(seen, 99.8)) if len(seen) else 0.0)
    length = max(recording.duration_s, 1e-6)

    def place(second: float, height: float) -> tuple[float, float]:
        x = MARGIN + (WIDTH - MARGIN - 6) * second / length
        y = HEIGHT - MARGIN - (HEIGHT - MARGIN - 8) * min(max(height, -0.06 * top), top) / top
        return round(x, 1), round(y, 1)

    feet = []
    for leg, height in heights.items():
        bout = find_bout(recording, leg)
        taps = bout_taps(recording, leg, bout) if bout else []
        tops = [place(tap.peak_s, _height_at(height, tap, recording.fps)) for tap in taps]
        step = max(1, len(height) // MAX_POINTS)
        points = [
            place(frame / recording.fps, float(height[frame])) if np.isfinite(height[frame])
            else None
            for frame in range(0, len(height), step)
        ]  # fmt: skip
        feet.append(FootTrace(leg, _as_path(points), tops))
    every = max(1, int(np.ceil(length / 8)))
    marks = [(place(second, 0)[0], second) for second in range(0, int(length) + 1, every)]
    return Heights(feet, marks, top)


def _height_at(height: np.ndarray, tap: Tap, fps: float) -> float:
    value = height[min(round(tap.peak_s * fps), len(height) - 1)]
    return float(value) if np.isfinite(value) else tap.amplitude


def _as_path(points: Sequence[tuple[float, float] | None]) -> str:
    parts, is_open = [], False
    for point in points:
        if point is not None:
            parts.append(f"{'L' if is_open else 'M'}{point[0]:g} {point[1]:g}")
        is_open = point is not None
    return "".join(parts)


def contact_sheet(recording: Recording) -> str:
    """Frames spread over the video, the right leg red and the left green, as a data URL."""
    sheet = draw_contact_sheet(recording, FRAME, 0.0, recording.duration_s, N_FRAMES)
    _, content = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
    return "data:image/png;base64," + base64.b64encode(content.tobytes()).decode()


@dataclass(frozen=True)
class Scale:
    """A quantity on the scale of the training legs, in units of a small SVG.

    Attributes:
        low: x of the 5th percentile.
        middle: x of the median.
        high: x of the 95th percentile.
        value: x of this leg.
        is_outside: Whether it lies outside of nine training legs in ten.
    """

    low: float
    middle: float
    high: float
    value: float
    is_outside: bool


def place_on_scale(value: float, usual: QuantityRange) -> Scale | None:
    """Where a value stands; None if it was not measured."""
    if not np.isfinite(value):
        return None
    low, high = min(usual.low, value), max(usual.high, value)
    spread = max(high - low, 1e-9)

    def x(number: float) -> float:
        return round(6 + (SCALE_WIDTH - 12) * (number - low) / spread, 1)

    is_outside = not usual.low <= value <= usual.high
    return Scale(x(usual.low), x(usual.middle), x(usual.high), x(value), is_outside)
