"""Large packages are imported without the collector of cyclic garbage, and only where needed."""

import subprocess
import sys

IMPORTING = """
import gc
from pdla.lazy import importing
with importing():
    assert not gc.isenabled()
    import decimal
assert gc.isenabled()
frozen = gc.get_freeze_count()
assert frozen > 1000
with importing():  # garbage of runs would be kept for good
    assert gc.isenabled()
assert gc.get_freeze_count() == frozen
"""
FAILING = """
import gc
from pdla.lazy import importing
try:
    with importing():
        import no_such_package
except ImportError:
    assert gc.isenabled()
else:
    raise AssertionError
"""
REPORT = """
import sys
import pdla.commands.report
import pdla.report.page
assert "torch" not in sys.modules, "a report would wait for torch"
"""


def run(code: str) -> None:
    """In a process of its own: whatever is frozen there stays frozen."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_was_imported_is_set_aside_once() -> None:
    run(IMPORTING)


def test_an_import_that_fails_leaves_the_collector_on() -> None:
    run(FAILING)


def test_a_report_needs_no_torch() -> None:
    run(REPORT)
