"""The best that any scorer can reach on simulated data: the ruler for a study on it.

A scorer that knows the true kinematics, free of every camera and keypoint error, is fitted on
20,000 simulated legs and judged on legs of other people. What it misses is the mixture of signs and
the rater's own error; no network can do better but by chance or by leakage. The second rater's row
says how well a human agrees. `pdla simulate --ceiling` prints this table (seed 0; kappa and error
over everyone and within the patients):

    best attainable agreement                 QWK    MAE  QWK (TG)  MAE (TG)
    clinic: true kinematics, this leg        0.63   0.38      0.40      0.47
    clinic: true kinematics, both legs       0.68   0.33      0.44      0.42
    clinic: second rater                     0.59   0.46      0.33      0.63
    balanced: true kinematics, this leg      0.81   0.59      0.74      0.64
    balanced: true kinematics, both legs     0.82   0.55      0.75      0.62
    balanced: second rater                   0.70   0.74      0.59      0.83
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from pdla.data.progress import track
from pdla.data.simulation.cohort import plan_videos
from pdla.data.simulation.options import SCORE_MIXES, SimulationOptions
from pdla.data.simulation.randomness import Array
from pdla.data.simulation.truth import measure_series
from pdla.data.simulation.video import draw_bouts

N_LEGS: Final = 20_000
N_JUDGED: Final = 5_000
OTHER_PEOPLE: Final = 1_000_000  # added to a cohort's seed: nobody of it is known to the scorer
Scores = NDArray[np.int64]


@dataclass(frozen=True)
class Ceiling:
    """Agreement of a scorer with the rater of the label sheet.

    Attributes:
        cohort: Score mix, `clinic` or `balanced`, or which cohort.
        scorer: What the scorer knows.
        qwk: Quadratic weighted kappa, cut where it is best.
        mae: Mean absolute error, cut where it is best.
        patients_qwk: The same within the patient group (TG).
        patients_mae: The same within the patient group.
        n_legs: Legs judged.
    """

    cohort: str
    scorer: str
    qwk: float
    mae: float
    patients_qwk: float
    patients_mae: float
    n_legs: int


@dataclass(frozen=True)
class _Legs:
    """Rated legs: kinematics of the leg, then of the other (N, 2K); scores and group (N,)."""

    features: Array
    scores: Scores
    second_rater: Scores
    is_patient: NDArray[np.bool_]


def measure_ceilings(
    seed: int = 0, n_legs: int = N_LEGS, n_judged: int = N_JUDGED
) -> list[Ceiling]:
    """Ceilings for both score mixes, about a minute with the default sizes.

    Args:
        seed: People of the fit; the judged people are those of the next seed.
        n_legs: Legs to fit on.
        n_judged: Legs to judge on.
    """
    ceilings: list[Ceiling] = []
    for mix in SCORE_MIXES:
        options = SimulationOptions(videos=n_legs // 2, seed=seed, scores=mix, traps="none")
        judged = _draw_legs(replace(options, videos=n_judged // 2, seed=seed + 1))
        ceilings += _judge_scorers(mix, _draw_legs(options), judged)
    return ceilings


def measure_cohort_ceilings(options: SimulationOptions, n_legs: int = N_LEGS) -> list[Ceiling]:
    """Ceilings on the rated legs of one cohort, some seconds with the default size.

    A few dozen videos are an easier or a harder draw than the thousands behind `measure_ceilings`:
    62 of them gave QWK from 0.60 to 0.75 over nine seeds, where the rule is 0.68.

    Args:
        options: The cohort, as it was simulated.
        n_legs: Legs to fit on, of people whom the cohort does not know.
    """
    others = replace(options, videos=n_legs // 2, seed=options.seed + OTHER_PEOPLE, traps="none")
    name = f"{options.videos} videos of seed {options.seed}"
    return _judge_scorers(name, _draw_legs(others), _draw_legs(replace(options, traps="none")))


def _judge_scorers(name: str, fitted: _Legs, judged: _Legs) -> list[Ceiling]:
    """The scorers who know the true kinematics, and a second rater."""
    ceilings: list[Ceiling] = []
    n_both = judged.features.shape[1]
    for scorer, n_features in (("this leg", n_both // 2), ("both legs", n_both)):
        by_qwk, by_mae = _fit_and_score(fitted, judged.features[:, :n_features])
        ceilings.append(_judge(name, f"true kinematics, {scorer}", judged, by_qwk, by_mae))
    human = judged.second_rater
    return [*ceilings, _judge(name, "second rater", judged, human, human)]


def ceiling_table(ceilings: list[Ceiling]) -> str:
    """The ceilings as text."""
    lines = [
        f"{'best attainable agreement':50s}{'QWK':>7s}{'MAE':>7s}{'QWK (TG)':>10s}{'MAE (TG)':>10s}"
    ]
    for row in ceilings:
        lines.append(
            f"{row.cohort + ': ' + row.scorer:50s}{row.qwk:7.2f}{row.mae:7.2f}"
            f"{row.patients_qwk:10.2f}{row.patients_mae:10.2f}"
        )
    return "\n".join(lines)


def _draw_legs(options: SimulationOptions) -> _Legs:
    """Draw the rated legs of a cohort without filming them."""
    plans = [plan for plan in plan_videos(options) if None not in plan.scores]
    features: list[list[float]] = []
    for plan in track(plans, f"Drawing {options.scores} legs", total=len(plans)):
        taps = draw_bouts(plan, options.seed)
        left, right = (list(measure_series(series).values()) for series in taps)
        features += [left + right, right + left]
    return _Legs(
        features=np.array(features),
        scores=np.array([plan.first_rater for plan in plans]).ravel(),
        second_rater=np.array([plan.second_rater for plan in plans]).ravel(),
        is_patient=np.repeat([plan.row.group == "TG" for plan in plans], 2),
    )


def _fit_and_score(fitted: _Legs, features: Array) -> tuple[Scores, Scores]:
    """Fit on most legs, place the cuts on the rest, and score others: best by QWK, by MAE."""
    known = fitted.features[:, : features.shape[1]]
    split = len(known) * 4 // 5
    model = HistGradientBoostingRegressor(
        max_iter=120, learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=40, random_state=0
    )
    with threadpool_limits(1):  # on shared cores threads mostly wait for each other
        model.fit(known[:split], fitted.scores[:split])
        held, expected = model.predict(known[split:]), model.predict(features)
    scores = fitted.scores[split:]
    by_qwk = _best_cuts(held, lambda given: _kappa(scores, given))
    by_mae = _best_cuts(held, lambda given: -float(np.abs(scores - given).mean()))
    return np.digitize(expected, by_qwk), np.digitize(expected, by_mae)


def _best_cuts(expected: Array, goodness: Callable[[Scores], float]) -> Array:
    """Four cuts between the five scores, moved one at a time while the scores get better."""
    cuts = np.array([0.5, 1.5, 2.5, 3.5])
    best = goodness(np.digitize(expected, cuts))
    for step in (0.3, 0.15, 0.05, 0.05):
        for number in range(len(cuts)):
            for move in (-2.0 * step, -step, step, 2.0 * step):
                trial = cuts.copy()
                trial[number] += move
                if (np.diff(trial) <= 0.0).any():
                    continue
                reached = goodness(np.digitize(expected, trial))
                if reached > best:
                    best, cuts = reached, trial
    return cuts


def _kappa(first: Scores, second: Scores) -> float:
    """Quadratic weighted kappa."""
    squares = float(((first - second) ** 2).mean())
    by_chance = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    return 1.0 - squares / by_chance


def _judge(cohort: str, scorer: str, legs: _Legs, by_qwk: Scores, by_mae: Scores) -> Ceiling:
    """Compare scores with the rater's, over everyone and within the patient group."""
    patients = legs.is_patient
    error = np.abs(legs.scores - by_mae)
    return Ceiling(
        cohort=cohort,
        scorer=scorer,
        qwk=_kappa(legs.scores, by_qwk),
        mae=float(error.mean()),
        patients_qwk=_kappa(legs.scores[patients], by_qwk[patients]),
        patients_mae=float(error[patients].mean()),
        n_legs=len(error),
    )
