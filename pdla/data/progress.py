"""One look for every progress bar; nothing at all in a pipe or under CI."""

import os
from collections.abc import Iterable, Iterator
from multiprocessing import parent_process
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")


def is_terminal() -> bool:
    """Whether a person watches: a bar in a pipe, a log or under CI would be noise.

    So would be the bars of several processes over each other: only the first process shows any.
    """
    is_first = parent_process() is None
    return is_first and Console(stderr=True).is_terminal and "CI" not in os.environ


def show_progress(unit: str, *more: ProgressColumn, transient: bool = False) -> Progress:
    """A bar on stderr that counts `unit`, as a context manager.

    Args:
        unit: What is counted, in the plural.
        more: Columns of the caller, before the remaining time.
        transient: Whether the bar disappears at the end.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(),
        TextColumn(unit), *more, TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not is_terminal(), transient=transient)


def track(
    items: Iterable[Item], description: str, total: int, unit: str = "videos"
) -> Iterator[Item]:
    """Pass items on while a bar on stderr shows progress and the remaining time."""
    with show_progress(unit) as progress:
        yield from progress.track(items, total=total, description=description)
