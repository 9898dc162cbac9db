"""Processes start from any script: one without a guard, and one that comes from stdin."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import operator
from pdla.data.processes import FreshProcesses
print("once")
with FreshProcesses(2) as pool:
    print(sum(pool.map(operator.neg, range(9))))
assert __spec__ is None
"""


@pytest.mark.parametrize("from_stdin", [False, True])
def test_a_script_without_a_guard_is_not_run_again_in_its_processes(tmp_path, from_stdin):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + ("" if from_stdin else "assert __file__\n"))
    done = subprocess.run(
        [sys.executable, "-" if from_stdin else str(script)],
        input=SCRIPT if from_stdin else None, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "once\n-36\n"


KILLED = """
import os, signal
from pdla.data.processes import FreshProcesses
with FreshProcesses(1) as pool:
    pool.submit(os.getpid).result()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_when_the_one_that_started_them_is_killed():
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=20, check=False
    )  # returns once no process holds the pipe of its output
    assert done.returncode == -signal.SIGKILL
