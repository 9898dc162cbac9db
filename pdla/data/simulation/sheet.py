"""Rows of the label sheet before anyone is scored: who comes when, under which code and number.

The structure is that of the 2023 clinic set: 31 codes, 33 numbers, 29 patients
in a block of 62 rows. All numbers and dates are invented from the seed.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from pdla.data.simulation.randomness import stream

# Takes of each code, in order of the visits.
CG_TAKES: Final = ((1, 2),) * 3 + ((1, 1),) * 7
TG_TAKES: Final = (
    (1, 2), (1, 2), (1, 2, 3), (1, 1), (2,), (1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (1, 1),
    (1, 2), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1, 1), (1, 1), (1,),
)  # fmt: skip
UNRATED: Final = {("CG", 5, 1), ("TG", 3, 1), ("TG", 19, 2)}  # group, code, visit from 0
NOT_ADOPTED: Final = {("CG", 5, 1), ("TG", 19, 2)}
SHARED_NUMBER: Final = {(6, 0), (6, 1), (9, 1), (12, 1)}  # TG visits under one number
PLACEHOLDER: Final = {(18, 0), (19, 0), (19, 1)}  # the number is the code's own: 18, 19
SHORT_DATE: Final = (12, 1)  # a month of one digit: seven digits
MERGED_CODES: Final = {9: 6, 12: 6}  # codes that the shared number joins to TG6
BALANCED_CG: Final = 3  # codes of the control group in a block of balanced scores


@dataclass(frozen=True)
class Row:
    """One row of the label sheet, not yet scored.

    Attributes:
        clinic_id: `<group code>_<patient number>_<date>_LA_<take>`.
        group: CG (control) or TG (patient).
        person: Number of the person over the whole cohort; follows codes joined by a shared number.
        visit: Visit of the person, from 0.
        is_rated: False where the sheet says X.
        remark: Text of the last column.
    """

    clinic_id: str = field(repr=False)
    group: str
    person: int
    visit: int
    is_rated: bool
    remark: str


def block_rows(block: int, seed: int, *, balanced: bool) -> list[Row]:
    """Invent one block of rows: 62 in the structure of the clinic, 48 rated ones if `balanced`."""
    rng = stream(seed, "ids", block)
    rows: list[Row] = []
    visits: dict[int, int] = {}
    numbers: dict[tuple[str, int], str] = {}
    dates: dict[int, date] = {}
    for group, code in _code_order(balanced=balanced):
        takes = CG_TAKES[code - 1] if group == "CG" else TG_TAKES[code - 1]
        person = 100 * block + _person(group, code)
        for nth, take in enumerate(takes):
            number = _number(numbers, group, code, nth, block, rng)
            day = _next_day(dates.get(person), rng)
            is_short = group == "TG" and (code, nth) == SHORT_DATE
            if is_short:
                day = _day_in_short_month(day)
            dates[person] = day
            text = f"{day.year}{day.month}{day.day:02d}" if is_short else f"{day:%Y%m%d}"
            key = (group, code, nth)
            full_code = f"{group}{_code_number(group, code, block)}"
            rows.append(
                Row(
                    clinic_id=f"{full_code}_{number}_{text}_LA_{take}",
                    group=group,
                    person=person,
                    visit=visits.get(person, 0),
                    is_rated=balanced or key not in UNRATED,
                    remark="不採用" if key in NOT_ADOPTED and not balanced else "",
                )
            )
            visits[person] = visits.get(person, 0) + 1
    return rows


def _code_order(*, balanced: bool) -> list[tuple[str, int]]:
    """Codes of a block, control and patient codes mixed so that any first part holds both."""
    n_controls, stride = (BALANCED_CG, 7) if balanced else (len(CG_TAKES), 2)
    codes: list[tuple[str, int]] = []
    for code in range(1, len(TG_TAKES) + 1):
        codes.append(("TG", code))
        if code % stride == 0 and code // stride <= n_controls:
            codes.append(("CG", code // stride))
    return codes


def _person(group: str, code: int) -> int:
    """Number of a person within a block."""
    return code if group == "CG" else 20 + MERGED_CODES.get(code, code)


def _code_number(group: str, code: int, block: int) -> int:
    return code + block * len(CG_TAKES if group == "CG" else TG_TAKES)


def _number(
    numbers: dict[tuple[str, int], str],
    group: str,
    code: int,
    nth: int,
    block: int,
    rng: np.random.Generator,
) -> str:
    """Patient number of a visit, with the sheet's quirks; two people never share one by chance."""
    if group == "TG" and (code, nth) in PLACEHOLDER:
        return str(_code_number(group, code, block))
    key = (group, -1 if group == "TG" and (code, nth) in SHARED_NUMBER else code)
    if key not in numbers:
        # The last four digits count the people, so that 10,000 videos have no two equal numbers.
        count = 40 * block + len(numbers)
        numbers[key] = f"{int(rng.integers(100, 9000))}{count:04d}"
    return numbers[key]


def _next_day(last: date | None, rng: np.random.Generator) -> date:
    """Day of the next visit: a week to four months after the last."""
    if last is None:
        return date(2021, 9, 1) + timedelta(days=int(rng.integers(0, 420)))
    return last + timedelta(days=int(rng.integers(7, 120)))


def _day_in_short_month(day: date) -> date:
    """The same day or a later one whose month has one digit."""
    return day if day.month < 10 else date(day.year + 1, 2, min(day.day, 28))
