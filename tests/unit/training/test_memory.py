"""Out of memory is one line with the settings to lower; unused networks are freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import torch

from pdla.training.config import build_model
from pdla.training.memory import name_memory_settings
from tests.fixtures.configs import compose_config
from tests.fixtures.runs import TINY

CONFIG = {"data": {"batch_size": 64}, "sampling": {"seconds": 4.0}, "drawing": None}
CPU_SAYS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError(), RuntimeError(CPU_SAYS)]
)
def test_out_of_memory_names_the_settings_to_lower(error):
    expected = r"lower one of data\.batch_size=64, sampling\.seconds=4\.0, or"
    with pytest.raises(ValueError, match=expected), name_memory_settings(CONFIG):
        raise error


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), name_memory_settings(CONFIG):
        raise RuntimeError("shape mismatch")


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Python's own rare collections, which free networks sooner or later, are off."""
    gc.disable()
    yield
    gc.enable()


def test_a_network_that_nobody_uses_is_freed_before_the_next_one(no_collection: None) -> None:
    config = compose_config(*TINY, "model=tcn")
    forgotten = weakref.ref(build_model(config))
    assert forgotten() is not None  # it holds itself
    build_model(config)
    assert forgotten() is None
