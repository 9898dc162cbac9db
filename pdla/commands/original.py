"""`pdla original`: run the system of 2023 end to end, and show what its protocol hides. LEAKY."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdla import RESEARCH_ONLY
from pdla.data.files import write_text
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.recordings import LegSample
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg
from pdla.original.figures import loss_figure, save_figure, splits_figure
from pdla.original.parts import PARTS, Machine, prepare_leg, run_part
from pdla.original.protocol import pick_videos
from pdla.original.settings import FULL, SMALL, STAMP, OriginalSettings
from pdla.original.table import Step, steps_markdown

PICTURES: Final = "pictures"  # the part that every other one begins with
MAX_SCORE: Final = 3  # 2023 had no score 4

log = logging.getLogger(__name__)


def choose_settings(
    small: bool, device: torch.device, as_it_was: bool, epochs: int | None
) -> OriginalSettings:
    """The recipe of 2023 on a GPU, a small one on a CPU or if wanted.

    Args:
        small: Whether the small setting is wanted on any device.
        device: Where it will run.
        as_it_was: See `OriginalSettings`.
        epochs: Of R3D-18, if not those of the setting.
    """
    settings = SMALL if small or device.type == "cpu" else FULL
    settings = replace(settings, as_it_was=as_it_was)
    return settings if epochs is None else replace(settings, epochs=epochs)


def choose_device(name: str) -> torch.device:
    """The device of that name; auto: a GPU if there is one.

    Raises:
        ValueError: If there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"--device {name}: choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: no GPU that torch can use; choose auto or cpu")
    return torch.device(name)


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
        machine: Device, processes and weights.
        legs: Which legs.
        parts: Which parts, of PARTS; only PICTURES: nothing is trained.

    Raises:
        ValueError: If there are too few rated videos, or `out` holds another setting.
    """
    torch.backends.cudnn.benchmark = True  # all clips have one size
    cohort = read_cohort(videos, labels, store, IntakeOptions())
    for leg in legs:
        rated = [sample for sample in cohort.rated(leg) if _is_known(sample)]
        if left_out := len(cohort.rated(leg)) - len(rated):
            log.info("%d %s legs with score 4 left out: 2023 had none", left_out, LEG_NAMES[leg])
        samples = pick_videos(rated, settings.max_videos)
        data = prepare_leg(out, leg, samples, settings, machine.workers)
        for part in parts:
            if part == PICTURES:
                continue
            log.info("%s leg: %s", LEG_NAMES[leg], part)
            run_part(part, data, settings, machine)
    if set(parts) != {PICTURES}:
        report_original(out)


def default_workers() -> int:
    """Processes that draw and decode: one a core, at most 16."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(16, cores) if cores > 1 else 0


def report_original(out: Path) -> None:
    """Write table.md, the pictures and TensorBoard events of all parts in a folder; print them.

    Raises:
        FileNotFoundError: If no part has finished there.
    """
    results = _read_results(out)
    if not results:
        raise FileNotFoundError(f"{out}: no finished part of `pdla original`")
    _write_pictures(out, results)
    legs = {f"{LEG_NAMES[leg]} leg": steps for leg in LEGS if (steps := _steps(results, leg))}
    text = _heading(results) + steps_markdown(legs) + _lstm_markdown(results)
    write_text(out / "table.md", text)
    _print(legs, results, out)


def _is_known(sample: LegSample) -> bool:
    return sample.score is not None and sample.score <= MAX_SCORE


def _read_results(out: Path) -> dict[tuple[Leg, str], dict[str, Any]]:
    paths = {(leg, part): out / f"{leg}_{part}.json" for leg in LEGS for part in PARTS}
    return {
        key: json.loads(path.read_text(encoding="utf-8"))
        for key, path in paths.items()
        if path.exists()
    }


def _steps(results: dict[tuple[Leg, str], dict[str, Any]], leg: Leg) -> list[Step]:
    rows = [
        row for part in ("r3d", "honest") for row in results.get((leg, part), {}).get("steps", [])
    ]
    return [
        Step(row["title"], np.array(row["score"]), np.array(row["predicted"]), row["is_leaky"])
        for row in rows
    ]


def _heading(results: dict[tuple[Leg, str], dict[str, Any]]) -> str:
    first = next(iter(results.values()))
    how = "values 0-255, rate stepped a batch" if first["settings"]["as_it_was"] else "mended"
    seconds = sum(result["seconds"] for result in results.values())
    sources = sorted({
        result["weights_source"] for result in results.values() if "weights_source" in result
    })  # fmt: skip
    return (
        f"Setting: {first['settings']['name']} ({how}); R3D-18 began from: "
        f"{', '.join(sources) or 'n/a'}; {first['device']}, {seconds / 60:.1f} minutes.\n\n"
    )


def _lstm_markdown(results: dict[tuple[Leg, str], dict[str, Any]]) -> str:
    text = (
        "| ResNet-18 + LSTM | frames a run | epochs | runs tested, their video trained on | "
        "accuracy by run |\n|---|---|---|---|---|\n"
    )
    rows = [
        f"| {LEG_NAMES[leg]} leg: {STAMP} | {one['run_frames']} | {len(one['val_accuracy'])} | "
        f"{one['n_val']}, {one['shared_videos']:.0%} | {one['val_accuracy'][-1]:.2f} |\n"
        for (leg, part), result in results.items()
        if part == "resnet_lstm"
        for one in result["trainings"]
    ]
    return text + "".join(rows) if rows else ""


def _write_pictures(out: Path, results: dict[tuple[Leg, str], dict[str, Any]]) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(out / "tensorboard")) as board:
        for (leg, part), result in results.items():
            if part == "r3d":
                figure = loss_figure(leg, result["train_loss"], result["val_loss"])
                save_figure(figure, out / f"{leg}_loss_surface.png")
                board.add_figure(f"{leg}_loss_surface", figure)
                for stage in ("train", "val"):
                    for epoch, loss in enumerate(result[f"{stage}_loss"], start=1):
                        board.add_scalar(f"{leg}/{stage}_loss", loss, epoch)
            if part == "resnet_lstm":
                for one in result["trainings"]:
                    for epoch, loss in enumerate(one["val_loss"], start=1):
                        tag = f"{leg}/resnet_lstm_{one['run_frames']}_frames/val_loss"
                        board.add_scalar(tag, loss, epoch)
        splits = {leg: results[leg, "splits"] for leg in LEGS if (leg, "splits") in results}
        if splits:
            figure = splits_figure(
                {leg: result["accuracy"] for leg, result in splits.items()},
                {leg: result["majority"] for leg, result in splits.items()},
                max(result["n_tested"] for result in splits.values()),
            )
            save_figure(figure, out / "splits.png")
            board.add_figure("splits", figure)


def _print(
    legs: dict[str, list[Step]], results: dict[tuple[Leg, str], dict[str, Any]], out: Path
) -> None:
    console = Console(highlight=False)
    console.print(Text(f"{STAMP}: the system and protocol of 2023", style="bold red"))
    console.print(_heading(results).strip())
    for leg, steps in legs.items():
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in (leg, "right", "accuracy", ""):
            table.add_column(name, justify="left" if name in (leg, "") else "right")
        for step in steps:
            right = f"{step.n_right}/{len(step.score)}"
            mark = STAMP if step.is_leaky else "honest"
            table.add_row(step.title, right, f"{step.accuracy:.2f}", mark)
        console.print(table)
        by_score = ", ".join(f"{s}: {n} of {m}" for s, (n, m) in steps[0].by_score().items())
        console.print(f"{steps[0].title}, by score: {by_score}")
    for (leg, part), result in results.items():
        if part == "splits":
            low, high = min(result["accuracy"]), max(result["accuracy"])
            console.print(
                f"{LEG_NAMES[leg]} leg, {len(result['accuracy'])} random splits: accuracy "
                f"{low:.2f} to {high:.2f}, majority {result['majority']:.2f}"
            )
    console.print(f"{out}: table.md, *_loss_surface.png, splits.png, tensorboard/")
    console.print(RESEARCH_ONLY)
