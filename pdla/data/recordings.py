"""What the intake hands on: recordings of one patient, and the legs that were scored in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pdla.data.reasons import Finding, Reason
from pdla.data.skeletons import LEGS, N_JOINTS, Leg

SCORES = (0, 1, 2, 3, 4)
N_SCORES = len(SCORES)
State = Literal["on", "off"]


def shares_of_rating(rating: float) -> tuple[float, ...]:
    """(5,) probability of each score whose mean is a rating from 0 to 4: shared by its neighbours.

    1.25 is a 1 by three quarters and a 2 by one.
    """
    return tuple(max(0.0, 1.0 - abs(rating - score)) for score in SCORES)


@dataclass(frozen=True)
class Recording:
    """Keypoints of the patient in one video, one frame every 1 / fps seconds.

    Attributes:
        video_id: Pseudonym of the video; the clinic's own id, which holds a patient number, is not
            kept.
        keypoints: (T, 25, 3) float32 of x px, y px, confidence 0-1 in BODY_25 order. A joint that
            was not seen is NaN, NaN, 0; never (0, 0). Usually a read-only memory map.
        fps: Frames a second.
        frame_size: (H, W) of the video in px.
        bouts: First and last second in which a leg does the task, where the data set says so; legs
            that are not in it are searched for.
        sha256: Of the keypoints, by which copies are known under any name; empty if not computed.

    Raises:
        ValueError: If shape, type, fps or frame size cannot be those of a recording.
    """

    video_id: str
    keypoints: NDArray[np.float32]
    fps: float
    frame_size: tuple[int, int]
    bouts: Mapping[Leg, tuple[float, float]] = field(default_factory=dict)
    sha256: str = ""

    def __post_init__(self) -> None:
        """Check the values once, so that nobody downstream has to."""
        shape = self.keypoints.shape
        if len(shape) != 3 or shape[0] == 0 or shape[1:] != (N_JOINTS, 3):
            raise ValueError(f"{self.video_id}: keypoints {shape}, expected (T > 0, {N_JOINTS}, 3)")
        if self.keypoints.dtype != np.float32:
            raise ValueError(
                f"{self.video_id}: keypoints are {self.keypoints.dtype}, expected float32"
            )
        if not self.fps > 0:
            raise ValueError(f"{self.video_id}: fps={self.fps}, expected more than 0")
        if min(self.frame_size) <= 0:
            raise ValueError(
                f"{self.video_id}: frame size {self.frame_size}, expected (H, W) over 0"
            )

    @property
    def n_frames(self) -> int:
        """Number of frames, T."""
        return int(self.keypoints.shape[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_frames / self.fps


@dataclass(frozen=True)
class Condition:
    """Under which circumstances a video was filmed and rated, as far as the label sheet says so.

    Attributes:
        medication: Whether the patient was on or off medication; None if unknown.
        stimulation: Whether deep brain stimulation was on or off; None if unknown.
        visit: Name of the visit, or empty.
        site: Name of the site, or empty.
        rater: Name of the rater, or empty.
    """

    medication: State | None = None
    stimulation: State | None = None
    visit: str = ""
    site: str = ""
    rater: str = ""


@dataclass(frozen=True)
class LegSample:
    """One leg in one recording: the unit that is scored.

    Attributes:
        recording: The video, which shows both legs.
        leg: Which leg is scored.
        score: The rater's 0-4, or None if the leg was not rated.
        patient: Pseudonym of the patient; all visits and both legs of a person share it.
        group: Cohort group of the video (for the clinic set the letters of its code, TG or CG).
        warnings: What the quality check found that does not forbid use.
        rating: Mean of several raters, 0 to 4, where the data set gives no whole scores; `score` is
            the nearest whole one.
        condition: Medication, stimulation, visit, site and rater.
        shares: (5,) share of the raters for each score, where a rule keeps it; else empty.
    """

    recording: Recording
    leg: Leg
    score: int | None
    patient: str
    group: str
    warnings: tuple[Finding, ...] = ()
    rating: float | None = None
    condition: Condition = field(default_factory=Condition)
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a score off the scale."""
        if self.score is not None and self.score not in SCORES:
            raise ValueError(
                f"{self.recording.video_id} leg {self.leg}: score {self.score}, not 0-4"
            )

    @property
    def is_rated(self) -> bool:
        """Whether a rater scored this leg."""
        return self.score is not None

    @property
    def soft_label(self) -> tuple[float, ...]:
        """(5,) probability of each score: as the raters share it, else that of the rating.

        All of it on `score` where there is no fraction; zeros for a leg that was not rated.
        """
        if self.shares:
            return self.shares
        if self.rating is not None:
            return shares_of_rating(self.rating)
        return tuple(float(score == self.score) for score in SCORES)


@dataclass(frozen=True)
class Exclusion:
    """A video, or one leg of it, that was left out.

    Attributes:
        video_id: Pseudonym of the video; the place again for a row that names no video.
        leg: The leg, or None if the whole video was left out.
        reason: Why.
        detail: What was special about this one; empty if nothing.
        place: Where a person finds it, such as `row 14`.
    """

    video_id: str
    leg: Leg | None
    reason: Reason
    detail: str = ""
    place: str = ""


@dataclass(frozen=True)
class Cohort:
    """All that was read from one label sheet and its folder of videos.

    Attributes:
        samples: Legs that can be scored, rated or not, in the order of the sheet (videos without a
            row come last, by folder name), L before R. This order does not depend on pseudonyms.
        exclusions: What was left out, each with its reason.
        n_rows: Rows in the label sheet.
        n_videos: OpenPose folders found.
        project: Says which secret the pseudonyms were made with, without giving it away; patients
            of two cohorts with the same one have the same pseudonyms. Empty if not known.
        data_hash: SHA-256 over keypoints, scores and patient structure; the same data gives the
            same hash on every machine, whatever the pseudonyms are.
        n_rated_twice: Legs in the label sheet that several raters scored.
        n_undecided: Those of them on which the raters differ, while no rule says whose score
            counts; they are unrated.
        n_merged: Patients that were taken for another one, because a recording of theirs is nearly
            that of the other.
    """

    samples: tuple[LegSample, ...]
    exclusions: tuple[Exclusion, ...] = field(default=())
    n_rows: int = 0
    n_videos: int = 0
    data_hash: str = ""
    project: str = ""
    n_rated_twice: int = 0
    n_undecided: int = 0
    n_merged: int = 0

    def rated(self, leg: Leg) -> list[LegSample]:
        """Samples of one leg that have a score."""
        return [sample for sample in self.samples if sample.leg == leg and sample.is_rated]

    @property
    def rated_legs(self) -> list[LegSample]:
        """The legs that splits count: left ones in the order of the sheet, then right ones."""
        return [sample for leg in LEGS for sample in self.rated(leg)]
