"""The people of the simulated clinic: who is how ill at which visit, and what both raters say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.simulation.options import MAX_VIDEOS, SimulationOptions
from pdla.data.simulation.randomness import Array, stream
from pdla.data.simulation.severity import (
    ANY_SCORE,
    CONTROLS,
    MAX_RATERS,
    PATIENTS,
    RATERS,
    draw_given_scores,
    draw_severities,
    rate,
    rater_error_sd,
)
from pdla.data.simulation.sheet import Row, block_rows
from pdla.data.simulation.variety import SITES, draw_rater_cuts

# (left, right) of the 40 rated patient videos, from the milder to the more severe; with 19 control
# videos at (0, 0) they give left 22/29/6/2, right 21/28/8/2 and left = right in 54 of 59, as in
# the clinic set of 2023.
CLINIC_PAIRS: Final = (
    *((0, 0), (0, 1), (0, 1), (1, 0)),
    *((1, 1),) * 26,
    *((1, 2),) * 2,
    *((2, 2),) * 6,
    *((3, 3),) * 2,
)
SORTING_ERROR: Final = 0.2  # of the rater, when visits are ranked to be given their scores


@dataclass(frozen=True)
class VideoPlan:
    """All that is decided about a video before it is filmed.

    Attributes:
        index: Number of the video in the cohort.
        row: Its row in the label sheet.
        scores: Left and right score of the sheet's rater, None where unrated.
        severity: Left and right latent severity.
        raters: Left and right score of two raters or more who saw the same video, first the sheet's
            rater, also where the sheet says X.
        traps: Names of the traps in this video.
    """

    index: int
    row: Row
    scores: tuple[int | None, int | None]
    severity: tuple[float, float]
    raters: tuple[tuple[int, int], ...]
    traps: tuple[str, ...] = ()

    @property
    def first_rater(self) -> tuple[int, int]:
        """Of the sheet."""
        return self.raters[0]

    @property
    def second_rater(self) -> tuple[int, int]:
        """Of another one."""
        return self.raters[1]


def plan_videos(options: SimulationOptions) -> list[VideoPlan]:
    """Plan every video of a cohort; the traps come later."""
    balanced = options.scores == "balanced"
    rows: list[Row] = []
    while len(rows) < options.videos:
        rows += block_rows(len(rows) // (48 if balanced else 62), options.seed, balanced=balanced)
    if balanced:
        rows = rows[: options.videos]
        scores = _balanced_scores(rows, options.seed)
    else:
        scores = np.concatenate(
            [
                _clinic_scores(rows[start : start + 62], options.seed, start // 62)
                for start in range(0, len(rows), 62)
            ]
        )
    severity, raters = _draw_people(rows, scores, options)
    if options.variety != "clinic":
        given = _rate_otherwise(rows, severity, options)
        raters[:, 0] = np.where(np.isnan(scores), raters[:, 0], given[:, 0])
        scores = np.where(np.isnan(scores), np.nan, given[:, 0])
        if options.n_raters > 1:
            raters = np.concatenate([raters[:, :1], given[:, 1:]], axis=1)
    elif options.raters != "clinic":
        raters = _draw_raters(rows, severity, options)
        scores = np.where(np.isnan(scores), np.nan, raters[:, 0])
    elif options.n_raters > raters.shape[1]:
        more = _draw_raters(rows, severity, options)
        raters = np.concatenate([raters, more[:, raters.shape[1] :]], axis=1)
    return [
        VideoPlan(
            index=index,
            row=row,
            scores=_pair_or_none(scores[index]),
            severity=(float(severity[index, 0]), float(severity[index, 1])),
            raters=tuple(_pair(rater) for rater in raters[index]),
        )
        for index, row in enumerate(rows[: options.videos])
    ]


def _pair(values: NDArray[np.int64]) -> tuple[int, int]:
    return int(values[0]), int(values[1])


def _pair_or_none(values: Array) -> tuple[int | None, int | None]:
    left, right = (None if np.isnan(value) else int(value) for value in values)
    return left, right


def _by_person(rows: list[Row]) -> Iterator[tuple[int, list[int]]]:
    """Each person with the positions of the person's rows, in order of the visits."""
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.person, []).append(place)
    yield from places.items()


def _seen_severity(rows: list[Row], rng: np.random.Generator, *, balanced: bool) -> Array:
    """(rows, 2) of severity as a rater might see it, to rank visits that get prescribed scores."""
    population = ANY_SCORE if balanced else PATIENTS
    severity = np.empty((len(rows), 2))
    for _, places in _by_person(rows):
        severity[places] = draw_severities(population, 1, len(places), rng)[0]
    error = rng.standard_normal((len(rows), 1)) + 0.5 * rng.standard_normal((len(rows), 2))
    return np.asarray(severity + SORTING_ERROR * rater_error_sd(severity) * error)


def _clinic_scores(rows: list[Row], seed: int, block: int) -> Array:
    """(rows, 2) of scores: exactly the clinic's counts, NaN where the sheet says X.

    The patients' visits are ranked by a severity drawn for the purpose and given CLINIC_PAIRS in
    that order, so visits of a person stay alike; `draw_given_scores` then draws the severity
    itself.
    """
    seen = _seen_severity(rows, stream(seed, "labels", block), balanced=False).mean(axis=1)
    scores = np.full((len(rows), 2), np.nan)
    rated = [place for place, row in enumerate(rows) if row.is_rated]
    patients = [place for place in rated if rows[place].group == "TG"]
    scores[[place for place in rated if rows[place].group == "CG"]] = 0.0
    scores[sorted(patients, key=lambda place: seen[place])] = CLINIC_PAIRS
    return scores


def _balanced_scores(rows: list[Row], seed: int) -> Array:
    """(rows, 2) of scores with equal counts of 0-4 on each leg; controls are always 0."""
    seen = _seen_severity(rows, stream(seed, "labels"), balanced=True)
    seen[[place for place, row in enumerate(rows) if row.group == "CG"]] = -np.inf
    scores = np.empty((len(rows), 2))
    for leg in range(2):
        order = np.argsort(seen[:, leg], kind="stable")
        scores[order, leg] = np.arange(len(rows)) * 5 // len(rows)
    return scores


def _rate_otherwise(
    rows: list[Row], severity: Array, options: SimulationOptions
) -> NDArray[np.int64]:
    """(rows, raters, 2) of scores of raters who cut the scale elsewhere, as their site does."""
    given = np.empty((len(rows), options.n_raters, 2), dtype=np.int64)
    site = SITES.get(options.variety)
    factor = RATERS[options.raters][options.scores]
    for person, places in _by_person(rows):
        slope, offset = site.cuts if site else draw_rater_cuts(options.seed, person)
        seen = np.clip(slope * severity[places] + offset, -0.4, 4.4)
        given[places, 0] = rate(seen, stream(options.seed, "cuts", MAX_VIDEOS + person), factor)
        for number in range(1, options.n_raters):
            rng = stream(options.seed, "raters", MAX_RATERS * person + number)
            given[places, number] = rate(seen, rng, factor)
    return given


def _draw_raters(rows: list[Row], severity: Array, options: SimulationOptions) -> NDArray[np.int64]:
    """(rows, raters, 2) of scores of raters who agree as the preset says, on controls as well."""
    factor = RATERS[options.raters][options.scores]
    given = np.empty((len(rows), max(2, options.n_raters), 2), dtype=np.int64)
    for person, places in _by_person(rows):
        for number in range(given.shape[1]):
            rng = stream(options.seed, "raters", MAX_RATERS * person + number)
            given[places, number] = rate(severity[places], rng, factor)
    return given


def _draw_people(
    rows: list[Row], scores: Array, options: SimulationOptions
) -> tuple[Array, NDArray[np.int64]]:
    """Severities (rows, 2) given the scores, and scores of two raters (rows, 2 raters, 2 legs)."""
    severity = np.empty((len(rows), 2))
    raters = np.empty((len(rows), 2, 2), dtype=np.int64)
    patients = ANY_SCORE if options.scores == "balanced" else PATIENTS
    for person, places in _by_person(rows):
        rng = stream(options.seed, "patient", person)
        population = CONTROLS if rows[places[0]].group == "CG" else patients
        given = scores[places]
        severity[places] = draw_given_scores(population, given, rng)
        first = rate(severity[places], rng)
        if rows[places[0]].group == "CG":
            first[:] = 0
        raters[places, 0] = np.where(np.isnan(given), first, np.nan_to_num(given)).astype(np.int64)
        raters[places, 1] = rate(severity[places], rng)
    return severity, raters
