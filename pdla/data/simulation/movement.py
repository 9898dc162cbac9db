"""Leg agility in time: how a leg of a given severity is raised and stamped.

The item names four signs (hesitations and halts, slowing, low amplitude, amplitude that falls off);
a leg shows them in its own mixture, so each sign sees the latent severity through its own error.
Marginals follow 48 measured bouts (`reference.py`); `pdla simulate --ceiling` compares them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from pdla.data.simulation.randomness import Array

TRACE_HZ: Final = 240.0  # movement is made on this clock, whatever the frame rate of the video
SIGN_SD: Final = 0.60  # of the error with which one sign reflects the severity of the leg
MAX_AMPLITUDE: Final = 1.05  # trunk lengths; 1.00 is the largest mean amplitude seen
MIN_HALT_S: Final = 0.6  # a pause of this length is an arrest, a shorter one a hesitation


@dataclass(frozen=True)
class Habit:
    """How a person does the task, ill or not; the same in every video of the person.

    Attributes:
        amplitude: Factor on the height of a healthy lift.
        rate: Factor on the tempo of a healthy leg.
        unevenness: Factor on how much lifts and cycles differ.
        closing_over_opening: Mean speed down over mean speed up; about 1.3 (reference.py).
        floor_share: Share of a cycle that the foot stands on the floor.
    """

    amplitude: float
    rate: float
    unevenness: float
    closing_over_opening: float
    floor_share: float


def draw_habit(rng: np.random.Generator) -> Habit:
    """Draw a person's way of doing the task."""
    return Habit(
        amplitude=float(np.exp(np.clip(rng.normal(0.05, 0.45), -0.45, 1.2))),
        rate=float(np.exp(rng.normal(0.0, 0.13))),
        unevenness=float(np.exp(rng.normal(0.0, 0.45))),
        closing_over_opening=float(np.clip(rng.normal(1.33, 0.07), 1.15, 1.55)),
        floor_share=float(rng.uniform(0.05, 0.14)),
    )


@dataclass(frozen=True)
class MovementLaw:
    """How severity shows in the movement; the defaults are those fitted to the measured bouts.

    Attributes:
        sign_weights: Factors on the severity that each sign shows: low amplitude, slowing,
            amplitude that falls off, halts, unevenness.
        sign_sd: SD of the error with which one sign reflects the severity of the leg.
        amplitude: Factor on the height of a lift.
        amplitude_loss: Factor on how fast height falls with severity.
        rate: Factor on the tempo.
        rate_loss: Factor on how fast tempo falls with severity.
        effort: Exponent by which a higher lift takes longer.
    """

    sign_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    sign_sd: float = SIGN_SD
    amplitude: float = 1.0
    amplitude_loss: float = 1.0
    rate: float = 1.0
    rate_loss: float = 1.0
    effort: float = 0.45


USUAL_LAW: Final = MovementLaw()


@dataclass(frozen=True)
class TapSeries:
    """One bout of one leg, tap by tap; all arrays are (taps,).

    Attributes:
        amplitude: Height of the lift in trunk lengths.
        rise_s: Time from floor to top, without pauses.
        fall_s: Time from top to floor.
        floor_s: Time on the floor after the tap.
        pause_s: Extra time of a hesitation or arrest; 0 if none.
        pause_at: Share of the rise at which the foot pauses; 0 is on the floor, before lifting.
    """

    amplitude: Array
    rise_s: Array
    fall_s: Array
    floor_s: Array
    pause_s: Array
    pause_at: Array

    @property
    def start_s(self) -> Array:
        """(taps,) of the start of each cycle, pauses included, from the start of the bout."""
        return np.concatenate([[0.0], np.cumsum(self.cycle_s + self.pause_s)[:-1]])

    @property
    def cycle_s(self) -> Array:
        """(taps,) of the length of each cycle without its pause."""
        return np.asarray(self.rise_s + self.fall_s + self.floor_s)

    @property
    def duration_s(self) -> float:
        """From the first lift (or the pause before it) to the last stamp."""
        return float((self.cycle_s + self.pause_s).sum() - self.floor_s[-1])


def draw_tap_series(
    severity: float, habit: Habit, rng: np.random.Generator, law: MovementLaw = USUAL_LAW
) -> TapSeries:
    """Draw a bout of about ten taps for a leg of this severity."""
    shown = severity * np.array(law.sign_weights) + law.sign_sd * rng.standard_normal(5)
    signs = np.clip(shown, 0.0, 4.6)
    small, slow, fading, halting, uneven = (float(sign) for sign in signs)
    n_taps = int(np.clip(rng.normal(10.2, 0.9), 8, 13))
    along = np.linspace(0.0, 1.0, n_taps)
    size = _draw_amplitude(small, habit, law, rng)
    fade = _draw_fading(fading, along, rng)
    ragged = (0.115 + 0.040 * uneven) * habit.unevenness * np.exp(rng.normal(0.0, 0.30))
    amplitude = size * fade / fade.mean() * np.exp(ragged * rng.standard_normal(n_taps))
    tempo = _draw_rate(slow, size, habit, law, rng)
    jitter = (0.020 + 0.008 * uneven) * habit.unevenness * np.exp(rng.normal(0.0, 0.25))
    slowing = 1.0 + 0.06 * slow * rng.uniform(0.0, 1.0) * along
    cycle = slowing / slowing.mean() / tempo * np.exp(jitter * rng.standard_normal(n_taps))
    moving = cycle * (1.0 - habit.floor_share)
    ratio = habit.closing_over_opening
    pause_s, pause_at = _draw_pauses(halting, n_taps, rng)
    return TapSeries(
        amplitude=np.clip(amplitude, 0.015, MAX_AMPLITUDE),
        rise_s=moving * ratio / (1.0 + ratio),
        fall_s=moving / (1.0 + ratio),
        floor_s=cycle * habit.floor_share,
        pause_s=pause_s,
        pause_at=pause_at,
    )


def _draw_amplitude(sign: float, habit: Habit, law: MovementLaw, rng: np.random.Generator) -> float:
    """Mean amplitude in trunk lengths: falls slowly at first, then steeply."""
    healthy = 0.365 * law.amplitude * habit.amplitude * np.exp(rng.normal(0.0, 0.18))
    return float(
        np.clip(healthy * np.exp(law.amplitude_loss * (-0.18 * sign - 0.105 * sign**2)), 0.02, 0.95)
    )


def _draw_rate(
    sign: float, amplitude: float, habit: Habit, law: MovementLaw, rng: np.random.Generator
) -> float:
    """Taps per second; a higher lift takes longer at the same effort."""
    effort = (0.30 / amplitude) ** law.effort
    healthy = 2.55 * law.rate * habit.rate * effort * np.exp(rng.normal(0.0, 0.10))
    return float(
        np.clip(healthy * np.exp(law.rate_loss * (-0.12 * sign - 0.045 * sign**2)), 0.8, 4.0)
    )


def _draw_fading(sign: float, along: Array, rng: np.random.Generator) -> Array:
    """(taps,) of the height kept: falls off near the end, from half-way or from the start."""
    depth = float(np.clip(0.27 * (sign - 0.35) + rng.normal(0.0, 0.06), -0.10, 0.80))
    onset = float(np.clip(0.85 - 0.28 * sign + rng.normal(0.0, 0.08), 0.0, 0.8))
    return 1.0 - depth * np.clip((along - onset) / (1.0 - onset), 0.0, 1.0)


def _draw_pauses(sign: float, n_taps: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Hesitations and arrests: how long, (taps,), and at what share of the rise, (taps,)."""
    expected = np.interp(sign, [0.0, 1.0, 2.0, 3.0, 4.0], [0.1, 1.3, 3.4, 5.6, 6.5])
    n_hesitations = min(int(rng.poisson(expected)), n_taps - 2)
    arrest_chance = 1.0 / (1.0 + np.exp(-(sign - 2.9) / 0.35))
    n_arrests = int(rng.random() < arrest_chance) + int(rng.random() < 0.3 * arrest_chance)
    taps = 1 + rng.permutation(n_taps - 1)[: n_hesitations + n_arrests]
    pause_s, pause_at = np.zeros(n_taps), np.zeros(n_taps)
    length = 0.055 + 0.035 * sign
    pause_s[taps] = np.clip(rng.gamma(4.0, length / 4.0, len(taps)), 0.04, 0.5)
    arrests = taps[:n_arrests]
    pause_s[arrests] = rng.uniform(0.8, 2.0, len(arrests))
    pause_at[taps] = np.where(rng.random(len(taps)) < 0.5, 0.0, rng.uniform(0.15, 0.7, len(taps)))
    return pause_s, pause_at


def trace_heel_height(taps: TapSeries) -> Array:
    """Heel height of a bout on the clock of TRACE_HZ.

    The rise is smooth (minimum jerk, Flash and Hogan 1985); the fall speeds up and ends in a stamp.

    Returns:
        (samples,) in trunk lengths over the floor, from the start of the bout to its last stamp.
    """
    n_samples = round(taps.duration_s * TRACE_HZ) + 1
    clock = np.arange(n_samples) / TRACE_HZ
    tap = np.clip(np.searchsorted(taps.start_s, clock, side="right") - 1, 0, None)
    since = clock - taps.start_s[tap]
    pause_starts = taps.pause_at[tap] * taps.rise_s[tap]
    paused = np.clip(since - pause_starts, 0.0, taps.pause_s[tap])
    rise = np.clip((since - paused) / taps.rise_s[tap], 0.0, 1.0)
    fall = np.clip((since - taps.pause_s[tap] - taps.rise_s[tap]) / taps.fall_s[tap], 0.0, 1.0)
    up = rise**3 * (10.0 - 15.0 * rise + 6.0 * rise**2)
    down = fall**2 * (1.4 - 0.4 * fall**2)
    height = taps.amplitude[tap] * up * (1.0 - down)
    return np.asarray(gaussian_filter1d(height, sigma=0.008 * TRACE_HZ, mode="constant"))
