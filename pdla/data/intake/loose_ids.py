"""Ids that a spreadsheet program or a list of files has changed, in a form that both share."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_SUFFIX: Final = re.compile(
    r"\.(?:mp4|mov|avi|mkv|m4v|wmv|webm|mts|mpe?g|3gp|json|csv|txt|xlsx?|zip)$", re.IGNORECASE
)
_MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?: 00:00:00)?")


def loose_key(clinic_id: str) -> str:
    """The id without folders, file suffix, case, and zeros in front of its numbers.

    `sub-001_la.mp4` and `sub-1_la` have the same key, `sub-010_la` another one.
    """
    text = unicodedata.normalize("NFKC", clinic_id).strip().casefold()
    text = re.split(r"[\\/]", text)[-1]
    while (shorter := _SUFFIX.sub("", text)) != text:
        text = shorter
    text = re.sub(r"(?<=\d)\.0$", "", text)  # 12.0, of an id that was taken for a number
    return re.sub(r"(?<!\d)0+(?=\d)", "", text).strip()


def date_keys(clinic_id: str) -> set[tuple[str, ...]]:
    """Numbers of the ids that a spreadsheet program may have turned into this date.

    3-1 becomes 3 January or 1 March, and MAR1 becomes 1 March.

    Returns:
        Nothing if the id is no date as `sheets` writes it.
    """
    match = _DATE.fullmatch(clinic_id.strip())
    if match is None:
        return set()
    year, month, day = (str(int(part)) for part in match.groups())
    short = str(int(year) % 100)
    pairs = {(day, month), (month, day), (month, year), (month, short), (year, month)}
    return pairs | {
        (year, month, day), (day, month, year), (month, day, year), (day, month, short),
        (month, day, short), (short, month, day),
    }  # fmt: skip


def id_numbers(clinic_id: str) -> tuple[str, ...]:
    """Numbers of an id in order, names of months as numbers; empty if it holds other words."""
    return tuple(_numbers(loose_key(clinic_id)))


def _numbers(key: str) -> Iterator[str]:
    words = re.findall(r"\d+|[^\W\d_]+", key)
    if any(not word.isdigit() and word[:3] not in _MONTHS for word in words):
        return
    for word in words:
        yield word if word.isdigit() else str(_MONTHS.index(word[:3]) + 1)


def digits_of(clinic_id: str) -> tuple[str, ...]:
    """All numbers in an id, without zeros in front: what tells one patient from another."""
    return tuple(re.findall(r"\d+", loose_key(clinic_id)))
