"""`pdla search`: the space, the trials on a made-up objective, the winner's file and record."""

import math
from dataclasses import asdict

import pytest
import yaml

from pdla.runs.searched import Searched, check_unseen, read_searched
from tests.fixtures.configs import compose_config

pytest.importorskip("optuna")

from optuna.trial import TrialState

from pdla.commands import search_winner
from pdla.commands.search_space import read_space
from pdla.commands.search_trials import name_of, open_study, progress_of, search
from pdla.commands.search_winner import experiment_path, experiment_text

SPACE = ("model=tcn", "model.dropout=interval(0,1)", "data.batch_size=4,8", "seed=range(0,6,2)")
SPLIT = {"n_folds": 5, "repeats": 1, "fold": 2, "seed": 0}


def searched(**changes):
    return Searched(**{
        "name": "mine", "space": ["model.dropout=interval(0,1)"], "trials": 9, "pruned": 2,
        "failed": 1, "inner_folds": 4, "score": 0.2, "split": SPLIT, "data_hash": "abc", **changes,
    })  # fmt: skip


class Bowl:
    """Lowest at a dropout of 0.3; writes down what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, overrides, name, part):
        values = dict(one.split("=") for one in overrides)
        self.asked.append((name, part))
        return (float(values["model.dropout"]) - 0.3) ** 2 + int(values["data.batch_size"]) / 100


def run(folder, evaluate, n_trials, arguments=SPACE):
    space = read_space(arguments)
    study = open_study(folder, space)
    return study, search(study, folder, space, evaluate, n_trials=n_trials, n_parts=3)


def test_hydras_grammar_of_sweeps_becomes_distributions():
    space = read_space([*SPACE, "optim.optimizer.lr=tag(log,interval(1e-5,1e-2))",
                        "data.clips=int(interval(1,8))", "loss=choice(corn,'a b')"])  # fmt: skip
    found = {key: str(one) for key, one in space.distributions.items()}
    assert space.fixed == ("model=tcn",)
    assert found["model.dropout"] == "FloatDistribution(high=1.0, log=False, low=0.0, step=None)"
    assert found["seed"] == "IntDistribution(high=4, log=False, low=0, step=2)"
    assert found["data.batch_size"] == "CategoricalDistribution(choices=('4', '8'))"
    assert "log=True" in found["optim.optimizer.lr"]
    assert found["data.clips"].startswith("IntDistribution(high=8")
    assert "a\\\\ b" in found["loss"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=tcn"], "nothing to choose from"),
        (["split.fold=range(5)"], "changes who is tested"),
        (["study=a,b"], "a search sets study itself"),
        (["split.inner=1", "model=tcn,stgcn"], "a search sets split.inner itself"),
        (["+model.x=1,2"], "no \\+ ~ or @"),
        (["model.dropout=tag(log,interval(0,1))"], "model.dropout=tag"),
    ],
)
def test_what_cannot_be_searched_is_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        read_space(arguments)
    assert "\n" not in str(error.value)


def test_a_search_that_is_stopped_goes_on_and_ends_as_the_straight_one(tmp_path):
    straight, stopped = Bowl(), Bowl()
    first = run(tmp_path / "straight", straight, 12)[1]

    def cut(overrides, name, part):
        if len(stopped.asked) == 10:
            raise KeyboardInterrupt
        return stopped(overrides, name, part)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", cut, 12)
    study, second = run(tmp_path / "stopped", stopped, 12)
    assert second.best.params == first.best.params
    assert (second.counted, second.pruned) == (first.counted, first.pruned)
    assert set(stopped.asked) == set(straight.asked)
    assert abs(float(second.best.params["model.dropout"]) - 0.3) < 0.2
    assert second.pruned > 0
    assert len({one.number for one in study.trials if one.state == TrialState.RUNNING}) == 0


def test_a_second_process_takes_no_trial_of_the_first(tmp_path):
    space, folder = read_space(SPACE), tmp_path / "both"
    one, two = open_study(folder, space), open_study(folder, space)
    bowl, inside = Bowl(), []

    def first(overrides, name, part):
        if not inside:
            inside.append(True)
            search(two, folder, space, bowl, n_trials=4, n_parts=3)
        return bowl(overrides, name, part)

    assert search(one, folder, space, first, n_trials=4, n_parts=3).counted == 4
    assert len(bowl.asked) == len(set(bowl.asked))
    names = [name_of(trial.params) for trial in one.trials]
    assert len(names) == len(set(names)) == 4


def test_failed_trials_are_counted_and_many_in_a_row_stop_the_search(tmp_path):
    bowl, n_asked = Bowl(), []

    def sometimes(overrides, name, part):
        n_asked.append(name)
        return math.nan if len(n_asked) == 4 else bowl(overrides, name, part)

    study, progress = run(tmp_path / "sometimes", sometimes, 4)
    assert (progress.counted, progress.failed) == (4, 1)
    assert progress_of(study) == progress

    def always(overrides, name, part):
        raise RuntimeError("out of memory")

    with pytest.raises(ValueError, match="3 trials in a row failed, the last one: out of memory"):
        run(tmp_path / "always", always, 9)


def test_another_space_in_the_folder_of_a_search_is_refused(tmp_path):
    run(tmp_path / "mine", Bowl(), 1)
    with pytest.raises(ValueError, match=r"differs in model\.dropout=interval"):
        run(tmp_path / "mine", Bowl(), 1, [*SPACE[:1], "model.dropout=interval(0,2)", *SPACE[2:]])


def test_the_winner_is_an_experiment_with_its_record():
    text = experiment_text(["model=tcn", "data.batch_size=8", "model.dropout=0.31"], searched())
    content = yaml.safe_load(text)
    assert text.startswith("# @package _global_\n# Choose this for fold 2 only")
    assert content["defaults"] == [{"override /model": "tcn"}]
    assert content["data"] == {"batch_size": 8}
    assert content["split"] == SPLIT
    assert read_searched(content) == searched()


@pytest.mark.parametrize(
    "overrides",
    [
        ("model=tcn", "optim=sgd_step", "loss=corn", "model.dropout=0.31", "augment=none"),
        ("experiment=large_clips", "model=r3d", "drawing=small", "optim.optimizer.lr=1e-05"),
    ],
)
def test_the_experiment_of_the_winner_composes_to_its_options(tmp_path, overrides):
    path = tmp_path / "experiment" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(experiment_text(overrides, searched()))
    own = f"hydra.searchpath=['{tmp_path.as_uri()}']"
    there = compose_config("split.fold=2", *overrides)
    here = compose_config(own, "experiment=mine")
    assert read_searched(here) == searched()
    assert {key: value for key, value in here.items() if key != "searched"} == there


def test_an_experiment_of_somebody_else_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is another experiment"):
        experiment_path("overfit")
    own = tmp_path / "conf" / "experiment" / "mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("seed: 1\n")
    with pytest.raises(ValueError, match="is another experiment"):
        experiment_path("mine")
    own.write_text(search_winner.MARK.format(name="mine"))
    assert experiment_path("mine").resolve() == own


def test_a_fold_whose_patients_the_search_has_seen_is_refused():
    config = {"split": SPLIT, "searched": asdict(searched())}
    check_unseen(config, "abc")
    other = config | {"split": SPLIT | {"fold": 3}}
    check_unseen(other, "other recordings")
    with pytest.raises(ValueError, match=r"chosen on patients whom this run tests.*split\.fold=2"):
        check_unseen(other, "abc")
