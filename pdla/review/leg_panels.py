"""The parts of a leg's picture, each drawn into axes of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from pdla.data.skeletons import BONES, Leg, other_leg
from pdla.review.images import GAP_PX, Frames, pick_frames

N_FRAMES: Final = 8
COLOURS: Final = "RdBu_r"  # red raised the score, blue lowered it
RAISED, LOWERED = (1.0, 0.25, 0.2), (0.3, 0.6, 1.0)  # the same on black
SCORED, OTHER = "#d62728", "#2ca02c"  # as the clips are drawn: scored leg red, other leg green


@dataclass(frozen=True)
class Shown:
    """What is drawn of one leg.

    Attributes:
        title: Who, what the rater said and what the model.
        leg: The scored one.
        fps: Frames a second of the recording.
        heights: (T,) of both feet over the whole recording, see `leg_height`.
        bout_s: First and last second of the bout, or None.
        clip_s: First and last second of what the network got.
        frames: (T, H, W, 3) what it got, as a picture.
        overlay: (T, H, W) attribution of each pixel, or None.
        points: (T, 25, 2) places of the joints in `frames` px, NaN where unseen, or None.
        joints: (T, 25) attribution of each joint, or None.
        rows: (R, T) attribution of parts of the body over time, or None.
        row_names: R names.
        bars: Attribution of clinical quantities by name, the largest first; empty if it has none.
    """

    title: str
    leg: Leg
    fps: float
    heights: Mapping[Leg, NDArray[np.float64]]
    bout_s: tuple[float, float] | None
    clip_s: tuple[float, float]
    frames: Frames
    overlay: NDArray[np.float32] | None = None
    points: NDArray[np.float32] | None = None
    joints: NDArray[np.float32] | None = None
    rows: NDArray[np.float32] | None = None
    row_names: Sequence[str] = ()
    bars: Sequence[tuple[str, float]] = field(default=())

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Second of each frame of the recording, (T,)."""
        return np.arange(len(self.heights[self.leg])) / self.fps


def telling_frames(shown: Shown) -> list[int]:
    """Of each eighth of a clip the frame that counted most; without attribution the first one.

    Frames at even distances would show a leg that stamps in their rhythm as one that rests.
    """
    n_frames = len(shown.frames)
    if shown.rows is None:
        return pick_frames(n_frames, N_FRAMES)
    strength = np.abs(shown.rows).sum(axis=0)
    parts = np.array_split(np.arange(n_frames), min(N_FRAMES, n_frames))
    return [int(part[np.argmax(strength[part])]) for part in parts]


def times(shown: Shown, picked: Sequence[int]) -> list[str]:
    """When in the video each picked frame is."""
    start_s, end_s = shown.clip_s
    step = (end_s - start_s) / len(shown.frames)
    return [f"{start_s + number * step:.1f} s" for number in picked]


def show_strip(axes: Axes, strip: Frames, name: str, labels: Sequence[str]) -> None:
    """A row of frames with its name on the left and a label under each frame."""
    axes.imshow(strip, interpolation="nearest", aspect="auto")
    axes.set_yticks([])
    axes.set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
    if labels:
        width = (strip.shape[1] + GAP_PX) / len(labels)
        places = [width * (number + 0.5) for number in range(len(labels))]
        axes.set_xticks(places, labels, fontsize=7)
        axes.tick_params(length=0, pad=1)
    else:
        axes.set_xticks([])


def colour_overlay(frames: Frames, overlay: NDArray[np.float32]) -> Frames:
    """Dimmed frames (T, H, W, 3) under attribution (T, H, W), smoothed a little: red up, blue down.

    The strength is relative to the strongest place of the clip.
    """
    # Imported here: processes that draw start sooner, and few networks need it.
    from scipy.ndimage import gaussian_filter

    sigma = max(frames.shape[1:3]) / 40
    smooth = gaussian_filter(overlay, (0.5, sigma, sigma))
    strength = np.abs(smooth) / max(float(np.percentile(np.abs(smooth), 99)), 1e-12)
    colours = np.where(smooth[..., None] > 0, RAISED, LOWERED)
    alpha = np.clip(strength, 0, 1)[..., None] ** 0.7
    grey = frames.mean(axis=-1, keepdims=True) / 255 * 0.55
    mixed = (1 - alpha) * grey + alpha * colours
    lit: Frames = (mixed * 255).round().astype(np.uint8)
    return lit


def draw_joints(axes: Axes, shown: Shown, picked: Sequence[int], strip_px: int) -> None:
    """Bones in grey, joints in the colour of their attribution, in a row of frames."""
    points, joints = shown.points, shown.joints
    if points is None or joints is None:
        return
    scale = strip_px / shown.frames.shape[1]
    step = shown.frames.shape[2] * scale + GAP_PX
    limit = max(float(np.percentile(np.abs(joints), 98)), 1e-12)
    for place, number in enumerate(picked):
        xy = points[number] * scale + (place * step, 0.0)
        bones = [xy[list(bone)] for bone in BONES if np.isfinite(xy[list(bone)]).all()]
        axes.add_collection(LineCollection(bones, colors="#9a9a9a", linewidths=0.8))
        # Each frame beside its neighbours: a picked frame alone may be a quiet one.
        around = slice(max(0, number - 1), number + 2)
        value = joints[around].mean(axis=0)
        size = 4 + 50 * np.minimum(np.abs(value) / limit, 1)
        axes.scatter(xy[:, 0], xy[:, 1], s=size, c=value, cmap=COLOURS, vmin=-limit, vmax=limit,
                     edgecolors="#777777", linewidths=0.3, zorder=2)  # fmt: skip
    axes.set(xlim=(0, step * len(picked)), ylim=(strip_px, 0), xticks=[], yticks=[])
    axes.set_ylabel("what it\nlooked at", fontsize=8, rotation=0, ha="right", va="center")


def draw_rows(axes: Axes, shown: Shown) -> None:
    """Attribution of parts of the body over the seconds of the clip."""
    if shown.rows is None:
        return
    limit = max(float(np.percentile(np.abs(shown.rows), 99)), 1e-12)
    extent = (*shown.clip_s, len(shown.row_names) - 0.5, -0.5)
    axes.imshow(shown.rows, cmap=COLOURS, vmin=-limit, vmax=limit, aspect="auto", extent=extent,
                interpolation="nearest")  # fmt: skip
    axes.set_yticks(range(len(shown.row_names)), shown.row_names, fontsize=6.5)
    axes.tick_params(axis="x", labelsize=7, pad=1)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "seconds of the video.  Red raised the expected score, blue lowered it; "
        "line: height of the scored foot", fontsize=7, labelpad=1,
    )  # fmt: skip
    _draw_scored_height(axes.twinx(), shown)


def _draw_scored_height(axes: Axes, shown: Shown) -> None:
    """Height of the scored foot over the seconds of the clip, to see what the taps did."""
    axes.set_axis_off()
    time_s, height = shown.time_s, shown.heights[shown.leg]
    axes.plot(time_s, height, color="black", linewidth=0.9)
    start_s, end_s = shown.clip_s
    inside = height[(time_s >= start_s) & (time_s < end_s)]
    if np.isfinite(inside).any():
        axes.set_ylim(np.nanmin(inside) - 0.02, np.nanmax(inside) * 1.3 + 0.02)
    axes.set_xlim(start_s, end_s)


def draw_bars(axes: Axes, bars: Sequence[tuple[str, float]]) -> None:
    """Contributions of clinical quantities, the largest on top."""
    values = [value for _, value in bars]
    axes.barh(range(len(bars)), values, color=["#b2182b" if v > 0 else "#2166ac" for v in values])
    axes.set_yticks(range(len(bars)), [name for name, _ in bars], fontsize=7)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", labelsize=7, pad=1)
    axes.set_xlabel("points of the score, against the median training leg", fontsize=7, labelpad=1)


def draw_heights(axes: Axes, shown: Shown) -> None:
    """Height of both feet over the whole video, the bout, and the seconds that were looked at."""
    time_s, other = shown.time_s, other_leg(shown.leg)
    axes.axvspan(*shown.clip_s, color="#bbbbbb", alpha=0.5, linewidth=0, label="the clip above")
    for leg, colour, name in ((other, OTHER, "other foot"), (shown.leg, SCORED, "scored foot")):
        height = shown.heights[leg]
        if not np.isfinite(height).any():
            axes.text(0.5, 0.5, "heights cannot be measured", transform=axes.transAxes)
            break
        axes.plot(time_s, height, color=colour, linewidth=0.8, label=name)
    else:
        if shown.bout_s is not None:
            axes.axvspan(*shown.bout_s, ymax=0.07, color=SCORED, alpha=0.6,
                         linewidth=0, label="bout")  # fmt: skip
    axes.set_xlim(0, len(time_s) / shown.fps)
    axes.set_ylabel("height,\ntrunk lengths", fontsize=7)
    axes.set_xlabel("seconds of the video", fontsize=7, labelpad=1)
    axes.tick_params(labelsize=7, pad=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=6, ncols=4, loc="lower right", bbox_to_anchor=(1, 0.96), frameon=False)
