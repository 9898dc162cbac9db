"""Loggers of other tools: the same numbers as TensorBoard, and the pictures that each can show.

Their packages are extras; both loggers are Lightning's own, with pictures added.
"""

import io
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lightning.pytorch.loggers import Logger, MLFlowLogger, WandbLogger
from PIL import Image

from pdla.data.checked_options import suggest

Section = Mapping[str, Any]
TENSORBOARD: Final = "tensorboard"
DEFAULT: Final[Section] = {TENSORBOARD: {}}  # runs of earlier versions do not say
RUN_ID: Final = "mlflow.txt"  # in the folder of a run, so that a resumed run is one run in MLflow


class WandbRun(WandbLogger):
    """A run of Weights & Biases, offline unless asked otherwise.

    Args:
        run_dir: Folder of the run.
        project: Name of the project.
        mode: offline | online.
    """

    def __init__(self, run_dir: Path, project: str = "pdla", mode: str = "offline") -> None:
        super().__init__(
            name=run_dir.name, group=run_dir.parent.name, project=project, save_dir=run_dir,
            offline=mode != "online",
        )  # fmt: skip

    def add_picture(self, tag: str, encoded: bytes, step: int) -> None:
        """Show a PNG, or play a GIF."""
        import wandb

        is_gif = encoded.startswith(b"GIF")
        shown = wandb.Video(io.BytesIO(encoded), format="gif") if is_gif else wandb.Image(
            Image.open(io.BytesIO(encoded))
        )  # fmt: skip
        self.experiment.log({tag: shown, "trainer/global_step": step})

    def close(self) -> None:
        """End the run: its files are whole."""
        self.experiment.finish()


class MLflowRun(MLFlowLogger):
    """A run of MLflow; its experiment is the study.

    Args:
        run_dir: Folder of the run.
        uri: Of the tracking server; None for a database beside the runs.
    """

    def __init__(self, run_dir: Path, uri: str | None = None) -> None:
        home = run_dir.resolve().parent
        home.mkdir(parents=True, exist_ok=True)
        known = run_dir / RUN_ID
        super().__init__(
            experiment_name=home.name,
            run_name=run_dir.name,
            tracking_uri=uri or f"sqlite:///{home / 'mlflow.db'}",
            artifact_location=None if uri else (home / "mlflow").as_uri(),
            run_id=known.read_text(encoding="utf-8").strip() if known.exists() else None,
        )
        known.write_text(str(self.run_id), encoding="utf-8")

    def add_picture(self, tag: str, encoded: bytes, step: int) -> None:
        """Keep a PNG or GIF among the artifacts."""
        import tempfile

        folder, _, name = tag.rpartition("/")
        ending = "gif" if encoded.startswith(b"GIF") else "png"
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / f"{name}.{ending}"
            path.write_bytes(encoded)
            self.experiment.log_artifact(self.run_id, str(path), f"pictures/{folder}".rstrip("/"))

    def close(self) -> None:
        """End the run."""
        self.finalize("success")


OTHERS: Final[dict[str, Callable[..., Logger]]] = {"wandb": WandbRun, "mlflow": MLflowRun}
NAMES: Final = (TENSORBOARD, "csv", *OTHERS)


def check_loggers(chosen: Section | None) -> None:
    """Stop at a logger that is not there.

    Raises:
        ValueError: One line with what to choose or to install.
    """
    for name in chosen or {}:
        if name not in NAMES:
            raise ValueError(f"logger={name}: no such logger; {suggest(str(name), list(NAMES))}")
        if name in OTHERS and find_spec(name) is None:
            raise ValueError(f"logger={name}: not installed; pip install 'pdla[{name}]'")


def other_loggers(chosen: Section | None, run_dir: Path) -> list[Logger]:
    """The loggers of other tools that a config chooses.

    Raises:
        ValueError: If one has no such option.
    """
    made = []
    for name, options in (chosen or {}).items():
        if name in OTHERS:
            try:
                made.append(OTHERS[name](run_dir, **(options or {})))
            except TypeError as error:
                raise ValueError(f"logger.{name}: {error}") from None
    return made
