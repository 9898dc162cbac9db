"""Figures of `make bench`: a table between its marks in the docs, and two files side by side."""

import io
import os

import pytest
from rich.console import Console

from tests.fixtures.benchmarks import (
    BEGIN,
    END,
    Place,
    Row,
    as_markdown,
    compare,
    write_docs,
)

FACTS = {
    "date": "2026-01-02", "machine": "x86_64, 2 cores, Linux", "python": "3.11.0",
    "versions": {"torch": "2.0"}, "load": 0.1,
}  # fmt: skip
ROW = Row("report of 30 runs", 4.0, 6.0, 30.0, 512.0, "pdla report study")


def test_the_table_stands_between_its_marks_and_is_written_anew(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_docs(path, as_markdown(FACTS, [ROW]))
    text = path.read_text()
    row = "| report of 30 runs | 4.0 s | 6.0 s | 30 s | 512 MiB | `pdla report study` |"
    assert text.count(row) == 1
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_docs_without_marks_are_refused(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text("no marks")
    with pytest.raises(ValueError, match="no lines"):
        write_docs(path, "table")


def test_rows_of_the_same_name_are_compared():
    def row(name, wall_s, cpu_s):
        return {"name": name, "wall_s": wall_s, "cpu_s": cpu_s}

    table = compare(
        {"rows": [row("report", 4.0, 6.0), row("gone", 1.0, 1.0)]},
        {"rows": [row("report", 2.0, 6.0), row("new", 1.0, 1.0)]},
    )
    text = io.StringIO()
    Console(file=text, width=120).print(table)
    assert "0.50" in text.getvalue()
    assert "1.00" in text.getvalue()
    assert not {"gone", "new "} & set(text.getvalue().split())


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="Windows has no rusage of a process")
def test_a_command_is_measured_from_start_to_end_with_its_memory(tmp_path):
    row = Place(tmp_path).run("sleep", None, "-c", "import time; time.sleep(0.2)")
    assert 0.2 <= row.wall_s < 5
    assert row.cpu_s < row.wall_s + 0.2
    assert row.peak_mib > 1
