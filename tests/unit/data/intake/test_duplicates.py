from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from pdla.commands.check_summary import summarise
from pdla.data.clips.datamodules import split_cohort
from pdla.data.intake import Intake, IntakeOptions, read_intake
from pdla.data.intake.duplicates import is_copy
from pdla.data.intake.patients import PatientOptions
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, JOINTS
from pdla.data.splits.rules import PatientKFold
from tests.fixtures.clinics import HEADER, seated, write_sheet, write_video

IDS = ("TG1_5550001_20220101_LA_1", "TG2_5550002_20220101_LA_1", "TG3_5550003_20220101_LA_1")


def read(root: Path, *people: np.ndarray, copies: Literal["merge", "keep"] = "merge") -> Intake:
    for clinic_id, person in zip(IDS, people, strict=False):
        write_video(root / "LA" / clinic_id, person)
    rows = [(clinic_id, 1, 1, "") for clinic_id in IDS[: len(people)]]
    sheet = write_sheet(root / "labels.xls", [HEADER, *rows])
    options = IntakeOptions(patients=PatientOptions(copies=copies))
    return read_intake(root / "LA", sheet, root / "store", options)


def with_noise(person: np.ndarray) -> np.ndarray:
    noisy = person.copy()
    noisy[..., :2] += np.random.default_rng(0).normal(0, 1, noisy[..., :2].shape)
    return noisy


def mirrored(person: np.ndarray) -> np.ndarray:
    """What a pose estimator finds in the mirrored picture."""
    other = [JOINT[{"L": "R", "R": "L"}.get(name[0], name[0]) + name[1:]] for name in JOINTS]
    mirror = person[:, other].copy()
    mirror[..., 0] = np.where(mirror[..., 2] > 0, 540 - mirror[..., 0], 0)
    return mirror


def at_25_fps(person: np.ndarray) -> np.ndarray:
    return person[np.round(np.arange(0, len(person) - 1, 30 / 25)).astype(int)]


@pytest.mark.parametrize(
    "copy",
    [lambda person: person, lambda person: person[17:], with_noise,
     lambda person: with_noise(person)[5:-30], mirrored, lambda person: mirrored(person)[5:-30],
     lambda person: person[::2], at_25_fps,
     lambda person: with_noise(mirrored(at_25_fps(person)))],
    ids=["equal", "cut", "noise", "cut noise", "mirrored", "mirrored cut", "every second frame",
         "25 fps", "mirrored 25 fps noise"],
)  # fmt: skip
def test_copies_under_two_patients_are_one_person(
    tmp_path: Path, copy: Callable[[np.ndarray], np.ndarray]
) -> None:
    person = restless(1)
    intake = read(tmp_path, person, restless(2), copy(person))
    assert intake.duplicates == (("row 4", "row 2"),)
    patients = [entry.patient for entry in intake.videos]
    assert patients[0] == patients[2] != patients[1]
    assert intake.n_patients == 2
    assert len({sample.patient for sample in intake.cohort.samples}) == 2


def test_copies_are_merged_or_kept_apart_and_that_is_said(tmp_path: Path) -> None:
    person = restless(1)
    merged = read(tmp_path / "a", person, person, person)
    kept = read(tmp_path / "b", person, person, person, copies="keep")
    assert (merged.n_patients, merged.cohort.n_merged) == (1, 2)
    assert (kept.n_patients, kept.cohort.n_merged) == (3, 0)
    assert merged.cohort.data_hash != kept.cohort.data_hash
    for intake, expected in ((merged, "taken as one person"), (kept, "kept apart")):
        (group,) = [one for one in summarise(intake).sheet if "nearly" in one.reason.text]
        assert expected in group.reason.text
        assert "recordings.patients.copies" in group.reason.text
        assert [str(place) for place in group.places] == ["row 3: as row 2", "row 4: as row 2"]


def test_a_split_that_lacks_patients_names_those_that_were_merged(tmp_path: Path) -> None:
    person = restless(1)
    splitter = PatientKFold(n_folds=3)
    cohort = read(tmp_path / "a", person, person, person).cohort
    with pytest.raises(ValueError, match=r"only 1 patient: .* 2 more .*patients.copies=keep"):
        split_cohort(cohort, splitter, ("R",))
    cohort = read(tmp_path / "b", person, restless(2)).cohort
    with pytest.raises(ValueError, match=r"only 2 patients: choose fewer folds$"):
        split_cohort(cohort, splitter, ("R",))


def test_a_scaled_and_a_cut_copy_at_a_known_rate_are_copies() -> None:
    person = restless(1).astype(np.float32)
    big = person * np.asarray([2, 2, 1], dtype=np.float32)
    one = Recording("V-1", person, 30.0, (960, 540))
    assert is_copy(one, Recording("V-2", big, 30.0, (1920, 1080)))
    assert not is_copy(one, Recording("V-2", big, 30.0, (1920, 1920)))
    assert is_copy(one, Recording("V-2", person[40::2], 15.0, (960, 540)))


def test_other_people_on_the_same_chair_stay_apart(tmp_path: Path) -> None:
    slower = seated(150)[np.arange(150) * 4 // 5]
    assert read(tmp_path, restless(1), restless(2), slower).duplicates == ()


def restless(seed: int, n_frames: int = 150) -> np.ndarray:
    """Someone who taps with a rhythm of his own."""
    rng = np.random.default_rng(seed)
    person = seated(n_frames)
    phase = np.cumsum(rng.uniform(0.2, 0.7, n_frames))
    lift = 40 * np.clip(np.sin(phase), 0, None)
    person[:, 9:12, 1] = seated(1)[0, 9:12, 1] - lift[:, None] * (0, 1, 1)
    return person
