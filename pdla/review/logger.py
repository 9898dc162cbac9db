"""Lightning's loggers, made cheap enough for networks whose epoch takes 0.1 s."""

import io
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from torch.utils.tensorboard import SummaryWriter

from pdla.review.tag_words import tag_metadata
from pdla.runs.folder import HISTORY

FLUSH_S: Final = 2.0  # a killed run loses the curves of so many seconds at the most


class RunLogger(TensorBoardLogger):
    """Writes the events of a run into its folder.

    What is logged together becomes one event instead of one a number, and the file is flushed every
    two seconds instead of twice an epoch: that halves what logging costs a small network.

    Args:
        run_dir: Folder of the run.
        first_step: Where a run goes on: curves that an interrupted run drew from there on are not
            shown, they are drawn again.
        writes_events: Whether TensorBoard is wanted; else nothing is written.
    """

    def __init__(
        self, run_dir: Path, first_step: int | None = None, *, writes_events: bool = True
    ) -> None:
        super().__init__(
            run_dir, name="", version="", default_hp_metric=False, purge_step=first_step
        )
        self.writes_events = writes_events
        self.others: list[Any] = []  # loggers of other tools that are shown the same pictures
        self._described: set[str] = set()
        self._flushed_s = time.monotonic()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers, all at one step."""
        if not self.writes_events:
            return
        values = [
            Summary.Value(tag=tag, simple_value=float(x), metadata=self._describe(tag))
            for tag, x in metrics.items()
        ]
        self.experiment._get_file_writer().add_summary(Summary(value=values), step)

    def _describe(self, tag: str) -> Any:
        """What a tag means, with its first event; TensorBoard keeps that."""
        if tag in self._described:
            return None
        self._described.add(tag)
        return tag_metadata(tag)

    @rank_zero_only
    def save(self) -> None:
        """Flush, unless that was done a moment ago; Lightning asks for it with every metric."""
        if time.monotonic() - self._flushed_s >= FLUSH_S:
            self.flush()

    @property
    def experiment(self) -> Any:
        """The writer; None where TensorBoard is not wanted."""
        return super().experiment if self.writes_events else None

    @property
    def board(self) -> "SummaryWriter | None":
        """Writer of texts, curves and features; None where TensorBoard is not wanted."""
        return self.experiment if self.writes_events else None

    @rank_zero_only
    def add_picture(self, tag: str, encoded: bytes, step: int) -> None:
        """Show a PNG or GIF in every tool that is wanted."""
        if self.writes_events:
            _add_picture(self.experiment, tag, encoded, step)
        for other in self.others:
            other.add_picture(tag, encoded, step)

    @rank_zero_only
    def log_hyperparams(self, *values: Any, **options: Any) -> None:
        """Nothing: `log_summary` writes them with the result."""

    @rank_zero_only
    def flush(self) -> None:
        """Write what was logged into the file."""
        if self.writes_events:
            self.experiment.flush()
        self._flushed_s = time.monotonic()


def _add_picture(writer: SummaryWriter, tag: str, encoded: bytes, step: int) -> None:
    """Log a PNG or GIF as it is; `add_image` would write full colour, `add_video` wants moviepy."""
    with Image.open(io.BytesIO(encoded)) as image:
        width, height = image.size
    value = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=encoded)
    summary = Summary(value=[Summary.Value(tag=tag, image=value, metadata=tag_metadata(tag))])
    writer._get_file_writer().add_summary(summary, step)  # type: ignore[no-untyped-call]


class HistoryLogger(CSVLogger):
    """Writes every logged number into history/version_N/metrics.csv of a run.

    N counts the times that a run was resumed. The file is appended to every two seconds.

    Args:
        run_dir: Folder of the run.
    """

    def __init__(self, run_dir: Path) -> None:
        super().__init__(run_dir, name=HISTORY)
        self._saved_s = time.monotonic()

    @rank_zero_only
    def save(self) -> None:
        """Append what is new, unless that was done a moment ago."""
        if time.monotonic() - self._saved_s >= FLUSH_S:
            self.flush()

    @rank_zero_only
    def flush(self) -> None:
        """Append what is new."""
        super().save()
        self._saved_s = time.monotonic()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Append the rest."""
        self.flush()


def flush_all(loggers: Iterable[RunLogger | HistoryLogger]) -> None:
    """Write what was logged into the files of a run."""
    for logger in loggers:
        logger.flush()
