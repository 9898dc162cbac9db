"""Baselines: simple, honest about what they know, fitted on what a fold does not test."""

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.baselines import (
    BASELINES,
    FoldLegs,
    feature_columns,
    fit_ordinal_logistic,
    kinematic_features,
    majority,
    predict_nearest_visit,
)
from pdla.evaluation.metrics import predicted_score


def legs_of(scores, patients, visits, **kinematics):
    n = len(scores)
    facts = {"video_id": [f"V-{i}" for i in range(n)], "patient": patients, "group": "TG"}
    return pd.DataFrame({**facts, "leg": "R", "visit": visits, "score": scores, **kinematics})


def random_legs(seed, n=80):
    generator = np.random.default_rng(seed)
    severity = generator.normal(1.2, 1, n)
    return legs_of(
        np.clip(np.round(severity + generator.normal(0, 0.3, n)), 0, 3).astype(int),
        [f"P-{i // 2}" for i in range(n)],
        [i % 2 + 1 for i in range(n)],
        amplitude=1 - 0.2 * severity,
        cycle_cv=np.where(generator.random(n) < 0.1, np.nan, severity),
        morinan_2023_mean_amp=1 - 0.1 * severity,
        visionmd_rate=2 - 0.2 * severity,
        li_2018_knee_peak_hz=2 - 0.3 * severity,
    )


def test_majority_says_the_commonest_score_and_the_lower_of_two():
    assert majority([2, 5, 5, 0, 0], 3).argmax(axis=1).tolist() == [1, 1, 1]


def test_the_nearest_visit_is_the_one_next_in_order_and_the_earlier_of_two():
    legs = legs_of([0, 1, 2, 3, 1], ["P", "P", "P", "P", "Q"], [1, 2, 3, 5, 1])
    known = legs_of([2, 2], ["X", "Y"], [1, 1])
    said = predict_nearest_visit(FoldLegs(known, legs, legs)).argmax(axis=1)
    # visit 2 lies between 1 and 3: the earlier; Q was seen once: the majority of the known
    assert said.tolist() == [1, 0, 1, 2, 2]


def test_the_nearest_visit_never_looks_at_the_other_leg():
    legs = legs_of([0, 3], ["P", "P"], [1, 2])
    legs["leg"] = ["L", "R"]
    assert predict_nearest_visit(FoldLegs(legs, legs.iloc[:1], legs)).argmax() == 0


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_gives_probabilities_that_sum_to_1(name):
    known, tested = random_legs(0), random_legs(1, 20)
    probabilities = BASELINES[name].predict(FoldLegs(known, tested, pd.concat([known, tested])))
    assert probabilities.shape == (20, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities[:, 4] == 0).all()


@pytest.mark.parametrize("name", ["ordinal_logistic", "random_forest"])
def test_kinematic_baselines_learn_what_can_be_learnt(name):
    known, tested = random_legs(2, 200), random_legs(3, 100)
    said = predicted_score(BASELINES[name].predict(FoldLegs(known, tested, known)))
    assert np.abs(said - tested["score"]).mean() < 0.45
    assert np.abs(1 - tested["score"]).mean() > 0.7


@pytest.mark.parametrize("name", ["ordinal_logistic", "random_forest"])
def test_one_score_in_training_and_a_quantity_never_measured_do_not_stop_a_baseline(name):
    known = legs_of([1] * 6, list("abcdef"), [1] * 6, amplitude=np.nan, cycle_cv=0.5)
    said = BASELINES[name].predict(FoldLegs(known, known, known))
    np.testing.assert_allclose(said[:, 1], 1)


def test_features_are_standardised_by_the_known_legs_alone():
    known, tested = random_legs(4), random_legs(5, 10)
    features, _ = kinematic_features(known, tested)
    again, others = kinematic_features(known, tested.assign(amplitude=99.0))
    np.testing.assert_allclose(features, again)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-9)
    assert (others[:, 0] > 100).all()


def test_ordinal_logistic_finds_the_slope_and_cuts_of_its_own_model():
    generator = np.random.default_rng(6)
    features = generator.normal(0, 1, (4000, 2))
    latent = features @ [1.5, -0.5] + generator.logistic(0, 1, 4000)
    model = fit_ordinal_logistic(features, np.digitize(latent, [-1.0, 0.5, 2.0]))
    np.testing.assert_allclose(model.slopes, [1.5, -0.5], atol=0.1)
    np.testing.assert_allclose(model.cuts, [-1.0, 0.5, 2.0], atol=0.15)


def test_a_published_scorer_sees_its_own_features_and_the_others_do_not():
    legs = random_legs(0)
    assert feature_columns(legs, "kinematics") == ["amplitude", "cycle_cv"]
    assert feature_columns(legs, "morinan_2023") == ["morinan_2023_mean_amp"]
    without = legs.drop(columns="visionmd_rate")
    assert feature_columns(without, "visionmd") == []
    own = BASELINES["visionmd"].predict(FoldLegs(legs, legs, legs))
    changed = legs.assign(amplitude=0.0, morinan_2023_mean_amp=0.0)
    np.testing.assert_array_equal(
        own, BASELINES["visionmd"].predict(FoldLegs(changed, changed, changed))
    )
