"""Do simulated bouts look like measured ones? Ranges of both, side by side.

Measured: 12 patients, both legs, stimulator on and off, 48 bouts. So 48 bouts of 12 simulated
patients at two visits are drawn again and again, and the median of each draw's minimum, median and
maximum is compared. `pdla simulate --ceiling` prints the table:

    48 bouts: min / median / max                measured             simulated
    amplitude                         0.03 / 0.26 / 1.00    0.06 / 0.25 / 0.74
    taps_per_s                        1.00 / 2.05 / 3.80    1.04 / 2.08 / 3.64
    speed                             0.10 / 0.55 / 1.14    0.14 / 0.52 / 1.26
    amplitude_first_over_last         0.64 / 1.19 / 2.96    0.72 / 1.22 / 3.06
    amplitude_cv                      0.02 / 0.20 / 0.55    0.05 / 0.19 / 0.58
    cycle_cv                          0.02 / 0.07 / 0.30    0.01 / 0.08 / 0.26
    cycle_range_s                     0.03 / 0.08 / 0.62    0.01 / 0.13 / 0.41
    closing_over_opening                            1.30                  1.33

A range of 0.08 s goes with a coefficient of variation of 0.07 only for bouts of very few cycles;
with ten taps of half a second it is about 0.11 s, so the simulation follows the coefficient.
"""

from typing import Final

import numpy as np

from pdla.data.simulation.movement import draw_habit, draw_tap_series
from pdla.data.simulation.randomness import Array, stream
from pdla.data.simulation.severity import PATIENTS, draw_severities
from pdla.data.simulation.truth import measure_series

# Minimum, median, maximum of 48 measured bouts.
MEASURED: Final = {
    "amplitude": (0.03, 0.26, 1.00),
    "taps_per_s": (1.0, 2.05, 3.8),
    "speed": (0.10, 0.55, 1.14),
    "amplitude_first_over_last": (0.64, 1.19, 2.96),
    "amplitude_cv": (0.02, 0.20, 0.55),
    "cycle_cv": (0.02, 0.07, 0.30),
    "cycle_range_s": (0.03, 0.08, 0.62),
}
CLOSING_OVER_OPENING: Final = 1.3
N_PATIENTS: Final = 12


def simulate_bouts(n_draws: int, seed: int = 0) -> dict[str, Array]:
    """Draw cohorts like the measured one, unfilmed.

    Returns:
        For every quantity of `measure_kinematics`: (draws, 48).
    """
    rng = stream(seed, "reference")
    bouts: list[dict[str, float]] = []
    for _ in range(n_draws):
        for visits in draw_severities(PATIENTS, N_PATIENTS, 2, rng):
            habit = draw_habit(rng)
            bouts += [measure_series(draw_tap_series(s, habit, rng)) for s in visits.ravel()]
    return {
        name: np.array([bout[name] for bout in bouts]).reshape(n_draws, -1) for name in bouts[0]
    }


def compare_ranges(n_draws: int = 50, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Minimum, median and maximum of 48 simulated bouts, each the median over the draws."""
    bouts = simulate_bouts(n_draws, seed)
    return {
        name: (
            float(np.median(values.min(axis=1))),
            float(np.median(values)),
            float(np.median(values.max(axis=1))),
        )
        for name, values in bouts.items()
        if name in MEASURED or name == "closing_over_opening"
    }


def range_table(n_draws: int = 50) -> str:
    """The comparison as text."""
    ranges = compare_ranges(n_draws)
    lines = [f"{'48 bouts: min / median / max':30s}{'measured':>22s}{'simulated':>22s}"]
    for name, measured in MEASURED.items():
        lines.append(f"{name:30s}{_three(measured):>22s}{_three(ranges[name]):>22s}")
    closing = f"{ranges['closing_over_opening'][1]:.2f}"
    lines.append(f"{'closing_over_opening':30s}{CLOSING_OVER_OPENING:>22.2f}{closing:>22s}")
    return "\n".join(lines)


def _three(values: tuple[float, float, float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)
