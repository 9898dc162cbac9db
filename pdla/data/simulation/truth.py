"""What truly happened in a video, one row for each leg: the columns of truth.csv."""

import numpy as np

from pdla.data.simulation.cohort import VideoPlan
from pdla.data.simulation.movement import MIN_HALT_S, TRACE_HZ, TapSeries, trace_heel_height
from pdla.data.simulation.options import UNSCORABLE
from pdla.data.simulation.randomness import Array
from pdla.data.simulation.scene import Scene, patient_places
from pdla.data.simulation.video import Footage, LegBout
from pdla.data.skeletons import LEGS

Value = str | int | float | bool


def tap_peaks(taps: TapSeries, trace: Array) -> tuple[Array, Array]:
    """Height (taps,) in trunk lengths and time (taps,) in seconds of the top of each tap."""
    starts = np.rint(taps.start_s * TRACE_HZ).astype(int)
    ends = np.append(starts[1:], len(trace))
    tops = np.array(
        [lo + int(np.argmax(trace[lo:hi])) for lo, hi in zip(starts, ends, strict=True)]
    )
    return trace[tops], tops / TRACE_HZ


def measure_kinematics(taps: TapSeries, trace: Array) -> dict[str, float]:
    """Measure a bout on its true trajectory, free of noise, in the quantities of `reference.py`.

    A cycle runs from one lift to the next; a pause of MIN_HALT_S or more is an arrest, counted by
    itself and not part of a cycle. `speed` is amplitude x taps per second, the reading under which
    the medians of section 4 agree (0.26 x 2.05 = 0.53).

    Returns:
        In the order of the columns of truth.csv; amplitudes in trunk lengths, times in seconds.
    """
    height, _ = tap_peaks(taps, trace)
    is_arrest = taps.pause_s >= MIN_HALT_S
    cycle = taps.cycle_s + np.where(is_arrest, 0.0, taps.pause_s)
    third = max(1, len(height) // 3)
    opening, closing = (height / taps.rise_s).mean(), (height / taps.fall_s).mean()
    return {
        "amplitude": float(height.mean()),
        "taps_per_s": float(1.0 / cycle.mean()),
        "speed": float(height.mean() / cycle.mean()),
        "amplitude_first_over_last": float(height[:third].mean() / height[-third:].mean()),
        "amplitude_cv": float(height.std() / height.mean()),
        "cycle_cv": float(cycle.std() / cycle.mean()),
        "cycle_range_s": float(np.ptp(cycle)),
        "opening_speed": float(opening),
        "closing_speed": float(closing),
        "closing_over_opening": float(closing / opening),
        "n_taps": float(len(height)),
        "n_hesitations": float(((taps.pause_s > 0) & ~is_arrest).sum()),
        "n_arrests": float(is_arrest.sum()),
        "longest_pause_s": float(taps.pause_s.max()),
        "pause_total_s": float(taps.pause_s.sum()),
    }


def measure_series(taps: TapSeries) -> dict[str, float]:
    """Measure a bout that was never filmed."""
    return measure_kinematics(taps, trace_heel_height(taps))


def truth_rows(
    plan: VideoPlan, footage: Footage, scene: Scene, trap_details: dict[str, str]
) -> list[dict[str, Value]]:
    """Rows of truth.csv of one video, left leg first.

    Args:
        plan: What was decided before filming.
        footage: The filmed patient.
        scene: What was written.
        trap_details: What each trap did.
    """
    has_video = "label_without_video" not in plan.traps
    has_company = len(scene.people) > 1 or bool(scene.empty_person)
    video: dict[str, Value] = {
        "traps": ";".join(plan.traps),
        "trap_details": ";".join(f"{name}={what}" for name, what in trap_details.items()),
        "is_scorable": not set(UNSCORABLE).intersection(plan.traps),
        "n_files": scene.n_frames - len(scene.left_out) if has_video else 0,
        "n_frames": len(footage.keypoints),
        "patient_place": patient_places(scene) if has_company else "",
    }
    return [
        {
            "video_id": plan.row.clinic_id,
            "leg": leg,
            "group": plan.row.group,
            "person": plan.row.person,
            "visit": plan.row.visit,
            "score": "X" if plan.scores[side] is None else int(plan.scores[side] or 0),
            "latent_severity": round(plan.severity[side], 6),
            **{f"rater_{number}": rater[side] for number, rater in enumerate(plan.raters, start=1)},
            **video,
            **_bout_truth(footage.bouts[side]),
        }
        for side, leg in enumerate(LEGS)
    ]


def _bout_truth(bout: LegBout) -> dict[str, Value]:
    """Bout and tap times in seconds from the start of the video, and the kinematics."""
    starts = bout.start_s + bout.taps.start_s
    lifts = starts + np.where(bout.taps.pause_at == 0.0, bout.taps.pause_s, 0.0)
    floors = starts + bout.taps.pause_s + bout.taps.rise_s + bout.taps.fall_s
    heights, peaks = tap_peaks(bout.taps, bout.trace)
    columns: dict[str, Value] = {
        "bout_start_s": round(bout.start_s, 4),
        "bout_end_s": round(bout.end_s, 4),
        "tap_lift_s": _join(lifts),
        "tap_peak_s": _join(bout.start_s + peaks),
        "tap_floor_s": _join(floors),
        "tap_amplitude": _join(heights),
        "tap_pause_s": _join(bout.taps.pause_s),
    }
    measured = measure_kinematics(bout.taps, bout.trace)
    columns.update({name: round(value, 6) for name, value in measured.items()})
    return columns


def _join(values: Array) -> str:
    """Numbers in one cell, joined by semicolons."""
    return ";".join(f"{value:.4f}" for value in values)
