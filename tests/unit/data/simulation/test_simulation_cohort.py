"""The label sheet, the people and the raters of the simulated clinic."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from pdla.data.intake.agreement import intraclass_correlation
from pdla.data.simulation.cohort import VideoPlan, plan_videos
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.severity import PATIENTS, draw_severities, rate


@pytest.fixture(scope="module")
def clinic() -> list[VideoPlan]:
    return plan_videos(SimulationOptions())


def rated(plans: list[VideoPlan]) -> list[VideoPlan]:
    return [plan for plan in plans if plan.scores[0] is not None]


def test_clinic_scores_have_exactly_the_counts_of_the_clinic_sheet(clinic: list[VideoPlan]) -> None:
    left = Counter(plan.scores[0] for plan in clinic)
    right = Counter(plan.scores[1] for plan in clinic)
    assert len(clinic) == 62
    assert left == {0: 22, 1: 29, 2: 6, 3: 2, None: 3}
    assert right == {0: 21, 1: 28, 2: 8, 3: 2, None: 3}
    assert sum(plan.scores[0] == plan.scores[1] for plan in rated(clinic)) == 54


def test_controls_are_zero_and_patients_hardly_ever(clinic: list[VideoPlan]) -> None:
    controls = [plan for plan in rated(clinic) if plan.row.group == "CG"]
    patients = [plan for plan in rated(clinic) if plan.row.group == "TG"]
    assert {plan.scores for plan in controls} == {(0, 0)}
    assert len(patients) == 40
    assert sum(plan.scores[1] == 0 for plan in patients) == 2


def test_codes_and_numbers_join_to_29_patients(clinic: list[VideoPlan]) -> None:
    keys = [plan.row.clinic_id.split("_")[:2] for plan in clinic]
    component = {key: key for pair in keys for key in pair}

    def root(key: str) -> str:
        return key if component[key] == key else root(component[key])

    for code, number in keys:
        component[root(code)] = root(number)
    assert len({code for code, _ in keys}) == 31
    assert len({number for _, number in keys}) == 33
    assert len({root(code) for code, _ in keys}) == 29
    joined = {(root(plan.row.clinic_id.split("_")[0]), plan.row.person) for plan in clinic}
    assert len(joined) == 29  # `person` follows the connected components


def test_ids_have_the_quirks_of_the_clinic(clinic: list[VideoPlan]) -> None:
    parts = [plan.row.clinic_id.split("_") for plan in clinic]
    shared = Counter(number for code, number in {(p[0], p[1]) for p in parts})
    dates = [date for _, _, date, _, _ in parts]
    takes = Counter((code, take) for code, _, _, _, take in parts)
    assert max(shared.values()) == 3
    assert {p[1] for p in parts if len(p[1]) == 2} == {"18", "19"}
    assert Counter(len(date) for date in dates) == {8: 61, 7: 1}
    assert takes["CG4", "1"] == 2
    assert len({plan.row.clinic_id for plan in clinic}) == 62


def test_more_videos_repeat_the_structure_with_new_people() -> None:
    plans = plan_videos(SimulationOptions(videos=124))
    numbers = [{plan.row.clinic_id.split("_")[1] for plan in plans[:62]}]
    numbers.append({plan.row.clinic_id.split("_")[1] for plan in plans[62:]})
    assert not numbers[0] & numbers[1]
    assert len({plan.row.clinic_id for plan in plans}) == 124
    assert Counter(plan.scores[0] for plan in plans)[1] == 58


def test_a_smaller_cohort_is_the_first_part_of_a_larger_one(clinic: list[VideoPlan]) -> None:
    assert plan_videos(SimulationOptions(videos=7)) == clinic[:7]


@pytest.mark.parametrize("videos", [5, 48, 61, 300])
def test_balanced_scores_come_in_equal_counts(videos: int) -> None:
    plans = plan_videos(SimulationOptions(videos=videos, scores="balanced"))
    for leg in range(2):
        counts = Counter(plan.scores[leg] for plan in plans)
        assert set(counts) == {0, 1, 2, 3, 4}
        assert max(counts.values()) - min(counts.values()) <= 1
    assert {plan.scores for plan in plans if plan.row.group == "CG"} <= {(0, 0)}


@pytest.mark.parametrize("scores", ["clinic", "balanced"])
def test_two_raters_agree_as_single_raters_do(scores: str) -> None:
    plans = rated(plan_videos(SimulationOptions(videos=1000, scores=scores)))
    raters = [[plan.first_rater for plan in plans], [plan.second_rater for plan in plans]]
    assert 0.5 < intraclass_correlation(np.array(raters, float).reshape(2, -1).T) < 0.7


def test_two_raters_of_any_patients_agree_as_single_raters_do() -> None:
    rng = np.random.default_rng(0)
    severity = draw_severities(PATIENTS, 1000, 1, rng)
    first, second = rate(severity, rng), rate(severity, rng)
    assert 0.5 < intraclass_correlation(np.stack([first.ravel(), second.ravel()], axis=1)) < 0.7
    assert 0.5 < np.abs(first - second).mean() < 0.8  # video raters differ by about 0.65


def test_raters_of_a_preset_watch_the_same_videos_and_agree_better_the_higher_it_is() -> None:
    agreement = []
    usual = plan_videos(SimulationOptions(videos=310))
    for raters in ("icc55", "icc65", "icc88"):
        options = SimulationOptions(videos=310, raters=raters, n_raters=3)
        plans = plan_videos(options)
        assert [plan.severity for plan in plans] == [plan.severity for plan in usual]
        patients = [plan.raters for plan in plans if plan.row.group == "TG"]
        agreement.append(
            intraclass_correlation(np.array(patients, float).swapaxes(1, 2).reshape(-1, 3))
        )
    np.testing.assert_allclose(agreement, (0.55, 0.65, 0.88), atol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("scores", ["clinic", "balanced"])
@pytest.mark.parametrize("raters", ["icc55", "icc65", "icc88"])
def test_presets_are_calibrated_among_the_patients(scores: str, raters: str) -> None:
    options = SimulationOptions(videos=6200, seed=3, scores=scores, raters=raters, n_raters=4)
    patients = [plan.raters for plan in plan_videos(options) if plan.row.group == "TG"]
    table = np.array(patients, float).swapaxes(1, 2).reshape(-1, 4)
    assert intraclass_correlation(table) == pytest.approx(int(raters[3:]) / 100, abs=0.02)


def test_controls_can_be_rated_above_0_by_all_but_the_raters_of_the_clinic_sheet() -> None:
    def highest(raters: str) -> int:
        plans = plan_videos(SimulationOptions(videos=620, raters=raters))
        return max(max(plan.first_rater) for plan in plans if plan.row.group == "CG")

    assert highest("clinic") == 0
    assert highest("icc55") >= 1


def test_one_to_five_raters_and_no_preset_of_another_name() -> None:
    plan = plan_videos(SimulationOptions(videos=8, n_raters=5))[0]
    assert len(plan.raters) == 5
    assert plan.raters[:2] == plan_videos(SimulationOptions(videos=8))[0].raters
    for wrong in ({"raters": "icc99"}, {"n_raters": 6}, {"variety": "wide", "n_raters": 2}):
        with pytest.raises(ValueError, match="raters"):
            SimulationOptions(**wrong)  # type: ignore[arg-type]


def test_all_raters_of_a_site_share_its_scale() -> None:
    plans = plan_videos(SimulationOptions(62, variety="site_b", raters="icc65", n_raters=3))
    alone = plan_videos(SimulationOptions(62, variety="site_b", raters="icc65"))
    assert [plan.scores for plan in plans] == [plan.scores for plan in alone]
    given = np.array([plan.raters for plan in plans if plan.row.group == "TG"], float)
    severity = np.array([plan.severity for plan in plans if plan.row.group == "TG"])
    assert given.shape[1:] == (3, 2)
    assert (given.mean(axis=(0, 2)) - severity.mean() > 0.3).all()  # half a point more severe


def test_agreement_of_equal_raters_is_one_and_of_strangers_none() -> None:
    scores = np.arange(500) % 5
    assert intraclass_correlation(np.stack([scores, scores], axis=1)) == pytest.approx(1.0)
    shuffled = np.random.default_rng(0).permutation(scores)
    assert abs(intraclass_correlation(np.stack([scores, shuffled], axis=1))) < 0.15


def test_severity_follows_score_and_overlaps() -> None:
    plans = plan_videos(SimulationOptions(videos=500, scores="balanced"))
    severity = np.array([plan.severity for plan in plans]).ravel()
    scores = np.array([plan.first_rater for plan in plans]).ravel()
    means = [severity[scores == score].mean() for score in range(5)]
    assert (np.diff(means) > 0.3).all()
    assert severity[scores == 1].max() > severity[scores == 2].mean()


def test_legs_and_visits_of_a_patient_are_alike() -> None:
    plans = rated(plan_videos(SimulationOptions(videos=620)))
    visits: dict[int, list[VideoPlan]] = {}
    for plan in plans:
        visits.setdefault(plan.row.person, []).append(plan)
    pairs = [pair for plans in visits.values() for pair in combinations(plans, 2)]
    agree = np.mean([one.scores[leg] == two.scores[leg] for one, two in pairs for leg in (0, 1)])
    assert 0.70 < agree < 0.82  # 75-79% in the clinic set
    legs = np.array([plan.severity for plan in plans if plan.row.group == "TG"])
    assert np.corrcoef(legs.T)[0, 1] > 0.6


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"videos": 0}, "videos=0"),
        ({"videos": 20_000}, "videos=20000"),
        ({"seed": -1}, "seed=-1"),
        ({"fps": 0.0}, "fps=0"),
        ({"fps": float("nan")}, "fps=nan"),
        ({"size": "960"}, "size='960'"),
        ({"size": "0x540"}, "size=0x540"),
        ({"scores": "equal"}, "scores='equal'"),
        ({"traps": "leg_swap"}, "traps='leg_swap'"),
        ({"traps": ("leg_swaps", "none")}, "traps='none'"),
    ],
)
def test_impossible_options_give_one_line(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError) as error:
        SimulationOptions(**wrong)  # type: ignore[arg-type]
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_sites_share_people_and_differ_in_their_rater() -> None:
    plans = {
        site: plan_videos(SimulationOptions(videos=310, variety=site, raters="icc65"))
        for site in ("site_a", "site_b", "site_c")
    }
    severity = {site: [plan.severity for plan in found] for site, found in plans.items()}
    assert severity["site_a"] == severity["site_b"] == severity["site_c"]
    mean = {
        site: np.mean([score for plan in found for score in plan.scores if score is not None])
        for site, found in plans.items()
    }
    assert mean["site_b"] > mean["site_a"] + 0.2 > mean["site_c"] + 0.2
