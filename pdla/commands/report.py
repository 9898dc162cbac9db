"""`pdla report`: analyse a study, draw the clips of its worst errors, write the page, print it."""

from collections.abc import Sequence
from pathlib import Path

from pdla.data.drawing.options import Drawing
from pdla.data.skeletons import MIRROR
from pdla.report.analysis import Analysis, analyse
from pdla.report.checklist import ITEM_NUMBERS
from pdla.report.console import print_analysis
from pdla.report.page import write_report
from pdla.report.study import read_study
from pdla.report.study_file import read_study_file
from pdla.report.tables import error_table

CLIPS = "clips"
DRAWING = Drawing(height=480, width=270, style="scored_leg", crop="frame", line_px=3)


def report_study(
    folder: Path,
    n_clips: int = 4,
    pool_differing: bool = False,
    averages: Sequence[str] = (),
) -> Path:
    """Turn the runs of a study into report.html, summary.csv, summary.json and TensorBoard.

    Args:
        folder: Folder of the study.
        n_clips: Legs with the largest errors that are drawn; needs the keypoints of the runs.
        pool_differing: Pool runs although data, split or weights differ; the page says so.
        averages: Models whose probabilities are averaged, see `pool_averages`.

    Returns:
        Path of the page.

    Raises:
        ValueError: If there is nothing to report, or the runs cannot be pooled.
    """
    study = read_study(folder)
    file = read_study_file(folder, ITEM_NUMBERS)
    analysis = analyse(study, pool_differing, averages, file)
    clips, note = draw_errors(analysis, n_clips)
    page = write_report(analysis, clips, note)
    print_analysis(analysis, page)
    return page


def draw_errors(analysis: Analysis, n_clips: int) -> tuple[dict[tuple[str, str], str], str]:
    """Draw the videos of the largest errors, scored leg red, once for each study.

    Returns:
        Address of the clip of each video and leg, relative to the page; and what was drawn, or why
        nothing was, for the reader.
    """
    table = error_table(analysis)
    wanted = list(table[table["error"] > 0].head(n_clips)[["video_id", "leg"]].itertuples(False))
    folder = analysis.study.folder / CLIPS
    places = {(video, leg): folder / f"{video}-{leg}.mp4" for video, leg in wanted}
    if missing := {key: path for key, path in places.items() if not path.exists()}:
        try:
            _draw_missing(analysis, missing)
        except (ValueError, OSError) as error:
            return {}, f"No clip was drawn: {error}"
    addresses = {key: f"{CLIPS}/{path.name}" for key, path in places.items() if path.exists()}
    note = f"The first {len(addresses)} can be watched, beside this page in {CLIPS}/."
    return addresses, note if addresses else ""


def _draw_missing(analysis: Analysis, places: dict[tuple[str, str], Path]) -> None:
    # Imported here: a report whose clips are there already starts in half the time.
    from pdla.data.intake import IntakeOptions, open_cohort, source_paths
    from pdla.data.video.pictures import draw_recording, write_mp4

    recordings = analysis.study.runs[0].config["recordings"]
    cohort = open_cohort(
        *source_paths(recordings), Path(recordings["store"]), IntakeOptions.from_config(recordings)
    )
    for sample in cohort.samples:
        path = places.get((sample.recording.video_id, sample.leg))
        if path is None:
            continue
        path.parent.mkdir(exist_ok=True)
        recording = sample.recording
        if sample.leg == "L":  # drawn where it is, in the colours of the scored leg
            turned = recording.keypoints[:, list(MIRROR)]
            recording = type(recording)(
                recording.video_id, turned, recording.fps, recording.frame_size
            )
        frames = draw_recording(recording, DRAWING)
        write_mp4(path, frames, recording.n_frames, recording.fps)
