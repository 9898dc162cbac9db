"""From a folder of videos and a label sheet to the cohort that everything else works on.

Reading order: `workbooks`, `sheets`, `columns`, `video_formats`, `rater_rules`, `labels`,
`agreement` (the sheet), `patients`, `pseudonyms` (who is who, and under which name), `folders`,
`parsing`, `workers`, `store_index`, `store` (keypoints parsed once), `quality` (what can be
scored), `entries` (one video, step by step), `matching` (which folder is which row),
`known_copies`, `duplicates` (which recordings are one), `options`, `result`, `cohort` (all of it,
in order).
"""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.intake.agreement import Agreement, agreement_by_leg
    from pdla.data.intake.cohort import open_cohort, read_cohort, read_intake
    from pdla.data.intake.entries import VideoEntry
    from pdla.data.intake.labels import LabelRow, LabelSheet, RowProblem, SheetOptions, read_labels
    from pdla.data.intake.options import IntakeOptions, source_paths
    from pdla.data.intake.rater_rules import check_rater_rule
    from pdla.data.intake.result import Intake, MergedPatient

__all__ = [
    "Agreement",
    "Intake",
    "IntakeOptions",
    "LabelRow",
    "LabelSheet",
    "MergedPatient",
    "RowProblem",
    "SheetOptions",
    "VideoEntry",
    "agreement_by_leg",
    "check_rater_rule",
    "open_cohort",
    "read_cohort",
    "read_intake",
    "read_labels",
    "source_paths",
]
# Lazy, because each process that parses imports this package.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.data.intake.agreement": (
            "Agreement",
            "agreement_by_leg",
        ),
        "pdla.data.intake.cohort": (
            "open_cohort",
            "read_cohort",
            "read_intake",
        ),
        "pdla.data.intake.entries": ("VideoEntry",),
        "pdla.data.intake.labels": (
            "LabelRow",
            "LabelSheet",
            "RowProblem",
            "SheetOptions",
            "read_labels",
        ),
        "pdla.data.intake.options": (
            "IntakeOptions",
            "source_paths",
        ),
        "pdla.data.intake.rater_rules": ("check_rater_rule",),
        "pdla.data.intake.result": (
            "Intake",
            "MergedPatient",
        ),
    },
)
