"""Parts at the same time on all GPUs, each a process; one after the other on a CPU."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Any, Final

import torch

from pdla.data.skeletons import LEG_NAMES
from pdla.original.parts import LegData, run_part
from pdla.original.settings import Machine, OriginalSettings

PER_DEVICE: Final = 3  # parts that share a GPU: short kernels fill the gaps of long ones
POLL_S: Final = 0.5

Job = tuple[str, LegData]  # name of the part, and its leg


def run_jobs(jobs: Sequence[Job], settings: OriginalSettings, machine: Machine) -> list[str]:
    """Run parts; each writes its own result. Ctrl+C ends all with what they have.

    Returns:
        Names of the parts that failed; the others are finished.
    """
    if machine.device.type == "cpu":
        for part, data in jobs:
            run_part(part, data, settings, machine)
        return []
    return _run_processes(jobs, settings, machine)


def _run_processes(jobs: Sequence[Job], settings: OriginalSettings, machine: Machine) -> list[str]:
    devices = machine.devices
    waiting = [(job, devices[number % len(devices)]) for number, job in enumerate(jobs)]
    running: list[tuple[str, torch.device, BaseProcess]] = []
    failed: list[str] = []
    with _interrupts() as interrupted:
        while running or waiting:
            if interrupted:
                waiting.clear()
                for _, _, process in running:
                    _interrupt(process)
                interrupted.clear()
            for job, device in list(waiting):
                if sum(other == device for _, other, _ in running) < PER_DEVICE:
                    waiting.remove((job, device))
                    running.append(_start(job, device, settings, machine))
            for name, device, process in list(running):
                if not process.is_alive():
                    running.remove((name, device, process))
                    failed += [name] if process.exitcode else []
            time.sleep(POLL_S)
    return failed


def _start(
    job: Job, device: torch.device, settings: OriginalSettings, machine: Machine
) -> tuple[str, torch.device, BaseProcess]:
    part, data = job
    own = replace(machine, devices=(device,))
    # A forked process could not use CUDA.
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run_part, args=(part, data, settings, own))
    process.start()
    return f"{LEG_NAMES[data.leg]} leg: {part}", device, process


def _interrupt(process: BaseProcess) -> None:
    """Ask a part to end; it may have done so, or have been asked by the terminal already."""
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGINT)


@contextmanager
def _interrupts() -> Iterator[list[Any]]:
    """A list that Ctrl+C adds to, instead of ending this process before the parts have ended."""
    seen: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *args: seen.append(args))
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
