"""What a network on keypoints is fed: a body in trunk lengths, the unseen marked as such."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pdla.data.skeletons import JOINT, LEGS, TRUNK_PER_LEG, TRUNK_PER_SHANK

STREAMS: Final = ("joint", "bone", "lift", "motion", "bone_motion")
# Two channels say how a joint was seen: its confidence, and 1 or 0 for seen or unseen.
N_SEEN_CHANNELS: Final = 2

# PARENT[j] is the joint from which the bone to j starts, towards MidHip, the root of BODY_25.
_PARENTS: Final = {
    "Nose": "Neck", "Neck": "MidHip", "RShoulder": "Neck", "RElbow": "RShoulder",
    "RWrist": "RElbow", "LShoulder": "Neck", "LElbow": "LShoulder", "LWrist": "LElbow",
    "MidHip": "MidHip", "RHip": "MidHip", "RKnee": "RHip", "RAnkle": "RKnee", "LHip": "MidHip",
    "LKnee": "LHip", "LAnkle": "LKnee", "REye": "Nose", "LEye": "Nose", "REar": "REye",
    "LEar": "LEye", "LBigToe": "LAnkle", "LSmallToe": "LBigToe", "LHeel": "LAnkle",
    "RBigToe": "RAnkle", "RSmallToe": "RBigToe", "RHeel": "RAnkle",
}  # fmt: skip
PARENT: Final = tuple(JOINT[_PARENTS[name]] for name in JOINT)

_LEGS: Final = tuple(f"{leg}{part}" for leg in LEGS for part in ("Hip", "Knee", "Ankle"))


@runtime_checkable
class SeesJoints(Protocol):
    """A model on keypoint features: what its network is given can be told joint by joint."""

    def joint_network(self) -> nn.Module:
        """The module whose input is the keypoint features."""

    def by_joint(self, features: Tensor) -> Tensor:
        """Values in the shape of that input as (B, C, T, 25); 0 for joints that it lacks."""


def check_streams(streams: Sequence[str]) -> None:
    """Stop at streams that do not exist.

    Raises:
        ValueError: If there is none, or one is unknown.
    """
    unknown = [stream for stream in streams if stream not in STREAMS]
    if unknown or not streams:
        raise ValueError(f"model.streams={list(streams)}: choose some of {', '.join(STREAMS)}")


def n_channels(streams: Sequence[str]) -> int:
    """Channels a joint has: x and y of each stream, confidence, seen or not."""
    return 2 * len(streams) + N_SEEN_CHANNELS


def keypoint_features(keypoints: Tensor, streams: Sequence[str]) -> Tensor:
    """Describe each joint in each frame by numbers near 1, whoever sits wherever before the camera.

    `joint` is the place relative to the hips; `bone` the place relative to the joint's parent;
    `lift` is the place relative to where the joint usually is in this clip, times 3: it says what
    moves how far, but not how a person is built or sits, which a network learns by heart;
    `motion` and `bone_motion` are their change since the frame before, times 10 (a foot moves by
    about a tenth of a trunk length between frames at 15 a second). Streams: Shi et al. 2019,
    "Two-stream adaptive graph convolutional networks", and Duan et al. 2022 (PYSKL).

    Args:
        keypoints: (B, T, 25, 3) of x px, y px, confidence; NaN, NaN, 0 where unseen.
        streams: Some of STREAMS.

    Returns:
        (B, n_channels(streams), T, 25), finite: where something was not seen its numbers are 0 and
        its last channel says so.
    """
    points = body_coordinates(keypoints)  # (B, T, J, 2)
    bone = points - take_joints(points, PARENT, dim=2)
    values = {
        "joint": points,
        "bone": bone,
        "lift": 3.0 * (points - points.nanmedian(dim=1, keepdim=True).values),
        "motion": _change(points),
        "bone_motion": _change(bone),
    }
    confidence = keypoints[..., 2:].nan_to_num(0.0)
    is_seen = points.isfinite().all(dim=-1, keepdim=True).to(points)
    channels = [values[stream].nan_to_num(0.0) for stream in streams]
    features = torch.cat([*channels, confidence * is_seen, is_seen], dim=-1)
    return features.permute(0, 3, 1, 2)  # (B, C, T, J)


def take_joints(values: Tensor, joints: Sequence[int], dim: int) -> Tensor:
    """Joints by number along a dimension; a list as an index is copied to a GPU, which waits."""
    return torch.stack([values.select(dim, joint) for joint in joints], dim=dim)


def body_coordinates(keypoints: Tensor) -> Tensor:
    """Places in trunk lengths from the hips; hips and trunk are medians over the clip.

    Medians, so that the scored movement of a swaying body stays, and a frame with a wrong joint
    moves nothing. Without hips the knees stand for them, or else the middle of what was seen; the
    trunk is worked out as in `kinematics/body_length.py`, or else from the spread of what was seen.

    Args:
        keypoints: (B, T, 25, 3); NaN where unseen.

    Returns:
        (B, T, 25, 2), y down as in the picture; NaN where unseen.
    """
    points = torch.where(keypoints[..., 2:].isnan(), torch.nan, keypoints[..., :2]).float()
    seen = points.flatten(1, 2)
    middle = seen.nanmedian(dim=1).values
    # A seated body seen from the front spans about 2.5 trunk lengths from its middle up and down.
    spread = (seen - middle[:, None]).abs().amax(dim=2).nan_to_num(0.0).amax(dim=1) / 1.25
    # (B, T, 2) each, by number (see take_joints).
    neck, hips, *joints = (points[:, :, JOINT[name]] for name in ("Neck", "MidHip", *_LEGS))
    left_hip, left_knee, left_ankle, right_hip, right_knee, right_ankle = joints
    places = torch.stack([hips, left_hip, right_hip, left_knee, right_knee], dim=2)
    places = places.nanmedian(dim=1).values  # (B, 5, 2)
    centre = _first_known(
        places[:, 0], places[:, 1:3].nanmean(dim=1), places[:, 3:].nanmean(dim=1), middle
    )
    segments = torch.stack(
        [
            neck - hips, left_hip - left_knee, left_knee - left_ankle, right_hip - right_knee,
            right_knee - right_ankle,
        ],
        dim=2,
    ).norm(dim=-1)  # (B, T, 5) # fmt: skip
    trunk, shanks = segments[..., :1], segments[..., 2::2]
    lengths = torch.cat([trunk, segments[..., 1::2] + shanks, shanks], dim=2)
    lengths = torch.cat([lengths.nanmedian(dim=1).values, spread[:, None]], dim=1)  # (B, 6)
    lengths = torch.where(lengths > 0, lengths, torch.nan)
    length = _first_known(
        lengths[:, 0],
        TRUNK_PER_LEG * lengths[:, 1:3].nanmean(dim=1),
        TRUNK_PER_SHANK * lengths[:, 3:5].nanmean(dim=1),
        lengths[:, 5],
        torch.ones_like(spread),
    )
    # Nobody is ten trunk lengths from his hips: a wild joint must not drown the others.
    return ((points - centre[:, None, None]) / length[:, None, None, None]).clamp(-10.0, 10.0)


def _first_known(*candidates: Tensor) -> Tensor:
    """For each clip the first candidate that is finite, (B, ...)."""
    chosen = candidates[-1]
    for candidate in reversed(candidates[:-1]):
        chosen = torch.where(candidate.isfinite(), candidate, chosen)
    return chosen


def _change(values: Tensor) -> Tensor:
    """Ten times the change since the frame before, (B, T, J, 2); NaN at the first frame."""
    change = 10.0 * (values[:, 1:] - values[:, :-1])
    return torch.cat([torch.full_like(values[:, :1], torch.nan), change], dim=1)
