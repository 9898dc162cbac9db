"""The best and the last checkpoint of a run: when they are written, and where a run goes on."""

import logging
import math
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint

from pdla.data.files import PART, first_line
from pdla.runs.folder import BEST, LAST, checkpoint_path
from pdla.training.checkpoint_files import STAMP, BackgroundCheckpointIO, SaveRequest

log = logging.getLogger(__name__)

MONITOR: Final = "val/rps"
SAVE_EVERY_S: Final = 30.0  # of training that a kill may lose, where a config does not say


@dataclass(frozen=True)
class Stamp:
    """What a checkpoint knows of its run.

    Attributes:
        epochs: Epochs that were finished when it was made.
        steps: Optimizer steps until then.
        score: MONITOR of the best epoch until then; infinite where it was never a number.
        best_epochs: Epochs that were finished when the best was made; 0 if there was none.
        max_epochs: Length of the training as it was planned.
        data_hash: Of the recordings.
    """

    epochs: int
    steps: int
    score: float
    best_epochs: int
    max_epochs: int
    data_hash: str


class RunCheckpoints(Checkpoint):
    """Keeps `best.ckpt`, weights only, and `last.ckpt`, with which a run goes on.

    Both are made at the end of an epoch. The last one is written no more often than every
    `every_s` seconds; a run that is killed loses no more than that and the epoch it was in.

    Args:
        run_dir: Folder of the run.
        files: Writes them.
        data_hash: Of the recordings.
        every_s: Seconds between two writes of the last checkpoint.
        best: Stamp of the best checkpoint that is there already.
    """

    def __init__(
        self,
        run_dir: Path,
        files: BackgroundCheckpointIO,
        data_hash: str,
        every_s: float,
        best: Stamp | None = None,
    ) -> None:
        self.best_path = checkpoint_path(run_dir, BEST)
        self.last_path = checkpoint_path(run_dir, LAST)
        self.files = files
        self.data_hash = data_hash
        self.every_s = every_s
        self.best = best
        self._score: float | None = None

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """The curves of the epoch before are logged now: its checkpoint may be written."""
        self.files.release()

    def on_validation_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Keep the score."""
        if not trainer.sanity_checking:
            score = float(trainer.callback_metrics.get(MONITOR, math.nan))
            self._score = score if math.isfinite(score) else math.inf

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Keep the weights if they are better than all before, and the state of the training."""
        score, self._score = self._score, None
        if score is not None and (self.best is None or score < self.best.score):
            self._save_best(trainer, score)
        best = self.best
        stamp = self._stamp(trainer, *((best.score, best.best_epochs) if best else (math.inf, 0)))
        request = SaveRequest(asdict(stamp), every_s=self.every_s, is_held=True)
        trainer.save_checkpoint(self.last_path, storage_options=request)

    def on_train_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """A run that never validated keeps what it ends with."""
        self.files.release()
        if self.best is None:
            self._save_best(trainer, math.inf)

    def _save_best(self, trainer: lightning.Trainer, score: float) -> None:
        self.best = self._stamp(trainer, score, _epochs_done(trainer))
        request = SaveRequest(asdict(self.best))
        trainer.save_checkpoint(self.best_path, weights_only=True, storage_options=request)

    def _stamp(self, trainer: lightning.Trainer, score: float, best_epochs: int) -> Stamp:
        return Stamp(
            epochs=_epochs_done(trainer),
            steps=trainer.global_step,
            score=score,
            best_epochs=best_epochs,
            max_epochs=trainer.max_epochs or 0,
            data_hash=self.data_hash,
        )


def _epochs_done(trainer: lightning.Trainer) -> int:
    """Epochs whose steps are taken; at the end of an epoch it counts already."""
    progress: Any = trainer.fit_loop.epoch_progress.current
    return int(progress.processed)


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Attributes:
        last: Stamp of the checkpoint that it goes on from; None for the beginning.
        best: Stamp of the best checkpoint so far, if there is one.
    """

    last: Stamp | None = None
    best: Stamp | None = None


def find_start(run_dir: Path, data_hash: str) -> Start:
    """Go on from the last checkpoint if it and the best one are whole; else from the beginning.

    What was left half written is deleted, and said.

    Raises:
        ValueError: If the recordings have changed since: half of the training would have seen
            others, perhaps those that are tested now.
    """
    for path in checkpoint_path(run_dir, LAST).parent.glob(f".*{PART}.ckpt"):
        path.unlink()
    last, best = (_read_or_delete(checkpoint_path(run_dir, name)) for name in (LAST, BEST))
    for stamp in (last, best):
        if stamp is not None and stamp.data_hash != data_hash:
            raise ValueError(
                f"{run_dir}: the recordings have changed since this run began. Give it a name of "
                "its own (tag=-NAME or study=NAME), or delete the folder"
            )
    if last is None:
        if best is not None:
            log.warning("%s: no %s that is whole; begins again", run_dir, LAST)
        return Start(best=best)
    if last.best_epochs and (best is None or best.score > last.score):
        log.warning("%s: %s is not the one of epoch %d; begins again", run_dir, BEST,
                    last.best_epochs)  # fmt: skip
        return Start(best=best)
    return Start(last, best)


def _read_or_delete(path: Path) -> Stamp | None:
    if not path.exists():
        return None
    try:
        return read_stamp(path)
    except ValueError as error:
        log.warning("%s; deleted", error)
        path.unlink()
        return None


def read_stamp(path: Path) -> Stamp:
    """What a checkpoint knows of its run, if all of it is as it was written.

    Raises:
        ValueError: If a byte is missing or another, or it was not written by RunCheckpoints.
    """
    content = open_checkpoint(path)
    try:
        return Stamp(**content[STAMP])
    except (KeyError, TypeError):
        raise ValueError(f"{path}: does not say which epoch it is from") from None


def open_checkpoint(path: Path) -> dict[str, Any]:
    """Content of a checkpoint, checked against the sums in it; nothing in it is ever executed.

    Raises:
        ValueError: If it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise ValueError(f"{path}: damaged ({part})")
        content: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (
        zipfile.BadZipFile, UnpicklingError, RuntimeError, EOFError, OSError, NotImplementedError,
    ) as error:  # fmt: skip
        raise ValueError(f"{path}: damaged ({first_line(error)})") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: damaged (no checkpoint)")
    return content
