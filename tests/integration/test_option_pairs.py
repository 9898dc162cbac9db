"""Any two options of different groups work together, or are refused in one line."""

from itertools import combinations, product

import pytest

from pdla.runs.folder import read_result
from pdla.training import run as training
from pdla.training.config import check_config
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.places import CONF

GROUPS = ("model", "trainer", "data", "sampling", "drawing", "augment", "loss", "optim")
OPTIONS = {
    # null: the option is left to the model, as on most command lines.
    group: ["null", *sorted(path.stem for path in (CONF / group).glob("*.yaml"))]
    for group in GROUPS
}
SMALL = ("model.weights=none", "split.n_folds=3", "split.n_val_folds=2")
TOY = (
    "trainer.accelerator=cpu", "trainer.max_epochs=1", "+trainer.limit_train_batches=1",
    "+trainer.limit_val_batches=1", "sampling.seconds=1", "sampling.stride_s=1",
    "sampling.fps=12", "drawing.height=16", "drawing.width=16", "review.pictures=false",
    "data.workers=0",
)  # fmt: skip
LARGE = ("mc3", "mvit_v2_s", "r2plus1d", "s3d", "swin3d_t", "x3d_s")  # as r3d, but for the network


def covering_rows(options):
    """Rows of one option a group in which every pair of options occurs; greedy, deterministic."""
    groups = list(options)
    missing = {
        ((one, a), (two, b))
        for one, two in combinations(groups, 2)
        for a, b in product(options[one], options[two])
    }
    while missing:
        (one, a), (two, b) = min(missing)
        row = {one: a, two: b}
        for group in groups:
            if group not in row:
                row[group] = max(
                    options[group],
                    key=lambda option: sum(
                        pair in missing for pair in _pairs({**row, group: option}, groups, group)
                    ),
                )
        missing -= set(_pairs(row, groups))
        yield row


def _pairs(row, groups, with_group=None):
    kept = [(group, row[group]) for group in groups if group in row]
    for one, two in combinations(kept, 2):
        if with_group is None or with_group in (one[0], two[0]):
            yield one, two


def overrides_of(row):
    return [f"{group}={option}" for group, option in row.items() if option != "null"]


def refusal(config):
    try:
        check_config(config)
    except ValueError as error:
        return str(error)
    return None


def test_rows_hold_every_pair():
    options = {"a": [1, 2, 3], "b": [1, 2], "c": [1, 2]}
    rows = list(covering_rows(options))
    for one, two in combinations(options, 2):
        pairs = {(row[one], row[two]) for row in rows}
        assert len(pairs) == len(options[one]) * len(options[two])
    assert len(rows) < 12


@pytest.mark.slow
def test_every_pair_of_options_composes_and_is_accepted_or_refused_in_a_line():
    refused = 0
    for row in covering_rows(OPTIONS):
        problem = refusal(compose_config(*overrides_of(row), *SMALL))
        refused += problem is not None
        assert problem is None or "\n" not in problem
    assert refused


@pytest.mark.parametrize("model", [name for name in OPTIONS["model"] if name != "null"])
def test_what_says_nothing_of_the_input_goes_with_every_model(model):
    """Over all models every option of these groups has its turn."""
    turn = OPTIONS["model"].index(model)
    chosen = {group: OPTIONS[group][1:] for group in ("sampling", "augment", "loss")}
    row = {group: options[turn % len(options)] for group, options in chosen.items()}
    assert refusal(compose_config(f"model={model}", *overrides_of(row), *SMALL)) is None


def _toy_rows():
    options = {**OPTIONS, "model": [name for name in OPTIONS["model"] if name not in LARGE]}
    options["trainer"] = ["null", "cpu"]
    return list(covering_rows(options))


@pytest.mark.slow
@pytest.mark.parametrize("row", _toy_rows(), ids=lambda row: "-".join(row.values()))
def test_every_pair_that_is_accepted_trains_for_a_step(row, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "load_cohort", lambda _: make_cohort(9, visits=1))
    config = compose_config(*overrides_of(row), *SMALL, *TOY, f"recordings.store={tmp_path}/store")
    if refusal(config) is not None:
        with pytest.raises(ValueError):
            training.run(config, tmp_path / "run")
        return
    training.run(config, tmp_path / "run")
    assert read_result(tmp_path / "run").epochs == 1
