"""Paired differences, what a take errs by, and how often planted effects are covered."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from pdla.data.simulation.movement import draw_habit, draw_tap_series
from pdla.data.simulation.severity import PATIENTS, draw_severities
from pdla.data.simulation.truth import measure_series
from pdla.evaluation.change import measure_change, measurement_error

QUANTITIES = ["amplitude", "taps_per_s", "cycle_cv"]


def take(patient, medication, value, leg="R", visit="1"):
    return {"patient": patient, "leg": leg, "visit": visit, "medication": medication,
            "stimulation": "", "amplitude": value}  # fmt: skip


def test_a_difference_is_taken_within_the_leg_then_averaged_over_the_patient():
    rows = [
        take("A", "off", 1.0), take("A", "off", 3.0), take("A", "on", 5.0),  # R: 5 - 2 = 3
        take("A", "off", 2.0, "L"), take("A", "on", 3.0, "L"),  # L: 1
        take("B", "off", 4.0), take("B", "on", 8.0), take("B", "on", 100.0, "L"),  # R: 4
        take("C", "on", 7.0),
    ]  # fmt: skip
    (row,) = measure_change(pd.DataFrame(rows), "medication", ["amplitude"]).rows
    assert (row.before, row.after, row.n_patients, row.n_legs) == ("off", "on", 2, 3)
    assert row.mean == 3.0
    assert np.isnan(row.low)  # two patients give no interval


def test_visits_are_compared_in_order_also_when_the_table_is_not():
    rows = [take("A", "on", 1.0 * visit**2, visit=str(visit)) for visit in (10, 2, 1)]
    change = measure_change(pd.DataFrame(rows), "visit", ["amplitude"])
    assert [(row.before, row.after, row.mean) for row in change.rows] == [
        ("1", "2", 3.0), ("2", "10", 96.0)
    ]  # fmt: skip


def test_what_a_take_errs_by_comes_from_takes_of_one_visit_alone():
    rng = np.random.default_rng(0)
    rows = [
        take(f"P-{patient}", "on", level + rng.normal(0, 0.1), visit=visit)
        for patient in range(300)
        for visit, level in (("1", patient), ("2", patient + 5.0))
        for _ in range(2)
    ]
    table = pd.DataFrame(rows)
    sem, low, high = measurement_error(table, "amplitude")
    assert low < 0.1 < high
    assert sem == pytest.approx(0.1, rel=0.1)
    (row,) = measure_change(table, "visit", ["amplitude"]).rows
    assert row.sdc == pytest.approx(1.96 * np.sqrt(2) * sem)
    assert row.n_beyond == 300
    unknown = table.assign(visit="")  # takes may be years apart
    assert np.isnan(measurement_error(unknown, "amplitude")[0])


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("mood", "choose medication, stimulation, visit"),
        ("stimulation", "the sheet says nothing; two states are needed"),
        ("visit", "the sheet says 1; two states"),
    ],
)
def test_what_cannot_be_compared_says_why(condition, message):
    rows = [take("A", "off", 1.0), take("A", "on", 2.0)]
    with pytest.raises(ValueError, match=message):
        measure_change(pd.DataFrame(rows), condition, ["amplitude"])


EFFECT = -0.6  # points of latent severity, on minus off
N_TAKES = 2
N_STUDIES = 400


def simulate(n_patients, seed):
    """Patients of the simulated clinic off and on medication, each leg filmed twice."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n_patients):
        habit = draw_habit(rng)
        severity = float(draw_severities(PATIENTS, 1, 1, rng)[0, 0, 1])
        for state, level in (("off", severity), ("on", severity + EFFECT + rng.normal(0, 0.3))):
            for _ in range(N_TAKES):
                measured = measure_series(draw_tap_series(level, habit, rng))
                rows.append({**take(f"P-{patient}", state, 0.0), "severity": level, **measured})
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_planted_effects_are_covered_by_90_to_98_percent_of_95_percent_intervals():
    others, people = simulate(400, 1), simulate(20 * N_STUDIES, 4)
    model = LinearRegression().fit(np.log1p(others[QUANTITIES]), others["severity"])
    people["expected_score"] = model.predict(np.log1p(people[QUANTITIES]))
    names = ["expected_score", *QUANTITIES]
    truth = {row.quantity: row for row in measure_change(people, "medication", names).rows}
    assert truth["expected_score"].mean < -0.2  # the effect is there
    hits = {name: [] for name in names}
    noise = {name: [] for name in names}
    number = people["patient"].str[2:].astype(int)
    for study in range(N_STUDIES):  # of 20 patients, none in two studies
        table = people[number // 20 == study]
        for row in measure_change(table, "medication", names).rows:
            hits[row.quantity].append(row.low <= truth[row.quantity].mean <= row.high)
            noise[row.quantity].append(row.sem_low <= truth[row.quantity].sem <= row.sem_high)
    for name in names:
        covered, of_error = np.mean(hits[name]), np.mean(noise[name])
        print(f"{name}: difference covered {covered:.3f}, error of a take {of_error:.3f}")
        assert 0.90 <= covered <= 0.98
        assert 0.85 <= of_error <= 0.99  # skewed variances
