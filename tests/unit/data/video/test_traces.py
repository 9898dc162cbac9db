"""The height of both feet under a contact sheet."""

import numpy as np

from pdla.data.video.traces import draw_height_trace
from tests.fixtures.people import make_recording


def shades(picture, colour):
    """Share of pixels that are mostly of one channel."""
    rest = [channel for channel in range(3) if channel != colour]
    return ((picture[..., colour] > 200) & (picture[..., rest].max(axis=-1) < 120)).mean()


def test_both_legs_are_traced_in_their_colours_at_the_width_of_the_sheet():
    trace = draw_height_trace(make_recording(), 600)
    assert trace.shape == (150, 600, 3)
    assert shades(trace, 0) > 0.005
    assert shades(trace, 1) > 0.005


def test_a_leg_that_never_moves_is_a_flat_line_and_no_crash():
    moving, still = make_recording(), make_recording(right_amplitude_px=0.0)
    assert shades(draw_height_trace(still, 600), 0) < shades(draw_height_trace(moving, 600), 0)


def test_the_stretch_shown_above_is_marked():
    plain = draw_height_trace(make_recording(), 600)
    marked = draw_height_trace(make_recording(), 600, (1.0, 3.0))
    assert (np.abs(plain.astype(int) - marked).max(axis=-1) > 20).mean() > 0.05
