"""What a network on keypoints is fed: a body in trunk lengths, the unseen marked as such."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pdla.data.skeletons import JOINT

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
    bone = points - points[:, :, list(PARENT)]
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


def body_coordinates(keypoints: Tensor) -> Tensor:
    """Places in trunk lengths from the hips; hips and trunk are medians over the clip.

    Medians, so that the scored movement of a swaying body stays, and a frame with a wrong joint
    moves nothing. Without hips the middle of what was seen stands for them; without a trunk the
    spread of what was seen does.

    Args:
        keypoints: (B, T, 25, 3); NaN where unseen.

    Returns:
        (B, T, 25, 2), y down as in the picture; NaN where unseen.
    """
    points = torch.where(keypoints[..., 2:].isnan(), torch.nan, keypoints[..., :2]).float()
    seen = points.flatten(1, 2)
    middle = seen.nanmedian(dim=1).values
    hips = points[:, :, JOINT["MidHip"]].nanmedian(dim=1).values
    centre = torch.where(hips.isfinite(), hips, middle)[:, None, None]
    neck_to_hips = points[:, :, JOINT["Neck"]] - points[:, :, JOINT["MidHip"]]
    trunk = neck_to_hips.norm(dim=-1).nanmedian(dim=1).values
    # A seated body seen from the front spans about 2.5 trunk lengths from its middle up and down.
    spread = (seen - middle[:, None]).abs().amax(dim=2).nan_to_num(0.0).amax(dim=1) / 1.25
    trunk = torch.where(trunk.isfinite() & (trunk > 0), trunk, spread)
    trunk = torch.where(trunk > 0, trunk, 1.0)[:, None, None, None]
    # Nobody is ten trunk lengths from his hips: a wild joint must not drown the others.
    return ((points - centre) / trunk).clamp(-10.0, 10.0)


def _change(values: Tensor) -> Tensor:
    """Ten times the change since the frame before, (B, T, J, 2); NaN at the first frame."""
    change = 10.0 * (values[:, 1:] - values[:, :-1])
    return torch.cat([torch.full_like(values[:, :1], torch.nan), change], dim=1)
