"""Weights of a run that has seen the patients of the test are refused before any training."""

import json
import logging
import shutil

import pytest
import yaml

from pdla.data.recordings import Cohort, LegSample
from pdla.training import run as training
from pdla.training.pretraining import check_pretraining
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.runs import TINY
from tests.fixtures.studies import RECORDING, make_legs, make_study

TABLE, SAMPLES = make_legs()
OTHER_DATA = Cohort((), data_hash="e" * 64)


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path / "study", ["tcn"], ["R"], n_folds=3)


def weights_of(study, fold):
    return str(study / f"tcn-R-fold{fold}-seed0" / "checkpoints" / "best.ckpt")


def patients_of(study, fold, *stages):
    split = json.loads((study / f"tcn-R-fold{fold}-seed0" / "split.json").read_text())
    indices = [index for stage in stages for index in split["folds"][fold][stage]]
    return set(TABLE.loc[indices, "patient"])


@pytest.mark.parametrize("stage", ["train", "val"])
def test_a_run_that_has_seen_a_test_patient_is_refused_by_name(study, stage):
    (patient, *_) = sorted(patients_of(study, 1, stage))
    with pytest.raises(ValueError, match=f"trained on 1 of the patients .*{patient}") as error:
        check_pretraining(weights_of(study, 1), OTHER_DATA, {patient, "P-new"})
    assert "\n" not in str(error.value)


def test_a_run_of_the_same_fold_and_one_of_other_people_are_fine(study):
    check_pretraining(weights_of(study, 1), OTHER_DATA, patients_of(study, 1, "test"))
    check_pretraining(weights_of(study, 1), OTHER_DATA, {"P-new"})


def test_on_the_same_data_patients_are_known_whatever_their_pseudonyms_are(study):
    renamed = tuple(LegSample(RECORDING, s.leg, s.score, f"Q{s.patient}", s.group) for s in SAMPLES)
    cohort = Cohort(renamed, data_hash="d" * 64)
    tested = {f"Q{patient}" for patient in patients_of(study, 0, "test")}
    check_pretraining(weights_of(study, 0), cohort, tested)
    with pytest.raises(ValueError, match="fold1-seed0 was trained on"):
        check_pretraining(weights_of(study, 1), cohort, tested)


def test_what_the_weights_themselves_began_with_counts_too(study, tmp_path):
    other = make_study(tmp_path / "other", ["tcn"], ["R"], n_folds=3)
    config = other / "tcn-R-fold0-seed0" / "config.yaml"
    content = yaml.safe_load(config.read_text())
    content["model"]["weights"] = weights_of(study, 1)
    config.write_text(yaml.safe_dump(content))
    tested = patients_of(study, 0, "test")
    with pytest.raises(ValueError, match="fold1-seed0 was trained on"):
        check_pretraining(weights_of(other, 0), OTHER_DATA, tested)


def test_a_run_that_does_not_say_on_whom_it_was_trained_is_refused(study):
    (study / "tcn-R-fold1-seed0" / "split.json").unlink()
    with pytest.raises(ValueError, match="cannot tell on whom"):
        check_pretraining(weights_of(study, 1), OTHER_DATA, {"P-new"})
    (study / "tcn-R-fold2-seed0" / "result.json").unlink()
    with pytest.raises(ValueError, match="is not finished"):
        check_pretraining(weights_of(study, 2), OTHER_DATA, {"P-new"})


def test_weights_of_unknown_origin_are_warned_of_and_published_ones_are_not(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        check_pretraining("auto", OTHER_DATA, {"P-1"})
        assert not caplog.text
        check_pretraining("weights.pt", OTHER_DATA, {"P-1"})
    assert "nothing beside it says on whom it was trained" in caplog.text


def test_training_stops_before_it_begins_unless_the_split_is_leaky(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "load_cohort", lambda _: make_cohort(9, visits=1))
    tiny = (*TINY[1:], "model=tcn", "trainer.max_epochs=1")
    first = tmp_path / "runs" / "tcn-R-fold0-seed0"
    training.run(compose_config(*tiny, "model.weights=none"), first)
    weights = f"model.weights={first / 'checkpoints' / 'best.ckpt'}"
    training.run(compose_config(*tiny, weights), tmp_path / "runs" / "same-fold")
    with pytest.raises(ValueError, match="tcn-R-fold0-seed0 was trained on"):
        training.run(compose_config(*tiny, weights, "split.fold=1"), tmp_path / "runs" / "next")
    assert not (tmp_path / "runs" / "next" / "checkpoints").exists()
    leaky = [option for option in tiny if not option.startswith("split.")]
    training.run(
        compose_config(*leaky, weights, "split=by_video_2023"), tmp_path / "runs" / "leaky"
    )
    shutil.rmtree(tmp_path / "runs")
