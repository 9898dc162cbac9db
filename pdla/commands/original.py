"""`pdla original`: run the system of 2023 end to end, and show what its protocol hides. LEAKY."""

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import torch

from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.recordings import LegSample
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg
from pdla.original.jobs import run_jobs
from pdla.original.parts import PARTS, is_finished, prepare_leg
from pdla.original.protocol import pick_videos
from pdla.original.report import report_original
from pdla.original.settings import FULL, SMALL, Machine, OriginalSettings, Precision

PICTURES: Final = "pictures"  # the part that every other one begins with
MAX_SCORE: Final = 3  # 2023 had no score 4

log = logging.getLogger(__name__)


def choose_settings(
    small: bool, device: torch.device, as_it_was: bool, epochs: int | None, precision: str
) -> OriginalSettings:
    """The recipe of 2023 on a GPU, a small one on a CPU or if wanted.

    Args:
        small: Whether the small setting is wanted on any device.
        device: Where it will run.
        as_it_was: See `OriginalSettings`.
        epochs: Of R3D-18, if not those of the setting.
        precision: See `OriginalSettings`.

    Raises:
        ValueError: If there is no such precision.
    """
    settings = SMALL if small or device.type == "cpu" else FULL
    settings = replace(settings, as_it_was=as_it_was, precision=cast(Precision, precision))
    return settings if epochs is None else replace(settings, epochs=epochs)


def choose_devices(name: str) -> tuple[torch.device, ...]:
    """The devices of that name; auto: all GPUs if there are any.

    Raises:
        ValueError: If there is no such device.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"--device {name}: choose auto, cpu or cuda")
    n_gpus = 0 if name == "cpu" else torch.cuda.device_count()
    if name == "cuda" and not n_gpus:
        raise ValueError("--device cuda: no GPU that torch can use; choose auto or cpu")
    gpus = tuple(torch.device("cuda", number) for number in range(n_gpus))
    return gpus or (torch.device("cpu"),)


def run_original(
    videos: Path,
    labels: Path,
    store: Path,
    out: Path,
    settings: OriginalSettings,
    machine: Machine,
    legs: Sequence[Leg] = LEGS,
    parts: Sequence[str] = PARTS,
) -> None:
    """Read, draw, train and test; then show what is there. What is finished is not done again.

    Args:
        videos: OpenPose folders.
        labels: Label sheet.
        store: Where parsed keypoints are kept.
        out: Folder for everything that is made.
        settings: The recipe.
        machine: Devices, processes and weights.
        legs: Which legs.
        parts: Which parts, of ALL_PARTS; only PICTURES: nothing is trained.

    Raises:
        ValueError: If there are too few rated videos, `out` holds another setting, or a part
            failed; the others are finished then.
    """
    cohort = read_cohort(videos, labels, store, IntakeOptions())
    legs_data = []
    for leg in legs:
        rated = [sample for sample in cohort.rated(leg) if _is_known(sample)]
        if left_out := len(cohort.rated(leg)) - len(rated):
            log.info("%d %s legs with score 4 left out: 2023 had none", left_out, LEG_NAMES[leg])
        samples = pick_videos(rated, settings.max_videos)
        legs_data.append(prepare_leg(out, leg, samples, settings, machine.workers))
        log.info("%s leg: pictures, videos and clips are there", LEG_NAMES[leg])
    wanted = [part for part in parts if part != PICTURES]
    # The two legs of a part stand side by side, so that two GPUs have one each.
    jobs = [(part, data) for part in wanted for data in legs_data]
    failed = run_jobs([job for job in jobs if not is_finished(*job, settings)], settings, machine)
    if wanted:
        report_original(out)
    if failed:
        raise ValueError(f"{', '.join(failed)}: failed, see above; run again for these alone")


def default_workers() -> int:
    """Processes that draw and decode: one a core, at most 32."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(32, cores) if cores > 1 else 0


def _is_known(sample: LegSample) -> bool:
    return sample.score is not None and sample.score <= MAX_SCORE
