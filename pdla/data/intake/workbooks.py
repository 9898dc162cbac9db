"""Spreadsheets are read in a process of their own, because a damaged one can end the process.

The Rust reader of .xls, .xlsx and .ods aborts when a damaged length makes it ask for terabytes
(found by the fuzz test); no exception handler can stop that.
"""

import io
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

MAX_MEMORY_BYTES: Final = 8 * 2**30
TIMEOUT_S: Final = 60


def read_workbook(path: Path, content: bytes) -> list[tuple[str, list[list[Any]]]]:
    """Read all sheets of a workbook.

    Args:
        path: For messages.
        content: Of the file.

    Returns:
        Name and rows of each sheet; cells are text, numbers, true, false or None, dates are text.

    Raises:
        ValueError: If it cannot be read; one line with the way out.
    """
    command = [sys.executable, __file__]
    try:
        reader = subprocess.run(
            command, input=content, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{path}: reading takes too long; save it as .csv") from None
    if reader.returncode != 0:
        raise ValueError(f"{path}: the spreadsheet is damaged; save it as .xlsx or .csv")
    result: dict[str, Any] = json.loads(reader.stdout)
    if "problem" in result:
        raise ValueError(f"{path}: the spreadsheet {result['problem']}; save it as .xlsx or .csv")
    return [(name, rows) for name, rows in result["sheets"]]


def main() -> None:
    """Read a workbook from stdin and write its cells to stdout as JSON."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    with suppress(ImportError, ValueError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(False)) for name in book.sheet_names
        ]
        result: dict[str, Any] = {"sheets": sheets}
    except PasswordError:
        result = {"problem": "is protected by a password"}
    except CalamineError:
        result = {"problem": "cannot be read"}
    sys.stdout.buffer.write(json.dumps(result, default=str).encode())


if __name__ == "__main__":
    main()
