"""What to do when a picture cannot be drawn: say so, and go on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def saying_failures(run_dir: Path, what: str) -> Iterator[None]:
    """Turn any error of the block into a line: a trained run must not be lost by a picture.

    Args:
        run_dir: Folder of the run.
        what: That would be missing then.
    """
    try:
        yield
    except Exception as error:  # whatever it is
        kind = type(error).__name__
        log.warning("%s: no %s: %s: %s. The result stands", run_dir, what, kind, error)
