"""What native libraries write to the terminal, kept apart from what pdla says."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from pathlib import Path


@contextmanager
def without_native_log() -> Iterator[None]:
    """Drop what native code writes to file descriptor 2; Python's own stderr goes on.

    MediaPipe logs a hundred lines a video there, which no option and no variable turns off. Its
    errors are raised, so they are not lost.
    """
    shown, own = os.dup(2), sys.stderr
    writes_there = False
    with suppress(UnsupportedOperation, OSError):
        own.flush()
        writes_there = own.fileno() == 2
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        if not writes_there:
            yield
            return
        with os.fdopen(os.dup(shown), "w", buffering=1, encoding=own.encoding) as terminal:
            sys.stderr = terminal
            yield
    finally:
        sys.stderr = own
        os.dup2(shown, 2)
        os.close(shown)
