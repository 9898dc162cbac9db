"""One video of a cohort, completed step by step from its row and folder to the verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pdla.data.intake.folders import VideoFolder
from pdla.data.intake.labels import LabelRow
from pdla.data.intake.patients import NOBODY, UNKNOWN, Identity, Person
from pdla.data.intake.quality import Verdict
from pdla.data.intake.store import StoredVideo
from pdla.data.reasons import Finding
from pdla.data.recordings import Condition
from pdla.data.skeletons import LEGS, Leg


@dataclass(frozen=True)
class VideoEntry:
    """One video. `match_folders` makes it; each step of `read_intake` fills in the next fields.

    Attributes:
        place: Where a person finds it: `row 14`, or `folder 12 of 62 by name`.
        clinic_id: The clinic's id; holds a patient number, so it is never shown.
        row: Row of the label sheet, or None if no row names the video.
        folder: Folder with its keypoints, or None.
        problem: Why the whole video is left out, or None.
        remark: What is odd about how row and folder were matched, or None.
        identity: What its id and its row say of who it shows.
        person: Who it shows.
        video_id: Pseudonym.
        patient: Pseudonym.
        stored: Keypoints and facts; None if there are none, then there is a problem.
        verdicts: For each leg; empty if there are no keypoints.
    """

    place: str
    clinic_id: str = field(repr=False)
    row: LabelRow | None = None
    folder: VideoFolder | None = field(default=None, repr=False)
    problem: Finding | None = None
    remark: Finding | None = None
    identity: Identity = UNKNOWN
    person: Person = NOBODY
    video_id: str = ""
    patient: str = ""
    stored: StoredVideo | None = None
    verdicts: Mapping[Leg, Verdict] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """Cohort group, or empty."""
        return self.identity.group

    @property
    def is_rated(self) -> bool:
        """Whether a rater scored a leg of it."""
        return self.row is not None and self.row.is_rated

    @property
    def scores(self) -> Mapping[Leg, int | None]:
        """Score of each leg, None if unrated."""
        return self.row.scores if self.row else dict.fromkeys(LEGS)

    @property
    def condition(self) -> Condition:
        """What the sheet says of medication, stimulation, visit, site and rater."""
        return self.row.condition if self.row else Condition()

    @property
    def ratings(self) -> Mapping[Leg, float | None]:
        """Mean of several raters, where the data set gives no whole scores."""
        return self.row.ratings if self.row else {}

    @property
    def shares(self) -> Mapping[Leg, tuple[float, ...]]:
        """Share of the raters for each score, where a rule keeps it."""
        return self.row.shares if self.row else {}
