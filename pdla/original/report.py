"""What the parts of the system of 2023 found: table.md, pictures, TensorBoard, and the console."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdla import RESEARCH_ONLY
from pdla.data.files import write_text
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg
from pdla.original.figures import loss_figure, save_figure, splits_figure
from pdla.original.parts import ALL_PARTS, result_path
from pdla.original.settings import PRECISION_TEXT, STAMP
from pdla.original.table import Step, steps_markdown

Results = Mapping[tuple[Leg, str], dict[str, Any]]


def report_original(out: Path) -> None:
    """Write table.md, the pictures and TensorBoard events of all parts in a folder; print them.

    A part that was stopped is shown with what it had.

    Raises:
        FileNotFoundError: If no part has begun there.
    """
    results = _read_results(out)
    if not results:
        raise FileNotFoundError(f"{out}: no result of `pdla original`")
    _write_pictures(out, results)
    tables = {
        title: steps for leg in LEGS for title, steps in _leg_tables(results, leg).items() if steps
    }
    text = _heading(results) + steps_markdown(tables) + _lstm_markdown(results) + _times(results)
    write_text(out / "table.md", text)
    _print(tables, results, out)


def _read_results(out: Path) -> Results:
    paths = {(leg, part): result_path(out, leg, part) for leg in LEGS for part in ALL_PARTS}
    return {
        key: json.loads(path.read_text(encoding="utf-8"))
        for key, path in paths.items()
        if path.exists()
    }


def _leg_tables(results: Results, leg: Leg) -> dict[str, list[Step]]:
    """Steps of one leg by title: those of the whole recipe, and those of the random splits."""
    name = f"{LEG_NAMES[leg]} leg"
    tables = {}
    if whole := results.get((leg, "r3d")):
        epochs = len(whole["val_loss"])
        tables[f"{name}: one split, {epochs} of {whole['settings']['epochs']} epochs"] = [
            *_steps(whole), *_steps(results.get((leg, "honest"), {}))
        ]  # fmt: skip
    if splits := results.get((leg, "splits")):
        setting = splits["settings"]
        height, width = setting["split_size"]
        tables[
            f"{name}: {len(splits['accuracy'])} random splits together, small clips "
            f"({setting['split_frames']} frames, {height} x {width} px), "
            f"{setting['split_epochs']} epochs"
        ] = _steps(splits)
    return tables


def _steps(result: Mapping[str, Any]) -> list[Step]:
    return [
        Step(row["title"], np.array(row["score"]), np.array(row["predicted"]), row["is_leaky"])
        for row in result.get("steps", [])
    ]


def _heading(results: Results) -> str:
    first = next(iter(results.values()))
    settings = first["settings"]
    how = "values 0-255, rate stepped a batch" if settings["as_it_was"] else "mended"
    sources = sorted({
        result["weights_source"] for result in results.values() if "weights_source" in result
    })  # fmt: skip
    precision = "fp32" if first["device"] == "cpu" else PRECISION_TEXT[settings["precision"]]
    return (
        f"Setting: {settings['name']} ({how}); R3D-18 began from: {', '.join(sources) or 'n/a'}; "
        f"{first['device']}; precision: {precision}.\n\n"
    )


def _times(results: Results) -> str:
    """A row a part; parts on one GPU run at the same time and slow each other down."""
    rows = [
        f"| {LEG_NAMES[leg]} leg: {part} | {result['seconds']:.0f} s | "
        f"{'finished' if result['is_complete'] else 'STOPPED EARLY'} |\n"
        for (leg, part), result in results.items()
    ]
    return "\n| part | time | |\n|---|---|---|\n" + "".join(rows)


def _lstm_markdown(results: Results) -> str:
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


def _write_pictures(out: Path, results: Results) -> None:
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
                {leg: result["accuracy_by_patient"] for leg, result in splits.items()},
                {leg: result["majority"] for leg, result in splits.items()},
                max(result["n_tested"] for result in splits.values()),
            )
            save_figure(figure, out / "splits.png")
            board.add_figure("splits", figure)


def _print(tables: Mapping[str, Sequence[Step]], results: Results, out: Path) -> None:
    console = Console(highlight=False)
    console.print(Text(f"{STAMP}: the system and protocol of 2023", style="bold red"))
    console.print(_heading(results).strip())
    for title, steps in tables.items():
        console.print(title)
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in ("tested", "right", "accuracy", ""):
            table.add_column(name, justify="left" if name in ("tested", "") else "right")
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
                f"{low:.2f} to {high:.2f}"
            )
        if part == "resnet_lstm":
            for one in result["trainings"]:
                console.print(
                    f"{LEG_NAMES[leg]} leg, ResNet-18 + LSTM, runs of {one['run_frames']}: "
                    f"accuracy {one['val_accuracy'][-1]:.2f} of {one['n_val']} runs ({STAMP})"
                )
    console.print(f"{out}: table.md, *_loss_surface.png, splits.png, tensorboard/")
    console.print(RESEARCH_ONLY)
