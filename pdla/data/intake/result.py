"""What the intake found out about each video, and the cohort that follows from it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.labels import LabelSheet, RowProblem
from pdla.data.li2018 import TrialProblem
from pdla.data.reasons import Finding, Severity
from pdla.data.recordings import Cohort, Exclusion, LegSample
from pdla.data.skeletons import LEGS, Leg


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
        duplicates: Places of recordings that two patients had, the later one first.
        has_merged: Whether those patients are one person now.
        source: Name of a published data set that brings its own ratings; else empty.
        trial_problems: What is odd in its files.
    """

    cohort: Cohort
    videos: tuple[VideoEntry, ...]
    sheet: LabelSheet | None
    problems: tuple[RowProblem, ...]
    merged: tuple[MergedPatient, ...]
    n_patients: int
    n_others: int
    duplicates: tuple[tuple[str, str], ...] = ()
    has_merged: bool = True
    source: str = ""
    trial_problems: tuple[TrialProblem, ...] = ()


def build_cohort(entries: Sequence[VideoEntry], sheet: LabelSheet | None, n_folders: int) -> Cohort:
    """Take the usable legs as samples and list the rest as exclusions.

    Args:
        entries: Rows in sheet order, then folders without a row; judged.
        sheet: The label sheet, if there is one.
        n_folders: Folders found.
    """
    samples: list[LegSample] = []
    exclusions = [
        Exclusion(problem.place, None, problem.reason, place=problem.place)
        for problem in (sheet.problems if sheet else ())
        if problem.leg is None and problem.reason.severity is Severity.UNUSABLE
    ]
    digest = sha256()
    for entry in entries:
        stored, problem = entry.stored, entry.problem
        if problem is not None:
            exclusions.append(_exclude(entry, None, problem))
        if stored is None or problem is not None:
            continue
        for leg in LEGS:
            against = _find_against(entry, leg)
            if against is not None:
                exclusions.append(_exclude(entry, leg, against))
                continue
            sample = LegSample(
                stored.recording, leg, entry.scores[leg], entry.patient, entry.group,
                entry.verdicts[leg].findings, entry.ratings.get(leg), entry.condition,
                entry.shares.get(leg, ()),
            )  # fmt: skip
            samples.append(sample)
            digest.update(_facts_to_hash(sample, stored.sha256, entry.person.number))
    n_rows = sheet.n_rows if sheet else 0
    return Cohort(
        tuple(samples), tuple(exclusions), n_rows, n_folders, digest.hexdigest(),
        n_rated_twice=sheet.n_rated_twice if sheet else 0,
        n_undecided=sheet.n_undecided if sheet else 0,
    )  # fmt: skip


def _find_against(entry: VideoEntry, leg: Leg) -> Finding | None:
    """Why one leg of a video cannot be used: the sheet rules it out, or it was not filmed well."""
    if entry.row and leg in entry.row.problems:
        return entry.row.problems[leg]
    verdict = entry.verdicts[leg]
    return None if verdict.is_usable else verdict.findings[0]


def _exclude(entry: VideoEntry, leg: Leg | None, finding: Finding) -> Exclusion:
    return Exclusion(entry.video_id, leg, finding.reason, finding.detail, entry.place)


def _facts_to_hash(sample: LegSample, keypoints: str, patient: int) -> bytes:
    fps = sample.recording.fps
    facts = [
        keypoints, int(fps) if fps == int(fps) else fps, *sample.recording.frame_size, sample.leg,
        sample.score, patient, sample.group, *([sample.shares] if sample.shares else ()),
    ]  # fmt: skip
    return json.dumps(facts).encode()
