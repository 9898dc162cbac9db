"""Out of memory is one line with the settings to lower; other errors stay what they are."""

import pytest
import torch

from pdla.training.memory import name_memory_settings

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
