"""Does the recording show a person who sits upright and moves? Measured once, judged later."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import body_length_px, segment_lengths
from pdla.data.kinematics.movement import leg_movement, leg_rhythm
from pdla.data.kinematics.stretches import longest_stretch
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, LEGS

# Each threshold stands between what was measured in simulated videos (200 of seated people, scores
# as in the clinic and balanced, as whole bodies, legs only and with a drifting camera; 80 each of
# people who stand, walk or sit idly) and in public recordings (standing people of the Pose2Sim
# demo).
MIN_FALL: Final = 60.0  # degrees; seated bodies lean by up to 7, the demo's camera is askew by 36
MIN_STANDING_DROP: Final = 0.8  # seated 0.02 to 0.70, standing 0.92 to 1.34, in the demo 1.47
MIN_TRAVEL: Final = 1.0  # seated 0.17, with a hand-held camera 0.72; walkers cross the picture
MIN_BOTH_MOVE: Final = 0.6  # seated 0, with a hand-held camera 0.58
MOVES: Final = 0.05  # body lengths, SD of a leg's height in a second
# The least with which bouts.py finds a bout. Idle legs fidget by up to 0.04, legs of score 4 tap
# with 0.01 and more, but at one rate: there the rhythm tells. Of 284 idle people 213 are found so
# (150 by the movement alone), of 400 who tap as in the clinic none, of 400 with balanced scores 2
# (1), of scores 2 to 4. The slow test measures it again.
MIN_MOVEMENT: Final = 0.008
MIN_SURE_MOVEMENT: Final = 0.025
MIN_RHYTHM: Final = 0.30
MAX_STALL_S: Final = 1.0  # the demo repeats one frame in 50
MAX_STILL: Final = 0.9  # of the frames
# Seated people measure 0.55 to 1.02; where height and width of the picture were taken for each
# other, 3.2 times as much or as little.
WIDTHS: Final = (0.35, 1.4)
HIPS_TO_SHOULDERS: Final = 2.2
MIN_PROFILE: Final = 0.25  # a person seen from the side is narrow too, but the thigh is long: 0.5
MAX_REVERSED: Final = 0.5  # of the frames


@dataclass(frozen=True)
class BodyFacts:
    """What a recording shows of a body. None where it could not be measured.

    Attributes:
        body_px: Body length (see `body_length_px`).
        turned: Degrees, clockwise, by which the picture was turned back: 0, 90, 180 or 270.
        tilt: Degrees between the body and upright after that, 0 to 180.
        thigh_drop: Height of the hips over the knees, over the shank: about 0.3 seated, 1 standing.
        travel: Distance that the body goes sideways, in body lengths.
        both_move: Share of the time in which both legs move at once.
        movement: Largest movement of a leg beyond that of the other (SD in a second, body lengths).
        rhythm: `leg_rhythm` of the leg with more of it; measured where `movement` is small.
        still: Share of frames that are the same as the one before, in every digit.
        longest_still_s: Longest stretch of such frames.
        width: Shoulders (or 2.2 times the hips) over the body length.
        profile: Sideways extent of the thighs over the body length.
        reversed: Share of frames in which the left leg is on the left side of the picture.
    """

    body_px: float | None = None
    turned: int = 0
    tilt: float | None = None
    thigh_drop: float | None = None
    travel: float | None = None
    both_move: float = 0.0
    movement: float | None = None
    rhythm: float | None = None
    still: float = 0.0
    longest_still_s: float = 0.0
    width: float | None = None
    profile: float | None = None
    reversed: float | None = None

    def to_json(self) -> dict[str, float | int | None]:
        """Plain values that `BodyFacts(**values)` takes back."""
        return asdict(self)


def measure_body(recording: Recording, turned: int = 0) -> BodyFacts:
    """Measure a recording.

    Args:
        recording: Keypoints (T, 25, 3) as they were seen, gaps not filled.
        turned: Degrees by which the picture was turned back.

    Returns:
        The facts, each a median over time unless it says otherwise.
    """
    keypoints = recording.keypoints
    body_px = body_length_px(keypoints)
    is_still = _is_still(keypoints)
    trunk, shanks = body_directions(keypoints)
    direction = shanks if trunk is None else trunk
    facts = BodyFacts(
        turned=turned,
        tilt=None if direction is None else _rounded(abs(direction)),
        still=round(float(is_still.mean()), 4) if len(is_still) else 0.0,
        longest_still_s=round(longest_stretch(is_still) / recording.fps, 3),
    )
    if not np.isfinite(body_px):
        return facts
    movement = np.stack([leg_movement(recording, leg, body_px) for leg in LEGS], axis=1)
    beyond = np.clip(movement - movement[:, ::-1], 0.0, None)
    most = float(np.percentile(beyond, 98, axis=0).max())
    rhythms = [leg_rhythm(recording, leg) for leg in LEGS] if most < MIN_SURE_MOVEMENT else []
    x = keypoints[..., 0].astype(np.float64)
    middle = _mean_seen(x[:, [JOINT[leg + part] for leg in LEGS for part in ("Hip", "Knee")]])
    return BodyFacts(
        body_px=_rounded(body_px),
        turned=facts.turned,
        tilt=facts.tilt,
        thigh_drop=_rounded(_median(_thigh_drop(keypoints))),
        travel=_rounded(_spread(middle) / body_px),
        both_move=round(float((movement.min(axis=1) > MOVES).mean()), 4),
        movement=_rounded(most),
        rhythm=_rounded(max((one for one in rhythms if np.isfinite(one)), default=np.nan)),
        still=facts.still,
        longest_still_s=facts.longest_still_s,
        width=_rounded(_width_px(x) / body_px),
        profile=_rounded(
            max(
                _median(np.abs(x[:, JOINT[f"{leg}Hip"]] - x[:, JOINT[f"{leg}Knee"]]))
                for leg in LEGS
            )
            / body_px
        ),
        reversed=_rounded(_reversed_share(x, body_px)),
    )


def judge_body(facts: BodyFacts) -> list[Finding]:
    """What speaks against a seated person who does the task, the heaviest first."""
    stands = facts.thigh_drop is not None and facts.thigh_drop > MIN_STANDING_DROP
    goes = (facts.travel or 0.0) > MIN_TRAVEL or facts.both_move > MIN_BOTH_MOVE
    tilt = facts.tilt or 0.0
    is_frozen = facts.still > MAX_STILL
    least = MIN_MOVEMENT if _taps_at_one_rate(facts) else MIN_SURE_MOVEMENT
    is_still = facts.movement is not None and facts.movement < least
    found = [
        (is_frozen, Reason.FROZEN, f"{facts.still:.0%} of the frames repeat the one before"),
        (not is_frozen and facts.longest_still_s > MAX_STALL_S, Reason.STALLS,
         f"for {facts.longest_still_s:.1f} s"),
        (facts.turned > 0, Reason.TURNED_BACK, f"by {facts.turned} degrees"),
        (tilt > MIN_FALL, Reason.NOT_UPRIGHT, f"by {tilt:.0f} degrees"),
        (stands and goes, Reason.WALKS, ""),
        (stands and not goes, Reason.STANDS, ""),
        (is_still and not is_frozen, Reason.NOBODY_MOVES, ""),
        (not stands and _is_distorted(facts), Reason.DISTORTED, _width_text(facts)),
        ((facts.reversed or 0.0) > MAX_REVERSED, Reason.SIDES_REVERSED, ""),
    ]  # fmt: skip
    return [Finding(reason, detail) for is_so, reason, detail in found if is_so]


def body_directions(keypoints: NDArray[np.float32]) -> tuple[float | None, float | None]:
    """Where trunk (from mid-hip to neck) and shanks (from ankle to knee) point to.

    Args:
        keypoints: (T, 25, 3); unseen is NaN, NaN, 0.

    Returns:
        Degrees, 0 is up in the picture, 90 to its right, -90 to its left; None for one that was
        seen in less than a tenth of the frames.
    """
    trunk = _direction(keypoints, ("MidHip", "Neck"))
    shanks = _direction(keypoints, *((f"{leg}Ankle", f"{leg}Knee") for leg in LEGS))
    return trunk, shanks


def _direction(keypoints: NDArray[np.float32], *bones: tuple[str, str]) -> float | None:
    vectors = [
        keypoints[:, JOINT[end], :2] - keypoints[:, JOINT[start], :2] for start, end in bones
    ]
    seen = [vector[np.isfinite(vector[:, 0])] for vector in vectors]
    medians = [np.median(v, axis=0) for v in seen if len(v) >= max(1, 0.1 * len(keypoints))]
    if not medians:
        return None
    x, y = np.mean(medians, axis=0)
    return float(np.degrees(np.arctan2(x, -y)))


def _is_still(keypoints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(T - 1,) whether a frame with somebody is the same as the one before in every digit."""
    now, before = keypoints[1:], keypoints[:-1]
    same = ((now == before) | (np.isnan(now) & np.isnan(before))).all(axis=(1, 2))
    return np.asarray(same & np.isfinite(now[..., 0]).any(axis=1))


def _thigh_drop(keypoints: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T,) of the straighter leg, so that one lifted by a standing person does not count."""
    y = keypoints[..., 1]
    drops = [
        (y[:, JOINT[f"{leg}Knee"]] - y[:, JOINT[f"{leg}Hip"]])
        / np.maximum(segment_lengths(keypoints, f"{leg}Knee", f"{leg}Ankle"), 1.0)
        for leg in LEGS
    ]
    return np.asarray(np.fmax(drops[0], drops[1]), dtype=np.float64)


def _width_px(x: NDArray[np.float64]) -> float:
    shoulders = _median(np.abs(x[:, JOINT["LShoulder"]] - x[:, JOINT["RShoulder"]]))
    hips = _median(np.abs(x[:, JOINT["LHip"]] - x[:, JOINT["RHip"]]))
    return shoulders if np.isfinite(shoulders) else HIPS_TO_SHOULDERS * hips


def _taps_at_one_rate(facts: BodyFacts) -> bool:
    """Whether a leg goes up and down in a rhythm, or nobody knows."""
    return facts.rhythm is None or facts.rhythm >= MIN_RHYTHM


def _is_distorted(facts: BodyFacts) -> bool:
    if facts.width is None:
        return False
    is_from_the_side = facts.profile is None or facts.profile > MIN_PROFILE
    return facts.width > WIDTHS[1] or (facts.width < WIDTHS[0] and not is_from_the_side)


def _width_text(facts: BodyFacts) -> str:
    return f"shoulders {facts.width or 0.0:.1f} trunk lengths wide"


def _reversed_share(x: NDArray[np.float64], body_px: float) -> float:
    """Share of the frames that tell; NaN if none does."""
    between = _mean_seen(
        np.stack(
            [x[:, JOINT[f"L{part}"]] - x[:, JOINT[f"R{part}"]] for part in ("Knee", "Ankle")], 1
        )
    )
    clear = between[np.abs(between) > 0.15 * body_px]
    return float((clear < 0).mean()) if len(clear) else float("nan")


def _mean_seen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) mean over the columns that are not NaN; NaN if all are."""
    n_seen = np.isfinite(values).sum(axis=1)
    return np.asarray(np.nansum(values, axis=1) / np.where(n_seen > 0, n_seen, np.nan))


def _median(values: NDArray[np.float64] | Sequence[float]) -> float:
    seen = np.asarray(values)[np.isfinite(values)]
    return float(np.median(seen)) if len(seen) else float("nan")


def _spread(values: NDArray[np.float64]) -> float:
    seen = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(seen, [97.5, 2.5]))) if len(seen) else float("nan")


def _rounded(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
