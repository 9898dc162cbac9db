"""When each frame of a file was taken: from its times, its frame rate, or its frame numbers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.reasons import Reason

MAX_FRAMES: Final = 200_000
MIN_FPS: Final = 1.0
MAX_FPS: Final = 1000.0
# Times are often whole milliseconds, so that 30 fps has steps of 33 and 34. A tenth of a step off
# the even grid counts as even, too.
MAX_OFF_GRID_S: Final = 0.001
MAX_OFF_GRID: Final = 0.1
MIN_FRAMES_FOR_STEP: Final = 10  # fewer frames may have an even distance by chance
UNITS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}  # in one second


@dataclass(frozen=True)
class Clock:
    """Times of the frames of a video.

    Attributes:
        fps: Frames a second on the grid, or None: the file does not say it.
        step: Frames of the video for one in the file: 3 if it holds every third.
        times_s: (T,) seconds of each frame where they are uneven, so that the keypoints must be
            resampled to `fps`; None on an even grid.
    """

    fps: float | None = None
    step: int = 1
    times_s: NDArray[np.float64] | None = None


def read_clock(
    numbers: NDArray[np.int64], times_s: NDArray[np.float64] | None, fps: float | None
) -> tuple[NDArray[np.int64], Clock]:
    """Place the frames of a file on a grid.

    Args:
        numbers: (F,) frame numbers as in the file, ascending.
        times_s: (F,) seconds, ascending, or None if the file has none.
        fps: Frame rate in the file, or None.

    Returns:
        (F,) index of each frame on the grid, and the clock of the grid. Times win over `fps`.

    Raises:
        UnreadableRecordingError: If the video would be absurdly long, or slower than a frame a
            second.
    """
    if times_s is not None and len(times_s) > 1:
        return _from_times(times_s - times_s[0])
    step = frame_step(numbers)
    index = (numbers - numbers[0]) // step
    _check_length(int(index[-1]) + 1)
    return index, Clock(_checked(fps / step) if fps else None, step)


def frame_step(numbers: NDArray[np.int64]) -> int:
    """Distance of the frames of which a file holds every n-th; 1 if it is none such."""
    if len(numbers) < MIN_FRAMES_FOR_STEP:
        return 1
    return max(int(np.gcd.reduce(np.diff(numbers))), 1)


def guess_unit(times: NDArray[np.float64]) -> str:
    """Unit of times by their usual step, which is 1 ms to 1 s in any video.

    Args:
        times: (F,) ascending, in s, ms, us or ns.
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    # At 1 to 1,000 frames a second a step is 0.001 to 1 s, 1 to 1,000 ms, 1,000 to 1e6 us.
    if step <= 1:
        return "s"
    if step <= 1e3:
        return "ms"
    return "us" if step <= 1e6 else "ns"


def resample(
    keypoints: NDArray[np.float32], clock: Clock, max_gap_s: float
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Bring frames of uneven times to even ones.

    Each joint is interpolated linearly between the two frames around a time. It stays unseen if one
    of the two did not see it, or if they are more than `max_gap_s` and two usual steps apart.

    Args:
        keypoints: (F, 25, 3) at `clock.times_s`; unseen is NaN, NaN, 0.
        clock: With uneven times.
        max_gap_s: In seconds.

    Returns:
        (T, 25, 3) at the rate `clock.fps`, and (T,) the nearest frame of the file.
    """
    assert clock.times_s is not None
    assert clock.fps is not None
    times = clock.times_s
    grid = np.arange(int(np.floor(times[-1] * clock.fps + 1e-6)) + 1) / clock.fps
    after = np.clip(np.searchsorted(times, grid - 1e-9), 1, len(times) - 1)
    before = after - 1
    gap = times[after] - times[before]
    share = np.clip((grid - times[before]) / gap, 0, 1)
    near = np.where(share > 0.5, after, before)
    weight = share[:, None, None].astype(np.float32)
    even = keypoints[before] * (1 - weight) + keypoints[after] * weight
    # Exactly on a frame its neighbour has no say, seen or not.
    exact = (share < 1e-6) | (share > 1 - 1e-6)
    even[exact] = keypoints[near[exact]]
    is_wide = (gap > max(max_gap_s, 2 / clock.fps)) & ~exact
    even[is_wide[:, None] | np.isnan(even[..., 0])] = (np.nan, np.nan, 0)
    return even, near


def _from_times(times: NDArray[np.float64]) -> tuple[NDArray[np.int64], Clock]:
    steps = np.diff(times)
    usual = float(np.median(steps))
    _checked(1 / usual if usual > 0 else np.inf)
    _check_length(times[-1] / usual)
    index = np.concatenate([[0], np.cumsum(np.maximum(np.rint(steps / usual), 1))])
    slope = float((index @ times) / (index @ index))  # of the best line through the first frame
    if np.abs(times - index * slope).max() <= max(MAX_OFF_GRID * slope, MAX_OFF_GRID_S):
        return index.astype(np.int64), Clock(_checked(1 / slope))
    return np.arange(len(times)), Clock(_checked(1 / usual), times_s=times)


def _checked(fps: float) -> float:
    if not MIN_FPS <= fps <= MAX_FPS:
        raise UnreadableRecordingError(Reason.TIMES_ODD, f"{fps:.3g} frames a second")
    return float(np.round(fps, 3))


def _check_length(n_frames: float) -> None:
    if not 0 < n_frames <= MAX_FRAMES:
        raise UnreadableRecordingError(Reason.TIMES_ODD, f"{n_frames:.0f} frames")
