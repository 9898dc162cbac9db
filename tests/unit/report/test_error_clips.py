"""Videos of the largest errors: which legs, and what is said where none can be drawn."""

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from pdla.evaluation.predictions import LEG_KEY
from pdla.report.analysis import analyse
from pdla.report.error_clips import begin_clips, worst_legs
from pdla.report.study import read_study
from pdla.report.tables import error_table
from tests.fixtures.studies import make_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = read_study(make_study(tmp_path_factory.mktemp("runs") / "clinic"))
    study.first.config["recordings"]["videos"] = str(tmp_path_factory.mktemp("videos"))
    return study


class FakeProcess(Executor):
    """Writes clips of one byte, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.drawn = []

    def submit(self, function, recordings, paths):
        future = Future()
        if self.error:
            future.set_exception(self.error)
            return future
        for path in paths.values():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x")
            self.drawn.append(path.name)
        future.set_result(None)
        return future


def test_the_drawn_legs_are_those_on_top_of_the_table_of_errors(study):
    table = error_table(analyse(study))
    worst = table[table["error"] > 0]
    expected = list(worst[LEG_KEY].itertuples(index=False, name=None))
    assert len(expected) > 10
    assert worst_legs(study, len(table)) == expected
    assert worst_legs(study, 3) == expected[:3]
    assert worst_legs(study, 0) == []


def test_clips_have_addresses_beside_the_page_and_are_drawn_once(study):
    process = FakeProcess()
    clips = begin_clips(study, 2, process)()
    assert list(clips.addresses) == worst_legs(study, 2)
    assert {path.split("/")[0] for path in clips.addresses.values()} == {"clips"}
    assert begin_clips(study, 2, process)() == clips
    assert len(process.drawn) == 2


@pytest.mark.parametrize("error", [ValueError("no store"), BrokenProcessPool("was killed")])
def test_a_failure_in_the_other_process_is_said_on_the_page(study, error):
    clips = begin_clips(study, 9, FakeProcess(error))()
    assert clips.note == f"No clip was drawn: {error}"
    assert not clips.addresses


def test_recordings_that_are_gone_are_named_without_another_process(tmp_path):
    study, process = read_study(make_study(tmp_path / "clinic")), FakeProcess()
    assert begin_clips(study, 2, process)().note.startswith("No clip was drawn: none: not found")
    assert process.drawn == []
