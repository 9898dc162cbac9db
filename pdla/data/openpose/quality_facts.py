"""What is measured in each video while it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.plausibility import BodyFacts, measure_body
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, LEG_JOINTS, LEGS

_FOOT: Final = ("Ankle", "Heel", "BigToe")


@dataclass(frozen=True)
class Timing:
    """What the files of a video say of its time.

    Attributes:
        assumed_fps: The configured frame rate if the files say another one, which is used; else
            None.
        step: Frames of the video for one in the files: 3 if they hold every third.
    """

    assumed_fps: float | None = None
    step: int = 1


@dataclass(frozen=True)
class Facts:
    """Measurements of one video. Shares are of all frames, 0 to 1.

    Attributes:
        n_frames: Frames on the uniform grid.
        fps: Frames a second that were used.
        patient: Share of frames in which the patient was found.
        others: Share with somebody else.
        rival: How likely another person is the patient, 0 to 1 (see tracking).
        joints: Share of frames in which each leg joint was seen.
        knee: Share in which each leg's knee was seen or interpolated.
        foot: Share in which each leg's ankle, heel or big toe was seen or interpolated.
        interpolated: Share in which the knee or ankle of each leg was interpolated.
        jitter: Shake of each knee from frame to frame, in trunk lengths; None if it can't be told.
        outside: Share of the seen joints that lie outside the frame.
        swapped: Frames in which left and right leg were changed back.
        cut_frames: Frames of a stale tail that were cut off.
        body: How the person sits and moves.
        problems: What was odd about the files, with how often.
        timing: What the files say of time.
        is_mediapipe: Whether MediaPipe found the joints, which needs head and shoulders.
    """

    n_frames: int
    fps: float
    patient: float
    others: float
    rival: float
    joints: Mapping[str, float]
    knee: Mapping[str, float]
    foot: Mapping[str, float]
    interpolated: Mapping[str, float]
    jitter: Mapping[str, float | None]
    outside: float
    swapped: int = 0
    cut_frames: int = 0
    body: BodyFacts = field(default_factory=BodyFacts)
    problems: Mapping[str, int] = field(default_factory=dict)
    timing: Timing = field(default_factory=Timing)
    is_mediapipe: bool = False

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.n_frames / self.fps

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {**vars(self), "body": vars(self.body), "timing": vars(self.timing)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Facts":
        """Facts as `to_json` wrote them.

        Raises:
            TypeError: If they are those of another version.
        """
        body, timing = BodyFacts(**values["body"]), Timing(**values["timing"])
        return cls(**{**values, "body": body, "timing": timing})


def measure_quality(
    keypoints: NDArray[np.float32],
    was_filled: NDArray[np.bool_],
    fps: float,
    frame_size: tuple[int, int],
    has_others: NDArray[np.bool_],
    rival: float,
    swapped: int = 0,
    cut_frames: int = 0,
    turned: int = 0,
    problems: Mapping[str, int] | None = None,
    timing: Timing | None = None,
) -> Facts:
    """Measure what the verdict needs.

    Args:
        keypoints: (T, 25, 3) of the patient before gaps were filled; unseen is NaN, NaN, 0.
        was_filled: (T, 25) true where a gap was filled.
        fps: Frames a second.
        frame_size: (H, W) in px.
        has_others: (T,) whether somebody else was in the frame.
        rival: See `PatientTrack`.
        swapped: Frames in which the legs were changed back.
        cut_frames: Frames cut from the end.
        turned: Degrees by which the picture was turned back.
        problems: What was odd about the files.
        timing: What the files say of time.
    """
    is_seen = np.isfinite(keypoints[..., 0])
    is_known = is_seen | was_filled
    xy = keypoints[is_seen][:, :2]
    is_outside = ((xy < 0) | (xy > np.asarray(frame_size[::-1]))).any(axis=-1)
    body = measure_body(Recording("", keypoints, fps, frame_size), turned)
    knees = {leg: JOINT[f"{leg}Knee"] for leg in LEGS}
    feet = {leg: [JOINT[leg + part] for part in _FOOT] for leg in LEGS}
    return Facts(
        n_frames=len(keypoints),
        fps=fps,
        patient=_share(is_seen.any(axis=1)),
        others=_share(has_others),
        rival=round(rival, 4),
        joints={
            f"{leg}{name}": _share(is_seen[:, joint])
            for leg in LEGS
            for name, joint in zip(("Hip", "Knee", *_FOOT), LEG_JOINTS[leg], strict=True)
        },
        knee={leg: _share(is_known[:, knees[leg]]) for leg in LEGS},
        foot={leg: _share(is_known[:, feet[leg]].any(axis=1)) for leg in LEGS},
        interpolated={
            leg: _share(was_filled[:, [knees[leg], feet[leg][0]]].any(axis=1)) for leg in LEGS
        },
        jitter={leg: _jitter(keypoints, knees[leg], body.body_px) for leg in LEGS},
        outside=_share(is_outside) if len(xy) else 0.0,
        swapped=swapped,
        cut_frames=cut_frames,
        body=body,
        problems=dict(problems or {}),
        timing=timing or Timing(),
    )


def _share(values: NDArray[np.bool_] | np.bool_) -> float:
    return round(float(values.mean()), 4)


def _jitter(keypoints: NDArray[np.float32], joint: int, body_px: float | None) -> float | None:
    """Median size of the second difference of a joint, over the trunk length."""
    shake = np.linalg.norm(np.diff(keypoints[:, joint, :2], n=2, axis=0), axis=-1)
    if body_px is None or not np.isfinite(shake).any():
        return None
    return round(float(np.nanmedian(shake) / body_px), 4)
