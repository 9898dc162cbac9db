"""One leg on one picture: what the network got, what it looked at, when, and the whole bout."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pdla import RESEARCH_ONLY
from pdla.review.images import GAP_PX, Frames, filmstrip
from pdla.review.leg_panels import (
    Shown,
    colour_overlay,
    draw_bars,
    draw_heights,
    draw_joints,
    draw_rows,
    show_strip,
    telling_frames,
    times,
)

WIDTH_PX: Final = 760
LEFT_PX: Final = 128  # room for names
DPI: Final = 90


def leg_figure(shown: Shown) -> Figure:
    """Lay out what is known of one leg, from the top: frames, attribution, bout, quantities."""
    picked = telling_frames(shown)
    page = _Page(_height(shown, picked))
    page.figure.text(0.01, 1 - 13 / page.height, shown.title, fontsize=10, weight="bold")
    page.skip(24)
    strip_px = _strip_height(shown.frames, len(picked))
    strip = filmstrip(shown.frames, strip_px, picked)
    name = "a clip of\nthe leg" if shown.rows is None else "what the\nnetwork got"
    show_strip(page.add(strip_px), strip, name, times(shown, picked))
    page.skip(16)
    if shown.overlay is not None:
        lit = filmstrip(colour_overlay(shown.frames, shown.overlay), strip_px, picked)
        show_strip(page.add(strip_px), lit, "what it\nlooked at", [])
        page.skip(6)
    elif shown.joints is not None:
        draw_joints(page.add(strip_px), shown, picked, strip_px)
        page.skip(6)
    if shown.rows is not None:
        draw_rows(page.add(_rows_px(shown)), shown)
        page.skip(44)
    if shown.bars:
        draw_bars(page.add(14 * len(shown.bars) + 4, left_px=300), shown.bars)
        page.skip(46)
    draw_heights(page.add(80), shown)
    page.figure.text(0.01, 4 / page.height, RESEARCH_ONLY, fontsize=6, color="#666666")
    return page.figure


def slopes_figure(bars: Sequence[tuple[str, float]], title: str) -> Figure:
    """Coefficients of a model on clinical quantities.

    Args:
        bars: Name and points of the score per SD, the largest first; see `average_slopes`.
        title: Name of the model.
    """
    page = _Page(24 + 14 * len(bars) + 64)
    text = f"{title}: what one SD more of a quantity does to the score"
    page.figure.text(0.01, 1 - 13 / page.height, text, fontsize=10, weight="bold")
    page.skip(24)
    axes = page.add(14 * len(bars) + 4, left_px=300)
    draw_bars(axes, bars)
    axes.set_xlabel("points of the score per SD, mean over the test legs", fontsize=7, labelpad=1)
    page.figure.text(0.01, 4 / page.height, RESEARCH_ONLY, fontsize=6, color="#666666")
    return page.figure


class _Page:
    """A figure that is filled from the top down, in px."""

    def __init__(self, height: int) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH_PX / DPI, height / DPI), dpi=DPI)
        self._top = 0

    def skip(self, px: int) -> None:
        self._top += px

    def add(self, px: int, left_px: int = LEFT_PX) -> Axes:
        self._top += px
        width = (WIDTH_PX - left_px - 8) / WIDTH_PX
        box = (left_px / WIDTH_PX, 1 - self._top / self.height, width, px / self.height)
        return self.figure.add_axes(box)


def _strip_height(frames: Frames, n_frames: int) -> int:
    """So that the frames side by side fill the page."""
    room = WIDTH_PX - LEFT_PX - 8 - GAP_PX * (n_frames - 1)
    return min(130, int(room / n_frames * frames.shape[1] / frames.shape[2]))


def _rows_px(shown: Shown) -> int:
    return min(250, 11 * len(shown.row_names) + 6)


def _height(shown: Shown, picked: Sequence[int]) -> int:
    strip = _strip_height(shown.frames, len(picked))
    height = 24 + strip + 16 + 80 + 46
    if shown.overlay is not None or shown.joints is not None:
        height += strip + 6
    if shown.rows is not None:
        height += _rows_px(shown) + 44
    if shown.bars:
        height += 14 * len(shown.bars) + 50
    return height
