"""Decoded pictures as players show them."""

import numpy as np
from numpy.typing import NDArray


def turn_upright(picture: NDArray[np.uint8], rotation: float) -> NDArray[np.uint8]:
    """Turn a picture as the display matrix of its file says.

    Phones store what the sensor sees and write into the file how it is to be turned; players,
    ffmpeg and OpenCV do so, PyAV does not.

    Args:
        picture: (H, W, C).
        rotation: Degrees counterclockwise (PyAV's `VideoFrame.rotation`); only quarter turns occur.

    Returns:
        (H, W, C), or (W, H, C) after one or three quarter turns; a view.
    """
    return np.rot90(picture, round(rotation / 90) % 4)
