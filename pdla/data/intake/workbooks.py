"""Spreadsheets are read in a process of their own, because a damaged one can end the process.

The Rust reader of .xls, .xlsx and .ods aborts when a damaged length makes it ask for terabytes
(found by the fuzz test); no exception handler can stop that. It also misreads the first columns of
some .xls files (python-calamine issue tracker), so those are read with xlrd, too.
"""

import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

MAX_MEMORY_BYTES: Final = 8 * 2**30
TIMEOUT_S: Final = 60
UNCALCULATED: Final = "\x00formula"  # stands for a formula without a value; never text of a cell
_XLS: Final = b"\xd0\xcf\x11\xe0"
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_KIND: Final = f"{_OFFICE}value-type"
_ODS_VALUES: Final = {
    f"{_OFFICE}{key}value" for key in ("", "string-", "date-", "time-", "boolean-")
}
_BIFF_BEGIN: Final = (0x0809, 0x0409, 0x0209, 0x0009)
_BIFF_END: Final = 0x000A
_BIFF_FORMULA: Final = 0x0006
_FORMULA_HEAD: Final = struct.Struct("<HH2x8sH")  # row, column, value, flags
_CALCULATE_ON_LOAD: Final = 0x0002
_NO_VALUE: Final = (bytes(8), b"\x03\x00\x00\x00\x00\x00\xff\xff")  # 0 and an empty text
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


Place = tuple[int, int]  # row and column, counted from 0


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
        doubts = [""] * len(sheets)
        uncalculated = _uncalculated(content)
        if content.startswith(_XLS):
            again = _open_with_xlrd(content)
            doubts = _find_doubts(again, sheets)
            uncalculated = _uncalculated_in_xls(again)
        for name, places in uncalculated:
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


def _uncalculated(content: bytes) -> Iterator[tuple[str, list[Place]]]:
    """Sheets of an .xlsx or .ods and the places of formulas that were never calculated.

    Programs that only write formulas leave the value out, or write 0 or nothing and ask the next
    program to calculate them all; such a 0 is no score.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = set(book.namelist())
            if "xl/workbook.xml" in names:
                yield from _uncalculated_in_xlsx(book, names)
            elif "content.xml" in names:
                with book.open("content.xml") as file:
                    yield from _uncalculated_in_ods(file)
    except (ElementTree.ParseError, KeyError, ValueError, zipfile.BadZipFile):
        return


def _uncalculated_in_xlsx(
    book: zipfile.ZipFile, names: set[str]
) -> Iterator[tuple[str, list[Place]]]:
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    target = {link.get("Id"): link.get("Target", "") for link in links}
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    calculation = workbook.find(f"{_MAIN}calcPr")
    is_due = calculation is not None and calculation.get("fullCalcOnLoad") in ("1", "true")
    empty = {"", "0"} if is_due else {""}
    for sheet in workbook.iter(f"{_MAIN}sheet"):
        part = target.get(sheet.get(_REL), "").removeprefix("/xl/")
        if f"xl/{part}" in names:
            with book.open(f"xl/{part}") as file:
                yield sheet.get("name", ""), list(_formulas_without_value(file, empty))


def _formulas_without_value(file: IO[bytes], empty: set[str]) -> Iterator[Place]:
    """Places of formulas whose value is one of `empty`, in a sheet of an .xlsx."""
    for _, cell in ElementTree.iterparse(file):
        if cell.tag == f"{_MAIN}c" and cell.find(f"{_MAIN}f") is not None:
            value = cell.findtext(f"{_MAIN}v") or ""
            match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", cell.get("r", ""))
            if value in empty and cell.get("t") != "str" and match:
                column = 0
                for letter in match[1]:
                    column = 26 * column + ord(letter) - ord("A") + 1
                yield int(match[2]) - 1, column - 1
        if cell.tag == f"{_MAIN}row":
            cell.clear()


def _uncalculated_in_ods(file: IO[bytes]) -> Iterator[tuple[str, list[Place]]]:
    """A formula that was calculated has a value, or text, in the attributes or as a paragraph."""
    for _, table in ElementTree.iterparse(file):
        if table.tag != f"{_TABLE}table":
            continue
        places: list[Place] = []
        row = 0
        for line in table.iter(f"{_TABLE}table-row"):
            column = 0
            for cell in line:
                if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                    continue
                values = [text for key, text in cell.items() if key in _ODS_VALUES]
                is_empty = not any(values) and not "".join(cell.itertext()).strip()
                if (
                    cell.get(f"{_TABLE}formula")
                    and is_empty
                    and "string" not in cell.get(_KIND, "")
                ):
                    places.append((row, column))
                column += int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            row += int(line.get(f"{_TABLE}number-rows-repeated", "1"))
        yield table.get(f"{_TABLE}name", ""), places
        table.clear()


def _uncalculated_in_xls(book: Any) -> Iterator[tuple[str, list[Place]]]:
    """Formulas of a BIFF8 or BIFF5 file whose value is 0 or an empty text for want of calculation.

    So they are if they are to be calculated when the file is opened (a flag of the formula), or if
    no formula of the sheet has a value: xlwt writes them all as empty texts.
    """
    if book is None:
        return
    for name, start in zip(book.sheet_names(), book._sh_abs_posn, strict=True):
        formulas = list(_xls_formulas(book.mem, start))
        has_values = any(value not in _NO_VALUE for _, value, _ in formulas)
        yield name, [
            place for place, value, is_due in formulas
            if value in _NO_VALUE and (is_due or (not has_values and value != bytes(8)))
        ]  # fmt: skip


def _xls_formulas(stream: bytes, start: int) -> Iterator[tuple[Place, bytes, bool]]:
    """Place, value and whether it is to be calculated, of each formula of a sheet."""
    depth = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        depth += (kind in _BIFF_BEGIN) - (kind == _BIFF_END)
        is_whole = start + 4 + _FORMULA_HEAD.size <= len(stream)
        if kind == _BIFF_FORMULA and depth == 1 and is_whole:
            row, column, value, flags = _FORMULA_HEAD.unpack_from(stream, start + 4)
            yield (row, column), value, bool(flags & _CALCULATE_ON_LOAD)
        if depth < 1:
            return
        start += 4 + length


def _open_with_xlrd(content: bytes) -> Any:
    """The book of an .xls with all sheets read, None if xlrd cannot read it."""
    import xlrd

    try:
        book = xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True,
            on_demand=True,  # keeps the stream of records, which holds the formulas
        )  # fmt: skip
        for name in book.sheet_names():
            book.sheet_by_name(name)
    except Exception:  # xlrd raises whatever a damaged file makes happen
        return None
    return book


def _find_doubts(book: Any, sheets: list[tuple[str, list[list[Any]]]]) -> list[str]:
    """For each sheet of an .xls the first cell that xlrd reads differently."""
    known = set() if book is None else set(book.sheet_names())
    if not {name for name, _ in sheets} <= known:
        return ["A1"] * len(sheets)
    others = [book.sheet_by_name(name) for name, _ in sheets]
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
