"""One look for every progress bar; nothing at all in a pipe or under CI."""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")


def is_terminal() -> bool:
    """Whether a person watches: a bar in a pipe, a log or under CI would be noise."""
    return Console(stderr=True).is_terminal and "CI" not in os.environ


def track(
    items: Iterable[Item], description: str, total: int, unit: str = "videos"
) -> Iterator[Item]:
    """Pass items on while a bar on stderr shows how far it is and how long it will take."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not is_terminal()) as progress:
        yield from progress.track(items, total=total, description=description)
