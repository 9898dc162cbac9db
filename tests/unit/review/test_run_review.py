"""Which precision-recall curves of a run are drawn."""

import numpy as np

from pdla.review.run_review import readable_thresholds


def test_a_curve_needs_five_legs_that_reach_the_threshold_and_five_that_do_not():
    scores = np.repeat([0, 1, 2, 3], [5, 10, 4, 1])
    assert readable_thresholds(scores) == [1, 2]
    assert readable_thresholds(np.zeros(20, dtype=int)) == []
