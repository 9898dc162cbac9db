"""One process writes into a run folder at a time; a second one is told who the first one is."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from pdla.runs.folder import write_json

LOCK, WRITER = "writer.lock", "writer.json"
# Showing a finished run again takes a moment; training takes longer than anybody should wait.
PATIENCE_S: Final = 2.0
# Where launchers say which process of a run this is, in the order in which Lightning asks.
RANKS: Final = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


@contextmanager
def claim_folder(run_dir: Path) -> Iterator[None]:
    """Be the only writer of a run folder for as long as the block runs.

    The operating system frees the lock when a process dies, however it dies: what a killed run
    leaves behind blocks nobody. The processes of one distributed run count as one writer: the first
    of them holds the lock.

    Raises:
        ValueError: If another process writes there; names its number, its machine and since when.
    """
    if next((os.environ[name] for name in RANKS if name in os.environ), "0") != "0":
        yield
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / LOCK, timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"{run_dir}: {_read_writer(run_dir)} writes there. Wait for it, stop it, or give this "
            "run a name of its own (tag=-NAME or study=NAME)"
        ) from None
    try:
        write_json(
            run_dir / WRITER,
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            },
        )
        yield
    finally:
        for name in (WRITER, LOCK):
            (run_dir / name).unlink(missing_ok=True)
        lock.release()


def _read_writer(run_dir: Path) -> str:
    try:
        writer = json.loads((run_dir / WRITER).read_text(encoding="utf-8"))
        return f"process {writer['pid']} on {writer['host']}, since {writer['since']},"
    except (OSError, ValueError, KeyError):  # it has only just begun, or is about to end
        return "another process"
