"""How ill a leg is, and what raters say about it.

A latent severity is a number on the scale of the item: 0 normal, 1 slight, 2 mild, 3 moderate, 4
severe. A rater sees it with an error that is small for a healthy leg and grows with severity; part
of the error is shared by both legs of a video (the halo: 54 of 59 clinic videos have left = right).
Rounding to 0-4 gives the score. RATER_SD makes two simulated raters agree with an ICC of about 0.6
over patients and controls together, as single raters do (0.53 right, 0.61 left: SPES/SCOPA, JNNP,
table 2); among the patients of the clinic's mix alone that is 0.40. RATERS are calibrated among
patients alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from pdla.data.simulation.randomness import Array

RATER_SD: Final = (0.28, 0.30)  # SD of one rater's error = first + second * severity
HALO_SHARE: Final = 0.8  # of the variance of a rater's error, shared by the two legs of a video
N_CANDIDATES: Final = 1500
# Factor on RATER_SD by preset and score mix, so that ICC(2,1) among the patients (group TG, both
# legs) is that of the name; a slow test measures them again. 0.55 is about that of single raters in
# a clinic (SPES/SCOPA), 0.65 and 0.88 are raters who agree better.
RATERS: Final[Mapping[str, Mapping[str, float]]] = {
    "clinic": {"clinic": 1.0, "balanced": 1.0},
    "icc55": {"clinic": 0.668, "balanced": 0.956},
    "icc65": {"clinic": 0.484, "balanced": 0.758},
    "icc88": {"clinic": 0.136, "balanced": 0.301},
}
MAX_RATERS: Final = 5


@dataclass(frozen=True)
class Population:
    """Where the severities of a group of people come from.

    Attributes:
        mean: Mean severity of the group.
        patient_sd: Between people.
        visit_sd: Between visits of a person: medication, time of day, progress.
        asymmetry_sd: Half of the lasting left-right difference of a person.
        leg_sd: What is left, per leg and visit.
    """

    mean: float
    patient_sd: float
    visit_sd: float
    asymmetry_sd: float
    leg_sd: float


PATIENTS: Final = Population(1.20, 0.72, 0.30, 0.18, 0.15)
CONTROLS: Final = Population(0.0, 0.15, 0.10, 0.05, 0.10)
ANY_SCORE: Final = Population(2.0, 0.90, 0.40, 0.20, 0.15)


def draw_severities(
    population: Population, n_people: int, n_visits: int, rng: np.random.Generator
) -> Array:
    """Draw severities of people who come several times.

    Returns:
        (people, visits, 2) of severity, left leg first, within -0.4 to 4.4.
    """
    person = rng.normal(population.mean, population.patient_sd, (n_people, 1, 1))
    visit = rng.normal(0.0, population.visit_sd, (n_people, n_visits, 1))
    side = rng.normal(0.0, population.asymmetry_sd, (n_people, 1, 1)) * np.array([1.0, -1.0])
    leg = rng.normal(0.0, population.leg_sd, (n_people, n_visits, 2))
    return np.asarray(np.clip(person + visit + side + leg, -0.4, 4.4))


def rater_error_sd(severity: Array) -> Array:
    """SD of one rater's error at a severity."""
    return RATER_SD[0] + RATER_SD[1] * np.clip(severity, 0.0, 4.0)


def rate(severity: Array, rng: np.random.Generator, factor: float = 1.0) -> NDArray[np.int64]:
    """Scores that one rater gives.

    Args:
        severity: (..., 2), both legs of a video in the last axis.
        rng: Source of the rater's errors.
        factor: On the SD of the errors.

    Returns:
        (..., 2) of scores 0-4.
    """
    halo = rng.standard_normal((*severity.shape[:-1], 1)) * np.sqrt(HALO_SHARE)
    own = rng.standard_normal(severity.shape) * np.sqrt(1.0 - HALO_SHARE)
    seen = severity + factor * rater_error_sd(severity) * (halo + own)
    return np.asarray(np.clip(np.rint(seen), 0, 4), dtype=np.int64)


def draw_given_scores(population: Population, scores: Array, rng: np.random.Generator) -> Array:
    """Draw one person's severities given what the rater of the label sheet said.

    Sampling-importance-resampling: many people are drawn from the population, each with a halo per
    visit; one is picked with a chance in proportion to how likely the rater would have given just
    these scores. So exact score counts can be prescribed while severities keep their distribution.

    Args:
        population: Where the person comes from.
        scores: (visits, 2) of 0-4, left first; NaN where the leg was not rated.
        rng: Source of randomness.

    Returns:
        (visits, 2) of latent severity.
    """
    severities = draw_severities(population, N_CANDIDATES, len(scores), rng)
    sd = rater_error_sd(severities)
    halo = rng.standard_normal((N_CANDIDATES, len(scores), 1)) * np.sqrt(HALO_SHARE)
    centre, own_sd = severities + sd * halo, sd * np.sqrt(1.0 - HALO_SHARE)
    low = np.where(scores <= 0, -np.inf, scores - 0.5)
    high = np.where(scores >= 4, np.inf, scores + 0.5)
    likelihood = ndtr((high - centre) / own_sd) - ndtr((low - centre) / own_sd)
    log_weight = np.log(np.where(np.isnan(scores), 1.0, likelihood) + 1e-12).sum(axis=(1, 2))
    weight = np.cumsum(np.exp(log_weight - log_weight.max()))
    return np.asarray(severities[int(np.searchsorted(weight, rng.random() * weight[-1]))])
