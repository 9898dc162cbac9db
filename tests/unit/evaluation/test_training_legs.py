"""What stands out in a leg, in words, against the legs that a model has learnt from."""

import json

import numpy as np
import pandas as pd

from pdla.evaluation.training_legs import (
    describe_training,
    say_why,
    training_from_json,
    training_to_json,
)

rng = np.random.default_rng(0)
SCORES = np.repeat([0, 1, 2], 30)
LEGS = pd.DataFrame(
    {
        "score": SCORES,
        "taps_per_s": 3.0 - 0.8 * SCORES + rng.normal(0, 0.1, 90),
        "amplitude": 0.3 + rng.normal(0, 0.02, 90),
    }
)


def test_the_most_unusual_comes_first_with_the_score_that_it_is_most_like():
    lines = say_why({"taps_per_s": 1.0, "amplitude": 0.301}, describe_training(LEGS))
    assert len(lines) == 1  # the height is as usual
    assert lines[0].startswith("slow: taps a second 1.00, median of the training legs 2.2")
    assert lines[0].endswith("most like score 2")


def test_what_was_not_measured_is_not_spoken_of():
    assert say_why({"taps_per_s": np.nan}, describe_training(LEGS)) == []


def test_scores_of_fewer_than_three_legs_have_no_median():
    few = pd.concat([LEGS, LEGS.head(2).assign(score=4)])
    assert describe_training(few)["taps_per_s"].by_score[3:] == (None, None)


def test_ranges_survive_json():
    training = describe_training(LEGS)
    assert training_from_json(json.loads(json.dumps(training_to_json(training)))) == training
