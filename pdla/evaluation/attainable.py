"""What true kinematics give on simulated data: a reference for a study on it.

A regression that knows the true kinematics, free of every camera and keypoint error, is fitted on
20,000 simulated legs and scores legs of other people by the decision rule of every model: the
expected score, rounded. It is a reference, not a bound: another rule or regression may reach more.
The second rater's row says how well a human agrees. `pdla simulate --ceiling` prints the table with
95% intervals over patients.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from pdla.data.progress import track
from pdla.data.recordings import N_SCORES
from pdla.data.simulation.cohort import plan_videos
from pdla.data.simulation.options import SCORE_MIXES, SimulationOptions
from pdla.data.simulation.randomness import Array
from pdla.data.simulation.severity import RATERS
from pdla.data.simulation.truth import measure_series
from pdla.data.simulation.video import draw_bouts
from pdla.evaluation.baselines import certain
from pdla.evaluation.intervals import Estimate, estimate_metrics
from pdla.evaluation.predictions import add_scores

N_LEGS: Final = 20_000
N_JUDGED: Final = 5_000
N_DRAWS: Final = 1000  # of the people who are judged
OTHER_PEOPLE: Final = 1_000_000  # added to a cohort's seed: nobody of it is known to the scorer
Scores = NDArray[np.int64]


@dataclass(frozen=True)
class Attainable:
    """Agreement of a scorer with the rater of the label sheet.

    Attributes:
        cohort: Score mix, `clinic` or `balanced`, or which cohort.
        raters: Preset of the simulated raters.
        scorer: What the scorer knows.
        qwk: Quadratic weighted kappa.
        mae: Mean absolute error in points.
        patients_qwk: The same within the patient group (TG).
        patients_mae: The same within the patient group.
        n_legs: Legs scored.
    """

    cohort: str
    raters: str
    scorer: str
    qwk: Estimate
    mae: Estimate
    patients_qwk: Estimate
    patients_mae: Estimate
    n_legs: int


@dataclass(frozen=True)
class _Legs:
    """Rated legs: kinematics of the leg, then of the other (N, 2K); scores, person, group (N,)."""

    features: Array
    scores: Scores
    second_rater: Scores
    person: NDArray[np.str_]
    is_patient: NDArray[np.bool_]


def measure_attainable(
    seed: int = 0, n_legs: int = N_LEGS, n_judged: int = N_JUDGED
) -> list[Attainable]:
    """Attainables for both score mixes and all raters, two minutes with the default sizes.

    Args:
        seed: People of the fit; the judged people are those of the next seed.
        n_legs: Legs to fit on.
        n_judged: Legs to judge on.
    """
    rows: list[Attainable] = []
    for mix in SCORE_MIXES:
        options = SimulationOptions(videos=n_legs // 2, seed=seed, scores=mix, traps="none")
        others = replace(options, videos=n_judged // 2, seed=seed + 1)
        fitted, judged = _draw_legs(options), _draw_legs(others)
        for raters in RATERS:  # who see the same movement
            rows += _judge_scorers(
                mix,
                raters,
                _rated_by(fitted, replace(options, raters=raters)),
                _rated_by(judged, replace(others, raters=raters)),
            )
    return rows


def measure_cohort_attainable(options: SimulationOptions, n_legs: int = N_LEGS) -> list[Attainable]:
    """The reference on the rated legs of one cohort, some seconds with the default size.

    A few dozen videos are an easier or a harder draw than thousands of them.

    Args:
        options: The cohort, as it was simulated.
        n_legs: Legs to fit on, of people whom the cohort does not know.
    """
    others = replace(options, videos=n_legs // 2, seed=options.seed + OTHER_PEOPLE, traps="none")
    name = f"{options.videos} videos of seed {options.seed}"
    judged = _draw_legs(replace(options, traps="none"))
    return _judge_scorers(name, options.raters, _draw_legs(others), judged)


def _judge_scorers(name: str, raters: str, fitted: _Legs, judged: _Legs) -> list[Attainable]:
    """The scorers who know the true kinematics, and a second rater."""
    rows: list[Attainable] = []
    n_both = judged.features.shape[1]
    for scorer, n_features in (("this leg", n_both // 2), ("both legs", n_both)):
        predicted = _fit_and_score(fitted, judged.features[:, :n_features])
        rows.append(_judge(name, raters, f"true kinematics, {scorer}", judged, predicted))
    return [*rows, _judge(name, raters, "second rater", judged, judged.second_rater)]


def attainable_table(rows: list[Attainable]) -> str:
    """The rows as text."""
    names = ("QWK", "MAE", "QWK (TG)", "MAE (TG)")
    lines = [f"{'same rule as the models':58s}" + "".join(f"{name:>21s}" for name in names)]
    for row in rows:
        estimates = (row.qwk, row.mae, row.patients_qwk, row.patients_mae)
        cells = [f"{e.value:.2f} ({e.low:.2f} to {e.high:.2f})" for e in estimates]
        name = f"{row.cohort}, raters {row.raters}: {row.scorer}"
        lines.append(f"{name:58s}" + "".join(f"{c:>21s}" for c in cells))
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
        person=np.repeat([str(plan.row.person) for plan in plans], 2),
        is_patient=np.repeat([plan.row.group == "TG" for plan in plans], 2),
    )


def _rated_by(legs: _Legs, options: SimulationOptions) -> _Legs:
    """The same legs, scored by the raters of other options."""
    plans = [plan for plan in plan_videos(options) if None not in plan.scores]
    return replace(
        legs,
        scores=np.array([plan.first_rater for plan in plans]).ravel(),
        second_rater=np.array([plan.second_rater for plan in plans]).ravel(),
    )


def _fit_and_score(fitted: _Legs, features: Array) -> Scores:
    """Fit on all legs and score others."""
    model = HistGradientBoostingRegressor(
        max_iter=120, learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=40, random_state=0
    )
    with threadpool_limits(1):  # on shared cores threads mostly wait for each other
        model.fit(fitted.features[:, : features.shape[1]], fitted.scores)
        expected = model.predict(features)
    rounded: Scores = np.clip(np.floor(expected + 0.5), 0, N_SCORES - 1).astype(np.int64)
    return rounded


def _judge(cohort: str, raters: str, scorer: str, legs: _Legs, predicted: Scores) -> Attainable:
    """Compare scores with the rater's, over everyone and within the patient group."""
    table = add_scores(
        pd.DataFrame({"patient": legs.person, "score": legs.scores}), certain(predicted)
    )
    everyone = estimate_metrics([table], ("qwk", "mae"), N_DRAWS)
    patients = estimate_metrics([table[legs.is_patient]], ("qwk", "mae"), N_DRAWS)
    return Attainable(
        cohort=cohort,
        raters=raters,
        scorer=scorer,
        qwk=everyone["qwk"],
        mae=everyone["mae"],
        patients_qwk=patients["qwk"],
        patients_mae=patients["mae"],
        n_legs=len(table),
    )
