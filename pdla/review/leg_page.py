"""Pages of legs as PNG, drawn by other processes where this one may use several cores.

Matplotlib takes 0.2 s a page, nearly all of it Python, so that threads would not help.
"""

import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from functools import cache, partial
from typing import Final

from pdla.data.processes import FreshProcesses
from pdla.review.images import figure_png
from pdla.review.leg_figure import leg_figure
from pdla.review.leg_panels import Shown

MAX_PROCESSES: Final = 8  # of 130 MiB each; twenty pages are three rounds


def draw_page(shown: Shown) -> bytes:
    """The page of a leg as PNG."""
    return figure_png(leg_figure(shown))


def begin_page(shown: Shown, n_threads: int) -> Callable[[], bytes]:
    """Begin to draw the page of a leg.

    Args:
        shown: What is drawn.
        n_threads: Threads that this process may use, which several runs on a machine share out;
            with one the page is drawn by this process.

    Returns:
        Waits for the page; raises what went wrong in drawing it.
    """
    if n_threads < 2:
        return partial(draw_page, shown)
    try:
        return _processes(n_threads).submit(draw_page, shown).result
    except BrokenExecutor:  # one of them was killed while an earlier run was drawn
        _processes.cache_clear()
        return _processes(n_threads).submit(draw_page, shown).result


def start_drawing_processes(n_threads: int) -> None:
    """Start the processes of `begin_page`: their imports take a second or two."""
    if n_threads >= 2:
        for _ in range(min(n_threads, MAX_PROCESSES)):
            _processes(n_threads).submit(_leave_interrupts)


@cache
def _processes(n_threads: int) -> FreshProcesses:
    """Kept for the next run of a sweep."""
    return FreshProcesses(min(n_threads, MAX_PROCESSES), prepare=_leave_interrupts)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that started this one; they end together."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
