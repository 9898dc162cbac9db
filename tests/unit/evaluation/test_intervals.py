"""Intervals over patients: as wide as their number asks, and true as often as they say."""

import time

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.intervals import (
    Estimate,
    adjust_holm,
    estimate_differences,
    estimate_metrics,
    percentile_interval,
)
from pdla.evaluation.metrics import HEADLINE, METRICS, leg_metrics, predicted_score
from pdla.evaluation.predictions import PROBABILITY_COLUMNS
from pdla.evaluation.weighted import number_patients, weighted_metrics


def table_of(score, probabilities, patients):
    table = pd.DataFrame({"patient": [f"P-{name}" for name in patients], "score": score})
    table["predicted"] = predicted_score(probabilities)
    table[PROBABILITY_COLUMNS] = probabilities
    return table


def random_table(seed, n_legs=50, n_patients=20):
    generator = np.random.default_rng(seed)
    return table_of(
        generator.integers(0, 4, n_legs),
        np.round(generator.dirichlet(np.ones(5), n_legs), 2 if seed % 2 else 6),
        generator.integers(0, n_patients, n_legs),
    )


def metrics_of(table):
    return leg_metrics(
        table["score"].to_numpy(),
        table["predicted"].to_numpy(),
        table[PROBABILITY_COLUMNS].to_numpy(),
    )


@pytest.mark.parametrize("seed", range(4))
def test_with_everybody_once_the_weighted_metrics_are_the_metrics(seed):
    table = random_table(seed)
    legs = number_patients([table])[0]
    values = weighted_metrics(legs, np.ones((1, legs.n_patients)))
    for key, value in metrics_of(table).items():
        np.testing.assert_allclose(values[key][0], value, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("seed", range(4))
def test_a_patient_of_weight_2_counts_as_if_written_down_twice(seed):
    table = random_table(seed)
    legs = number_patients([table])[0]
    weights = np.random.default_rng(seed).integers(0, 3, (1, legs.n_patients))
    repeated = table.loc[np.repeat(table.index, weights[0, legs.patient])]
    values = weighted_metrics(legs, weights.astype(float))
    for key, value in metrics_of(repeated).items():
        np.testing.assert_allclose(values[key][0], value, atol=1e-6, err_msg=key)


def test_repeated_visits_do_not_make_the_interval_narrower():
    table = random_table(1, 30, 30).assign(patient=[f"P-{n}" for n in range(30)])
    once = estimate_metrics([table], ["mae"])["mae"]
    visits = estimate_metrics([pd.concat([table] * 4)], ["mae"])["mae"]
    assert (visits.low, visits.high) == pytest.approx((once.low, once.high))


def test_more_seeds_do_not_make_the_interval_narrower_than_the_patients_allow():
    table = random_table(2, 60, 20)
    one = estimate_metrics([table], ["qwk"])["qwk"]
    ten = estimate_metrics([table] * 10, ["qwk"])["qwk"]
    assert (ten.value, ten.low, ten.high) == pytest.approx((one.value, one.low, one.high))


def test_passes_over_the_same_legs_are_averaged_and_not_pooled():
    tables = [random_table(seed, 40, 10) for seed in (0, 2)]
    value = estimate_metrics(tables, ["qwk"])["qwk"].value
    assert value == pytest.approx(np.mean([metrics_of(table)["qwk"] for table in tables]))


def test_the_interval_holds_the_value_and_follows_the_seed():
    table = random_table(3)
    estimate = estimate_metrics([table], seed=3)["mae"]
    assert estimate.low <= metrics_of(table)["mae"] <= estimate.high
    assert estimate_metrics([table], seed=3)["mae"] == estimate


def test_an_undefined_metric_and_too_few_patients_have_no_interval():
    certain = table_of(np.ones(6, dtype=int), np.eye(5)[[1] * 6], range(6))
    assert np.isnan(estimate_metrics([certain])["qwk"].low)
    assert np.isnan(estimate_metrics([random_table(0, 12, 3)])["mae"].low)


def test_a_model_differs_from_itself_by_exactly_nothing():
    table = random_table(5)
    estimates = estimate_differences([table], [table])
    assert np.isnan(estimates["recall_4"].value)
    for estimate in (estimates[key] for key in HEADLINE):
        assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)


def test_a_paired_difference_is_surer_than_two_intervals_side_by_side():
    table = random_table(6, 80, 25)
    better = table.copy()
    hits = better.index[::8]
    better.loc[hits, "predicted"] = better.loc[hits, "score"]
    difference = estimate_differences([better], [table], ["mae"])["mae"]
    alone = estimate_metrics([table], ["mae"])["mae"]
    assert difference.high < 0
    assert difference.high - difference.low < alone.high - alone.low


def test_2000_draws_of_1000_predictions_take_under_10_seconds():
    table = random_table(8, 1000, 300)
    started = time.perf_counter()
    assert len(estimate_metrics([table])) == len(METRICS)
    assert time.perf_counter() - started < 10


def simulate_study(generator, n_patients):
    """Two scorers, one sharper, on 1 to 3 visits a patient; scores as rare as in the clinic."""
    patient = np.repeat(np.arange(n_patients), generator.integers(1, 4, n_patients))
    person = generator.normal(0, 1.0, n_patients)[patient]
    severity = person + generator.normal(0, 0.5, len(patient))
    score = np.digitize(severity + generator.normal(0, 0.4, len(patient)), [-0.4, 0.9, 1.9])
    tables = []
    for sharpness in (0.6, 0.3):
        person_error = generator.normal(0, 0.5, n_patients)[patient]
        seen = sharpness * severity + person_error + generator.normal(0, 0.5, len(patient))
        closeness = np.exp(-2 * np.abs(np.arange(5) - 1 - seen[:, None]))
        probabilities = closeness / closeness.sum(axis=1, keepdims=True)
        tables.append(table_of(score, probabilities, patient))
    return tables


@pytest.mark.slow
def test_intervals_hold_the_truth_in_90_to_98_percent_of_500_studies_of_33_patients():
    keys = ("qwk", "macro_mae", "mae", "spearman", "rps", "auroc_1")
    generator = np.random.default_rng(1)
    many = [metrics_of(table) for table in simulate_study(generator, 100_000)]
    held = {(key, kind): 0 for key in keys for kind in ("value", "difference")}
    for _ in range(500):
        one, other = simulate_study(generator, 33)
        values = estimate_metrics([one], keys)
        differences = estimate_differences([one], [other], keys)
        for key in keys:
            truth = many[0][key]
            held[key, "value"] += values[key].low <= truth <= values[key].high
            truth -= many[1][key]
            held[key, "difference"] += differences[key].low <= truth <= differences[key].high
    shares = {name: count / 500 for name, count in held.items()}
    assert {name: share for name, share in shares.items() if not 0.90 <= share <= 0.98} == {}, (
        shares
    )


def test_p_is_below_5_percent_just_where_the_interval_leaves_out_0():
    draws = np.random.default_rng(0).normal(size=2000)
    shifts = np.linspace(1.5, 3.0, 60)
    found = [percentile_interval(shift, draws + shift, 30) for shift in shifts]
    is_out = [estimate.low > 0 for estimate in found]
    assert 5 < sum(is_out) < 55
    below = [estimate.p_value < 0.05 for estimate in found]
    assert sum(one != other for one, other in zip(is_out, below, strict=True)) <= 1
    assert all(0 < estimate.p_value <= 1 for estimate in found)


def test_holm_corrects_as_in_a_worked_example_and_passes_over_what_is_unknown():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_holm([np.nan, 0.04]) == pytest.approx([np.nan, 0.04], nan_ok=True)
    assert adjust_holm([]) == []


def test_a_difference_of_the_detectable_size_is_shown_in_four_studies_of_five():
    generator = np.random.default_rng(0)
    n_patients, sd, shown = 30, 1.0, 0
    detectable = Estimate(0, -1, 1, sd / np.sqrt(n_patients), 1, n_patients).detectable
    for _ in range(300):
        values = generator.normal(detectable, sd, n_patients)
        weights = generator.multinomial(n_patients, np.full(n_patients, 1 / n_patients), 400)
        shown += (
            percentile_interval(values.mean(), weights @ values / n_patients, n_patients).low > 0
        )
    assert 0.72 < shown / 300 < 0.88


def test_other_pseudonyms_give_the_same_interval():
    table = random_table(2).assign(place=np.arange(50))
    renamed = table.assign(patient=[f"X-{hash(name) % 97:02d}{name}" for name in table["patient"]])
    one, other = (estimate_metrics([t], ["qwk", "slope"]) for t in (table, renamed))
    assert one == other
