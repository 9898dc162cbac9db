"""Frame rate and size of each video, where a cohort is mixed and the pose files do not say them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pdla.data.intake.sheets import Row, plain_text, read_sheets
from pdla.data.intake.workbooks import UNCALCULATED

MAX_FPS: Final = 1000
MAX_SIZE_PX: Final = 20000
_COLUMNS: Final = ("fps", "width", "height")


@dataclass(frozen=True)
class VideoFormat:
    """What is known of a video before its files are read.

    Attributes:
        fps: Frames a second, or None.
        frame_size: (H, W) in px, or None.
    """

    fps: float | None = None
    frame_size: tuple[int, int] | None = None

    def or_else(self, other: "VideoFormat") -> "VideoFormat":
        """This, with what it does not say taken from another."""
        return VideoFormat(self.fps or other.fps, self.frame_size or other.frame_size)


UNKNOWN_FORMAT: Final = VideoFormat()


def read_format(fps: str, height: str, width: str) -> VideoFormat:
    """Read the cells of one video; an empty one is unknown.

    Raises:
        ValueError: If they cannot be those of a video.
    """
    rate = float(fps.replace(",", ".")) if fps else None
    size = (round(float(height)), round(float(width))) if height and width else None
    is_odd = rate is not None and not 1 <= rate <= MAX_FPS
    if is_odd or (size is not None and not all(0 < side <= MAX_SIZE_PX for side in size)):
        raise ValueError("not of a video")
    return VideoFormat(rate, size)


def read_formats(path: Path, key: Callable[[str], str]) -> dict[str, VideoFormat]:
    """Read a table with the column video and some of fps, width and height.

    Args:
        path: A .csv, .xlsx, .xls or .ods file.
        key: Makes ids comparable, see `FolderOptions.key`.

    Returns:
        The format of each video, by the key of its id.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it lacks the columns, or a row cannot be or contradicts another.
    """
    for sheet in read_sheets(path):
        if not sheet.rows:
            continue
        header = [plain_text(cell).casefold() for cell in sheet.rows[0][1]]
        if "video" in header and set(header) & set(_COLUMNS):
            places: dict[str, int] = {
                name: header.index(name) for name in ("video", *_COLUMNS) if name in header
            }
            return _read_rows(path, sheet.rows[1:], places, key)
    raise ValueError(
        f"{path}: expected the columns video, fps, width, height in the first row (fps alone, or "
        "width and height alone, will do)"
    )


def _read_rows(
    path: Path, rows: Sequence[Row], places: Mapping[str, int], key: Callable[[str], str]
) -> dict[str, VideoFormat]:
    formats: dict[str, VideoFormat] = {}
    for number, cells in rows:
        texts = {name: _text(path, number, cells, place) for name, place in places.items()}
        if not texts["video"]:
            continue
        try:
            found = read_format(*(texts.get(name, "") for name in ("fps", "height", "width")))
        except ValueError:
            raise ValueError(
                f"{path}, row {number}: fps {texts.get('fps') or 'unsaid'}, width "
                f"{texts.get('width') or 'unsaid'}, height {texts.get('height') or 'unsaid'} "
                "cannot be those of a video; correct the row, or leave the cell empty"
            ) from None
        if formats.setdefault(key(texts["video"]), found) != found:
            raise ValueError(f"{path}, row {number}: contradicts an earlier row of the same video")
    return formats


def _text(path: Path, number: int, cells: Sequence[Any], place: int) -> str:
    cell = cells[place] if place < len(cells) else None
    if cell == UNCALCULATED:
        raise ValueError(
            f"{path}, row {number}: a formula without a value; open the table in a spreadsheet "
            "program and save it"
        )
    return plain_text(cell)
