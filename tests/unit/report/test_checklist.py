"""TRIPOD+AI: 52 items, answered by the runs, by study.yaml, or open."""

import pytest

from pdla.commands.report import report_study
from pdla.report.analysis import analyse
from pdla.report.checklist import ITEM_NUMBERS, count_sources, make_checklist, open_items
from pdla.report.study import read_study
from pdla.report.study_file import StudyFile, read_study_file
from tests.fixtures.studies import make_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("runs") / "s", ["tcn"], ["R"], n_folds=2)


@pytest.fixture(scope="module")
def analysis(folder):
    return analyse(read_study(folder))


def answer(rows, number):
    return next(row for row in rows if row.item.number == number)


def test_there_are_52_items_of_27(analysis):
    assert len(ITEM_NUMBERS) == len(set(ITEM_NUMBERS)) == 52
    assert {int(number.rstrip("abcdefg")) for number in ITEM_NUMBERS} == set(range(1, 28))
    rows = make_checklist(analysis, {})
    assert len(rows) == 52
    assert count_sources(rows) == "22 from the runs, 0 from you, 30 open"


def test_an_answer_of_the_lab_joins_what_the_runs_say(analysis):
    rows = make_checklist(analysis, {"10": "All patients of 2023.", "18a": "None."})
    assert answer(rows, "10").source == answer(rows, "18a").source == "you"
    assert "40 legs of 20 patients" in answer(rows, "10").answer
    assert answer(rows, "10").answer.endswith("All patients of 2023.")
    assert "18a" in open_items(rows)
    assert "12a" not in open_items(rows)


def test_the_partition_is_checked_in_every_run(tmp_path, analysis):
    assert "checked in 2 runs" in answer(make_checklist(analysis, {}), "12a").answer
    leaky = analyse(read_study(make_study(tmp_path / "l", ["tcn"], ["R"], n_folds=2, leaky=True)))
    assert "LEAKY" in answer(make_checklist(leaky, {}), "12a").answer


@pytest.mark.usefixtures("no_board_pictures")
def test_study_yaml_answers_and_the_template_lists_what_is_open(folder, capsys):
    (folder / "study.yaml").write_text("tripod:\n  18a: Nobody paid.\n  3a:\n")
    text = report_study(folder, n_clips=0).read_text()
    assert "22 from the runs, 1 from you, 29 open" in text
    assert "Nobody paid." in text
    assert '"3a":  # medical context' in (folder / "study-template.yaml").read_text()
    (folder / "study.yaml").unlink()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tripod: {99z: x}", "no item '99z'"),
        ("controls: [CG]", "expected the keys control_groups and tripod"),
        ("control_groups: CG", "control_groups is a list"),
        ("tripod: [a", "not YAML"),
        ("- a", "expected the keys"),
    ],
)
def test_a_study_yaml_that_cannot_be_is_one_line(tmp_path, text, message):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_study_file(tmp_path, ITEM_NUMBERS)
    assert "\n" not in str(error.value)
    assert str(tmp_path / "study.yaml") in str(error.value)


def test_no_study_yaml_is_an_empty_one(tmp_path):
    assert read_study_file(tmp_path, ITEM_NUMBERS) == StudyFile()
