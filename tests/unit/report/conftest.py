"""Reports of small studies: few trees and draws, for nobody looks at how good or sure they are."""

from functools import partial

import pytest

from pdla.evaluation import baselines
from pdla.report import scopes, tensorboard

N_DRAWS = 300


@pytest.fixture(scope="module", autouse=True)
def small_report():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "N_TREES", 5)
        for name in ("draw_metrics", "estimate_differences"):
            patch.setattr(scopes, name, partial(getattr(scopes, name), n_draws=N_DRAWS))
        yield


@pytest.fixture
def no_board_pictures(monkeypatch):
    """Figures are drawn once more for TensorBoard, which takes as long as the page itself."""
    monkeypatch.setattr(tensorboard, "_add_figure", lambda *_: None)
