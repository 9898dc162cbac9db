"""`pdla COMMAND`: thin typer commands; the work is done in the modules that they name."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from pdla import RESEARCH_ONLY, __version__
from pdla.commands.exhibits import exhibits
from pdla.lazy import importing

app = typer.Typer(
    add_completion=True,
    pretty_exceptions_enable=False,
)


# Arguments that several commands share.
CLINIC_STORE = Path("data/store/clinic")
Videos = Annotated[Path, typer.Argument(help="Folder with one OpenPose folder a video.")]
Runs = Annotated[Path, typer.Argument(help="Folder of a run or a study.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Options, as recordings.openpose.fps=25.")
]
Sheet = Annotated[Path | None, typer.Option(help="Sheet: .xls .xlsx .ods .csv")]
Store = Annotated[Path, typer.Option(help="Where parsed keypoints are kept for training.")]
OptionsFile = Annotated[Path | None, typer.Option(help="Options from a file of conf/recordings/.")]


USUAL_WAYS: Final = """\
pdla scores the leg agility test (MDS-UPDRS 3.8) from pose keypoints. The three usual ways:

  pdla check VIDEOS --labels SHEET                what is usable in your data, and why not
  pdla train recordings=clinic recordings.videos=VIDEOS recordings.labels=SHEET study=NAME
  pdla report runs/NAME                           pool the runs: table, report.html, summary.csv

Once `pdla init VIDEOS --labels SHEET`, and `pdla check` and `pdla train` need no options.
No data yet? `pdla train` simulates a clinic first. All commands: pdla --help
"""


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Leg agility (MDS-UPDRS 3.8) from pose keypoints. Research only, not a medical device."""
    if version:
        typer.echo(f"pdla {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(f"{USUAL_WAYS}{RESEARCH_ONLY}")


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def train(context: typer.Context) -> None:
    """Train and test models: group=option key=value, -m for sweeps; --help lists the groups."""
    from pdla.commands.train import main as train_main

    sys.argv = ["pdla train", *context.args]
    train_main()


@app.command()
def simulate(
    out: Annotated[Path | None, typer.Argument(help="Folder of the cohort, new or empty.")] = None,
    videos: Annotated[int, typer.Option(help="Number of videos, 1 to 10000.")] = 62,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    scores: Annotated[str, typer.Option(help="clinic or balanced.")] = "clinic",
    traps: Annotated[
        str, typer.Option(help="none, clinic, all, or names of traps joined by commas.")
    ] = "clinic",
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 30.0,
    size: Annotated[str, typer.Option(help="Height x width in px.")] = "960x540",
    raters: Annotated[
        str, typer.Option(help="clinic, icc55, icc65 or icc88: their agreement among patients.")
    ] = "clinic",
    n_raters: Annotated[int, typer.Option(help="Raters in the sheet, 1 to 5.")] = 1,
    force: Annotated[bool, typer.Option(help="Replace a simulated cohort.")] = False,
    ceiling: Annotated[
        bool,
        typer.Option(
            help="Print what true kinematics give as a reference, also on these videos; no files."
        ),
    ] = False,
) -> None:
    """Write a simulated cohort in the clinic's formats, with the truth beside it."""
    from pdla.data.simulation import SimulationOptions, simulate_cohort

    if ceiling:
        from pdla.data.simulation.reference import range_table
        from pdla.evaluation.attainable import (
            attainable_table,
            measure_attainable,
            measure_cohort_attainable,
        )

        asked = SimulationOptions(videos, seed, scores, raters=raters)
        own = measure_cohort_attainable(asked)
        print(f"{range_table()}\n\n{attainable_table(measure_attainable() + own)}")
        return
    if out is None:
        raise ValueError("simulate: name a folder for the cohort, or --ceiling")
    options = SimulationOptions(
        videos, seed, scores, traps, fps, size, raters=raters, n_raters=n_raters
    )
    simulate_cohort(out, options, force=force)


@app.command()
def init(
    videos: Annotated[Path, typer.Argument(help="Folder with a folder or file for each video.")],
    overrides: Overrides = None,
    labels: Annotated[
        Path | None, typer.Option(help="Sheet; without it one beside the videos is looked for.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write anew what is there.")] = False,
) -> None:
    """Propose how your videos are read, and write it down for all commands after."""
    from pdla.commands.init import (
        as_recordings,
        check_local,
        print_proposal,
        propose_cohort,
        write_local,
    )
    from pdla.commands.local import LOCAL_RECORDINGS
    from pdla.data.progress import is_terminal

    check_local(force)
    proposal, form = propose_cohort(videos, labels, overrides or [])
    print_proposal(proposal, form)
    if not yes and not is_terminal():
        raise ValueError("nothing was written: --yes writes the proposal")
    if not yes and not typer.confirm(f"Write {LOCAL_RECORDINGS}?", default=True):
        typer.echo(
            "Nothing was written. Options change the proposal, as recordings.openpose.fps=25"
        )
        raise typer.Exit(1)
    write_local(as_recordings(proposal, form), force)
    typer.echo(f"wrote {LOCAL_RECORDINGS}\nnow: pdla check\n     python train.py study=ours")


@app.command()
def pose(
    videos: Annotated[list[Path], typer.Argument(help="Video files, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the pose files.")],
    estimator: Annotated[
        str, typer.Option(help="mediapipe (quick), or rtmlib (RTMPose; also for legs alone).")
    ] = "mediapipe",
    model: Annotated[Path | None, typer.Option(help="Model of the estimator: .task, .onnx")] = None,
    detector: Annotated[Path | None, typer.Option(help="Person detector of rtmlib: .onnx")] = None,
    force: Annotated[bool, typer.Option(help="Make pose files anew that are there.")] = False,
) -> None:
    """Find the poses of people in videos; pip install 'pdla[pose]'."""
    from pdla.commands.pose import estimate_poses

    if estimate_poses(videos, out, estimator, model, detector, force=force):
        raise typer.Exit(1)


@app.command()
def draw(
    videos: Annotated[Path, typer.Argument(help="OpenPose folder of a video, or of all videos.")],
    out: Annotated[
        Path, typer.Option(help="x.mp4, x.png (frames and foot heights), or a folder for all.")
    ],
    overrides: Overrides = None,
    leg: Annotated[str, typer.Option(help="The leg drawn as the scored one: L or R.")] = "R",
    crop: Annotated[str, typer.Option(help="legs, body or frame.")] = "frame",
    style: Annotated[str, typer.Option(help="scored_leg or colour_2023.")] = "scored_leg",
    size: Annotated[str, typer.Option(help="Height x width of a picture in px.")] = "480x270",
    line: Annotated[int | None, typer.Option(help="Width of a bone in px: 1, 3, 5 ...")] = None,
    start: Annotated[float, typer.Option(help="Second at which a contact sheet begins.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="Second at which it ends.")] = None,
    frames: Annotated[bool, typer.Option("--frames", help="PNG frames instead of mp4.")] = False,
    labels: Sheet = None,
    class_folders: Annotated[
        bool,
        typer.Option("--class-folders", help="train|val|test/LEG/SCORE/VIDEO.mp4, leg L mirrored."),
    ] = False,
    fold: Annotated[int, typer.Option(help="Class folders: the fold that is the test set.")] = 0,
    folds: Annotated[int, typer.Option(help="Class folders: number of folds of patients.")] = 5,
    store: Store = CLINIC_STORE,
    config: OptionsFile = None,
) -> None:
    """Draw one video as a model sees it (scored leg red, other leg green), or a whole cohort."""
    from pdla.commands.draw import (
        draw_cohort,
        draw_folder,
        is_one_video,
        make_drawing,
        read_for_drawing,
    )
    from pdla.commands.options import read_options

    drawing = make_drawing(size, line, crop=crop, style=style)
    options = read_options(config, overrides or [])
    if not class_folders and labels is None and is_one_video(videos, out):
        draw_folder(
            videos, out, leg, drawing, options.openpose, start_s=start, end_s=end, frames=frames
        )
        typer.echo(out)
        return
    cohort = read_for_drawing(videos, labels, store, options)
    class_split = (fold, folds) if class_folders else None
    n_videos = draw_cohort(cohort, out, drawing, class_split, frames=frames)
    typer.echo(f"{n_videos} videos in {out}")


@app.command()
def kinematics(
    videos: Videos,
    out: Annotated[Path, typer.Option(help="Table to write, .csv.")],
    overrides: Overrides = None,
    labels: Sheet = None,
    store: Store = CLINIC_STORE,
) -> None:
    """Measure taps, tempo, amplitude, decrement and halts of every leg."""
    from pdla.commands.kinematics import measure_cohort
    from pdla.commands.options import read_options
    from pdla.data.files import check_target, write_text

    check_target(out)
    table, n_left_out = measure_cohort(videos, labels, store, read_options(None, overrides or []))
    write_text(out, table.to_csv(index=False, float_format="%.4f"))
    typer.echo(f"{out}: {len(table)} legs measured, {n_left_out} left out (`pdla check` says why)")


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="Folder of a study, runs/NAME")],
    clips: Annotated[int, typer.Option(help="Worst errors that are drawn as mp4.")] = 4,
    pool_differing: Annotated[
        bool, typer.Option(help="Pool runs although data, split or weights differ.")
    ] = False,
    average: Annotated[
        list[str] | None,
        typer.Option(
            help="Also the mean over models and seeds: tcn,stgcn or all; may be repeated."
        ),
    ] = None,
) -> None:
    """Pool the runs of a study: table here; report.html, summary.csv and .json in its folder."""
    with importing():
        from pdla.commands.report import report_study

    report_study(study, clips, pool_differing, average or [])


@app.command()
def search(
    name: Annotated[str, typer.Argument(help="Of the search, whose runs are in runs/NAME.")],
    options: Annotated[
        list[str], typer.Argument(help="As model=tcn 'model.dropout=interval(0,0.6)'.")
    ],
    trials: Annotated[int, typer.Option(help="Trials over all processes and calls.")] = 20,
) -> None:
    """Choose options on inner folds (Optuna); the winner becomes conf/experiment/NAME.yaml."""
    if find_spec("optuna") is None:
        raise ValueError("pdla search: Optuna is not installed; pip install 'pdla[search]'")
    from pdla.commands.search import found_text, search_options

    found = search_options(name, options, trials)
    typer.echo(f"{found_text(found)}\n{RESEARCH_ONLY}")
    if found.searched is None:
        raise typer.Exit(1)


@app.command()
def runs(study: Annotated[Path, typer.Argument(help="Folder of a study, runs/NAME")]) -> None:
    """List the runs of a study: state, times, primary metrics; why not, and how to complete it."""
    from pdla.commands.runs import show_runs

    if not show_runs(study):
        raise typer.Exit(1)


@app.command()
def reproduce(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option(help="Study of the repeated run.")] = Path("runs/reproduced"),
) -> None:
    """Repeat a finished run from its own config, and compare the predictions."""
    from pdla.commands.reproduce import reproduce_run, reproduction_text

    found = reproduce_run(run, out)
    typer.echo(reproduction_text(found))
    if not found.is_same:
        raise typer.Exit(1)


@app.command()
def evaluate(
    runs: Runs,
    videos: Videos,
    labels: Annotated[Path, typer.Option(help="Sheet of that data: .xls .xlsx .ods .csv")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the new study.")] = None,
    store: Annotated[Path, typer.Option(help="Where parsed keypoints are kept.")] = Path(
        "data/store/external"
    ),
) -> None:
    """Test finished runs on another data set without refitting; the same report."""
    from pdla.commands.evaluate import evaluate_runs
    from pdla.commands.report import report_study

    report_study(evaluate_runs(runs, videos, labels, store, overrides or [], out))


@app.command()
def score(
    runs: Annotated[
        Path,
        typer.Argument(help="Study, run, exported file, or simulated.", metavar="SCORER"),
    ],
    videos: Annotated[Path, typer.Argument(help="Folder of videos, or of one video.")],
    out: Annotated[Path, typer.Option(help="Table to write, .csv.")] = Path("scores.csv"),
    overrides: Overrides = None,
    labels: Annotated[Path | None, typer.Option(help="Sheet that lists the videos.")] = None,
    row: Annotated[str, typer.Option(help="Row of the report, as tcn or all.")] = "",
    html: Annotated[Path | None, typer.Option(help="Folder of pages, one a patient.")] = None,
    recalibrate: Annotated[
        str | None, typer.Option(help="By the scores of the sheet: thresholds or prior.")
    ] = None,
    change: Annotated[
        str, typer.Option(help="Also differences by medication, stimulation or visit.")
    ] = "",
    store: Annotated[Path, typer.Option(help="Where parsed keypoints are kept.")] = Path(
        "data/store/scored"
    ),
    config: OptionsFile = None,
) -> None:
    """Score new, unrated videos with a row of a study, and say how sure that is."""
    from pdla.commands.score import check_out, explain_scores, score_videos, write_scores
    from pdla.commands.score_pages import write_pages
    from pdla.commands.score_screen import print_files, print_scores
    from pdla.evaluation.recalibration import as_way

    check_out(out)
    scoring = score_videos(
        runs, videos, store=store, labels=labels, config=config, overrides=overrides or [],
        row=row, way=as_way(recalibrate), change=change,
    )  # fmt: skip
    print_scores(scoring, out)
    print_files(write_scores(scoring, out))
    if html is not None:
        print_files([write_pages(explain_scores(scoring, store), html)])


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Argument(help="File to write: .onnx or .pt2 (torch.export).")],
) -> None:
    """Write a run's network as one file for other programs, and how to feed it beside it."""
    from pdla.commands.export import export_run

    facts = export_run(run, out)
    typer.echo(f"{out}: {', '.join(facts['inputs'])} to probabilities of the scores 0-4")
    typer.echo(f"{out.with_suffix('.json')}: how to prepare them\n{RESEARCH_ONLY}")


@app.command()
def check(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="VIDEOS",
            help="Folder with one OpenPose folder a video; without it, as `pdla init` found it.",
        ),
    ] = None,
    overrides: Overrides = None,
    labels: Sheet = None,
    store: Store = CLINIC_STORE,
    config: OptionsFile = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    names: Annotated[
        Path | None, typer.Option(help="Write who is who to this .csv: for you alone, mode 0600.")
    ] = None,
) -> None:
    """Tell what is usable for which leg, what is not and why, and what to do."""
    from pdla.commands.check import judge_intake, print_check, write_json
    from pdla.commands.key_table import write_key_table
    from pdla.commands.local import local_places
    from pdla.commands.options import overrides_for_training, read_options
    from pdla.data.files import check_target
    from pdla.data.intake import read_intake

    given, own = overrides or [], None
    if folder is not None and "=" in folder and not Path(folder).exists():
        given = [folder, *given]  # options alone
        folder = None
    if folder is None:
        own = local_places()
        labels, config, store = labels or own.labels, config or own.config, own.store or store
    for path in (json, html):
        check_target(path)
    videos = own.videos if own else Path(str(folder))
    reading = read_options(config, given)
    intake = read_intake(videos, labels, store, reading)
    if names is not None:
        write_key_table(intake, names)
    summary = judge_intake(intake)
    if json is not None:
        write_json(summary, json)
    if html is not None:
        from pdla.commands.check_page import write_html

        name = "/".join(videos.resolve().parts[-2:]) + (f" with {labels.name}" if labels else "")
        write_html(summary, intake, reading, summary.source or name, html)
    options = given if own else overrides_for_training(config, given, store, CLINIC_STORE)
    if not print_check(summary, videos, labels, options):
        raise typer.Exit(1)


app.add_typer(exhibits)


def main() -> None:
    """Run the command line; bad input ends with one line and exit code 1."""
    try:
        app()
    except (ValueError, OSError) as error:
        from pdla.data.files import path_and_reason

        line = path_and_reason(error) if isinstance(error, OSError) else error
        print(f"pdla: {line}", file=sys.stderr)
        raise SystemExit(1) from None
