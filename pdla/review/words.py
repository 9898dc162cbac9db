"""What stands on axes: joints, heat maps and clinical quantities in a clinician's words."""

from collections.abc import Sequence
from math import isnan
from typing import Final

from pdla.data.batches import KINEMATICS
from pdla.data.drawing_options import Style
from pdla.data.skeletons import JOINTS
from pdla.data.strokes import strokes_of

# Units as in pdla.data.kinematics; heights in trunk lengths.
QUANTITIES: Final = {
    "n_taps": ("number of taps", ""),
    "bout_s": ("duration of the bout", "s"),
    "taps_per_s": ("taps a second", ""),
    "amplitude": ("height of the lifts", "trunk"),
    "amplitude_cv": ("unevenness of height (CV)", ""),
    "amplitude_slope": ("height, first to last tap", ""),
    "amplitude_first_over_last": ("decrement (first / last third)", ""),
    "opening_speed": ("speed on the way up", "trunk/s"),
    "closing_speed": ("speed on the way down", "trunk/s"),
    "cycle_cv": ("unevenness of rhythm (CV)", ""),
    "cycle_range_s": ("longest - shortest cycle", "s"),
    "n_hesitations": ("hesitations", ""),
    "n_arrests": ("arrests", ""),
    "longest_arrest_s": ("longest arrest", "s"),
    "share_moving": ("share of time in movement", ""),
}
LEG_WORDS: Final = {"R": "scored", "L": "other"}
PART_WORDS: Final = {
    "BigToe": "big toe", "SmallToe": "small toe", "MidHip": "hips", "Neck": "neck", "Nose": "nose",
}  # fmt: skip


def joint_words(joint: str) -> str:
    """`RKnee` is the knee of the scored leg, in the canonical view."""
    if joint in PART_WORDS:
        return PART_WORDS[joint]
    part = PART_WORDS.get(joint[1:], joint[1:].lower())
    return f"{part}, {LEG_WORDS[joint[0]]}"


def channel_words(style: Style) -> list[str]:
    """What the channels of drawn clips show; one word for all where colours mix."""
    if style == "scored_leg":
        return ["scored leg", "other leg", "rest of the body"]
    if style != "heatmaps":
        return ["the picture"]
    return [_stroke_words(stroke.start, stroke.end) for stroke in strokes_of(style)]


def _stroke_words(start: int, end: int) -> str:
    if start == end:
        return joint_words(JOINTS[start])
    limbs = {
        ("Hip", "Knee"): "thigh",
        ("Knee", "Ankle"): "shank",
        ("Ankle", "Heel"): "heel bone",
        ("Ankle", "BigToe"): "foot",
    }
    first, second = JOINTS[start], JOINTS[end]
    if first == "Neck":
        return "trunk"
    return f"{limbs[first[1:], second[1:]]}, {LEG_WORDS[first[0]]}"


def quantity_words(values: Sequence[float] | None = None, n_legs: int = 2) -> list[str]:
    """Names of the quantities of the scored leg, then of the other one.

    Args:
        values: (n_legs * F,) what was measured, to stand behind the names; NaN was not measured.
        n_legs: 1 or 2.
    """
    legs = ("", "other leg: ")[:n_legs]
    names = [(leg, *QUANTITIES[key]) for leg in legs for key in KINEMATICS]
    if values is None:
        return [f"{leg}{name}" for leg, name, _ in names]
    return [
        f"{leg}{name} = {_measured(value, unit)}"
        for (leg, name, unit), value in zip(names, values, strict=True)
    ]


def _measured(value: float, unit: str) -> str:
    if isnan(value):
        return "not measured"
    return f"{value:.3g} {unit}".rstrip()
