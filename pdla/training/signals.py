"""Ctrl-C, SIGTERM and SIGUSR1 end a run in order: what was learnt is written, then it stops."""

import logging
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

log = logging.getLogger(__name__)

REASONS: Final = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGUSR1: "SIGUSR1",
}
UNHANDLED: Final = (signal.SIG_DFL, signal.default_int_handler)


class RunStopped(SystemExit):
    """A signal asked the run to stop; the exit code is 128 + its number, as shells have it.

    Attributes:
        signum: The signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signal.Signals(signum)

    def __str__(self) -> str:
        """What a person would call it."""
        return REASONS.get(self.signum, self.signum.name)


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise RunStopped in the main thread on a signal; a second one ends the process at once.

    A signal that is handled already, by a launcher for clusters for instance, is left to its
    handler. Threads beside the main one cannot handle signals: nothing changes there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()
    before: dict[signal.Signals, Any] = {}

    def stop(signum: int, _: FrameType | None) -> None:
        if os.getpid() != owner:  # a loader's worker: its run tells it when to end
            if signum != signal.SIGINT:
                os._exit(128 + signum)
            return
        for handled in before:
            signal.signal(handled, end_at_once)
        raise RunStopped(signum)

    def end_at_once(signum: int, _: FrameType | None) -> None:
        os._exit(128 + signum)  # as safe as SIGKILL: files are whole or not there

    for signum in REASONS:
        if (handler := signal.getsignal(signum)) in UNHANDLED:
            before[signum] = handler
            signal.signal(signum, stop)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def requeue_job() -> bool:
    """Put the SLURM job of this process back into its queue.

    Returns:
        Whether there is such a job and SLURM took it back.
    """
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    job = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")
    if not re.fullmatch(r"\d+(_\d+)?", job):
        return False
    try:
        subprocess.run(["scontrol", "requeue", job], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        log.warning("SLURM job %s was not put back into the queue: %s", job, str(reason).strip())
        return False
    return True
