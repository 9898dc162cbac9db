"""The heights of both feet over a recording as a picture, to be laid below drawn frames."""

import io
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pdla.data.kinematics.bouts import bout_taps, find_bout
from pdla.data.kinematics.heights import leg_height
from pdla.data.recordings import Recording
from pdla.data.skeletons import Leg

DPI: Final = 100
HEIGHT_PX: Final = 150
# The scored leg stands at the right-leg joints; colours as in the drawn clips.
COLOURS: Final[dict[Leg, tuple[str, str]]] = {
    "R": ("red", "scored leg"),
    "L": ("limegreen", "other leg"),
}


def draw_height_trace(
    recording: Recording, width_px: int, shown_s: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Height of both feet over the whole recording, the taps that were found, and the bouts.

    Args:
        recording: The scored leg at the right-leg joints.
        width_px: Width of the picture.
        shown_s: Stretch that the contact sheet above shows; marked grey.

    Returns:
        (150, width_px, 3) RGB; without curves where no body length could be measured.
    """
    figure = Figure(figsize=(width_px / DPI, HEIGHT_PX / DPI), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    time_s = np.arange(recording.n_frames) / recording.fps
    for leg, (colour, name) in COLOURS.items():
        axes.plot(time_s, leg_height(recording, leg), color=colour, linewidth=0.8, label=name)
        if (bout := find_bout(recording, leg)) is not None:
            axes.axvspan(bout.start_s, bout.end_s, ymax=0.06, color=colour, alpha=0.5)
            peaks_s = [tap.peak_s for tap in bout_taps(recording, leg, bout)]
            axes.plot(peaks_s, np.full(len(peaks_s), -0.12), "|", color=colour, markersize=6)
    if shown_s is not None:
        axes.axvspan(*shown_s, color="grey", alpha=0.2)
    axes.set(xlim=(0, recording.duration_s), ylim=(-0.2, None))
    axes.set_xlabel("seconds", fontsize=7)
    axes.set_ylabel("height of the foot,\ntrunk lengths", fontsize=7)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, loc="upper right", frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=DPI)
    pixels = np.frombuffer(buffer.getvalue(), dtype=np.uint8)
    return pixels.reshape(HEIGHT_PX, width_px, 4)[..., :3].copy()
