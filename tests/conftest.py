"""Small recordings to check by hand: a seated person whose legs go up and down like a sine."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from pdla.data.recordings import Cohort, Recording
from tests.fixtures.people import make_cohort, make_recording

# The same examples in every run; a failure that is found is kept as an @example.
settings.register_profile("pdla", derandomize=True)
settings.load_profile("pdla")


@pytest.fixture
def recording() -> Recording:
    return make_recording()


@pytest.fixture
def cohort_of() -> Callable[..., Cohort]:
    return make_cohort
