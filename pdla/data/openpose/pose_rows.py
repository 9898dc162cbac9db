"""What a file with a whole video holds, before it is brought into a layout."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_VALUES: Final = 100_000_000  # numbers in a file; a video of an hour with 33 landmarks has 11e6


@dataclass(frozen=True)
class PoseRows:
    """People of a whole video, as in the file.

    Attributes:
        points: (N, P, 3) of x, y, confidence; NaN where the file gives nothing.
        frame: (N,) number of the frame of each person, ascending.
        frames: (F,) numbers of all frames, ascending; also of those without a person.
        times_s: (F,) seconds of the frames; None if the file does not say it.
        fps: Frames a second, if the file says it.
        frame_size: (H, W) in px, if the file says it.
        layout: Layout of the points if names or the file tell it (names: body_25); else None, and
            their number is all that tells it.
        is_unit: Whether coordinates are 0 to 1 by definition.
        problems: What was odd, in words, with how often.
    """

    points: NDArray[np.float64]
    frame: NDArray[np.int64]
    frames: NDArray[np.int64]
    times_s: NDArray[np.float64] | None = None
    fps: float | None = None
    frame_size: tuple[int, int] | None = None
    layout: str | None = None
    is_unit: bool = False
    problems: Mapping[str, int] = field(default_factory=dict)


def decode(content: bytes) -> str:
    """Text of a file: UTF-8, UTF-16 with or without a byte order mark, else Latin-1."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    head = content[:200]
    if head[1::2].count(0) > len(head) // 3:
        return content.decode("utf-16-le", errors="replace")
    if head[::2].count(0) > len(head) // 3:
        return content.decode("utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
