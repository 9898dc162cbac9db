"""Change, not only score: paired differences between two conditions, and what change is noise.

Every leg is its own control: takes of a leg under one condition are averaged, and the difference
between conditions is taken within the leg, then averaged over the legs of a patient. Intervals are
Student's over patients. Takes that repeat one condition tell the standard error of measurement and
with it the smallest change of a single leg that is more than noise (Weir 2005, J Strength Cond Res
19:231-240).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

CONDITIONS: Final = ("medication", "stimulation", "visit")
STATES: Final = ("off", "on")
MIN_PATIENTS: Final = 5  # fewer give no interval
LEVEL: Final = 0.95
SQRT2_Z: Final = 1.96 * np.sqrt(2.0)  # of the smallest detectable change


@dataclass(frozen=True)
class ChangeRow:
    """One quantity between two states.

    Attributes:
        quantity: Its name.
        before: State that is subtracted.
        after: The other state.
        n_patients: Patients with both.
        n_legs: Their legs.
        mean: Mean difference over patients, after minus before.
        low: Lower end of its 95% interval; NaN with fewer than five patients.
        high: Upper end.
        sd: SD of the patients' differences.
        sem: Standard error of measurement of one take; NaN without repeated takes.
        sem_low: Lower end of its 95% interval.
        sem_high: Upper end.
        sdc: Smallest detectable change of a leg filmed once in each state.
        n_beyond: Patients whose difference is larger than that.
    """

    quantity: str
    before: str
    after: str
    n_patients: int
    n_legs: int
    mean: float
    low: float
    high: float
    sd: float
    sem: float
    sem_low: float
    sem_high: float
    sdc: float
    n_beyond: int


@dataclass(frozen=True)
class Change:
    """Differences of all quantities.

    Attributes:
        condition: medication, stimulation or visit.
        rows: One for each quantity and pair of states.
        n_repeats: Takes that repeat a leg under one condition.
    """

    condition: str
    rows: tuple[ChangeRow, ...]
    n_repeats: int

    @property
    def table(self) -> pd.DataFrame:
        """A row a quantity and pair of states."""
        return pd.DataFrame([asdict(row) for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """Plain values; null where something could not be computed."""
        rows = [
            {
                key: None if isinstance(value, float) and np.isnan(value) else value
                for key, value in asdict(row).items()
            }
            for row in self.rows
        ]
        return {"condition": self.condition, "repeated_takes": self.n_repeats, "rows": rows}


def check_condition(condition: str) -> None:
    """Stop at a condition that is none.

    Raises:
        ValueError: If it is unknown.
    """
    if condition not in CONDITIONS:
        raise ValueError(f"--change {condition}: choose {', '.join(CONDITIONS)}")


def measure_change(table: pd.DataFrame, condition: str, quantities: Sequence[str]) -> Change:
    """Paired differences of quantities between the states of a condition.

    Args:
        table: A row a leg and video with patient, leg, visit, medication, stimulation and the
            quantities; NaN where one was not measured.
        condition: medication and stimulation compare on with off; visit each with the one before,
            by number, else in order of the table.
        quantities: Columns to compare.

    Raises:
        ValueError: If the condition is unknown, or no patient was filmed in two states of it.
    """
    check_condition(condition)
    known = table[table[condition] != ""]
    states = list(dict.fromkeys(known[condition]))
    if all(str(state).isdigit() for state in states):
        states.sort(key=int)
    if condition != "visit":
        states = [state for state in STATES if state in states]
    if len(states) < 2:
        found = ", ".join(map(str, states)) or "nothing"
        raise ValueError(
            f"--change {condition}: the sheet says {found}; two states are needed (a column "
            f"recordings.sheet.columns.{condition})"
        )
    rows = [
        row
        for before, after in pairwise(states)
        for name in quantities
        if (row := _compare(known, condition, before, after, name)) is not None
    ]
    if not rows:
        raise ValueError(f"--change {condition}: no leg was measured in two states")
    return Change(condition, tuple(rows), _count_repeats(known))


def _compare(
    table: pd.DataFrame, condition: str, before: str, after: str, name: str
) -> ChangeRow | None:
    usable = table[table[name].notna()]
    usable = usable.assign(**{name: usable[name].astype(float)})
    pairs = _pairs(usable, condition, before, after, name)
    if not len(pairs):
        return None
    by_patient = pairs.groupby("patient")["difference"].mean().to_numpy(np.float64)
    mean, n = float(by_patient.mean()), len(by_patient)
    sd = float(by_patient.std(ddof=1)) if n > 1 else np.nan
    has_interval = n >= MIN_PATIENTS
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2) * sd / np.sqrt(n)) if has_interval else np.nan
    sem, sem_low, sem_high = measurement_error(usable, name)
    sdc = float(SQRT2_Z * sem)
    n_beyond = int((np.abs(by_patient) > sdc).sum()) if np.isfinite(sdc) else 0
    return ChangeRow(
        name, str(before), str(after), n, len(pairs), mean, mean - half, mean + half, sd, sem,
        sem_low, sem_high, sdc, n_beyond,
    )  # fmt: skip


def _pairs(table: pd.DataFrame, condition: str, before: str, after: str, name: str) -> pd.DataFrame:
    """Difference of each leg; within a visit, where both states were filmed in one."""
    within = ["patient", "leg"] if condition == "visit" else ["patient", "leg", "visit"]
    for keys in (within, within[:2]):
        means = table.groupby([*keys, condition])[name].mean().unstack(condition)
        if {before, after} <= set(means.columns):
            difference = (means[after] - means[before]).dropna()
            if len(difference):
                return difference.rename("difference").reset_index()
    return pd.DataFrame(columns=["patient", "difference"])


TAKES: Final = ["patient", "leg", "visit", "medication", "stimulation"]


def measurement_error(table: pd.DataFrame, name: str) -> tuple[float, float, float]:
    """Standard error of measurement of one take, with its 95% interval by patient.

    Args:
        table: As for `measure_change`; takes of the same patient, leg, condition and visit repeat.
            Where no visit is known, a take may be of another day and counts for nothing.
        name: Quantity.

    Returns:
        The root of the mean variance within repeated takes, lower and upper end; NaN without
        repeats, ends NaN with fewer than five patients. The interval is a jackknife over patients
        of the logarithm of the variance.
    """
    takes = table[table["visit"] != ""].groupby(TAKES)[name].agg(["var", "size"]).reset_index()
    takes = takes[takes["size"] > 1]
    if not len(takes):
        return np.nan, np.nan, np.nan
    takes["freedom"] = takes["size"] - 1
    takes["squares"] = takes["var"] * takes["freedom"]
    sums = takes.groupby("patient")[["squares", "freedom"]].sum().to_numpy(np.float64)
    variance = sums[:, 0].sum() / sums[:, 1].sum()
    sem, n = float(np.sqrt(variance)), len(sums)
    if n < MIN_PATIENTS or variance <= 0:
        return sem, np.nan, np.nan
    left_out: NDArray[np.float64] = np.log(
        (sums[:, 0].sum() - sums[:, 0]) / (sums[:, 1].sum() - sums[:, 1])
    )
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    low, high = (float(np.sqrt(variance * np.exp(side * half))) for side in (-1, 1))
    return sem, low, high


def _count_repeats(table: pd.DataFrame) -> int:
    sizes = table[table["visit"] != ""].groupby(TAKES).size()
    return int((sizes[sizes > 1] - 1).sum())
