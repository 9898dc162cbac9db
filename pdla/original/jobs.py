"""Parts at the same time on all GPUs, each a process; one after the other on a CPU."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from typing import Any, Final

import torch

from pdla.data.skeletons import LEG_NAMES
from pdla.original.parts import LegData, run_part
from pdla.original.settings import Machine, OriginalSettings

# R3D-18 on whole clips fills a GPU; two of the other parts share one.
FILLS_GPU: Final = ("r3d", "honest")
GRACE_S: Final = 15.0  # for parts to write what they have after Ctrl+C
POLL_S: Final = 0.5

Job = tuple[str, LegData]  # name of the part, and its leg


@dataclass(frozen=True)
class _Running:
    """A part at work: its name, GPU, share of it, and process."""

    name: str
    device: torch.device
    share: float
    process: BaseProcess

    def interrupt(self) -> None:
        """Ask it to end; it may have done so, or have been asked by the terminal already."""
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)


def run_jobs(jobs: Sequence[Job], settings: OriginalSettings, machine: Machine) -> list[str]:
    """Run parts; each writes its own result. Ctrl+C ends all with what they have.

    Returns:
        Names of the parts that failed; the others are finished.
    """
    if machine.device.type == "cpu":
        for part, data in jobs:
            if not run_part(part, data, settings, machine):
                break
        return []
    return _run_processes(jobs, settings, machine)


def _run_processes(jobs: Sequence[Job], settings: OriginalSettings, machine: Machine) -> list[str]:
    waiting = list(jobs)
    running: list[_Running] = []
    failed: list[str] = []
    end_s = float("inf")
    with _interrupts() as interrupted:
        while running or waiting:
            if interrupted:
                waiting.clear()
                for one in running:
                    one.interrupt()
                interrupted.clear()
                end_s = min(end_s, time.monotonic() + GRACE_S)
            for job in list(waiting):
                device = least_busy(
                    machine.devices, [(one.device, one.share) for one in running], _share(job[0])
                )
                if device is not None:
                    waiting.remove(job)
                    running.append(_start(job, device, settings, machine))
            for one in list(running):
                if time.monotonic() > end_s:
                    one.process.kill()
                if not one.process.is_alive():
                    running.remove(one)
                    failed += [one.name] if one.process.exitcode else []
            time.sleep(POLL_S)
    return failed


def least_busy(
    devices: Sequence[torch.device], busy: Sequence[tuple[torch.device, float]], share: float
) -> torch.device | None:
    """The device with the most room for a part, the first of equals; None if no one has enough.

    Args:
        devices: All of them.
        busy: Device and share of it of each part at work.
        share: What the part takes of a device.
    """
    load = {device: sum(s for other, s in busy if other == device) for device in devices}
    device = min(devices, key=load.__getitem__)
    return device if load[device] + share <= 1 else None


def _start(
    job: Job, device: torch.device, settings: OriginalSettings, machine: Machine
) -> _Running:
    part, data = job
    own = replace(machine, devices=(device,))
    # A forked process could not use CUDA.
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run_part, args=(part, data, settings, own))
    process.start()
    return _Running(f"{LEG_NAMES[data.leg]} leg: {part}", device, _share(part), process)


def _share(part: str) -> float:
    return 1.0 if part in FILLS_GPU else 0.5


@contextmanager
def _interrupts() -> Iterator[list[Any]]:
    """A list that Ctrl+C adds to, instead of ending this process before the parts have ended."""
    seen: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *args: seen.append(args))
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
