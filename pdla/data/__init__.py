"""From a clinic's label sheet and keypoint files to batches of clips.

Read in this order, which is the order of the method: `skeletons`, `recordings` (the contracts),
`openpose`, `intake`, `kinematics`, `splits`, `clips`, `drawing`, `video`. `simulation` writes what
a clinic would bring.
"""

from pdla.data.reasons import Finding, Reason, Severity
from pdla.data.recordings import N_SCORES, SCORES, Cohort, Exclusion, LegSample, Recording
from pdla.data.skeletons import LEGS, Leg

__all__ = [
    "LEGS",
    "N_SCORES",
    "SCORES",
    "Cohort",
    "Exclusion",
    "Finding",
    "Leg",
    "LegSample",
    "Reason",
    "Recording",
    "Severity",
]
