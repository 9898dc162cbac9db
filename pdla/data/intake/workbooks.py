"""Spreadsheets are read in a process of their own, because a damaged one can end the process.

The Rust reader of .xls, .xlsx and .ods aborts when a damaged length makes it ask for terabytes
(found by the fuzz test); no exception handler can stop that. It also misreads the first columns of
some .xls files (python-calamine issue tracker), so those are read with xlrd, too.
"""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

MAX_MEMORY_BYTES: Final = 8 * 2**30
TIMEOUT_S: Final = 60
UNCALCULATED: Final = "\x00formula"  # stands for a formula without a value; never text of a cell
_XLS: Final = b"\xd0\xcf\x11\xe0"
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class WorkbookSheet:
    """One sheet of a workbook.

    Attributes:
        name: Its name.
        rows: Cells are text, numbers, true, false, None or UNCALCULATED; dates are text. A merged
            cell has its value at each of its places.
        doubt: The first cell that two readers read differently, such as `B3`; empty if none.
    """

    name: str
    rows: list[list[Any]]
    doubt: str = ""


def read_workbook(path: Path, content: bytes) -> list[WorkbookSheet]:
    """Read all sheets of a workbook.

    Args:
        path: For messages.
        content: Of the file.

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
    return [WorkbookSheet(*sheet) for sheet in result["sheets"]]


def main() -> None:
    """Read a workbook from stdin and write its cells to stdout as JSON."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    with suppress(ImportError, ValueError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    content = sys.stdin.buffer.read()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [
            (sheet.name, _fill_merged(sheet.to_python(False), sheet.merged_cell_ranges or []))
            for sheet in (book.get_sheet_by_name(name) for name in book.sheet_names)
        ]
        doubts = _read_again(content, sheets) if content.startswith(_XLS) else [""] * len(sheets)
        for name, places in _uncalculated(content):
            for row, column in places:
                _put(dict(sheets).get(name, []), row, column)
        listed = [(*sheet, doubt) for sheet, doubt in zip(sheets, doubts, strict=True)]
        result: dict[str, Any] = {"sheets": listed}
    except PasswordError:
        result = {"problem": "is protected by a password"}
    except CalamineError:
        result = {"problem": "cannot be read"}
    sys.stdout.buffer.write(json.dumps(result, default=str).encode())


def _fill_merged(rows: list[list[Any]], ranges: list[Any]) -> list[list[Any]]:
    """Repeat the value of each merged cell, as a reader of the sheet sees it."""
    for (top, left), (bottom, right) in ranges:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [value] * len(row[left : right + 1])
    return rows


def _put(rows: list[list[Any]], row: int, column: int) -> None:
    if row < len(rows):
        rows[row].extend([None] * (column + 1 - len(rows[row])))
        rows[row][column] = UNCALCULATED


def _uncalculated(content: bytes) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Sheets of an .xlsx and the places of formulas that were never calculated."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = set(book.namelist())
            if "xl/workbook.xml" not in names:
                return
            links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
            target = {link.get("Id"): link.get("Target", "") for link in links}
            for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet"):
                part = target.get(sheet.get(_REL), "").removeprefix("/xl/")
                if f"xl/{part}" in names:
                    with book.open(f"xl/{part}") as file:
                        yield sheet.get("name", ""), list(_formulas_without_value(file))
    except (ElementTree.ParseError, KeyError, zipfile.BadZipFile):
        return


def _formulas_without_value(file: Any) -> Iterator[tuple[int, int]]:
    for _, cell in ElementTree.iterparse(file):
        if cell.tag == f"{_MAIN}c" and cell.find(f"{_MAIN}f") is not None:
            value = cell.find(f"{_MAIN}v")
            is_empty = value is None or not value.text
            match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", cell.get("r", ""))
            if is_empty and cell.get("t") != "str" and match:
                column = 0
                for letter in match[1]:
                    column = 26 * column + ord(letter) - ord("A") + 1
                yield int(match[2]) - 1, column - 1
        if cell.tag == f"{_MAIN}row":
            cell.clear()


def _read_again(content: bytes, sheets: list[tuple[str, list[list[Any]]]]) -> list[str]:
    """For each sheet of an .xls the first cell that xlrd reads differently."""
    import xlrd

    try:
        book = xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True
        )
        others = [book.sheet_by_name(name) for name, _ in sheets]
    except Exception:  # xlrd raises whatever a damaged file makes happen
        return ["A1"] * len(sheets)
    doubts = []
    for (_, rows), other in zip(sheets, others, strict=True):
        size = max(len(rows), other.nrows), max([other.ncols, *map(len, rows)])
        cells = ((row, column) for row in range(size[0]) for column in range(size[1]))
        differing = (
            f"{_letters(column)}{row + 1}"
            for row, column in cells
            if not _is_same(_at(rows, row, column), other, row, column)
        )
        doubts.append(next(differing, ""))
    return doubts


def _at(rows: list[list[Any]], row: int, column: int) -> Any:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None


def _is_same(cell: Any, other: Any, row: int, column: int) -> bool:
    import xlrd

    kind, value = xlrd.XL_CELL_EMPTY, ""
    if row < other.nrows and column < other.row_len(row):
        kind, value = other.cell_type(row, column), other.cell_value(row, column)
    is_blank = cell is None or (isinstance(cell, str) and not cell.strip())
    if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) or not str(value).strip():
        return is_blank or _is_merged(other, row, column)
    if kind in (xlrd.XL_CELL_DATE, xlrd.XL_CELL_ERROR):
        return not is_blank
    if kind == xlrd.XL_CELL_BOOLEAN:
        return cell is bool(value)
    if kind == xlrd.XL_CELL_NUMBER:
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
        return is_number and abs(cell - float(value)) <= 1e-9 * max(1.0, abs(float(value)))
    return str(cell).strip() == str(value).strip()


def _is_merged(sheet: Any, row: int, column: int) -> bool:
    """Whether a cell lies in a merged one, whose value was repeated there."""
    return any(
        top <= row < bottom and left <= column < right
        for top, bottom, left, right in sheet.merged_cells
    )


def _letters(column: int) -> str:
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


if __name__ == "__main__":
    main()
