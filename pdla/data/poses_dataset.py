"""Recordings to and from xarray, in the layout of movement's poses data sets.

movement (https://movement.neuroinformatics.dev) holds keypoints of animals and people as
`position` (time, space, keypoints, individuals) in px and `confidence` (time, keypoints,
individuals), with `fps`, `time_unit` and `source_software` as attributes. xarray is the extra
`pdla[xarray]`.
"""

import logging
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINTS, N_JOINTS

if TYPE_CHECKING:
    import xarray

log = logging.getLogger(__name__)

DIMENSIONS: Final = ("time", "space", "keypoints", "individuals")
_SIDES: Final = {"left": "l", "right": "r"}


def to_xarray(recording: Recording) -> "xarray.Dataset":
    """A recording as one of movement's poses data sets, with one individual.

    Returns:
        `position` (T, 2, 25, 1) in px, NaN where unseen; `confidence` (T, 25, 1), 0 where unseen;
        `time` in seconds. The attribute `frame_size` (H, W) is pdla's own.

    Raises:
        ImportError: If xarray is not installed.
    """
    import xarray

    points = recording.keypoints
    return xarray.Dataset(
        data_vars={
            "position": (DIMENSIONS, points[:, :, :2].transpose(0, 2, 1)[..., None]),
            "confidence": (("time", "keypoints", "individuals"), points[:, :, 2, None]),
        },
        coords={
            "time": np.arange(recording.n_frames) / recording.fps,
            "space": ["x", "y"],
            "keypoints": list(JOINTS),
            "individuals": [recording.video_id],
        },
        attrs={
            "ds_type": "poses",
            "fps": recording.fps,
            "time_unit": "seconds",
            "source_software": "pdla",
            "frame_size": recording.frame_size,
        },
    )


def from_xarray(
    dataset: "xarray.Dataset",
    *,
    individual: str | None = None,
    frame_size: tuple[int, int] | None = None,
) -> Recording:
    """A recording from one of movement's poses data sets.

    Keypoints are matched by name, whatever their case and separators: `LKnee`, `left_knee` and
    `Left Knee` are the same. Others are left out, with a warning.

    Args:
        dataset: `position`, and `confidence` if there is one; else seen keypoints have 1.
        individual: Who is the patient; needed where there are several.
        frame_size: (H, W) in px; by default the attribute `frame_size`, else as far as the
            keypoints reach.

    Raises:
        ValueError: If it is no such data set, an individual must be named, no knee, ankle or foot
            is in it, or its frame rate is unknown.
    """
    if missing := [name for name in DIMENSIONS if name not in dataset.dims]:
        raise ValueError(
            f"dataset: no dimension {', '.join(missing)}; expected a poses data set of movement"
        )
    if "position" not in dataset or dataset.sizes["time"] == 0:
        raise ValueError("dataset: no variable `position` with at least one frame")
    one = dataset.sel(individuals=_choose(dataset, individual))
    position = one["position"].transpose("time", "keypoints", "space").sel(space=["x", "y"])
    xy = np.asarray(position.values, dtype=np.float32)
    if "confidence" in one:
        confidence = np.asarray(one["confidence"].transpose("time", "keypoints").values)
    else:
        confidence = np.ones(xy.shape[:2])
    columns = _match_joints([str(name) for name in dataset["keypoints"].values])
    keypoints = np.full((len(xy), N_JOINTS, 3), (np.nan, np.nan, 0.0), dtype=np.float32)
    for column, joint in columns.items():
        is_seen = np.isfinite(xy[:, column]).all(axis=1) & (confidence[:, column] > 0)
        keypoints[is_seen, joint, :2] = xy[is_seen, column]
        keypoints[is_seen, joint, 2] = confidence[is_seen, column]
    name = str(one["individuals"].values)
    size = frame_size or dataset.attrs.get("frame_size") or _reach(keypoints)
    return Recording(name, keypoints, _frame_rate(dataset), (int(size[0]), int(size[1])))


def _choose(dataset: "xarray.Dataset", individual: str | None) -> str:
    names = [str(name) for name in dataset["individuals"].values]
    if individual is None and len(names) == 1:
        return names[0]
    if individual not in names:
        raise ValueError(f"individual={individual!r}: choose one of {', '.join(names)}")
    return individual


def _match_joints(names: list[str]) -> dict[int, int]:
    """Joint of BODY_25 for the position of each name that is one."""
    joints = {name.lower(): joint for joint, name in enumerate(JOINTS)}
    matched = {
        column: joints[plain]
        for column, name in enumerate(names)
        if (plain := _plain(name)) in joints
    }
    if len(set(matched.values())) < len(matched):
        raise ValueError(f"dataset: a joint is there twice among the keypoints {', '.join(names)}")
    if not any(JOINTS[joint][1:] in ("Knee", "Ankle", "Heel") for joint in matched.values()):
        raise ValueError(f"dataset: no knee, ankle or heel among the keypoints {', '.join(names)}")
    if others := [name for column, name in enumerate(names) if column not in matched]:
        log.warning("keypoints that are not in BODY_25 are left out: %s", ", ".join(others))
    return matched


def _plain(name: str) -> str:
    """`left_knee` and `Left Knee` become `lknee`."""
    plain = "".join(character for character in name.lower() if character.isalnum())
    side = next((side for side in _SIDES if plain.startswith(side)), None)
    return plain if side is None else _SIDES[side] + plain.removeprefix(side)


def _frame_rate(dataset: "xarray.Dataset") -> float:
    if fps := dataset.attrs.get("fps"):
        return float(fps)
    time = dataset["time"].values
    if dataset.attrs.get("time_unit") == "seconds" and len(time) > 1:
        return float(1 / np.median(np.diff(time)))
    raise ValueError("dataset: the attribute fps is missing; set dataset.attrs['fps']")


def _reach(keypoints: NDArray[np.float32]) -> tuple[int, int]:
    """Smallest (H, W) that holds all keypoints."""
    seen = keypoints[np.isfinite(keypoints[..., 0])]
    if len(seen) == 0:
        return 1, 1
    return max(1, math.ceil(seen[:, 1].max())), max(1, math.ceil(seen[:, 0].max()))
