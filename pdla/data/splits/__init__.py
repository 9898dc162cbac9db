"""Who is trained on, who chooses the checkpoint, who is tested: patient-grouped folds.

Reading order: `files` (Split, split.json), `folds` (what all splitters share), `stratify`, `rules`.
"""

from pdla.data.splits.files import Split, describe_folds, read_folds
from pdla.data.splits.folds import AllTested, Splitter
from pdla.data.splits.rules import (
    ByVideo2023,
    Holdout,
    LeaveOnePatientOut,
    LeaveOneSiteOut,
    PatientKFold,
    check_patients_apart,
    restrict,
)

__all__ = [
    "AllTested",
    "ByVideo2023",
    "Holdout",
    "LeaveOnePatientOut",
    "LeaveOneSiteOut",
    "PatientKFold",
    "Split",
    "Splitter",
    "check_patients_apart",
    "describe_folds",
    "read_folds",
    "restrict",
]
