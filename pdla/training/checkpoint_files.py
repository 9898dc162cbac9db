"""Checkpoints on disk: whole or not there, written off the training's thread."""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self, cast

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor

from pdla.data.files import replacing

log = logging.getLogger(__name__)

STAMP: Final = "pdla"  # key of a checkpoint under which its SaveRequest's stamp stands


@dataclass(frozen=True)
class SaveRequest:
    """What goes with a checkpoint to BackgroundCheckpointIO, as `storage_options`.

    Attributes:
        stamp: Plain values that are kept in the checkpoint.
        every_s: Seconds between two writes of this path; the newest checkpoint waits until then.
        is_held: Whether it waits for `release`.
    """

    stamp: dict[str, Any]
    every_s: float = 0.0
    is_held: bool = False


@dataclass(frozen=True)
class _Snapshot:
    """A checkpoint that training cannot change any more, on the devices where it was."""

    checkpoint: dict[str, Any]
    copied: torch.cuda.Event | None  # when a GPU has made the copies
    every_s: float


class BackgroundCheckpointIO(TorchCheckpointIO):
    """Copies a checkpoint where it is and returns; a thread moves it to the host and writes it.

    Each file is written beside its target, synced and renamed: after a kill at any moment the
    target is the old or the new one, whole. A checkpoint that is still waiting gives its place to a
    newer one of the same path. Paths written without delay go first, so that a last state never
    reaches the disk before the best weights that it knows of.

    Args:
        before_write: Called by the thread before it writes a path that was delayed.
    """

    def __init__(self, before_write: Callable[[], None] = lambda: None) -> None:
        self._before_write = before_write
        self._held: dict[Path, _Snapshot] = {}
        self._waiting: dict[Path, _Snapshot] = {}
        self._written_s: dict[Path, float] = {}
        self._started_s = time.monotonic()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._is_busy = False
        self._error: Exception | None = None

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Take a copy and queue it.

        Raises:
            OSError: If an earlier checkpoint could not be written.
        """
        request = storage_options if isinstance(storage_options, SaveRequest) else SaveRequest({})
        self._raise_error()
        snapshot = _take_snapshot({**checkpoint, STAMP: request.stamp}, request.every_s)
        if "optimizer_states" not in checkpoint:  # weights only: nobody goes on from here
            snapshot.checkpoint.pop("loops", None)
        with self._changed:
            queue = self._held if request.is_held else self._waiting
            queue[Path(path)] = snapshot
            self._changed.notify_all()
        if self._thread is None:
            self._is_closing = False
            self._thread = threading.Thread(target=self._write_all, daemon=True)
            self._thread.start()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Write what waits, whatever ends the block; its own error goes before a failed write."""
        try:
            self.close()
        except OSError as failed:
            if error is None:
                raise
            log.warning("the last checkpoint could not be written: %s", failed)

    def release(self) -> None:
        """Let checkpoints that were held be written."""
        with self._changed:
            self._waiting.update(self._held)
            self._held.clear()
            self._changed.notify_all()

    def wait_for(self, path: Path) -> None:
        """Return once a path without delay is written.

        Raises:
            OSError: If it could not be.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._error or not (path in self._waiting or self._is_busy)
            )
        self._raise_error()

    def discard(self, path: Path) -> None:
        """Forget what waits for a path, and delete its file."""
        with self._changed:
            self._waiting.pop(path, None)
            self._changed.wait_for(lambda: self._error or not self._is_busy)
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Write what waits, without delay; a checkpoint that was never released is dropped.

        Raises:
            OSError: If something could not be written.
        """
        with self._changed:
            self._held.clear()
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            self._waiting.clear()
            raise error

    def _write_all(self) -> None:
        while (due := self._next_due()) is not None:
            path, snapshot = due
            try:
                if snapshot.every_s:
                    self._before_write()
                write_checkpoint(_on_host(snapshot), path)
            except Exception as error:
                with self._changed:
                    self._error = error
                    self._waiting.clear()
            finally:
                with self._changed:
                    self._written_s[path] = time.monotonic()
                    self._is_busy = False
                    self._changed.notify_all()

    def _next_due(self) -> tuple[Path, _Snapshot] | None:
        """The next checkpoint to write, once its time has come; None when there will be none."""
        with self._changed:
            while True:
                now_s = time.monotonic()
                order = sorted(self._waiting, key=lambda path: self._waiting[path].every_s)
                delays = [0.0 if self._is_closing else self._delay_s(one, now_s) for one in order]
                for path, delay_s in zip(order, delays, strict=True):
                    if delay_s <= 0:
                        self._is_busy = True
                        return path, self._waiting.pop(path)
                if self._is_closing:
                    return None
                self._changed.wait(min(delays, default=None))

    def _delay_s(self, path: Path, now_s: float) -> float:
        since_s = self._written_s.get(path, self._started_s)
        return since_s + self._waiting[path].every_s - now_s


def _take_snapshot(checkpoint: dict[str, Any], every_s: float) -> _Snapshot:
    copied = apply_to_collection(checkpoint, Tensor, lambda value: value.detach().clone())
    event = None
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
    return _Snapshot(copied, event, every_s)


def _on_host(snapshot: _Snapshot) -> dict[str, Any]:
    """The checkpoint in the host's memory, copied beside the training's own work on a GPU."""
    if snapshot.copied is None:
        return snapshot.checkpoint
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_event(snapshot.copied)
    with torch.cuda.stream(stream):
        moved: dict[str, Any] = apply_to_collection(
            snapshot.checkpoint, Tensor, lambda value: value.cpu()
        )
    stream.synchronize()
    return moved


def write_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint beside its target, sync it, and rename it.

    The same content gives the same bytes.

    Raises:
        OSError: With the path, for instance if the disk is full; the target is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            sink = _Sink(file)
            try:
                torch.save(checkpoint, cast(IO[bytes], sink))
            except RuntimeError:  # torch hides what the disk said
                raise sink.error or OSError(f"{path}: could not be written") from None
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


class _Sink:
    """A file that remembers why it could not be written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _sync_folder(folder: Path) -> None:
    """Make a rename outlast a power cut; not every file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
