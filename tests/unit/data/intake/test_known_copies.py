import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pdla.data.intake import Intake, IntakeOptions, duplicates, open_cohort, read_intake
from pdla.data.intake.duplicates import compare_recordings
from pdla.data.intake.known_copies import KnownCopies, recording_key
from pdla.data.intake.patients import PatientOptions
from pdla.data.recordings import Recording
from tests.fixtures.clinics import HEADER, seated, write_sheet, write_video

IDS = tuple(f"TG{number}_555000{number}_20220101_LA_1" for number in range(1, 5))
OPTIONS = IntakeOptions(workers=1)


def restless(seed: int, n_frames: int = 120) -> np.ndarray:
    """Someone on the same chair who taps with a rhythm of his own."""
    phase = np.cumsum(np.random.default_rng(seed).uniform(0.2, 0.7, n_frames))
    person = seated(n_frames)
    person[:, 9:12, 1] = seated(1)[0, 9:12, 1] - 40 * np.clip(np.sin(phase), 0, None)[:, None]
    return person


def write(root: Path, *people: np.ndarray) -> None:
    for clinic_id, person in zip(IDS, people, strict=False):
        shutil.rmtree(root / "LA" / clinic_id, ignore_errors=True)
        write_video(root / "LA" / clinic_id, person)
    rows = [(clinic_id, 1, 1, "") for clinic_id in IDS[: len(people)]]
    write_sheet(root / "labels.xls", [HEADER, *rows])


def read(root: Path) -> Intake:
    return read_intake(root / "LA", root / "labels.xls", root / "store", OPTIONS)


def kept_file(root: Path) -> Path:
    (path,) = (root / "store").glob("copies.*.json")
    return path


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Lengths of the recordings that were compared since the last look."""
    seen: list[tuple[int, int]] = []
    original = duplicates._is_copy

    def spy(one: Recording, other: Recording, *rest: object) -> bool:
        seen.append((one.n_frames, other.n_frames))
        return original(one, other, *rest)

    monkeypatch.setattr(duplicates, "_is_copy", spy)
    return seen


def test_opening_again_compares_nothing_and_finds_the_same(
    tmp_path: Path, compared: list[tuple[int, int]]
) -> None:
    person = restless(1)
    write(tmp_path, person, restless(2), person[7:])
    first = read(tmp_path)
    assert first.duplicates == (("row 4", "row 2"),)
    assert compared
    compared.clear()
    again = read(tmp_path)
    assert again.duplicates == first.duplicates
    assert again.cohort.data_hash == first.cohort.data_hash
    cohort = open_cohort(tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", OPTIONS)
    assert cohort.data_hash == first.cohort.data_hash
    assert compared == []


def test_only_new_and_changed_recordings_are_compared(
    tmp_path: Path, compared: list[tuple[int, int]]
) -> None:
    people = [restless(1), restless(2, 119), restless(3, 118)]
    write(tmp_path, *people)
    assert read(tmp_path).duplicates == ()
    compared.clear()
    write(tmp_path, *people, people[1][:-3])
    assert read(tmp_path).duplicates == (("row 5", "row 3"),)
    assert all(116 in pair for pair in compared)
    compared.clear()
    write(tmp_path, people[0], people[0][2:-3], people[2], people[1][:-3])
    assert read(tmp_path).duplicates == (("row 3", "row 2"),)
    assert all(115 in pair for pair in compared)


def test_a_sheet_that_names_other_patients_needs_no_comparison(
    tmp_path: Path, compared: list[tuple[int, int]]
) -> None:
    person = restless(1)
    for name in ("TG1_5550001_20220101_LA_1", "TG1_5550001_20220101_LA_2"):
        write_video(tmp_path / "LA" / name, person)
        person = person[3:]
    write_sheet(tmp_path / "labels.xls", [HEADER])
    assert read(tmp_path).duplicates == ()  # one patient, who may have two takes
    compared.clear()
    mapping = tmp_path / "patients.csv"
    mapping.write_text("video,patient\nTG1_5550001_20220101_LA_1,a\nTG1_5550001_20220101_LA_2,b\n")
    options = IntakeOptions(workers=1, patients=PatientOptions(mapping=str(mapping)))
    intake = read_intake(tmp_path / "LA", None, tmp_path / "store", options)
    assert len(intake.duplicates) == 1
    assert compared == []


@pytest.mark.parametrize("harm", ["missing", "cut", "of others", "changed"])
def test_a_file_that_cannot_be_trusted_is_made_again(
    tmp_path: Path, compared: list[tuple[int, int]], harm: str
) -> None:
    write(tmp_path, restless(1), restless(1)[5:])
    first = read(tmp_path)
    path = kept_file(tmp_path)
    whole = path.read_text()
    if harm == "missing":  # as in a store of an older version
        path.unlink()
    elif harm == "cut":
        path.write_text(whole[:-40])
    elif harm == "of others":
        path.write_text("[]")
    else:
        content = json.loads(whole)
        known = json.loads(content["known"]) | {"copies": []}
        path.write_text(json.dumps(content | {"known": json.dumps(known)}))
    compared.clear()
    assert read(tmp_path).duplicates == first.duplicates
    assert compared
    assert path.read_text() == whole


def test_opening_without_writing_compares_but_keeps_nothing(tmp_path: Path) -> None:
    write(tmp_path, restless(1), restless(1)[5:])
    first = read(tmp_path)
    kept_file(tmp_path).unlink()
    cohort = open_cohort(tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", OPTIONS)
    assert cohort.n_merged == first.cohort.n_merged == 1
    assert list((tmp_path / "store").glob("copies.*")) == []


def test_a_store_without_index_is_still_a_store(tmp_path: Path) -> None:
    write(tmp_path, restless(1), restless(2))
    first = read(tmp_path)
    (tmp_path / "store" / "index.json").unlink()
    assert read(tmp_path).cohort.data_hash == first.cohort.data_hash


def test_the_order_in_which_recordings_came_does_not_matter() -> None:
    people = [restless(1), restless(2), restless(1)[4:], restless(3), restless(2)[:-9]]
    recordings = {}
    for number, person in enumerate(people):
        one = Recording(
            f"V-{number}", person.astype(np.float32), 30.0, (960, 540), sha256=f"{number}"
        )
        recordings[recording_key(one)] = one
    at_once = compare_recordings(recordings, KnownCopies())
    keys = list(recordings)
    assert at_once.copies == {(keys[0], keys[2]), (keys[1], keys[4])}
    known = KnownCopies()
    for n in range(1, len(keys) + 1):
        known = compare_recordings({key: recordings[key] for key in keys[:n]}, known)
    assert known == at_once
    fewer = compare_recordings({key: recordings[key] for key in keys[1:]}, known)
    assert fewer.copies == {(keys[1], keys[4])}
    assert list(fewer.poses) == keys[1:]
