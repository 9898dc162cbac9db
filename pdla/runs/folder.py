"""A run folder: is it finished, can it go on, does it belong to this config; read many back."""

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml
from filelock import FileLock, Timeout

from pdla.data.files import read_utf8, write_json, write_text
from pdla.runs.config import RunConfig
from pdla.runs.old_configs import read_config
from pdla.runs.result import RunResult

RESULT, CONFIG, PREDICTIONS, ERROR = "result.json", "config.yaml", "predictions.csv", "error.txt"
SPLIT = "split.json"
REFUSED = "refused.txt"  # why the last sweep could not have this folder, which is another run's
HISTORY = "history"  # every number that was logged in training, as CSV
LEGS_FOLDER = "_legs"  # of a study, beside its runs
PICTURES_FOLDER = "pictures"  # of a run: what a report shows of its legs
BEST, LAST = "best.ckpt", "last.ckpt"
# Keys of a config that change what is kept and seen, not what is learnt.
KEPT_AND_SEEN: Final = (
    "review", "keep_last", "save_every_s", "cuda_graphs", "logger", "searched",
)  # fmt: skip
EPOCHS: Final = "trainer.max_epochs"


def checkpoint_path(run_dir: Path, name: str) -> Path:
    """Where a run keeps BEST or LAST."""
    return run_dir / "checkpoints" / name


def open_run(run_dir: Path, config: RunConfig) -> None:
    """Claim a folder for a run with this config.

    A folder whose run never learnt anything is taken over. A run that kept its last checkpoint may
    come back with more epochs: its result goes, and training goes on.

    Raises:
        ValueError: If the folder belongs to a run with another config; names the keys that differ.
    """
    path = run_dir / CONFIG
    if path.exists() and has_learnt(run_dir):
        known = read_config(path)
        changed = sorted(differing_keys(_what_is_learnt(known), _what_is_learnt(config)))
        if changed == [EPOCHS] and _adds_epochs(run_dir, known, config):
            (run_dir / RESULT).unlink(missing_ok=True)
        elif changed:
            more = "; more epochs need keep_last=true from the start" if changed == [EPOCHS] else ""
            raise ValueError(
                f"{run_dir}: was made with another {', '.join(changed)}{more}. "
                "Give this run a name of its own (tag=-NAME or study=NAME), or delete the folder"
            )
    run_dir.mkdir(parents=True, exist_ok=True)
    for name in (ERROR, REFUSED):
        (run_dir / name).unlink(missing_ok=True)
    write_text(path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def has_learnt(run_dir: Path) -> bool:
    """Whether a folder holds a result or a checkpoint, whole or not."""
    kept = (run_dir / RESULT, *(checkpoint_path(run_dir, name) for name in (BEST, LAST)))
    return any(path.exists() for path in kept)


def _adds_epochs(run_dir: Path, known: Any, config: Any) -> bool:
    before, after = (one["trainer"]["max_epochs"] for one in (known, config))
    return checkpoint_path(run_dir, LAST).exists() and after > before


def _what_is_learnt(config: Any) -> Any:
    """What makes a run the run it is: one may look at it in another way."""
    if not isinstance(config, dict):
        return config
    return {key: value for key, value in config.items() if key not in KEPT_AND_SEEN}


def differing_keys(one: Any, other: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of the keys at which two nested dicts differ."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        if one != other:
            yield prefix.removesuffix(".") or "(all)"
        return
    for key in one.keys() | other.keys():
        if key not in one or key not in other:
            yield f"{prefix}{key}"
        else:
            yield from differing_keys(one[key], other[key], f"{prefix}{key}.")


def config_hash(config: RunConfig) -> str:
    """Short SHA-256 of what is learnt; the same for the same values in any order."""
    text = json.dumps(_what_is_learnt(config), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_result(run_dir: Path) -> RunResult | None:
    """The result of a finished run, or None; result.json is written last, so it marks the end.

    Raises:
        ValueError: If the file cannot be read as a result; one line.
    """
    path = run_dir / RESULT
    if not path.exists():
        return None
    return RunResult.from_json(read_utf8(path), path)


def finish_run(run_dir: Path, result: RunResult, predictions: pd.DataFrame) -> None:
    """Write predictions.csv, then result.json with its hash, each in one piece or not at all."""
    text = predictions.to_csv(index=False, float_format="%.6f")
    write_text(run_dir / PREDICTIONS, text)
    result = replace(result, predictions_hash=text_hash(text))
    write_text(run_dir / RESULT, result.to_json() + "\n")


def clear_curves(run_dir: Path) -> None:
    """Delete the curves of a training that begins again: they would be drawn twice."""
    for path in run_dir.glob("events.out.tfevents.*"):
        path.unlink()
    shutil.rmtree(run_dir / HISTORY, ignore_errors=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fail_run(run_dir: Path, error: str) -> None:
    """Leave a note of why a run ended, if its folder is there and the disk has room."""
    if run_dir.is_dir():
        with suppress(OSError):
            write_text(run_dir / ERROR, error)


def note_refusal(run_dir: Path, error: Exception, *, is_sweep: bool) -> None:
    """Leave a note of why a run could not begin; `pdla runs` shows it.

    In a folder that holds nothing of a run yet the note stays as its error. In that of another run
    only a sweep leaves one, which counts the job as failed, and the next sweep takes it away.

    Args:
        run_dir: Folder that the run would have.
        error: Why not.
        is_sweep: Whether the run is one of a sweep.
    """
    if not run_dir.is_dir():
        return
    if not (run_dir / CONFIG).exists():
        write_text(run_dir / ERROR, f"{error}\n")
    elif is_sweep and not _says(run_dir / ERROR, error):
        write_text(run_dir / REFUSED, f"{error}\n")


def forget_refusals(study: Path) -> None:
    """Take away what an earlier sweep has noted in the folders of other runs."""
    for path in study.glob(f"*/{REFUSED}"):
        path.unlink(missing_ok=True)


def _says(note: Path, error: Exception) -> bool:
    """Whether the note that a failing run leaves is of this error."""
    return note.exists() and note.read_text(encoding="utf-8") == error_text(error)


def error_text(error: BaseException) -> str:
    """What the note of a failed run says."""
    return f"{type(error).__name__}: {error}\n"


def text_hash(text: str) -> str:
    """SHA-256 of a text, whatever the ends of its lines are."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def unfinished_runs(study_dir: Path) -> list[Path]:
    """Run folders of a study without a result, in order of their names."""
    started = (path.parent for path in sorted(study_dir.rglob(CONFIG)))
    return [run for run in started if run.name != ".hydra" and not (run / RESULT).exists()]


LOCK, WRITER = "writer.lock", "writer.json"
# Showing a finished run again takes a moment; training takes longer than anybody should wait.
PATIENCE_S: Final = 2.0
# Where launchers say which process of a run this is, in the order in which Lightning asks.
RANKS: Final = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


def is_first_process() -> bool:
    """Whether this process writes a run's files; the others of a distributed run do not."""
    return next((os.environ[name] for name in RANKS if name in os.environ), "0") == "0"


@contextmanager
def claim_folder(run_dir: Path) -> Iterator[None]:
    """Be the only writer of a run folder for as long as the block runs.

    The operating system frees the lock when a process dies, however it dies: what a killed run
    leaves behind blocks nobody. The processes of one distributed run count as one writer: the first
    of them holds the lock.

    Raises:
        ValueError: If another process writes there; names its number, its machine and since when.
    """
    if not is_first_process():
        yield
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / LOCK, timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"{run_dir}: {_read_writer(run_dir)} writes there. Wait for it, stop it, or give this "
            "run a name of its own (tag=-NAME or study=NAME)"
        ) from None
    try:
        write_json(
            run_dir / WRITER,
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            },
        )
        yield
    finally:
        for name in (WRITER, LOCK):
            (run_dir / name).unlink(missing_ok=True)
        lock.release()


def _read_writer(run_dir: Path) -> str:
    try:
        writer = json.loads((run_dir / WRITER).read_text(encoding="utf-8"))
        return f"process {writer['pid']} on {writer['host']}, since {writer['since']},"
    except (OSError, ValueError, KeyError):  # it has only just begun, or is about to end
        return "another process"
