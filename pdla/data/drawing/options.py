"""How a clip is drawn, as one value; light to import, so that all backends can share it."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Style = Literal["scored_leg", "colour_2023", "heatmaps"]
Crop = Literal["legs", "body", "frame"]
Brightness = Literal["constant", "confidence"]

# OpenCV's anti-aliased line of thickness t covers ceil(t / 2) px to each side of its axis fully and
# fades out over the next 1.2 px (measured on horizontal, half-pixel and diagonal lines, OpenCV
# 5.0).
SOFT_EDGE_PX: Final = 1.2
MAP_END_SIGMAS: Final = 4.0  # a heat map is 0.0003 there, less than a 255th
MAX_PX: Final = 4096  # larger than any video; a clip would fill the memory


@dataclass(frozen=True)
class Drawing:
    """How a clip is drawn.

    Attributes:
        height: H of the pictures in px.
        width: W of the pictures in px.
        style: `scored_leg` puts the scored leg in the first channel, the other leg in the second
            and the rest of the body in the third; `colour_2023` gives each of the 24 bones its own
            colour; `heatmaps` gives each joint and limb of the legs a channel of its own.
        crop: `legs` and `body` fit the box around those joints over the whole clip; `frame` shows
            the frame as filmed. The aspect ratio of the person is always kept.
        line_px: Width of a bone in px, without its soft edge; an odd number. Not for `heatmaps`.
        brightness: `constant`, or `confidence`: a bone is as bright as the confidence of its less
            certain end.
        sigma_px: SD of a heat map in px; 0.6 at 56 x 56 in the source of `heatmaps`, PoseC3D (Duan
            et al. 2022, "Revisiting skeleton-based action recognition").
    """

    height: int = 48
    width: int = 48
    style: Style = "scored_leg"
    crop: Crop = "legs"
    line_px: int = 1
    brightness: Brightness = "constant"
    sigma_px: float = 0.6

    def __post_init__(self) -> None:
        """Refuse pictures that cannot be drawn."""
        if not (1 <= self.height <= MAX_PX and 1 <= self.width <= MAX_PX):
            raise ValueError(
                f"drawing: {self.height} x {self.width} px: both must be 1 to {MAX_PX}"
            )
        if self.line_px < 1 or self.line_px % 2 == 0:
            raise ValueError(f"drawing.line_px={self.line_px}: choose 1, 3, 5 ...")
        if not self.sigma_px > 0:
            raise ValueError(f"drawing.sigma_px={self.sigma_px}: expected more than 0")
        for key, choices in (("style", Style), ("crop", Crop), ("brightness", Brightness)):
            value = getattr(self, key)
            if value not in get_args(choices):
                raise ValueError(
                    f"drawing.{key}={value!r}: choose one of {', '.join(get_args(choices))}"
                )

    @property
    def core_px(self) -> float:
        """Distance from a bone's axis up to which a line is fully covered."""
        return (self.line_px - 1) / 2 + SOFT_EDGE_PX - 1

    @property
    def reach_px(self) -> float:
        """Distance from a bone's axis at which nothing is drawn any more."""
        if self.style == "heatmaps":
            return MAP_END_SIGMAS * self.sigma_px
        return self.core_px + 1
