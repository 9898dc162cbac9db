"""Columns of a table of landmarks that say when, who and which video."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.clock import UNITS, guess_unit
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.reasons import Reason

if TYPE_CHECKING:
    import pandas as pd

# Names of columns and keys without case and punctuation, see `plain`.
FRAME_NAMES: Final = ("frame", "framenumber", "frameno", "framenum", "frameidx", "frameindex",
                 "frameid", "imageid", "iter", "iteration", "index")  # fmt: skip
PERSON_NAMES: Final = (
    "person", "personid", "personindex", "personidx", "pose", "poseid", "poseindex", "poseidx",
    "track", "trackid", "idx", "player", "playerid", "instance", "instanceid", "skeleton",
    "skeletonid", "bodyid", "id",
)  # fmt: skip
CLIP_NAMES: Final = (
    "clip", "clipid", "clipname", "video", "videoid", "videoname", "file", "filename", "source",
    "session", "sessionid", "trial", "trialid", "sequence", "sequenceid", "take", "recording",
    "subject", "subjectid", "patient", "patientid",
)  # fmt: skip
LANDMARK_NAMES: Final = ("landmarkname", "jointname", "keypointname", "bodypart", "part", "name",
                    "landmark", "joint", "keypoint", "landmarkid", "landmarkindex", "landmarkidx",
                    "jointid", "jointindex", "keypointid", "keypointindex", "lm", "lmid", "kp",
                    "kpid", "point", "pointid", "landmarknumber", "landmarkno", "landmarknr",
                    "jointnumber", "jointno", "jointnr", "keypointnumber", "keypointno",
                    "keypointnr", "pointnumber", "pointno", "pointnr", "id", "index")  # fmt: skip
TIME_UNITS: Final = {
    "timestamp": "", "timestamps": "", "time": "", "t": "", "ptstime": "", "frametime": "",
    "times": "s", "timesec": "s", "timeseconds": "s", "seconds": "s", "sec": "s",
    "timestampsec": "s", "timestampseconds": "s", "timestampms": "ms", "timems": "ms", "tms": "ms",
    "timemsec": "ms", "ms": "ms", "msec": "ms", "milliseconds": "ms", "timestampmsec": "ms",
    "timestampus": "us", "timeus": "us", "timestampns": "ns", "timens": "ns",
}  # fmt: skip
FPS_NAMES: Final = ("fps", "framerate", "framespersecond", "videofps")
HEIGHT_NAMES: Final = ("height", "imageheight", "frameheight", "videoheight")
WIDTH_NAMES: Final = ("width", "imagewidth", "framewidth", "videowidth")


@dataclass(frozen=True)
class Table:
    """A table in memory.

    Attributes:
        names: Names of the columns, see `plain`.
        header: Names as in the file.
        cells: Columns 0, 1, 2 and so on, numbers where they are numbers.
    """

    names: tuple[str, ...]
    header: tuple[str, ...]
    cells: "pd.DataFrame"

    def find(self, names: Iterable[str]) -> int | None:
        """First column with one of the names, in their order."""
        return next((self.names.index(name) for name in names if name in self.names), None)

    def numbers(self, column: int) -> NDArray[np.float64]:
        """(rows,) values of a column; NaN where there is no number."""
        import pandas as pd

        values = pd.to_numeric(self.cells[column], errors="coerce")
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))

    def single(self, names: Iterable[str]) -> float | None:
        """The value of a column that has the same number in all rows."""
        column = self.find(names)
        if column is None:
            return None
        values = self.numbers(column)
        is_same = len(values) and np.isfinite(values[0]) and (values == values[0]).all()
        return float(values[0]) if is_same else None


def refuse_clips(table: Table) -> None:
    for name in CLIP_NAMES:
        if name in table.names:
            n_values = int(table.cells[table.names.index(name)].nunique())
            if n_values > 1:
                raise UnreadableRecordingError(
                    Reason.SEVERAL_VIDEOS, f"{n_values} in the column {name}"
                )


def read_times(table: Table) -> NDArray[np.float64] | None:
    """(rows,) seconds, or None if no column says it."""
    for name, unit in TIME_UNITS.items():
        if name in table.names:
            column = table.names.index(name)
            numbers = table.numbers(column)
            if np.isfinite(numbers).any():
                times = seconds(numbers, unit)
            else:
                times = _times_of_day(table.cells[column])
            if times is not None:
                return times
    return None


def seconds(times: NDArray[np.float64], unit: str) -> NDArray[np.float64] | None:
    """Times in seconds; None if they are all the same, or count frames.

    Args:
        times: (F,) in any unit; NaN where unknown.
        unit: One of `UNITS`, or empty: told by the usual step.
    """
    different = np.unique(times[np.isfinite(times)])
    if len(different) < 2:
        return None
    is_count = (different == np.round(different)).all() and np.median(np.diff(different)) == 1
    if not unit and is_count:
        return None
    return times / UNITS[unit or guess_unit(different)]


def _times_of_day(texts: "pd.Series[Any]") -> NDArray[np.float64] | None:
    """Seconds of times such as 00:00:01.033 or 2024-05-01T10:00:01.033."""
    import pandas as pd

    texts = texts.astype(str)
    parsed = pd.to_timedelta(texts, errors="coerce")
    if parsed.isna().all():
        dates = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
        parsed = dates - dates.min()
    return seconds(np.asarray(parsed.dt.total_seconds(), dtype=np.float64), "s")


def read_frame_numbers(table: Table, times: NDArray[np.float64] | None) -> NDArray[np.int64] | None:
    """(rows,) number of the frame of each row, or None if the table does not say it."""
    names = [name for name in FRAME_NAMES if name != _landmark_column(table)]
    # A column of times that are no times counts frames.
    column = table.find([*names, *TIME_UNITS] if times is None else names)
    if column is not None:
        numbers = table.numbers(column)
        if not np.isfinite(numbers).any():
            digits = table.cells[column].astype(str).str.extract(r"(\d{1,15})\D*$")[0]
            numbers = np.asarray(digits.astype(float), dtype=np.float64)
        is_number = np.isfinite(numbers) & (np.abs(numbers) < 1e15)
        if not is_number.all() or not (numbers == np.round(numbers)).all():
            raise UnreadableRecordingError(
                Reason.NO_FRAME_NUMBERS, "the column of frames holds no whole numbers"
            )
        return numbers.astype(np.int64)
    if times is not None and np.isfinite(times).all():
        return np.unique(times, return_inverse=True)[1].astype(np.int64)
    return None


def read_persons(table: Table) -> NDArray[np.int64] | None:
    """(rows,) number of the person of each row, or None if no column says it."""
    import pandas as pd

    for name in PERSON_NAMES:
        if name in table.names and name != _landmark_column(table):
            codes = pd.factorize(table.cells[table.names.index(name)], use_na_sentinel=False)[0]
            if int(codes.max()) + 1 < len(codes):  # else a number for each row
                return np.asarray(codes, dtype=np.int64)
    return None


def _landmark_column(table: Table) -> str | None:
    """Column that tells the landmarks of a table with a row for each; None if it is no such."""
    is_long = "x" in table.names and "y" in table.names
    return next((name for name in LANDMARK_NAMES if name in table.names), None) if is_long else None
