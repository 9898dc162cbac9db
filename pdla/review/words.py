"""Axis labels: joints, heat maps and clinical quantities in a clinician's words."""

from collections.abc import Sequence
from math import isnan
from typing import Final

from pdla.data.drawing.options import Style
from pdla.data.drawing.strokes import strokes_of
from pdla.data.quantities import FORMATS, KINEMATICS, TITLES
from pdla.data.skeletons import JOINTS

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


def quantity_words(
    values: Sequence[float] | None = None, n_legs: int = 2, keys: Sequence[str] = KINEMATICS
) -> list[str]:
    """Names of the quantities of the scored leg, then of the other one.

    Args:
        values: (n_legs * F,) what was measured, to stand behind the names; NaN was not measured.
        n_legs: 1 or 2.
        keys: Names of the F quantities; those of published scorers are shown as they are.
    """
    legs = ("", "other leg: ")[:n_legs]
    names = [
        (leg, TITLES.get(key, key.replace("_", " ")), FORMATS.get(key, "{:.3g}"))
        for leg in legs
        for key in keys
    ]
    if values is None:
        return [f"{leg}{name}" for leg, name, _ in names]
    return [
        f"{leg}{name}: {'not measured' if isnan(value) else written.format(value)}"
        for (leg, name, written), value in zip(names, values, strict=True)
    ]
