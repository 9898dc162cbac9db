"""What native code writes to the terminal is dropped; what Python writes is not."""

import subprocess
import sys

SAYS = """
import os, sys
from pdla.pose.native_log import without_native_log
with without_native_log():
    os.write(2, b"native inside;")
    print("python inside;", file=sys.stderr)
    if len(sys.argv) > 1:
        raise ValueError("an error inside")
os.write(2, b"native after;")
print("python after", file=sys.stderr)
"""


def stderr_of(*arguments):
    command = [sys.executable, "-c", SAYS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_only_native_code_is_silent_and_only_inside():
    assert stderr_of() == "python inside;\nnative after;python after\n"


def test_an_error_is_shown():
    said = stderr_of("fail")
    assert said.startswith("python inside;")
    assert "ValueError: an error inside" in said
