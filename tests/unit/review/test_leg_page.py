"""Pages of legs are the same wherever they are drawn, and what goes wrong there is raised here."""

import io
import os
import signal
import time
from concurrent.futures import BrokenExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pdla.review import leg_page
from pdla.review.leg_page import begin_page, draw_page, start_drawing_processes
from pdla.review.leg_panels import Shown

SHOWN = Shown(
    title="V-1, P-1, right leg.  Rater 1, predicted 2",
    leg="R",
    fps=30.0,
    heights={leg: np.abs(np.sin(np.arange(90) / 5)) for leg in ("R", "L")},
    bout_s=(0.5, 2.0),
    clip_s=(0.5, 1.5),
    frames=np.zeros((12, 20, 16, 3), dtype=np.uint8),
    bars=[("taps", 0.3), ("amplitude", -0.2)],
)


@pytest.fixture
def processes():
    """Two of them, ended afterwards."""
    start_drawing_processes(2)
    yield leg_page._processes(2)
    leg_page._processes(2).shutdown()
    leg_page._processes.cache_clear()


def test_other_processes_draw_the_page_that_this_one_draws(processes):
    own = begin_page(SHOWN, 1)()
    assert Image.open(io.BytesIO(own)).width == 760
    assert [page() for page in [begin_page(SHOWN, 2) for _ in range(3)]] == [own] * 3
    assert len(processes._processes) <= 2


def test_a_page_without_a_bout_or_heights_is_drawn():
    unseen = {leg: np.full(90, np.nan) for leg in ("R", "L")}
    assert draw_page(replace(SHOWN, bout_s=None, heights=unseen)) != draw_page(SHOWN)


@pytest.mark.usefixtures("processes")
def test_an_error_in_another_process_is_raised_with_its_text():
    page = begin_page(replace(SHOWN, heights={"R": SHOWN.heights["R"]}), 2)
    with pytest.raises(KeyError, match="L"):
        page()


def test_a_killed_process_loses_the_pages_of_one_run_only(processes):
    os.kill(processes.submit(os.getpid).result(), signal.SIGKILL)
    with pytest.raises(BrokenExecutor):
        processes.submit(time.sleep, 60).result()
    assert begin_page(SHOWN, 2)() == draw_page(SHOWN)
