"""Small pictures of a patient's page: frames, heights of the feet, scales, joints over time."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pdla.data.drawing.options import Drawing
from pdla.data.kinematics.bouts import bout_taps, find_bout
from pdla.data.kinematics.heights import leg_height
from pdla.data.kinematics.taps import Tap
from pdla.data.recordings import Recording
from pdla.data.skeletons import LEGS, Leg
from pdla.data.video.pictures import draw_contact_sheet
from pdla.evaluation.training_legs import QuantityRange
from pdla.review.explanation import Explanation

N_FRAMES: Final = 8
FRAME: Final = Drawing(height=200, width=112, style="scored_leg", crop="body", line_px=3)
WIDTH, HEIGHT, MARGIN = 640, 190, 34  # of the heights, in units of the SVG
MAX_POINTS: Final = 700
MIN_TOP: Final = 0.15  # trunk lengths; a foot that hardly moves fills no picture
SCALE_WIDTH: Final = 150
# Of the heat map, in the same units: room for names on the left, a row for each part of the body.
MAP_WIDTH, MAP_LEFT, MAP_RIGHT, MAP_ROW, MAP_FOOT = 390, 104, 12, 13, 18
BLUE, WHITE, RED = (33, 102, 172), (247, 247, 247), (178, 24, 43)
PIXELS: Final = 6  # of a cell of the heat map in its picture, so that printers keep its edges


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


@dataclass(frozen=True)
class HeatMap:
    """Parts of the body over time, ready to be drawn.

    Attributes:
        image: Data URL; red raised the expected score, blue lowered it.
        height: Of the image, in units of the SVG.
        names: (y, name) of the rows.
        seconds: (x, second of the video) of marks under it.
        path: Height of the scored foot over the same seconds, of an SVG path.
        full: Points in one frame that are shown in full colour.
    """

    image: str
    height: int
    names: Sequence[tuple[float, str]]
    seconds: Sequence[tuple[float, int]]
    path: str
    full: float


def draw_heat_map(explanation: Explanation, recording: Recording, leg: Leg) -> HeatMap | None:
    """Which part of the body moved the score when; None for a model on quantities alone."""
    if explanation.rows is None or not len(explanation.rows):
        return None
    clip, height = explanation.clip, MAP_ROW * len(explanation.rows)
    width = MAP_WIDTH - MAP_LEFT - MAP_RIGHT

    def x(second: float) -> float:
        share = (second - clip.start_s) / (clip.end_s - clip.start_s)
        return round(MAP_LEFT + width * share, 1)

    heights = leg_height(recording, leg)
    times = np.arange(recording.n_frames) / recording.fps
    inside = np.flatnonzero((times >= clip.start_s) & (times <= clip.end_s))
    top = max(MIN_TOP, float(np.nanmax(heights[inside], initial=0.0)))
    points = [
        (x(times[frame]), round(height - 2 - (height - 6) * max(heights[frame], 0.0) / top, 1))
        if np.isfinite(heights[frame]) else None
        for frame in inside
    ]  # fmt: skip
    names = [(MAP_ROW * (row + 0.75), name) for row, name in enumerate(explanation.row_names)]
    first, last = int(np.ceil(clip.start_s)), int(np.floor(clip.end_s))
    marks = [(x(second), second) for second in range(max(first, 0), last + 1)]
    full = max(float(np.percentile(np.abs(explanation.rows), 99)), 1e-12)
    picture = colour_points(explanation.rows, full).repeat(PIXELS, axis=0).repeat(PIXELS, axis=1)
    return HeatMap(_as_url(picture), height, names, marks, _as_path(points), full)


def colour_points(rows: NDArray[np.float32], full: float) -> NDArray[np.uint8]:
    """(R, T, 3) of (R, T) points: white for 0, full red from `full` on, full blue from -`full`."""
    strength = np.clip(rows / full, -1, 1)[..., None]
    colour = np.where(strength > 0, RED, BLUE)
    mixed = WHITE + np.abs(strength) * (colour - np.array(WHITE))
    return np.asarray(mixed.round().astype(np.uint8))


def contact_sheet(recording: Recording) -> str:
    """Frames spread over the video, the right leg red and the left green, as a data URL."""
    return _as_url(draw_contact_sheet(recording, FRAME, 0.0, recording.duration_s, N_FRAMES))


def _as_url(picture: NDArray[np.uint8]) -> str:
    """A PNG of (H, W, 3) RGB that stands in the page itself."""
    _, content = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
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
