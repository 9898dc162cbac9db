"""Sites: nobody of the tested site is learnt from, and local patients bring the scale back."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pdla.commands import sites
from pdla.commands.sites import probe_site, regain
from pdla.data.splits.rules import LeaveOneSiteOut, check_patients_apart, sites_of
from pdla.evaluation.predictions import add_scores
from tests.fixtures.studies import make_legs


def samples_of(names=("A", "B", "C")):
    _, samples = make_legs(n_patients=18, visits=1)
    return [
        replace(one, condition=replace(one.condition, site=names[int(one.patient[2:]) % 3]))
        for one in samples
    ]


def test_each_site_is_tested_by_what_the_others_taught():
    samples = samples_of()
    splitter = LeaveOneSiteOut()
    folds = splitter.all_folds(samples)
    assert len(folds) == splitter.count_folds(samples) == 3
    for site, fold in zip(sites_of(samples), folds, strict=True):
        assert {samples[leg].condition.site for leg in fold.test} == {site}
        assert site not in {samples[leg].condition.site for leg in (*fold.train, *fold.val)}
        check_patients_apart(fold, samples)


def test_a_patient_of_two_sites_is_on_one_side_only():
    samples = samples_of()
    moved = [
        replace(one, condition=replace(one.condition, site="B")) if number % 18 == 0 else one
        for number, one in enumerate(samples)
    ]
    for fold in LeaveOneSiteOut().all_folds(moved):
        check_patients_apart(fold, moved)


@pytest.mark.parametrize("names", [("", "B", "C"), ("A", "A", "A")])
def test_sites_must_be_named_and_at_least_two(names):
    with pytest.raises(ValueError, match=r"recordings\.sheet\.columns\.site=NAME"):
        LeaveOneSiteOut().split(samples_of(names))


def test_local_patients_regain_what_a_more_severe_rater_took(monkeypatch):
    monkeypatch.setattr(sites, "N_LOCAL_DRAWS", 4)
    generator = np.random.default_rng(0)
    said = generator.integers(0, 4, 120)
    unsure = np.exp(-1.5 * np.abs(np.arange(5) - said[:, None]))
    shares = unsure / unsure.sum(axis=1, keepdims=True)
    table = add_scores(
        pd.DataFrame({"patient": [f"P{n // 2}" for n in range(120)], "score": said + 1}), shares
    )
    before, after = regain(table, 10, generator)
    assert after[0] > before[0] + 0.1
    assert after[1] < before[1] - 0.2
    assert np.isnan(regain(table[:4], 10, generator)[0][0])


@pytest.fixture
def small_probe(monkeypatch):
    monkeypatch.setattr(sites, "N_TREES", 10)


@pytest.mark.usefixtures("small_probe")
def test_the_probe_tells_sites_that_differ_and_not_those_that_do_not():
    legs, _ = make_legs(n_patients=30, visits=1)
    site = np.where(legs["patient"].str[2:].astype(int) % 2, "A", "B")
    same = probe_site(legs.assign(site=site))
    other = probe_site(legs.assign(site=site, amplitude=legs["amplitude"] + 3 * (site == "A")))
    assert same.low < 0.5 < same.high  # chance of two sites
    assert 0.95 < other.low <= other.value
    renamed = legs["patient"].map(lambda name: f"X{hash(name) % 97:02d}{name}")
    assert probe_site(legs.assign(site=site, patient=renamed)) == same
