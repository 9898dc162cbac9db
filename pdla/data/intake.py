"""From a folder of videos and a label sheet to the cohort that everything else works on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pdla.data.folders import Matching, VideoFolder, find_folders, match_folders
from pdla.data.labels import LabelRow, LabelSheet, read_labels
from pdla.data.options import IntakeOptions
from pdla.data.patients import Identity, Patients, group_patients, identify, read_mapping
from pdla.data.pseudonyms import open_pseudonyms
from pdla.data.quality import Verdict, judge_quality
from pdla.data.recordings import Cohort, Exclusion, LegSample
from pdla.data.skeletons import LEGS, Leg
from pdla.data.store import RecordingStore, StoredVideo

__all__ = ["Intake", "IntakeOptions", "IntakeVideo", "MergedPatient", "read_cohort", "read_intake"]

NO_FOLDER = "no folder with keypoints for this row"
TWO_FOLDERS = "several folders for one video id"
NO_PATIENT = (
    "the patient cannot be told from the video id "
    "(add a patient column, or set recordings.patients.pattern)"
)


@dataclass(frozen=True)
class IntakeVideo:
    """One video, from its row and folder to the verdict on each leg.

    Attributes:
        video: Pseudonym.
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

    video: str
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
        merged: Patients to look at.
        n_patients: Patients of the videos in the sheet, or of all if there is no sheet.
        n_others: Other things in the folder of videos.
    """

    cohort: Cohort
    videos: tuple[IntakeVideo, ...]
    sheet: LabelSheet | None
    merged: tuple[MergedPatient, ...]
    n_patients: int
    n_others: int


def read_cohort(videos: Path, labels: Path | None, store: Path, options: IntakeOptions) -> Cohort:
    """Read a cohort: OpenPose folders, label sheet, patients, verdicts.

    Args:
        videos: Folder with one folder of keypoints for each video.
        labels: Label sheet, or None: then all videos are unrated.
        store: Directory in which keypoints are kept once parsed; pseudonyms depend on the secret
            next to it.
        options: How to read.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If nothing in them can be used at all. What is wrong with a single video ends
            in the exclusions of the cohort instead.
    """
    return read_intake(videos, labels, store, options).cohort


def read_intake(videos: Path, labels: Path | None, store: Path, options: IntakeOptions) -> Intake:
    """Read a cohort with all that is to be said about it; see `read_cohort`."""
    take_files = options.openpose.layout == "mediapipe_33"
    folders, n_others = find_folders(videos, options.folders, take_files)
    sheet = None if labels is None else read_labels(labels, options.sheet)
    rows = sheet.rows if sheet else ()
    matching = match_folders([row.video_id for row in rows], folders, options.folders)
    people = _identify_all(rows, matching, options)
    patients = group_patients(people)
    pseudonyms = open_pseudonyms(store)
    patient_names = pseudonyms.name_all("P", patients.keys)
    keys = [options.folders.key(person.video_id) for person in people]
    video_names = pseudonyms.name_all("V", keys)
    names = [
        (video_names[key], patient_names[patients.keys[component]])
        for key, component in zip(keys, patients.component, strict=True)
    ]
    opened = RecordingStore(store, pseudonyms, options.openpose).open_videos(
        videos, _paths(names, matching), options.n_workers
    )
    read = _describe(rows, matching, people, names, opened, len(folders), options)
    n_rated = len(rows) or len(people)
    return Intake(
        cohort=_build_cohort(read, sheet, patients, len(folders)),
        videos=tuple(read),
        sheet=sheet,
        merged=tuple(_merged(patients, names, read)),
        n_patients=len(set(patients.component[:n_rated])),
        n_others=n_others,
    )


def _identify_all(
    rows: Sequence[LabelRow], matching: Matching, options: IntakeOptions
) -> list[Identity]:
    """Who is in each video: the rows in order, then the folders without a row."""
    mapping: dict[str, str] = {}
    if options.patients.mapping is not None:
        mapping = read_mapping(Path(options.patients.mapping))
    listed = [(row.video_id, row.patient, row.group) for row in rows]
    listed += [(folder.video_id, "", "") for folder in _folders_without_row(matching)]
    return [
        identify(video_id, options.patients, mapping.get(video_id.casefold(), patient), group)
        for video_id, patient, group in listed
    ]


def _folders_without_row(matching: Matching) -> list[VideoFolder]:
    return [*matching.unmatched, *matching.doubles]


def _paths(names: Sequence[tuple[str, str]], matching: Matching) -> dict[str, Path]:
    """Folder of each video pseudonym; doubles stay closed."""
    given = [*matching.folder_of, *matching.unmatched]
    return {
        video: folder.path
        for (video, _), folder in zip(names, given, strict=False)
        if folder is not None
    }


def _describe(
    rows: Sequence[LabelRow],
    matching: Matching,
    people: Sequence[Identity],
    names: Sequence[tuple[str, str]],
    opened: Mapping[str, StoredVideo],
    n_folders: int,
    options: IntakeOptions,
) -> list[IntakeVideo]:
    no_scores: Mapping[Leg, int | None] = dict.fromkeys(LEGS)
    folders = _folders_without_row(matching)
    doubled = {folder.position for folder in matching.doubles}
    described = []
    for position, (person, (video, patient)) in enumerate(zip(people, names, strict=True)):
        if position < len(rows):
            row: LabelRow | None = rows[position]
            place = f"row {rows[position].row}"
            reason, detail = _why_no_folder(position, matching, n_folders)
        else:
            row = None
            folder = folders[position - len(rows)]
            place = f"folder {folder.position} of {n_folders} by name"
            reason, detail = (TWO_FOLDERS if folder.position in doubled else ""), ""
        stored = None if reason else opened[video]
        if stored is not None and stored.facts is None:
            reason, detail = stored.reason, stored.detail
        is_rated = row is not None and row.is_rated
        if (
            not reason
            and is_rated
            and not person.is_known
            and options.patients.unknown == "exclude"
        ):
            reason = NO_PATIENT
        facts = stored.facts if stored else None
        verdicts = judge_quality(facts, options.quality) if facts else {}
        scores = row.scores if row else no_scores
        described.append(
            IntakeVideo(
                video, patient, person.group, place, row.row if row else None, scores, stored,
                verdicts, reason, detail,
            )
        )  # fmt: skip
    return described


def _why_no_folder(position: int, matching: Matching, n_folders: int) -> tuple[str, str]:
    if matching.folder_of[position] is not None:
        return "", ""
    near = matching.suggestions.get(position)
    hint = f"did you mean folder {near.position} of {n_folders} by name?" if near else ""
    return NO_FOLDER, hint


def _build_cohort(
    videos: Sequence[IntakeVideo], sheet: LabelSheet | None, patients: Patients, n_folders: int
) -> Cohort:
    problems = [problem for problem in (sheet.problems if sheet else ()) if problem.is_fatal]
    lost = {(problem.row, problem.leg): problem for problem in problems}
    samples: list[LegSample] = []
    exclusions = [
        Exclusion(f"row {problem.row}", None, problem.reason)
        for problem in problems
        if problem.leg is None
    ]
    digest = sha256()
    for video, component in zip(videos, patients.component, strict=True):
        if video.reason or video.stored is None or video.stored.recording is None:
            exclusions.append(
                Exclusion(video.video, None, video.reason, _detail(video.place, video.detail))
            )
            continue
        for leg in LEGS:
            problem = lost.get((video.row or 0, leg))
            verdict = video.verdicts[leg]
            if problem is not None:
                detail = _detail(video.place, problem.detail)
                exclusions.append(Exclusion(video.video, leg, problem.reason, detail))
            elif not verdict.is_usable:
                detail = _detail(video.place, verdict.details[0])
                exclusions.append(Exclusion(video.video, leg, verdict.reasons[0], detail))
            else:
                sample = _sample(video, leg, verdict)
                samples.append(sample)
                digest.update(_facts_to_hash(sample, video.stored.sha256, component))
    n_rows = sheet.n_rows if sheet else 0
    return Cohort(tuple(samples), tuple(exclusions), n_rows, n_folders, digest.hexdigest())


def _sample(video: IntakeVideo, leg: Leg, verdict: Verdict) -> LegSample:
    assert video.stored is not None and video.stored.recording is not None
    warnings = tuple(map(_detail, verdict.reasons, verdict.details))
    return LegSample(
        video.stored.recording, leg, video.scores[leg], video.patient, video.group, warnings
    )


def _facts_to_hash(sample: LegSample, keypoints: str, patient: int) -> bytes:
    facts = [
        keypoints, sample.recording.fps, *sample.recording.frame_size, sample.leg, sample.score,
        patient, sample.group,
    ]  # fmt: skip
    return json.dumps(facts).encode()


def _detail(first: str, second: str) -> str:
    return f"{first}: {second}" if second else first


def _merged(
    patients: Patients, names: Sequence[tuple[str, str]], videos: Sequence[IntakeVideo]
) -> list[MergedPatient]:
    merged = []
    for component, n_codes, n_numbers in patients.merged:
        members = [position for position, c in enumerate(patients.component) if c == component]
        places = tuple(videos[position].place for position in members)
        merged.append(MergedPatient(names[members[0]][1], places, n_codes, n_numbers))
    return merged
