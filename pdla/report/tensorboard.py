"""A study's numbers and figures for TensorBoard, beside its runs.

Events are written by TensorBoard itself: its writer in torch would import torch for nothing else.
"""

import io
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import (  # type: ignore[import-untyped]
    Summary,
    SummaryMetadata,
)
from tensorboard.compat.proto.tensor_pb2 import TensorProto  # type: ignore[import-untyped]
from tensorboard.compat.proto.tensor_shape_pb2 import (  # type: ignore[import-untyped]
    TensorShapeProto,
)
from tensorboard.summary.writer.event_file_writer import (  # type: ignore[import-untyped]
    EventFileWriter,
)

from pdla import RESEARCH_ONLY
from pdla.evaluation.metrics import HEADLINE, METRIC_OF
from pdla.report.markdown import markdown_table


def log_study(folder: Path, summary: pd.DataFrame, figures: dict[str, dict[str, Figure]]) -> None:
    """Write the numbers and figures of a report for TensorBoard; what stood there is replaced.

    Each scorer is a run of its own below the folder, so that models and baselines share the axes of
    a metric; a table with the intervals and the figures stand in the folder itself.

    Args:
        folder: `_summary` of the study.
        summary: `pdla.report.summary.summary_table`.
        figures: Figures by kind and title.
    """
    for old in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if old.is_dir() and not any(old.iterdir()):
            old.rmdir()
        elif old.name.startswith("events.out.tfevents."):
            old.unlink()
    for scorer, rows in summary.groupby("scorer", sort=False):
        with _open_events(folder / _as_name(str(scorer)).replace("/", "_")) as events:
            for row in rows.to_dict("records"):
                for key in HEADLINE:
                    if math.isfinite(row[key]):
                        _add(events, f"summary_{_part_name(row)}/{key}", simple_value=row[key])
    with _open_events(folder) as events:
        for _, rows in summary.groupby(["leg", "groups"], sort=False):
            _add_text(events, _part_name(rows.iloc[0].to_dict()), study_text(rows))
        for kind, group in figures.items():
            for title, figure in group.items():
                _add_figure(events, _as_name(f"{kind}/{title}"), figure)


@contextmanager
def _open_events(folder: Path) -> Iterator[EventFileWriter]:
    """A new file of events in a folder, complete when the block ends."""
    events = EventFileWriter(str(folder))
    try:
        yield events
    finally:
        events.close()


def _add(events: EventFileWriter, tag: str, **content: Any) -> None:
    """One event; `content` is what a Summary.Value holds."""
    summary = Summary(value=[Summary.Value(tag=tag, **content)])
    events.add_event(Event(summary=summary, wall_time=time.time()))


def _add_text(events: EventFileWriter, tag: str, text: str) -> None:
    plugin = SummaryMetadata.PluginData(plugin_name="text")
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype="DT_STRING", string_val=[text.encode()], tensor_shape=shape)
    metadata = SummaryMetadata(plugin_data=plugin)
    _add(events, f"{tag}/text_summary", metadata=metadata, tensor=tensor)


def _add_figure(events: EventFileWriter, tag: str, figure: Figure) -> None:
    figure.set_layout_engine("none")  # laid out already, for the page
    figure.set_dpi(70)
    canvas: Any = FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    width, height = canvas.get_width_height()
    image = Summary.Image(
        height=height, width=width, colorspace=4, encoded_image_string=buffer.getvalue()
    )
    _add(events, tag, image=image)


def _part_name(row: Mapping[Any, Any]) -> str:
    """Which legs of whom a row of the summary is about."""
    return f"leg_{row['leg']}" + ("" if row["groups"] == "all" else "_patients")


def study_text(rows: pd.DataFrame) -> str:
    """The pooled metrics of a leg with their intervals, as a table in Markdown."""
    titles = [METRIC_OF[key].title for key in HEADLINE]
    lines = []
    for row in rows.to_dict("records"):
        leaky = " (LEAKY)" if row["leaky"] else ""
        cells = [_with_interval(row, key) for key in HEADLINE]
        lines.append([f"{row['scorer']}{leaky}", *cells, str(row["legs"]), str(row["patients"])])
    table = markdown_table(["scorer", *titles, "legs", "patients"], lines)
    return f"{table}\n\nIn brackets: 95% interval over patients. {RESEARCH_ONLY}"


def _with_interval(row: Mapping[Any, Any], key: str) -> str:
    if not math.isfinite(row[key]):
        return "n/a"
    if not math.isfinite(row[f"{key}_low"]):
        return f"{row[key]:.2f}"
    return f"{row[key]:.2f} ({row[f'{key}_low']:.2f} to {row[f'{key}_high']:.2f})"


def _as_name(text: str) -> str:
    """Without what a folder or a tag cannot hold."""
    return re.sub(r"[^\w/.=+-]+", "_", text).strip("_")
