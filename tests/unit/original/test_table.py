"""The table of steps: clips are no videos, a Kinetics class is no score, leaks are stamped."""

import numpy as np
import pytest

from pdla.original.settings import OriginalSettings
from pdla.original.table import Step, steps_markdown, videos_of


def test_a_video_is_scored_once_by_the_mean_over_its_clips():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [1.0, 0.0]])
    score, predicted, names = videos_of(probabilities, ["a", "a", "a", "b"], {"a": 1, "b": 1})
    assert names == ["a", "b"]
    assert score.tolist() == [1, 1]
    assert predicted.tolist() == [1, 0]


def test_a_class_of_kinetics_is_a_wrong_answer():
    step = Step("x", np.array([0, 1, 1]), np.array([0, 1, 399]))
    assert (step.n_right, round(step.accuracy, 3)) == (2, 0.667)
    assert step.by_score() == {0: (1, 1), 1: (1, 2)}


def test_every_leaky_row_is_stamped_and_changes_are_to_the_row_above():
    steps = [
        Step("as printed", np.array([0, 1]), np.array([0, 1])),
        Step("by patient", np.array([0, 1]), np.array([0, 0]), is_leaky=False),
    ]
    text = steps_markdown({"left leg": steps})
    assert "| as printed | 2 of 2 | 1.00 |  | LEAKY |" in text
    assert "| by patient | 1 of 2 | 0.50 | -0.50 | honest |" in text


@pytest.mark.parametrize("changed", [{"epochs": 0}, {"n_val": 0}, {"lstm_epochs": (1,)}])
def test_recipes_that_cannot_run_are_refused(changed):
    with pytest.raises(ValueError, match="expected"):
        OriginalSettings(**changed)
