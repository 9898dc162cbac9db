"""Keypoints become pictures or heat maps, on the device that holds them."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.drawing.draw import draw_clips, draw_points
    from pdla.data.drawing.options import Drawing

__all__ = [
    "Drawing",
    "draw_clips",
    "draw_points",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.data.drawing.draw": (
            "draw_clips",
            "draw_points",
        ),
        "pdla.data.drawing.options": ("Drawing",),
    },
)
