"""The page of `pdla check --html`: what was checked and how, each reason, a card for each video."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from pdla import RESEARCH_ONLY, __version__
from pdla.commands.check_summary import CheckSummary, count_of
from pdla.data.drawing.options import Drawing
from pdla.data.files import write_text
from pdla.data.intake import Intake, IntakeOptions
from pdla.data.progress import track
from pdla.data.recordings import Recording
from pdla.data.skeletons import LEG_NAMES
from pdla.data.video.pictures import draw_contact_sheet

N_FRAMES: Final = 4
# The whole picture: what was not filmed cannot be seen in a crop of the body.
TALL: Final = Drawing(height=160, width=90, style="scored_leg", crop="frame", line_px=3)
WIDE: Final = replace(TALL, height=90, width=160)
VERDICTS: Final = {"usable": "usable", "warning": "look at it", "unusable": "cannot be scored"}


@dataclass(frozen=True)
class PageHead:
    """What the page says of the check itself.

    Attributes:
        name: Of the data set: its folder, and its sheet if there is one.
        when: Day and minute.
        options: Those that differ from their defaults, as one writes them in a command.
    """

    name: str
    when: str
    options: Sequence[str]


def write_html(
    summary: CheckSummary, intake: Intake, options: IntakeOptions, name: str, path: Path
) -> None:
    """Write a page with a picture of each video; all text is escaped.

    Args:
        summary: What is said of the cohort.
        intake: What was read: the pictures are drawn from it.
        options: How it was read.
        name: Of the data set.
        path: File to write.
    """
    environment = Environment(
        loader=PackageLoader("pdla.commands"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["percent"] = lambda share: f"{share:.0%}"
    environment.filters["number"] = lambda value: "-" if value is None else f"{value:.2f}"
    environment.filters["count"] = count_of
    environment.filters["anchor"] = anchor
    head = PageHead(name, f"{datetime.now():%Y-%m-%d %H:%M}", changed_options(options))
    page = environment.get_template("check.html").render(
        s=summary, names=LEG_NAMES, head=head, pictures=draw_pictures(intake), verdicts=VERDICTS,
        version=__version__, notice=RESEARCH_ONLY,
    )  # fmt: skip
    write_text(path, page)


def draw_pictures(intake: Intake) -> Mapping[str, str]:
    """Frames spread over each video that could be read, as data URLs, by where a person finds it.

    The right leg is red, the left one green.
    """
    read = [(entry.place, entry.stored.recording) for entry in intake.videos if entry.stored]
    return {place: _picture(recording) for place, recording in track(read, "Drawing", len(read))}


def _picture(recording: Recording) -> str:
    height, width = recording.frame_size
    drawing = WIDE if width > height else TALL
    sheet = draw_contact_sheet(recording, drawing, 0.0, recording.duration_s, N_FRAMES)
    _, content = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
    return "data:image/png;base64," + base64.b64encode(content.tobytes()).decode()


def changed_options(options: IntakeOptions) -> list[str]:
    """Options that are not as by default, such as `recordings.openpose.fps=25`."""
    return list(_differences(options, IntakeOptions(), "recordings"))


def _differences(one: Any, usual: Any, name: str) -> list[str]:
    if is_dataclass(one) and type(one) is type(usual):
        return [
            line
            for field in fields(one)
            for line in _differences(
                getattr(one, field.name), getattr(usual, field.name), f"{name}.{field.name}"
            )
        ]
    return [] if one == usual else [f"{name}={_as_text(one)}"]


def _as_text(value: Any) -> str:
    if value is None:
        return "null"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple | list) else str(value)


def anchor(place: str) -> str:
    """Where on the page the card of a video is."""
    return re.sub(r"\W+", "-", place)
