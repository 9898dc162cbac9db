"""First screens: what a user sees before anything is trained."""

from typer.testing import CliRunner

from pdla.cli import app
from pdla.commands.train_help import read_groups, train_help
from tests.fixtures.places import CONF


def test_pdla_alone_says_the_three_usual_ways():
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0
    for way in ("pdla check", "pdla train", "pdla report", "not a medical device"):
        assert way in done.stdout


def test_help_of_training_has_examples_and_when_to_choose_each_option():
    text = train_help(CONF)
    assert "python train.py -m leg=L,R" in text
    for group, options in read_groups(CONF).items():
        assert f"\n{group}=\n" in text
        for option in options:
            assert option.summary.startswith("Choose this"), f"{group}={option.name}"
            assert f"\n  {option.name} " in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_pdla_train_passes_all_it_is_given_on_to_hydra(monkeypatch):
    import sys

    seen = []
    monkeypatch.setattr("pdla.commands.train.main", lambda: seen.append(sys.argv[1:]))
    monkeypatch.setattr(sys, "argv", ["pdla"])
    given = ["-m", "leg=L,R", "split.fold=range(5)", "--cfg", "job"]
    assert CliRunner().invoke(app, ["train", *given]).exit_code == 0
    assert seen == [given]
