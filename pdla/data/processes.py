"""Processes that start afresh and know pdla, but not the script that started them."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any


class FreshProcesses(ProcessPoolExecutor):
    """A pool whose processes run functions of pdla only.

    A fork of a process in which torch runs threads can hang, so they are spawned. Spawned processes
    run the main script again: one without `if __name__ == "__main__"` would start its work again in
    each of them and wait for itself, and one from stdin cannot be run. Nothing in it is needed, so
    it is hidden while a process starts. They end with the process that started them, even if that
    one is killed.

    Args:
        workers: Number of processes.
        prepare: Called first in each of them.
    """

    def __init__(self, workers: int, prepare: Callable[[], object] = int) -> None:
        super().__init__(
            workers, get_context("spawn"), initializer=_begin_process, initargs=(prepare,)
        )

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As the base class; processes are started here."""
        with _hidden_main():
            return super().submit(function, *args, **kwargs)


def _begin_process(prepare: Callable[[], object]) -> None:
    threading.Thread(target=_exit_after_parent, daemon=True).start()
    prepare()


def _exit_after_parent() -> None:
    """End this process when its parent is gone; it would wait for work for ever."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _hidden_main() -> Iterator[None]:
    main = sys.modules["__main__"].__dict__
    kept: dict[str, Any] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(kept)
