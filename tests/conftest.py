"""Small recordings to check by hand: a seated person whose legs go up and down like a sine."""

from collections.abc import Callable

import pytest

from pdla.data.recordings import Cohort, Recording
from tests.fixtures.people import make_cohort, make_recording


@pytest.fixture
def recording() -> Recording:
    return make_recording()


@pytest.fixture
def cohort_of() -> Callable[..., Cohort]:
    return make_cohort
