"""`pdla report`: analyse a study, draw the clips of its worst errors, write the page, print it."""

from collections.abc import Sequence
from pathlib import Path

from pdla.data.processes import FreshProcesses
from pdla.report.analysis import analyse
from pdla.report.checklist import ITEM_NUMBERS
from pdla.report.console import print_analysis
from pdla.report.error_clips import begin_clips
from pdla.report.page import write_report
from pdla.report.study import read_study
from pdla.report.study_file import read_study_file


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
    with FreshProcesses(1) as process:
        finish_clips = begin_clips(study, n_clips, process)
        analysis = analyse(study, pool_differing, averages, file)
        page = write_report(analysis, finish_clips)
    print_analysis(analysis, page)
    return page
