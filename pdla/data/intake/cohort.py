"""From a folder of videos and a label sheet to the cohort that everything else works on."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pdla.data.intake.duplicates import find_duplicates, merge_duplicates
from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.folders import FolderOptions, find_folders
from pdla.data.intake.known_copies import read_known_copies, write_known_copies
from pdla.data.intake.labels import LabelSheet, RowProblem, read_labels
from pdla.data.intake.li2018 import read_li2018
from pdla.data.intake.matching import match_folders
from pdla.data.intake.options import IntakeOptions
from pdla.data.intake.patients import PatientOptions, group_patients, identify, read_mapping
from pdla.data.intake.pseudonyms import Pseudonyms, open_pseudonyms, read_pseudonyms
from pdla.data.intake.quality import judge_quality
from pdla.data.intake.result import Intake, MergedPatient, build_cohort
from pdla.data.intake.store import RecordingStore, StoredVideo, VideoSource, check_store_folder
from pdla.data.intake.video_formats import UNKNOWN_FORMAT, read_formats
from pdla.data.li2018 import is_li2018_folder
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import Cohort

_log = logging.getLogger(__name__)


def read_cohort(videos: Path, labels: Path | None, store: Path, options: IntakeOptions) -> Cohort:
    """Read a cohort: OpenPose folders, label sheet, patients, verdicts.

    Args:
        videos: Folder with one folder of keypoints for each video, or the published files of Li &
            Taati (2018), which bring their own ratings.
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
    if labels is None and is_li2018_folder(videos):
        return read_li2018(videos, open_pseudonyms(store), options)
    check_store_folder(store)
    found = _find(videos, labels, options)
    pseudonyms = open_pseudonyms(store)
    entries = _name(found.entries, pseudonyms, options.folders)
    recordings = RecordingStore(store, pseudonyms, options.openpose)
    opened = recordings.open_videos(videos, _sources(entries, options), options.n_workers)
    judged = [_judge(entry, opened, options) for entry in entries]
    copies_file = recordings.copies_file(videos)
    known = read_known_copies(copies_file, pseudonyms)
    pairs, compared = find_duplicates(judged, known)
    if compared != known:
        with suppress(OSError):  # then they are compared again next time
            write_known_copies(copies_file, compared, pseudonyms)
    return _finish(replace(found, entries=judged), pairs, options, pseudonyms.project)


def open_cohort(videos: Path, labels: Path | None, store: Path, options: IntakeOptions) -> Cohort:
    """Open a cohort that was read before; nothing is parsed, and nothing is written anywhere.

    Raises:
        FileNotFoundError: If the folder, the sheet or the secret of the store is missing.
        ValueError: If a video is not in the store, or has changed since.
    """
    if labels is None and is_li2018_folder(videos):
        return read_li2018(videos, read_pseudonyms(store), options).cohort
    found = _find(videos, labels, options)
    pseudonyms = read_pseudonyms(store)
    entries = _name(found.entries, pseudonyms, options.folders)
    recordings = RecordingStore(store, pseudonyms, options.openpose)
    opened = recordings.open_stored(videos, _sources(entries, options))
    judged = [_judge(entry, opened, options) for entry in entries]
    known = read_known_copies(recordings.copies_file(videos), pseudonyms)
    pairs, _ = find_duplicates(judged, known)
    return _finish(replace(found, entries=judged), pairs, options, pseudonyms.project).cohort


@dataclass(frozen=True)
class _Found:
    """What was found before anything is named or opened."""

    entries: list[VideoEntry]
    sheet: LabelSheet | None
    n_folders: int
    n_others: int


def _find(videos: Path, labels: Path | None, options: IntakeOptions) -> _Found:
    """Match folders and rows, and tell who is who."""
    folders, n_others = find_folders(videos, options.folders)
    sheet = None if labels is None else read_labels(labels, options.sheet)
    entries = match_folders(sheet.rows if sheet else (), folders, options.folders, options.patients)
    return _Found(_identify(entries, options.patients), sheet, len(folders), n_others)


def _sources(entries: Sequence[VideoEntry], options: IntakeOptions) -> dict[str, VideoSource]:
    """Where each video that is to be opened lies, and its format, by pseudonym."""

    def key(name: str) -> str:
        return options.folders.key(options.folders.clinic_id(name))

    table = {} if options.formats is None else read_formats(Path(options.formats), key)
    unknown = set(table)
    sources = {}
    for entry in entries:
        keys = {key(entry.clinic_id), key(entry.row.clinic_id if entry.row else entry.clinic_id)}
        unknown -= keys
        if entry.folder is None or entry.problem:
            continue
        named = next((table[one] for one in sorted(keys) if one in table), UNKNOWN_FORMAT)
        found = named.or_else(entry.row.video_format if entry.row else UNKNOWN_FORMAT)
        sources[entry.video_id] = VideoSource(entry.folder.path, found.fps, found.frame_size)
    if unknown:
        _log.warning(
            "%s: %d of its %d videos are neither in the sheet nor among the folders",
            options.formats, len(unknown), len(table),
        )  # fmt: skip
    return sources


def _finish(
    found: _Found,
    pairs: Sequence[tuple[VideoEntry, VideoEntry]],
    options: IntakeOptions,
    project: str,
) -> Intake:
    """Put together what was found, with videos that are judged and pairs of copies."""
    sheet, judged = found.sheet, found.entries
    merges = options.patients.copies == "merge"
    entries = merge_duplicates(judged, pairs) if merges else judged
    counted = [entry for entry in entries if entry.row] if sheet and sheet.rows else entries
    return Intake(
        cohort=replace(
            build_cohort(entries, sheet, found.n_folders),
            project=project,
            n_merged=_count_people(judged) - _count_people(entries),
        ),
        videos=tuple(entries),
        sheet=sheet,
        problems=tuple(_row_problems(entries, sheet)),
        merged=tuple(_merged(entries)),
        n_patients=len({entry.person for entry in counted}),
        n_others=found.n_others,
        duplicates=tuple((other.place, one.place) for one, other in pairs),
        has_merged=merges,
    )


def _count_people(entries: Sequence[VideoEntry]) -> int:
    return len({entry.person for entry in entries})


def _identify(entries: Sequence[VideoEntry], options: PatientOptions) -> list[VideoEntry]:
    """Find out who is in each video."""
    mapping = {} if options.mapping is None else read_mapping(Path(options.mapping))
    identities = []
    for entry in entries:
        row = entry.row
        ids = (entry.clinic_id, row.clinic_id) if row else (entry.clinic_id,)
        named = next((mapping[one.casefold()] for one in ids if one.casefold() in mapping), "")
        patient = named or (row.patient if row else "")
        identities.append(identify(entry.clinic_id, options, patient, row.group if row else ""))
    people = group_patients(identities)
    return [
        replace(entry, identity=identity, person=person)
        for entry, identity, person in zip(entries, identities, people, strict=True)
    ]


def _name(
    entries: Sequence[VideoEntry], pseudonyms: Pseudonyms, options: FolderOptions
) -> list[VideoEntry]:
    """Give each video and patient its pseudonym."""
    patients = pseudonyms.name_all("P", [entry.person.key for entry in entries])
    videos = pseudonyms.name_all("V", [options.key(entry.clinic_id) for entry in entries])
    return [
        replace(
            entry,
            video_id=videos[options.key(entry.clinic_id)],
            patient=patients[entry.person.key],
        )
        for entry in entries
    ]


def _judge(
    entry: VideoEntry, opened: Mapping[str, StoredVideo | Finding], options: IntakeOptions
) -> VideoEntry:
    """Take the keypoints from the store and judge them."""
    if entry.problem is not None:
        return entry
    stored = opened[entry.video_id]
    if isinstance(stored, Finding):
        return replace(entry, problem=stored)
    is_nobody = not entry.identity.is_known and options.patients.unknown == "exclude"
    problem = Finding(Reason.NO_PATIENT) if entry.is_rated and is_nobody else None
    verdicts = judge_quality(stored.facts, options.quality)
    return replace(entry, stored=stored, problem=problem, verdicts=verdicts)


def _row_problems(entries: Sequence[VideoEntry], sheet: LabelSheet | None) -> list[RowProblem]:
    """What the sheet itself shows, and what is odd about the video ids."""
    problems = list(sheet.problems) if sheet else []
    for entry in entries:
        if entry.row is None:
            continue
        if entry.identity.has_odd_date:
            problems.append(RowProblem(entry.row.row, Reason.ODD_DATE))
        if entry.identity.has_short_number:
            problems.append(RowProblem(entry.row.row, Reason.SHORT_NUMBER))
        if entry.remark is not None:
            remark = entry.remark
            problems.append(RowProblem(entry.row.row, remark.reason, detail=remark.detail))
    return sorted(problems, key=lambda problem: problem.row or 0)


def _merged(entries: Sequence[VideoEntry]) -> list[MergedPatient]:
    places: dict[str, list[str]] = {}
    people = {}
    for entry in entries:
        if entry.person.is_merged:
            places.setdefault(entry.patient, []).append(entry.place)
            people[entry.patient] = entry.person
    return [
        MergedPatient(patient, tuple(places[patient]), person.n_codes, person.n_numbers)
        for patient, person in people.items()
    ]
