"""Two writers on one run folder: the second one is told of the first, a dead one blocks nobody."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from pdla.runs.folder import LOCK, WRITER, claim_folder
from pdla.training import run as training

HOLD = """
import sys, time
from pathlib import Path
from pdla.runs.folder import claim_folder
with claim_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that holds the folder until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_writer_gets_one_line_that_names_the_first(tmp_path, other_process, monkeypatch):
    monkeypatch.setattr("pdla.runs.folder.PATIENCE_S", 0.1)
    with pytest.raises(ValueError, match="writes there") as caught, claim_folder(tmp_path):
        pass
    line = str(caught.value)
    assert f"process {other_process.pid} on {socket.gethostname()}" in line
    assert "\n" not in line
    assert "tag=-NAME" in line


def test_a_killed_writer_blocks_nobody(tmp_path, other_process):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    assert (tmp_path / WRITER).exists()
    with claim_folder(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / WRITER).read_text()


def test_nothing_stays_behind_when_a_writer_ends_by_itself_or_fails(tmp_path):
    with claim_folder(tmp_path):
        pass
    with pytest.raises(RuntimeError), claim_folder(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_other_processes_of_a_distributed_run_are_no_second_writer(
    tmp_path, other_process, monkeypatch
):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with claim_folder(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert f'"pid": {other_process.pid}' in (tmp_path / WRITER).read_text()


def test_a_run_does_not_touch_a_folder_that_another_process_writes(
    tmp_path, other_process, monkeypatch
):
    from tests.fixtures.configs import compose_config

    monkeypatch.setattr("pdla.runs.folder.PATIENCE_S", 0.1)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match=f"process {other_process.pid} "):
        training.run(compose_config(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
