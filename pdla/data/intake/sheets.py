"""Tables as clinics keep them: .xls, .xlsx, .ods and text in the encodings that Excel writes."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pdla.data.intake.workbooks import UNCALCULATED, read_workbook

MAX_SHEET_BYTES: Final = 64 * 2**20
DELIMITER_LINES: Final = 50  # the first lines tell how cells are separated
_BINARY_MARKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
# Lead bytes of the frequent characters: Big5 level 1, and GB 2312 level 1.
_FREQUENT: Final = {"cp950": range(0xA4, 0xC7), "gbk": range(0xB0, 0xD8)}


Row = tuple[int, tuple[Any, ...]]  # row number as the spreadsheet shows it, cells


@dataclass(frozen=True)
class Sheet:
    """One sheet of cells.

    Attributes:
        name: Name of the sheet in its workbook; empty for text files.
        rows: (row number as the spreadsheet shows it, cells); empty rows are left out. A formula
            without a value is UNCALCULATED.
        doubt: The first cell that two readers read differently; empty if none.
    """

    name: str
    rows: tuple[Row, ...]
    doubt: str = ""


def read_sheets(path: Path, encoding: str = "auto") -> list[Sheet]:
    """Read every sheet of a file; the kind is told by its content, not by its suffix.

    Args:
        path: .xls, .xlsx, .ods, or text with commas, semicolons or tabs.
        encoding: Of a text file; `auto` tells UTF-8, UTF-16, Big5 (cp950) and GBK apart.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read as a table; the message names the file and the way out.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise FileNotFoundError(f"{path}: {what}; expected a table, .xlsx, .xls, .ods or .csv")
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path}: the table is empty")
    if size > MAX_SHEET_BYTES:
        raise ValueError(f"{path}: {size / 2**20:.0f} MB is too large for a table")
    content = path.read_bytes()
    if content.startswith(_BINARY_MARKS):
        return [
            Sheet(sheet.name, tuple(_numbered(sheet.rows)), sheet.doubt)
            for sheet in read_workbook(path, content)
        ]
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path}: neither a spreadsheet nor text; save it as .xlsx or .csv")
    return [Sheet("", tuple(_numbered(_read_text(path, _decode(path, content, encoding)))))]


def is_blank(cell: Any) -> bool:
    """Whether a cell holds nothing but white space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def plain_text(cell: Any) -> str:
    """Text of a cell: full-width forms made plain, outer white space removed, 3.0 as "3"."""
    if cell is None or cell == UNCALCULATED:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unicodedata.normalize("NFKC", str(cell)).strip()


def safe_label(text: str) -> str:
    """Text of a cell that may go into reports: no long numbers, and no spreadsheet formula."""
    return mask_numbers(text).lstrip("=+-@ ")


def mask_numbers(text: str) -> str:
    """Text that may go into a message: what could be a patient number or a date becomes `#`."""
    return re.sub(r"\d{3,}", "#", " ".join(text.split()))[:40]


def _numbered(rows: Any) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=1):
        if not all(is_blank(cell) for cell in cells):
            yield number, tuple(cells)


def _read_text(path: Path, text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()][:DELIMITER_LINES]
    delimiter = max(",;\t", key=lambda sign: _evenness(lines, sign))
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(f"{path}: not a table of text ({error}); save it as .xlsx") from None


def _evenness(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the usual number of delimiters, and that number.

    A title above the header has none, and decimal commas are in some lines only.
    """
    counts = Counter(count for line in lines if (count := line.count(delimiter)))
    usual, n_lines = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return n_lines, usual


def _decode(path: Path, content: bytes, encoding: str) -> str:
    if encoding != "auto":
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            raise ValueError(
                f"{path}: cannot be read as {encoding}; set recordings.sheet.encoding=auto"
            ) from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    texts = {name: text for name in _FREQUENT if (text := _try_decode(content, name)) is not None}
    if not texts:
        raise ValueError(f"{path}: unknown text encoding; set recordings.sheet.encoding")
    return texts[max(texts, key=lambda name: _frequent_share(texts[name], name))]


def _try_decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _frequent_share(text: str, encoding: str) -> float:
    """Share of the non-ASCII characters that are frequent ones of this encoding."""
    others = [character for character in text if not character.isascii()]
    frequent = 0
    for character in others:
        code = character.encode(encoding, errors="replace")
        is_common = code[0] in _FREQUENT[encoding]
        # Outside GB 2312 the second byte of GBK falls below 0xA1: a sign of Big5 read as GBK.
        frequent += is_common and (encoding != "gbk" or len(code) < 2 or code[1] >= 0xA1)
    return frequent / max(len(others), 1)
