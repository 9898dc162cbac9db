"""Never the same patient on two sides."""

import json

import numpy as np
import pytest

from pdla.data.clips.datamodules import split_cohort
from pdla.data.recordings import LegSample
from pdla.data.splits import stratify
from pdla.data.splits.files import Split, describe_folds
from pdla.data.splits.rules import (
    ByVideo2023,
    Holdout,
    LeaveOnePatientOut,
    PatientKFold,
    check_patients_apart,
    restrict,
)
from pdla.data.splits.stratify import draw_folds


def rated(cohort, leg="R"):
    return cohort.rated(leg)


def patients(samples, indices):
    return {samples[index].patient for index in indices}


def test_no_patient_stands_on_two_sides_of_any_fold(cohort_of):
    samples = rated(cohort_of(15, visits=3))
    for fold in range(5):
        split = PatientKFold(fold=fold).split(samples)
        check_patients_apart(split, samples)
        assert sorted(split.train + split.val + split.test) == list(range(len(samples)))


def test_each_patient_is_tested_once_over_the_folds(cohort_of):
    samples = rated(cohort_of(15, visits=2))
    tested = [PatientKFold(fold=fold).split(samples).test for fold in range(5)]
    assert sorted(np.concatenate(tested)) == list(range(len(samples)))


def test_each_common_score_is_in_every_test_fold(cohort_of):
    samples = rated(cohort_of(30, visits=1))
    for fold in range(5):
        scores = {samples[index].score for index in PatientKFold(fold=fold).split(samples).test}
        assert scores == {0, 1, 2}


def test_folds_do_not_depend_on_pseudonyms(cohort_of):
    samples = rated(cohort_of(15))
    renamed = [
        LegSample(s.recording, s.leg, s.score, f"P-{hash(s.patient + 'x') % 9973}", s.group)
        for s in samples
    ]
    assert PatientKFold().split(samples) == PatientKFold().split(renamed)


def test_a_patient_is_in_the_same_fold_for_either_leg(cohort_of):
    cohort = cohort_of(15)
    splits = {leg: split_cohort(cohort, PatientKFold(fold=2), legs) for leg, legs in
              (("L", ["L"]), ("R", ["R"]), ("both", ["L", "R"]))}  # fmt: skip
    tested = {leg: patients(samples, split.test) for leg, (samples, split) in splits.items()}
    assert tested["L"] == tested["R"] == tested["both"]


def test_overlap_of_patients_is_an_error_that_names_them(cohort_of):
    samples = rated(cohort_of(4))
    with pytest.raises(ValueError, match="both train and test: P-0"):
        check_patients_apart(Split(train=(0, 2), val=(4,), test=(1,)), samples)


def test_the_2023_split_is_marked_leaky_and_repeats_the_highest_score_on_both_sides(cohort_of):
    samples = rated(cohort_of(12, visits=2, scores=(0, 1, 3)))
    split = ByVideo2023().split(samples)
    assert ByVideo2023.is_leaky
    assert split.val == split.test
    highest = {index for index, sample in enumerate(samples) if sample.score == 3}
    assert highest <= set(split.train)
    assert highest <= set(split.test)
    with pytest.raises(ValueError, match="patients in both"):
        check_patients_apart(split, samples)


def test_leave_one_patient_out_tests_one_patient(cohort_of):
    samples = rated(cohort_of(6))
    split = LeaveOnePatientOut(fold=3).split(samples)
    assert patients(samples, split.test) == {"P-3"}
    with pytest.raises(ValueError, match="choose 0 to 5"):
        LeaveOnePatientOut(fold=6).split(samples)


def test_restricting_a_split_renumbers_what_stays():
    split = Split(train=(0, 1, 4), val=(2,), test=(3, 5))
    keep = np.array([True, False, True, False, True, True])
    assert restrict(split, keep) == Split(train=(0, 2), val=(1,), test=(3,))


@pytest.mark.parametrize("options", [{"fold": 5}, {"n_folds": 1}, {"fold": -1}])
def test_folds_that_do_not_exist_are_refused(options):
    with pytest.raises(ValueError, match=r"split\."):
        PatientKFold(**options)


def test_more_folds_than_patients_is_an_error(cohort_of):
    with pytest.raises(ValueError, match="only 3 patients"):
        PatientKFold().split(rated(cohort_of(3)))


def test_a_fold_without_the_wanted_leg_is_an_error(cohort_of):
    cohort = cohort_of(15)
    only_left = type(cohort)(tuple(sample for sample in cohort.samples if sample.leg == "L"))
    with pytest.raises(ValueError, match="no rated leg R"):
        split_cohort(only_left, PatientKFold(), ["R"])


def test_repeats_draw_the_folds_anew_and_each_tests_everybody_once(cohort_of):
    samples = rated(cohort_of(15))
    folds = PatientKFold(repeats=2).all_folds(samples)
    assert len(folds) == 10
    for repeat in (folds[:5], folds[5:]):
        tested = np.concatenate([fold.test for fold in repeat])
        assert sorted(tested) == list(range(len(samples)))
    assert folds[0].test != folds[5].test
    assert folds[:5] == PatientKFold().all_folds(samples)


def test_a_holdout_sets_a_quarter_of_the_patients_aside_once(cohort_of):
    samples = rated(cohort_of(24))
    split = Holdout().split(samples)
    check_patients_apart(split, samples)
    assert len(patients(samples, split.test)) == 6
    with pytest.raises(ValueError, match="choose 0 to 0"):
        Holdout(fold=1).split(samples)


def test_a_tuning_run_never_looks_at_the_patients_that_the_fold_tests(cohort_of):
    samples = rated(cohort_of(24))
    outer = patients(samples, PatientKFold(fold=1).split(samples).test)
    tested = []
    for inner in range(4):
        split = PatientKFold(fold=1, inner=inner).split(samples)
        check_patients_apart(split, samples)
        assert not patients(samples, split.train + split.val + split.test) & outer
        tested += split.test
    assert patients(samples, tested) == {sample.patient for sample in samples} - outer
    assert len(tested) == len(set(tested))


def write_split(path, splitter, samples):
    record = describe_folds(splitter.all_folds(samples), samples, "PatientKFold")
    path.write_text(json.dumps(record.to_json()))
    return record


def test_a_split_file_gives_the_same_folds_back_and_the_same_hash(cohort_of, tmp_path):
    samples = rated(cohort_of(15))
    record = write_split(tmp_path / "split.json", PatientKFold(seed=3), samples)
    for fold in range(5):
        again = PatientKFold(file=str(tmp_path / "split.json"), fold=fold)
        assert again.split(samples) == PatientKFold(seed=3, fold=fold).split(samples)
    assert describe_folds(again.all_folds(samples), samples, "file").hash == record.hash


def test_folds_are_the_same_on_every_machine_whatever_the_pseudonyms(cohort_of):
    samples = rated(cohort_of(15))
    renamed = [
        LegSample(s.recording, s.leg, s.score, s.patient.replace("P", "Q"), s.group)
        for s in samples
    ]
    hashes = {
        describe_folds(PatientKFold().all_folds(legs), legs, "PatientKFold").hash
        for legs in (samples, renamed)
    }
    assert hashes == {"a20c621c0dbbbffca1efaeb4485a20e0d98e4229cd9cb329367c1f9fde865761"}


def test_a_split_file_that_cannot_be_used_is_one_clear_line(cohort_of, tmp_path):
    path, samples = tmp_path / "split.json", rated(cohort_of(15))
    record = write_split(path, PatientKFold(), samples)
    with pytest.raises(ValueError, match="made for 30 other legs"):
        PatientKFold(file=str(path)).split(rated(cohort_of(16)))
    with pytest.raises(ValueError, match=r"split\.fold=9, but it has 5 folds"):
        PatientKFold(file=str(path), fold=9).split(samples)
    content = record.to_json()
    content["folds"][0]["train"] += content["folds"][0]["test"][:1]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="was changed"):
        PatientKFold(file=str(path)).split(samples)
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"not a split\.json"):
        PatientKFold(file=str(path)).split(samples)
    with pytest.raises(ValueError, match="not found"):
        PatientKFold(file=str(tmp_path / "none.json")).split(samples)


def test_folds_of_the_2023_protocol_read_from_a_file_still_fail_as_a_patient_split(
    cohort_of, tmp_path
):
    cohort = cohort_of(12)
    samples = [sample for leg in ("L", "R") for sample in cohort.rated(leg)]
    write_split(tmp_path / "split.json", ByVideo2023(), samples)
    with pytest.raises(ValueError, match="patients in both"):
        split_cohort(cohort, PatientKFold(file=str(tmp_path / "split.json")), ["R"])


@pytest.mark.parametrize("options", [{"inner": 4}, {"inner": 0, "n_val_folds": 2}, {"repeats": 0}])
def test_tuning_parts_and_repeats_that_do_not_exist_are_refused(options):
    with pytest.raises(ValueError, match=r"split\."):
        PatientKFold(**options)


def test_no_fold_is_ever_empty():
    generator = np.random.default_rng(0)
    for seed in range(150):
        n_folds = int(generator.integers(2, 6))
        patients = np.sort(generator.integers(0, n_folds + 2, 30))
        patients = np.unique(patients, return_inverse=True)[1]
        if len(np.unique(patients)) < n_folds:
            continue
        scores = generator.integers(0, 4, 30)
        folds = draw_folds(scores, patients, n_folds, seed)
        assert set(folds.tolist()) == set(range(n_folds))
        assert all(len(set(folds[patients == patient])) == 1 for patient in patients)


def test_patients_are_dealt_out_where_every_draw_leaves_a_fold_empty(monkeypatch):
    monkeypatch.setattr(stratify, "_draw_once", lambda scores, *_: np.zeros(len(scores), int))
    patients = np.repeat(np.arange(7), 3)
    folds = draw_folds(np.arange(21) % 4, patients, 3, 0)
    assert set(folds.tolist()) == {0, 1, 2}
    assert all(len(set(folds[patients == patient])) == 1 for patient in patients)
