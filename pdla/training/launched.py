"""What a run needs in a process that a parallel launcher has started.

Workers of joblib share their machine: the CPU threads are shared out by joblib itself (threads of a
job = cores / jobs, unless OMP_NUM_THREADS says otherwise), the GPUs here.
"""

import multiprocessing
import os
from typing import Final

from pdla.training.config import n_gpus

JOBLIB: Final = "LokyProcess"  # name of joblib's workers, with a number: LokyProcess-2
VISIBLE: Final = "CUDA_VISIBLE_DEVICES"


def settle_in_worker() -> None:
    """Make a worker of joblib an ordinary process that has one GPU; others stay as they are.

    joblib leaves its own way of starting processes behind as the default, which processes started
    by a run (readers of videos, loaders of clips) do not know.
    """
    ways = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *ways):
        multiprocessing.set_start_method(ways[0], force=True)
    if (gpu := gpu_of_worker(multiprocessing.current_process().name, _visible_gpus())) is not None:
        os.environ[VISIBLE] = gpu


def gpu_of_worker(name: str, gpus: list[str]) -> str | None:
    """The GPU of a worker of joblib: round-robin by its number; None where nothing is to share.

    Args:
        name: Of the process.
        gpus: What CUDA_VISIBLE_DEVICES would call the GPUs of this machine.
    """
    start, _, number = name.partition("-")
    number = number.rpartition(":")[2]
    if start != JOBLIB or not number.isdigit() or len(gpus) < 2:
        return None
    return gpus[(int(number) - 1) % len(gpus)]


def _visible_gpus() -> list[str]:
    """GPUs by their names for CUDA; asking for them does not start CUDA in this process."""
    named = os.environ.get(VISIBLE)
    if named is not None:
        return [one.strip() for one in named.split(",") if one.strip()]
    return [str(number) for number in range(n_gpus())]
