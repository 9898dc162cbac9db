"""A set of 90% holds the rater's score of nine new patients in ten, however many legs each has."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pdla.data.simulation.movement import draw_habit, draw_tap_series
from pdla.data.simulation.severity import ANY_SCORE, draw_severities, rate
from pdla.data.simulation.truth import measure_series
from pdla.data.splits.stratify import draw_folds
from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.predictions import add_scores


def predictions(n_patients, rng):
    """Legs of patients who differ: 1 to 6 each, scores near a patient's own level."""
    rows = []
    for patient in range(n_patients):
        level, blur = rng.uniform(0, 4), rng.uniform(0.4, 1.4)
        for _ in range(int(rng.integers(1, 7))):
            score = int(np.clip(np.rint(level + rng.normal(0, blur)), 0, 4))
            rows.append({"patient": f"P-{patient}", "score": score, "level": level})
    table = pd.DataFrame(rows)
    distance = np.abs(
        np.arange(5) - (table["level"].to_numpy() + rng.normal(0, 0.3, len(table)))[:, None]
    )
    weight = np.exp(-(distance**2) / 1.2)
    return add_scores(table, weight / weight.sum(axis=1, keepdims=True))


def covered(sets, table):
    """Mean over patients of the share of their legs whose score is in its set."""
    shares = table[[f"p{score}" for score in range(5)]].to_numpy()
    is_in = [score in one for score, one in zip(table["score"], sets.of(shares), strict=True)]
    return pd.Series(is_in).groupby(table["patient"].to_numpy()).mean().mean()


def test_too_few_patients_are_said():
    sets = ScoreSets.learn(predictions(8, np.random.default_rng(0)))
    assert not sets.has_enough_patients
    with pytest.raises(
        ValueError, match="too few patients for sets of 90%: 8, expected at least 9"
    ):
        sets.of(np.full((1, 5), 0.2))


def test_a_set_is_never_empty_and_grows_with_coverage():
    table = predictions(60, np.random.default_rng(1))
    shares = table[[f"p{score}" for score in range(5)]].to_numpy()
    narrow, wide = (ScoreSets.learn(table, coverage).of(shares) for coverage in (0.5, 0.95))
    assert min(map(len, narrow)) >= 1
    assert np.mean(list(map(len, narrow))) < np.mean(list(map(len, wide)))


def one_leg_each(wrong):
    """Patients of one leg whose rater's score has the probability 1 - wrong."""
    shares = np.zeros((len(wrong), 5))
    shares[:, 0], shares[:, 1] = 1 - wrong, wrong
    patients = [f"P-{number}" for number in range(len(wrong))]
    return add_scores(pd.DataFrame({"patient": patients, "score": 0}), shares)


@pytest.mark.parametrize(("n_patients", "rank"), [(9, 9), (40, 37), (99, 90)])
def test_with_one_leg_a_patient_the_limit_is_that_of_split_conformal_prediction(n_patients, rank):
    wrong = np.random.default_rng(n_patients).permutation(np.linspace(0.1, 0.9, n_patients))
    sets = ScoreSets.learn(one_leg_each(wrong))
    assert sets.limit == pytest.approx(np.sort(wrong)[rank - 1])  # of ceil(0.9 (n + 1))


@pytest.mark.parametrize("likeness", [0.0, 0.5, 0.9, 1.0])
def test_the_limit_holds_nine_legs_in_ten_however_alike_the_legs_of_a_patient_are(likeness):
    rng = np.random.default_rng(7)
    held = []
    for _ in range(1000):
        own = rng.normal(size=(80, 1)) * np.sqrt(likeness)
        wrong = norm.cdf(own + rng.normal(size=(80, 4)) * np.sqrt(1 - likeness))
        known = one_leg_each(wrong[:40].ravel())
        sets = ScoreSets.learn(known.assign(patient=np.repeat(np.arange(40), 4)))
        held.append((wrong[40:] <= sets.limit).mean())
    assert 0.895 <= np.mean(held) <= 0.912  # pooled distribution functions hold 0.903 to 0.92


@pytest.mark.slow
def test_sets_of_90_percent_hold_88_to_92_percent_of_new_patients_on_200_studies():
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(200):
        sets = ScoreSets.learn(predictions(40, rng))
        shares.append(covered(sets, predictions(40, rng)))
    print(f"mean coverage {np.mean(shares):.3f}")
    assert 0.88 <= np.mean(shares) <= 0.92


def simulated_legs(n_patients, seed):
    """Legs of the simulated clinic: true quantities, and the score of one rater; 1 to 3 visits."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n_patients):
        habit, n_visits = draw_habit(rng), int(rng.integers(1, 4))
        severity = draw_severities(ANY_SCORE, 1, n_visits, rng)[0]
        scores = rate(severity, rng)
        for visit, leg in np.ndindex(severity.shape):
            measured = measure_series(draw_tap_series(severity[visit, leg], habit, rng))
            rows.append({"patient": patient, "score": int(scores[visit, leg]), **measured})
    return pd.DataFrame(rows)


FEATURES = ["amplitude", "taps_per_s", "amplitude_first_over_last", "cycle_cv", "n_arrests"]


def probabilities(known, legs):
    """A model that learns from some patients, for legs of others; scores never seen have 0."""
    scale = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    model = scale.fit(np.log1p(known[FEATURES]), known["score"])
    shares = np.zeros((len(legs), 5))
    shares[:, model.classes_] = model.predict_proba(np.log1p(legs[FEATURES]))
    return shares


@pytest.mark.slow
def test_sets_of_the_mean_of_five_folds_hold_88_to_92_percent_on_200_simulated_studies():
    """As in `pdla score`: the limit is of single folds on their test patients, the mean scores."""
    legs = dict(iter(simulated_legs(16000, 3).groupby("patient")))
    people = np.random.default_rng(4).permutation(16000).reshape(200, 80)
    shares = []
    for row in people:
        study, new = (
            pd.concat([legs[one] for one in part], ignore_index=True)
            for part in (row[:40], row[40:])
        )
        fold = draw_folds(study["score"].to_numpy(), pd.factorize(study["patient"])[0], 5, 0)
        tested, said = [], []
        for number in range(5):
            known, test = study[fold != number], study[fold == number]
            tested.append(add_scores(test, probabilities(known, test)))
            said.append(probabilities(known, new))
        sets = ScoreSets.learn(pd.concat(tested))
        shares.append(covered(sets, add_scores(new, np.mean(said, axis=0))))
    print(f"mean coverage {np.mean(shares):.3f}, SE {np.std(shares) / np.sqrt(len(shares)):.3f}")
    assert 0.88 <= np.mean(shares) <= 0.92
