"""One module a command of `pdla`, named as the command is; `pdla.cli` is thin."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.commands.check import check_cohort
    from pdla.commands.draw import draw_cohort, draw_folder, draw_recording_to, make_drawing
    from pdla.commands.evaluate import evaluate_runs
    from pdla.commands.export import export_run
    from pdla.commands.kinematics import measure_cohort
    from pdla.commands.leakage import show_leakage
    from pdla.commands.options import read_options
    from pdla.commands.report import report_study
    from pdla.commands.score import score_cohort, score_legs, score_videos

__all__ = [
    "check_cohort",
    "draw_cohort",
    "draw_folder",
    "draw_recording_to",
    "evaluate_runs",
    "export_run",
    "make_drawing",
    "measure_cohort",
    "read_options",
    "report_study",
    "score_cohort",
    "score_legs",
    "score_videos",
    "show_leakage",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.commands.check": ("check_cohort",),
        "pdla.commands.draw": ("draw_cohort", "draw_folder", "draw_recording_to", "make_drawing"),
        "pdla.commands.evaluate": ("evaluate_runs",),
        "pdla.commands.export": ("export_run",),
        "pdla.commands.kinematics": ("measure_cohort",),
        "pdla.commands.leakage": ("show_leakage",),
        "pdla.commands.options": ("read_options",),
        "pdla.commands.report": ("report_study",),
        "pdla.commands.score": ("score_cohort", "score_legs", "score_videos"),
    },
)
