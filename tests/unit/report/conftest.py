"""Reports of small studies: forests of few trees, for nobody looks at how good they are."""

import pytest

from pdla.evaluation import baselines


@pytest.fixture(scope="module", autouse=True)
def small_forest():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "N_TREES", 5)
        yield
