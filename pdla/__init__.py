"""pdla: score the MDS-UPDRS leg agility test from pose keypoints. Research only.

    import pdla

    recording = pdla.read_recording("videos/CV1Json", fps=30)
    pdla.leg_kinematics(recording, "R")
    pdla.draw(recording, "R", "clip.mp4")
    cohort = pdla.read_cohort("videos", "labels.xls")
    scores = pdla.score("runs/study", cohort)

Public names are imported when they are first used (PEP 562), so `import pdla` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pdla.api import draw, leg_kinematics, read_cohort, read_recording, score
    from pdla.data.poses_dataset import from_xarray, to_xarray
    from pdla.data.quantities import LegKinematics
    from pdla.data.recordings import Cohort, Exclusion, LegSample, Recording

__version__ = "0.1.0"
__all__ = [
    "RESEARCH_ONLY",
    "Cohort",
    "Exclusion",
    "LegKinematics",
    "LegSample",
    "Recording",
    "__version__",
    "draw",
    "from_xarray",
    "leg_kinematics",
    "read_cohort",
    "read_recording",
    "score",
    "to_xarray",
]

# Wherever a score is shown, so is this.
RESEARCH_ONLY: Final = "Research only, not a medical device."

_MODULE_OF: Final = {
    "Cohort": "pdla.data.recordings",
    "Exclusion": "pdla.data.recordings",
    "LegKinematics": "pdla.data.quantities",
    "LegSample": "pdla.data.recordings",
    "Recording": "pdla.data.recordings",
    "draw": "pdla.api",
    "from_xarray": "pdla.data.poses_dataset",
    "leg_kinematics": "pdla.api",
    "read_cohort": "pdla.api",
    "read_recording": "pdla.api",
    "score": "pdla.api",
    "to_xarray": "pdla.data.poses_dataset",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'pdla' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names and what was imported already, for tab completion."""
    return sorted({*globals(), *__all__})
