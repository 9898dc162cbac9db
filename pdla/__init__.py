"""pdla: score the MDS-UPDRS leg agility test from pose keypoints. Research only.

    import pdla

    recording = pdla.read_recording("videos/CV1Json", fps=30)
    pdla.leg_kinematics(recording, "R")
    pdla.draw(recording, "R", "clip.mp4")
    cohort = pdla.read_cohort("videos", "labels.xls")
    scores = pdla.Scorer("runs/study").score(cohort)

Public names are imported when they are first used (PEP 562), so `import pdla` is quick.
"""

from pdla.lazy import lazy_names

TYPE_CHECKING = False  # type checkers take it for true; importing typing would take 10 ms
if TYPE_CHECKING:
    from pdla.api import Scorer, draw, leg_kinematics, read_cohort, read_recording, score
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
    "Scorer",
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
RESEARCH_ONLY = "Research only, not a medical device."

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.api": ("Scorer", "draw", "leg_kinematics", "read_cohort", "read_recording", "score"),
        "pdla.data.poses_dataset": ("from_xarray", "to_xarray"),
        "pdla.data.quantities": ("LegKinematics",),
        "pdla.data.recordings": ("Cohort", "Exclusion", "LegSample", "Recording"),
    },
)
