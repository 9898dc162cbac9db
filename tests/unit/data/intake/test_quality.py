from dataclasses import replace

import numpy as np
import pytest

from pdla.data.intake import IntakeOptions
from pdla.data.intake.quality import QualityOptions, Verdict, judge_quality
from pdla.data.openpose.quality_facts import Facts, measure_quality
from pdla.data.reasons import Finding, Reason
from pdla.data.skeletons import JOINT, JOINTS, LEGS
from tests.fixtures.clinics import seated

OPTIONS = QualityOptions()


def measure(keypoints: np.ndarray, **given: object) -> Facts:
    points = np.where(keypoints[..., 2:] > 0, keypoints, (np.nan, np.nan, 0)).astype(np.float32)
    n_frames = len(points)
    arguments = {
        "was_filled": np.zeros((n_frames, 25), dtype=np.bool_), "fps": 30.0,
        "frame_size": (960, 540), "has_others": np.zeros(n_frames, dtype=np.bool_), "rival": 0.0,
    }  # fmt: skip
    return measure_quality(points, **{**arguments, **given})


def judge(keypoints: np.ndarray, **given: object) -> dict[str, Verdict]:
    return judge_quality(measure(keypoints, **given), OPTIONS)


def reasons(verdict: Verdict) -> list[Reason]:
    return [finding.reason for finding in verdict.findings]


def without(keypoints: np.ndarray, *names: str, share: float = 1.0) -> np.ndarray:
    hidden = keypoints.copy()
    n_hidden = round(share * len(keypoints))
    for name in names:
        hidden[:n_hidden, JOINT[name]] = 0
    return hidden


def leg(side: str, *parts: str) -> list[str]:
    return [side + part for part in parts or ("Knee", "Ankle", "Heel", "BigToe", "SmallToe")]


def test_a_good_video_is_usable_for_both_legs() -> None:
    assert judge(seated()) == {"L": Verdict(), "R": Verdict()}


def test_an_upper_body_is_unusable_and_says_so() -> None:
    lower = [name for name in JOINTS if name[1:] in ("Hip", *(part[1:] for part in leg("L")))]
    verdicts = judge(without(seated(), "MidHip", *lower))
    for side in LEGS:
        assert verdicts[side].level == "unusable"
        assert reasons(verdicts[side]) == [Reason.UPPER_BODY]


def test_a_short_upper_body_names_both_reasons_the_upper_body_first() -> None:
    lower = [*leg("L"), *leg("R")]
    verdict = judge(without(seated(9), *lower))["L"]
    assert reasons(verdict) == [Reason.UPPER_BODY, Reason.TOO_SHORT]


def test_one_hidden_leg_leaves_the_other_usable() -> None:
    verdicts = judge(without(seated(), *leg("L"), share=0.6))
    assert verdicts["L"] == Verdict((Finding(Reason.LEG_HIDDEN, "seen in 40%"),))
    assert verdicts["R"].level == "usable"


def test_hidden_feet_are_a_warning_while_the_knee_is_seen() -> None:
    hidden = without(seated(), *leg("R", "Ankle", "Heel", "BigToe"), share=0.99)
    verdict = judge(hidden)["R"]
    assert verdict.level == "warning"
    assert verdict.findings == (Finding(Reason.FOOT_HIDDEN, "foot seen in 1%"),)


def test_a_missing_patient_is_a_warning_and_then_a_reason() -> None:
    person = seated()
    person[:20] = 0
    assert reasons(judge(person)["L"]) == [Reason.PATIENT_SOMETIMES_MISSING]
    person[:90] = 0
    assert Reason.PATIENT_MOSTLY_MISSING in reasons(judge(person)["L"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rival": 0.9}, Reason.TWO_CANDIDATES),
        ({"outside": 0.2}, Reason.OUTSIDE_FRAME),
        ({"cut_frames": 9}, Reason.STALE_TAIL),
        ({"swapped": 20}, Reason.LEGS_SWAPPED),
        ({"interpolated": {"L": 0.3, "R": 0.3}}, Reason.INTERPOLATED),
        ({"jitter": {"L": 0.2, "R": 0.2}}, Reason.JOINTS_SHAKE),
    ],
)
def test_each_doubt_is_a_warning(change: dict[str, object], reason: Reason) -> None:
    verdict = judge_quality(replace(measure(seated()), **change), OPTIONS)["L"]
    assert verdict.level == "warning"
    assert reasons(verdict)[0] is reason


def test_facts_are_shares_of_frames_and_survive_json() -> None:
    others = np.arange(120) < 30
    facts = measure(without(seated(), "LKnee", share=0.25), has_others=others)
    assert facts.others == 0.25
    assert facts.knee == {"L": 0.75, "R": 1.0}
    assert facts.joints["LKnee"] == 0.75
    assert facts.seconds == 4
    assert Facts.from_json(facts.to_json()) == facts


def test_shake_is_measured_in_trunk_lengths() -> None:
    person = seated()
    person[::2, JOINT["LKnee"], 0] += 25  # a tenth of the trunk of 250 px, there and back
    shake = measure(person).jitter
    assert shake["L"] == pytest.approx(0.2, abs=0.01)
    assert shake["R"] < 0.03


def test_thresholds_are_shares() -> None:
    with pytest.raises(ValueError, match=r"^recordings\.quality\.min_leg=80: expected 1 or less$"):
        IntakeOptions.from_config({"quality": {"min_leg": 80}})


@pytest.mark.parametrize(("fps", "is_said"), [(30.0, True), (10.0, False)])
def test_taps_at_few_frames_a_second_are_no_shaking(fps: float, is_said: bool) -> None:
    """Two taps a second, 0.25 trunk lengths high: from frame to frame they go far at 10 fps."""
    person = seated(150)
    lift = 60 * np.clip(np.sin(2 * np.pi * 2 * np.arange(150) / 10), 0, None)
    person[:, [JOINT[f"R{part}"] for part in ("Knee", "Ankle", "Heel")], 1] -= lift[:, None]
    found = reasons(judge(person, fps=fps)["R"])
    assert (Reason.JOINTS_SHAKE in found) == is_said
