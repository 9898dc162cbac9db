"""Commands that show something of the method: leakage, sites, public data, the system of 2023.

Thin typer commands as those of `pdla.cli`, which lists them among its own.
"""

from pathlib import Path
from typing import Annotated

import typer

exhibits = typer.Typer()

SIMULATED_VIDEOS = Path("data/simulated/LA")
SIMULATED_LABELS = Path("data/simulated/labels.xls")
SIMULATED_STORE = Path("data/store/simulated")


@exhibits.command()
def leakage(
    videos: Annotated[Path, typer.Argument(help="OpenPose folders.")] = SIMULATED_VIDEOS,
    labels: Annotated[Path, typer.Option(help="Label sheet.")] = SIMULATED_LABELS,
    store: Annotated[Path, typer.Option(help="Where parsed keypoints are kept.")] = SIMULATED_STORE,
    seed: Annotated[int, typer.Option(help="Of the shuffled scores.")] = 0,
) -> None:
    """Show what splitting by video hides: one model, the 2023 protocol and ours, side by side."""
    from pdla.commands.leakage import show_leakage

    show_leakage(videos, labels, store, seed)


@exhibits.command()
def sites(
    videos: Annotated[
        Path | None, typer.Argument(help="Videos; without them three simulated sites are made.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Options, as recordings.openpose.fps=25.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Sheet: .xls .xlsx .ods .csv")] = None,
    store: Annotated[Path, typer.Option(help="Where parsed keypoints are kept.")] = Path(
        "data/store/clinic"
    ),
    local: Annotated[int, typer.Option(help="Patients of a site that recalibrate.")] = 10,
    folder: Annotated[Path, typer.Option(help="Of the simulated sites.")] = Path("data/sites"),
) -> None:
    """Show what is lost at a site that was never seen, and what local patients regain."""
    from pdla.commands.sites import show_sites, simulate_sites

    if videos is None:
        show_sites(simulate_sites(folder), local)
        return
    from pdla.commands.options import read_options
    from pdla.data.intake import read_cohort

    show_sites(read_cohort(videos, labels, store, read_options(None, overrides or [])), local)


@exhibits.command("toe-tapping")
def toe_tapping(
    root: Annotated[Path, typer.Argument(help="Folder with the files of Li & Taati (2018).")],
    out: Annotated[Path, typer.Option(help="Folder for predictions, result and table.")] = Path(
        "runs/li2018-toe-tapping"
    ),
) -> None:
    """Estimate toe-tapping ratings of a public data set from optical flow, by subject."""
    from pdla.commands.toe_tapping import print_study, study_toe_tapping, write_study

    study = study_toe_tapping(root)
    write_study(study, out)
    print_study(study)
    typer.echo(f"{out}: predictions.csv, result.json, table.md")


@exhibits.command()
def original(
    videos: Annotated[Path, typer.Argument(help="OpenPose folders.")] = SIMULATED_VIDEOS,
    labels: Annotated[Path, typer.Option(help="Label sheet.")] = SIMULATED_LABELS,
    store: Annotated[Path, typer.Option(help="Where parsed keypoints are kept.")] = SIMULATED_STORE,
    out: Annotated[Path, typer.Option(help="Folder for all that is made.")] = Path("runs/original"),
    leg: Annotated[str, typer.Option(help="L, R or both.")] = "both",
    part: Annotated[
        list[str] | None,
        typer.Option(help="Only pictures, r3d, resnet_lstm, splits or honest; may be repeated."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    small: Annotated[
        bool, typer.Option("--small", help="The small setting, on any device.")
    ] = False,
    as_it_was: Annotated[
        bool, typer.Option("--as-it-was", help="Values 0-255, rate stepped a batch.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="Epochs of R3D-18.")] = None,
    precision: Annotated[
        str, typer.Option(help="Of networks on a GPU: fp32, tf32 (as in 2023) or bf16 (fast).")
    ] = "tf32",
    weights: Annotated[str, typer.Option(help="auto, required or none.")] = "auto",
) -> None:
    """Run the system of 2023, end to end, and show what its protocol hides. LEAKY."""
    from pdla.commands.original import (
        choose_devices,
        choose_settings,
        default_workers,
        run_original,
    )
    from pdla.data.skeletons import BOTH_LEGS, LEGS, as_leg
    from pdla.original.parts import PARTS
    from pdla.original.settings import Machine

    chosen = choose_devices(device)
    settings = choose_settings(small, chosen[0], as_it_was, epochs, precision)
    machine = Machine(chosen, default_workers(), weights)
    legs = LEGS if leg == BOTH_LEGS else (as_leg(leg),)
    typer.echo(f"setting: {settings.name} ({len(chosen)} x {chosen[0].type})")
    run_original(videos, labels, store, out, settings, machine, legs, part or PARTS)
