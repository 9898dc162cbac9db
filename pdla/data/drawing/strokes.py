"""What is drawn in each style: strokes from joint to joint, each in its colour or its own channel.

A heat map is drawn like a bone, only softer: the map of a joint is a stroke without length.
"""

import colorsys
from dataclasses import dataclass
from functools import cache
from typing import Final

from pdla.data.drawing.options import Style
from pdla.data.skeletons import BONES, JOINT, LEG_JOINTS, Leg

# Maps of a leg: its joints, then its limbs. The rest of the body is left out, as it does not take
# part in the task, but for the trunk: amplitudes are measured in its length.
_MAP_JOINTS: Final = ("Hip", "Knee", "Ankle", "Heel", "BigToe")
_MAP_LIMBS: Final = (("Hip", "Knee"), ("Knee", "Ankle"), ("Ankle", "Heel"), ("Ankle", "BigToe"))
_MAP_LEGS: Final[tuple[Leg, Leg]] = ("R", "L")  # the scored leg, then the other one


@dataclass(frozen=True)
class Stroke:
    """A bone or a map.

    Attributes:
        start: Joint at one end.
        end: Joint at the other end; the same one for the map of a joint.
        first_channel: Channel that the first value of `colour` stands for.
        colour: Values 0-1 of the channels that are painted.
    """

    start: int
    end: int
    first_channel: int
    colour: tuple[float, ...]


@cache
def strokes_of(style: Style) -> tuple[Stroke, ...]:
    """Strokes of a style in the order in which they are painted.

    `heatmaps` are 19 channels: hip, knee, ankle, heel and big toe of the scored leg; its thigh,
    shank, heel and foot; the same nine of the other leg; the trunk.
    """
    if style == "heatmaps":
        ends = [pair for leg in _MAP_LEGS for pair in _leg_maps(leg)]
        ends.append((JOINT["Neck"], JOINT["MidHip"]))
        return tuple(Stroke(start, end, n, (1.0,)) for n, (start, end) in enumerate(ends))
    colours = _hues(len(BONES)) if style == "colour_2023" else [_leg_colour(bone) for bone in BONES]
    return tuple(Stroke(*bone, 0, colour) for bone, colour in zip(BONES, colours, strict=True))


def n_channels(style: Style) -> int:
    """C, the number of channels of a style: 3 colours, or as many as there are maps."""
    return max(stroke.first_channel + len(stroke.colour) for stroke in strokes_of(style))


def _leg_maps(leg: Leg) -> list[tuple[int, int]]:
    joints = [(JOINT[f"{leg}{part}"],) * 2 for part in _MAP_JOINTS]
    return [*joints, *((JOINT[f"{leg}{one}"], JOINT[f"{leg}{two}"]) for one, two in _MAP_LIMBS)]


def _hues(n: int) -> list[tuple[float, ...]]:
    """Full colours spread over the circle of hues."""
    return [colorsys.hsv_to_rgb(index / n, 1.0, 1.0) for index in range(n)]


def _leg_colour(bone: tuple[int, int]) -> tuple[float, ...]:
    """Scored (right) leg red, other leg green, the rest blue."""
    for leg, colour in zip(_MAP_LEGS, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), strict=True):
        if {*LEG_JOINTS[leg][1:], JOINT[f"{leg}SmallToe"]}.intersection(bone):
            return colour
    return (0.0, 0.0, 1.0)
