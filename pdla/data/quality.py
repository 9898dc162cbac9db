"""What is wrong with a video, and whether a leg in it can be scored."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pdla.data.skeletons import JOINT, LEG_JOINTS, LEGS, Leg

Level = Literal["usable", "warning", "unusable"]
_FOOT: Final = ("Ankle", "Heel", "BigToe")


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
        problems: What was odd about the files, with how often.
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
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.n_frames / self.fps

    def to_json(self) -> dict[str, Any]:
        """Plain values that `Facts(**values)` takes back."""
        return asdict(self)


@dataclass(frozen=True)
class QualityOptions:
    """Where a video stops being usable. Shares are of all frames.

    Attributes:
        min_seconds: Shorter videos cannot be scored: ten taps last about 3 s at the fastest.
        min_patient: The patient must be found in this share.
        warn_patient: Below this, say so.
        min_leg: The knee or the foot must be seen in this share.
        warn_leg: Below this, say so.
        warn_foot: If the foot is seen less, heights come from the knee: say so.
        warn_interpolated: Above this, say so.
        warn_swapped: Above this share of frames with legs changed back, say so.
        warn_jitter: Above this shake in trunk lengths a frame, say so.
        warn_outside: Above this share of joints outside the frame, say so.
        warn_rival: If another person is this likely the patient (0 to 1), say so.
    """

    min_seconds: float = 3.0
    min_patient: float = 0.5
    warn_patient: float = 0.9
    min_leg: float = 0.5
    warn_leg: float = 0.8
    warn_foot: float = 0.5
    warn_interpolated: float = 0.1
    warn_swapped: float = 0.1
    warn_jitter: float = 0.03
    warn_outside: float = 0.05
    warn_rival: float = 0.7

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1."""
        for option in fields(self):
            value = getattr(self, option.name)
            is_share = option.name != "min_seconds"
            if not 0 <= value <= (1 if is_share else 1e6):
                raise ValueError(f"recordings.quality.{option.name}={value}: expected 0 to 1")


@dataclass(frozen=True)
class Verdict:
    """Whether one leg of a video can be scored.

    Attributes:
        level: usable, warning (usable, with a reason to look) or unusable.
        reasons: In words, the same for every video; empty if usable.
        details: The numbers to each reason.
    """

    level: Level
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether the leg can be scored."""
        return self.level != "unusable"


def judge_quality(facts: Facts, options: QualityOptions) -> dict[Leg, Verdict]:
    """Judge both legs of a video.

    Returns:
        For each leg a verdict: every reason against use or, if there is none, every warning.
    """
    return {leg: _judge_leg(facts, leg, options) for leg in LEGS}


def measure_quality(
    keypoints: NDArray[np.float32],
    was_filled: NDArray[np.bool_],
    fps: float,
    frame_size: tuple[int, int],
    has_others: NDArray[np.bool_],
    rival: float,
    swapped: int = 0,
    cut_frames: int = 0,
    problems: Mapping[str, int] | None = None,
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
        problems: What was odd about the files.
    """
    is_seen = np.isfinite(keypoints[..., 0])
    is_known = is_seen | was_filled
    xy = keypoints[is_seen][:, :2]
    is_outside = ((xy < 0) | (xy > np.asarray(frame_size[::-1]))).any(axis=-1)
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
        jitter={leg: _jitter(keypoints, knees[leg]) for leg in LEGS},
        outside=_share(is_outside) if len(xy) else 0.0,
        swapped=swapped,
        cut_frames=cut_frames,
        problems=dict(problems or {}),
    )


def _judge_leg(facts: Facts, leg: Leg, options: QualityOptions) -> Verdict:
    leg_seen = max(facts.knee[leg], facts.foot[leg])
    against = [
        (facts.seconds < options.min_seconds, "the video is too short", f"{facts.seconds:.1f} s"),
        (
            facts.patient < options.min_patient,
            "the patient is missing in most frames",
            f"seen in {facts.patient:.0%}",
        ),
        (
            max(*facts.knee.values(), *facts.foot.values()) < 0.05,
            "only the upper body was filmed, no leg is seen",
            "",
        ),
        (leg_seen < options.min_leg, "the leg is hidden", f"seen in {leg_seen:.0%}"),
    ]
    reasons = [(reason, detail) for is_so, reason, detail in against if is_so]
    if reasons:
        return Verdict("unusable", *map(tuple, zip(*reasons[:1], strict=True)))
    warnings = _warnings(facts, leg, leg_seen, options)
    if warnings:
        return Verdict("warning", *map(tuple, zip(*warnings, strict=True)))
    return Verdict("usable")


def _warnings(
    facts: Facts, leg: Leg, leg_seen: float, options: QualityOptions
) -> list[tuple[str, str]]:
    swapped = facts.swapped / facts.n_frames
    jitter = facts.jitter[leg] or 0.0
    found = [
        (facts.patient < options.warn_patient, "the patient is missing in some frames",
         f"seen in {facts.patient:.0%}"),
        (facts.rival > options.warn_rival, "two people could be the patient",
         f"the other one is {facts.rival:.0%} as likely"),
        (leg_seen < options.warn_leg, "the leg is hidden in some frames",
         f"seen in {leg_seen:.0%}"),
        (facts.foot[leg] < options.warn_foot, "the foot is hidden, only the knee is followed",
         f"foot seen in {facts.foot[leg]:.0%}"),
        (facts.interpolated[leg] > options.warn_interpolated, "many short gaps were interpolated",
         f"in {facts.interpolated[leg]:.0%} of the frames"),
        (swapped > options.warn_swapped, "left and right leg were often mistaken for each other",
         f"changed back in {swapped:.0%}"),
        (jitter > options.warn_jitter, "the joints shake", f"{jitter:.2f} trunk lengths a frame"),
        (facts.outside > options.warn_outside,
         "joints lie outside the frame (set recordings.openpose.frame_size)",
         f"{facts.outside:.0%} of them"),
        (facts.cut_frames > 0, "the end was cut off: it shows somebody else",
         f"{facts.cut_frames} frames"),
    ]  # fmt: skip
    return [(reason, detail) for is_so, reason, detail in found if is_so]


def _share(values: NDArray[np.bool_] | np.bool_) -> float:
    return round(float(values.mean()), 4)


def _jitter(keypoints: NDArray[np.float32], joint: int) -> float | None:
    """Median size of the second difference of a joint, over the trunk length."""
    trunk = np.linalg.norm(
        keypoints[:, JOINT["Neck"], :2] - keypoints[:, JOINT["MidHip"], :2], axis=-1
    )
    shake = np.linalg.norm(np.diff(keypoints[:, joint, :2], n=2, axis=0), axis=-1)
    if not np.isfinite(trunk).any() or not np.isfinite(shake).any():
        return None
    return round(float(np.nanmedian(shake) / max(float(np.nanmedian(trunk)), 1.0)), 4)
