"""Whether a leg in a video can be scored, and why not."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.kinematics.plausibility import judge_body
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason, Severity
from pdla.data.skeletons import LEGS, Leg

Level = Literal["usable", "warning", "unusable"]
Share = Annotated[float, Field(ge=0, le=1)]
MIN_LEGS_IN_PICTURE: Final = 0.05  # of the frames; less is a stray joint


@checked.dataclass(frozen=True, config=CHECKED)
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
        warn_jitter: Above this shake in trunk lengths a frame, say so; at less than 30 frames a
            second more is allowed, as taps themselves go further from frame to frame.
        warn_outside: Above this share of joints outside the frame, say so.
        warn_rival: If another person is this likely the patient (0 to 1), say so.
    """

    min_seconds: Annotated[float, Field(ge=0)] = 3.0
    min_patient: Share = 0.5
    warn_patient: Share = 0.9
    min_leg: Share = 0.5
    warn_leg: Share = 0.8
    warn_foot: Share = 0.5
    warn_interpolated: Share = 0.1
    warn_swapped: Share = 0.1
    warn_jitter: Annotated[float, Field(ge=0)] = 0.03
    warn_outside: Share = 0.05
    warn_rival: Share = 0.5


@dataclass(frozen=True)
class Verdict:
    """Whether one leg of a video can be scored.

    Attributes:
        findings: Every reason against use or, if there is none, every reason to look; empty if the
            leg is usable.
    """

    findings: tuple[Finding, ...] = ()

    @property
    def level(self) -> Level:
        """Usable, warning (usable, with a reason to look) or unusable."""
        severities = {finding.reason.severity for finding in self.findings}
        if Severity.UNUSABLE in severities:
            return "unusable"
        return "warning" if severities else "usable"

    @property
    def is_usable(self) -> bool:
        """Whether the leg can be scored."""
        return self.level != "unusable"


def judge_quality(facts: Facts, options: QualityOptions) -> dict[Leg, Verdict]:
    """Judge both legs of a video."""
    return {leg: _judge_leg(facts, leg, options) for leg in LEGS}


def _judge_leg(facts: Facts, leg: Leg, options: QualityOptions) -> Verdict:
    findings = [
        Finding(reason, detail) for is_so, reason, detail in _checks(facts, leg, options) if is_so
    ]
    findings += judge_body(facts.body)
    against = [one for one in findings if one.reason.severity is Severity.UNUSABLE]
    return Verdict(tuple(against or findings))


def _checks(facts: Facts, leg: Leg, options: QualityOptions) -> list[tuple[bool, Reason, str]]:
    """(whether it is so, reason, detail) of everything that is looked at, in order of weight."""
    leg_seen = max(facts.knee[leg], facts.foot[leg])
    legs_seen = max(*facts.knee.values(), *facts.foot.values())
    is_upper_body = facts.patient >= options.min_patient and legs_seen < MIN_LEGS_IN_PICTURE
    swapped = facts.swapped / facts.n_frames
    jitter = facts.jitter[leg] or 0.0
    return [
        (is_upper_body, Reason.UPPER_BODY, ""),
        (facts.seconds < options.min_seconds, Reason.TOO_SHORT, f"{facts.seconds:.1f} s"),
        (facts.patient < options.min_patient,
         Reason.LOST_BY_MEDIAPIPE if facts.is_mediapipe else Reason.PATIENT_MOSTLY_MISSING,
         f"seen in {facts.patient:.0%}"),
        (leg_seen < options.min_leg and not is_upper_body, Reason.LEG_HIDDEN,
         f"seen in {leg_seen:.0%}"),
        (facts.body.body_px is None and not is_upper_body, Reason.NO_BODY_LENGTH, ""),
        (facts.patient < options.warn_patient, Reason.PATIENT_SOMETIMES_MISSING,
         f"seen in {facts.patient:.0%}"),
        (facts.rival > options.warn_rival, Reason.TWO_CANDIDATES,
         f"the other one is {facts.rival:.0%} as likely"),
        (leg_seen < options.warn_leg, Reason.LEG_SOMETIMES_HIDDEN, f"seen in {leg_seen:.0%}"),
        (facts.foot[leg] < options.warn_foot, Reason.FOOT_HIDDEN,
         f"foot seen in {facts.foot[leg]:.0%}"),
        (facts.interpolated[leg] > options.warn_interpolated, Reason.INTERPOLATED,
         f"in {facts.interpolated[leg]:.0%} of the frames"),
        (swapped > options.warn_swapped, Reason.LEGS_SWAPPED, f"changed back in {swapped:.0%}"),
        (jitter > options.warn_jitter * _slow_rate_factor(facts.fps), Reason.JOINTS_SHAKE,
         f"{jitter:.2f} trunk lengths a frame"),
        (facts.outside > options.warn_outside, Reason.OUTSIDE_FRAME,
         f"{facts.outside:.0%} of them"),
        (facts.timing.assumed_fps is not None, Reason.OTHER_FRAME_RATE,
         f"{facts.fps:g} frames a second, not {facts.timing.assumed_fps or 0:g}"),
        (facts.timing.step > 1, Reason.EVERY_NTH_FRAME,
         f"n = {facts.timing.step}, {facts.fps:g} frames a second"),
        (facts.cut_frames > 0, Reason.STALE_TAIL, f"{facts.cut_frames} frames"),
    ]  # fmt: skip


def _slow_rate_factor(fps: float) -> float:
    """How much larger the second difference of a smooth movement is than at 30 frames a second."""
    return max(1.0, 30.0 / fps) ** 2
