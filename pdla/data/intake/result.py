"""What the intake found out about each video, and the cohort that follows from it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from pdla.data.intake.labels import LabelSheet, RowProblem
from pdla.data.intake.quality import Verdict
from pdla.data.intake.store import StoredVideo
from pdla.data.recordings import Cohort, Exclusion, LegSample, Recording
from pdla.data.skeletons import LEGS, Leg


@dataclass(frozen=True)
class IntakeVideo:
    """One video, from its row and folder to the verdict on each leg.

    Attributes:
        video_id: Pseudonym.
        patient: Pseudonym.
        group: Cohort group, or empty.
        place: Where a person finds it: `row 14`, or `folder 12 of 62`.
        row: Row number, or None if no row names it.
        scores: Score of each leg, None if unrated.
        stored: Keypoints and facts; None if there is no folder, or it was not opened.
        verdicts: For each leg; empty if there are no keypoints.
        reason: Why the whole video is left out; empty if it is not.
        detail: What was special here.
    """

    video_id: str
    patient: str
    group: str
    place: str
    row: int | None
    scores: Mapping[Leg, int | None]
    stored: StoredVideo | None = None
    verdicts: Mapping[Leg, Verdict] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class MergedPatient:
    """A patient whose videos carry several codes or numbers: a person should look.

    Attributes:
        patient: Pseudonym.
        places: Where the videos are found.
        n_codes: Different group codes.
        n_numbers: Different patient numbers.
    """

    patient: str
    places: tuple[str, ...]
    n_codes: int
    n_numbers: int


@dataclass(frozen=True)
class Intake:
    """All that was read, also what was left out: the cohort, and what `pdla check` shows.

    Attributes:
        cohort: What training sees.
        videos: Rows in sheet order, then folders without a row.
        sheet: The label sheet, or None if there was none.
        problems: What is odd in single rows, in sheet order.
        merged: Patients to look at.
        n_patients: Patients of the videos in the sheet, or of all if there is no sheet.
        n_others: Other things in the folder of videos.
    """

    cohort: Cohort
    videos: tuple[IntakeVideo, ...]
    sheet: LabelSheet | None
    problems: tuple[RowProblem, ...]
    merged: tuple[MergedPatient, ...]
    n_patients: int
    n_others: int


def build_cohort(
    videos: Sequence[IntakeVideo],
    components: Sequence[int],
    sheet: LabelSheet | None,
    n_folders: int,
) -> Cohort:
    """Take the usable legs as samples and list the rest as exclusions.

    Args:
        videos: Rows in sheet order, then folders without a row.
        components: Number of the patient of each video, in order of first appearance.
        sheet: The label sheet, if there is one.
        n_folders: Folders found.
    """
    fatal = [problem for problem in (sheet.problems if sheet else ()) if problem.is_fatal]
    samples: list[LegSample] = []
    exclusions = [
        Exclusion(f"row {problem.row}", None, problem.reason)
        for problem in fatal
        if problem.leg is None
    ]
    digest = sha256()
    for video, component in zip(videos, components, strict=True):
        recording = video.stored.recording if video.stored else None
        if video.reason or recording is None or video.stored is None:
            detail = join_detail(video.place, video.detail)
            exclusions.append(Exclusion(video.video_id, None, video.reason, detail))
            continue
        for leg in LEGS:
            exclusion = _exclude_leg(video, leg, fatal)
            if exclusion is not None:
                exclusions.append(exclusion)
                continue
            sample = _sample(video, recording, leg)
            samples.append(sample)
            digest.update(_facts_to_hash(sample, video.stored.sha256, component))
    n_rows = sheet.n_rows if sheet else 0
    return Cohort(tuple(samples), tuple(exclusions), n_rows, n_folders, digest.hexdigest())


def join_detail(first: str, second: str) -> str:
    """Both texts with a colon between; only the first if the second is empty."""
    return f"{first}: {second}" if second else first


def _exclude_leg(video: IntakeVideo, leg: Leg, fatal: Sequence[RowProblem]) -> Exclusion | None:
    """Why one leg of a video cannot be used: the sheet rules it out, or it was not filmed well."""
    for problem in fatal:
        if problem.leg == leg and problem.row == video.row:
            detail = join_detail(video.place, problem.detail)
            return Exclusion(video.video_id, leg, problem.reason, detail)
    verdict = video.verdicts[leg]
    if verdict.is_usable:
        return None
    detail = join_detail(video.place, verdict.details[0])
    return Exclusion(video.video_id, leg, verdict.reasons[0], detail)


def _sample(video: IntakeVideo, recording: Recording, leg: Leg) -> LegSample:
    verdict = video.verdicts[leg]
    warnings = tuple(map(join_detail, verdict.reasons, verdict.details))
    return LegSample(recording, leg, video.scores[leg], video.patient, video.group, warnings)


def _facts_to_hash(sample: LegSample, keypoints: str, patient: int) -> bytes:
    facts = [
        keypoints, sample.recording.fps, *sample.recording.frame_size, sample.leg, sample.score,
        patient, sample.group,
    ]  # fmt: skip
    return json.dumps(facts).encode()
