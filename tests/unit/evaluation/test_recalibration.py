"""A model from elsewhere, moved to local raters: it helps where it must, and does no harm."""

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.predictions import add_scores
from pdla.evaluation.recalibration import apply_change, as_way, recalibrate


def predictions(n_patients, rng, low_by=0.0):
    """Two legs a patient; the model sees the severity, and says `low_by` points too little."""
    rows, seen = [], []
    for patient in range(n_patients):
        level = rng.uniform(0, 3.5)
        for _ in range(2):
            score = int(np.clip(np.rint(level + rng.normal(0, 0.4)), 0, 4))
            rows.append({"patient": f"P-{patient}", "score": score})
            seen.append(level - low_by + rng.normal(0, 0.3))
    closeness = np.exp(-1.5 * (np.arange(5) - np.array(seen)[:, None]) ** 2)
    return add_scores(pd.DataFrame(rows), closeness / closeness.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("way", ["thresholds", "prior"])
def test_scores_that_are_too_low_are_lifted_by_other_patients(way):
    rng = np.random.default_rng(0)
    found = recalibrate(predictions(60, rng, low_by=0.5), way)
    assert found.before["bias"] < -0.35
    assert abs(found.after["bias"]) < 0.6 * abs(found.before["bias"])
    assert found.after["mae"] < found.before["mae"]
    new = predictions(200, rng, low_by=0.5)
    moved = apply_change(new, found)
    error = (moved["expected_score"] - new["score"]).mean()
    assert abs(error) < 0.6 * abs((new["expected_score"] - new["score"]).mean())
    assert found.gain.startswith(f"recalibrated by {way} on 120 rated legs of 60 patients")


@pytest.mark.parametrize("way", ["thresholds", "prior"])
def test_a_few_legs_change_little_where_nothing_is_wrong(way):
    rng = np.random.default_rng(1)
    found = recalibrate(predictions(6, rng), way)
    new = predictions(300, rng)
    moved = apply_change(new, found)
    assert np.abs(moved["expected_score"] - new["expected_score"]).mean() < 0.25
    assert found.after["rps"] < found.before["rps"] + 0.1


def test_what_is_learnt_is_tried_on_patients_who_were_left_out():
    """Raters who give every leg of a patient one random score cannot be foreseen."""
    rng = np.random.default_rng(2)
    table = predictions(40, rng)
    scores = {patient: int(rng.integers(0, 5)) for patient in table["patient"].unique()}
    found = recalibrate(table.assign(score=table["patient"].map(scores)), "thresholds")
    assert found.after["qwk"] < 0.3


def test_too_few_patients_and_unknown_ways_are_refused():
    with pytest.raises(ValueError, match="rated legs of 4 patients with a score; at least 5"):
        recalibrate(predictions(4, np.random.default_rng(3)), "prior")
    with pytest.raises(ValueError, match="--recalibrate luck: choose thresholds or prior"):
        as_way("luck")
    assert as_way(None) is None
