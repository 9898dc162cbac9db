"""From a folder of videos and a label sheet to the cohort that everything else works on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pdla.data.intake.folders import Matching, VideoFolder, find_folders, match_folders
from pdla.data.intake.labels import LabelRow, LabelSheet, RowProblem, read_labels
from pdla.data.intake.options import IntakeOptions
from pdla.data.intake.patients import Identity, Patients, group_patients, identify, read_mapping
from pdla.data.intake.pseudonyms import open_pseudonyms
from pdla.data.intake.quality import judge_quality
from pdla.data.intake.result import Intake, IntakeVideo, MergedPatient, build_cohort
from pdla.data.intake.store import RecordingStore, StoredVideo
from pdla.data.recordings import Cohort
from pdla.data.skeletons import LEGS, Leg

NO_FOLDER = "no folder with keypoints for this row"
TWO_FOLDERS = "several folders for one video id"
NO_PATIENT = (
    "the patient cannot be told from the video id "
    "(add a patient column, or set recordings.patients.pattern)"
)


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
    matching = match_folders([row.clinic_id for row in rows], folders, options.folders)
    people = _identify_all(rows, matching, options)
    patients = group_patients(people)
    pseudonyms = open_pseudonyms(store)
    patient_names = pseudonyms.name_all("P", patients.keys)
    keys = [options.folders.key(person.clinic_id) for person in people]
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
        cohort=build_cohort(read, patients.component, sheet, len(folders)),
        videos=tuple(read),
        sheet=sheet,
        problems=tuple(_row_problems(rows, people, sheet)),
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
    listed = [(row.clinic_id, row.patient, row.group) for row in rows]
    listed += [(folder.clinic_id, "", "") for folder in _folders_without_row(matching)]
    return [
        identify(clinic_id, options.patients, mapping.get(clinic_id.casefold(), patient), group)
        for clinic_id, patient, group in listed
    ]


def _row_problems(
    rows: Sequence[LabelRow], people: Sequence[Identity], sheet: LabelSheet | None
) -> list[RowProblem]:
    """What the sheet itself shows, and what is odd about the video ids."""
    problems = list(sheet.problems) if sheet else []
    for row, person in zip(rows, people, strict=False):
        if person.has_odd_date:
            problems.append(RowProblem(row.row, "the date in the video id is no date"))
        if person.has_short_number:
            problems.append(RowProblem(row.row, "the patient number may be a placeholder"))
    return sorted(problems, key=lambda problem: problem.row)


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


def _merged(
    patients: Patients, names: Sequence[tuple[str, str]], videos: Sequence[IntakeVideo]
) -> list[MergedPatient]:
    merged = []
    for component, n_codes, n_numbers in patients.merged:
        members = [position for position, c in enumerate(patients.component) if c == component]
        places = tuple(videos[position].place for position in members)
        merged.append(MergedPatient(names[members[0]][1], places, n_codes, n_numbers))
    return merged
