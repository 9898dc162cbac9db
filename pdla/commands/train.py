"""`python train.py` and `pdla train`: one run, or a sweep with `-m`, composed from conf/."""

import os
import sys
from pathlib import Path
from typing import Any, Final

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import CompactHydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from pdla.commands.local import OWN_CONF, has_own_conf
from pdla.commands.option_files import read_options_once
from pdla.commands.overrides import as_hydra_reads
from pdla.commands.train_help import CONF, train_help
from pdla.lazy import importing
from pdla.runs.asked import note_sweep
from pdla.runs.folder import forget_refusals, note_refusal
from pdla.training.overrides import check_command

HELP_FLAGS: Final = (["--help"], ["-h"])


def main() -> None:
    """Train as the command line says."""
    if sys.argv[1:] in HELP_FLAGS:
        print(train_help(CONF))
        return
    try:
        check_command(sys.argv[1:], CONF, OWN_CONF)
    except ValueError as error:
        sys.exit(f"pdla: {error}")
    sys.argv[1:] = [as_hydra_reads(argument) for argument in sys.argv[1:]]
    if has_own_conf() and not OWN_CONF.samefile(CONF):
        sys.argv += ["--config-dir", str(OWN_CONF)]  # of the working folder
    try:
        _train()
    finally:
        if SWEEPS:
            _end_sweep(*SWEEPS.pop())


SWEEPS: Final[list[tuple[Path, list[Path]]]] = []  # study and finished runs of a sweep that began


class SweepStart(Callback):
    """Hydra callback: what is done once, when a sweep begins."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Called in the process that launches the runs; remembers which ones are finished."""
        read_options_once(GlobalHydra.instance().config_loader())
        study = Path(str(config.hydra.sweep.dir))
        forget_refusals(study)
        if jobs := _jobs_of(config):
            note_sweep(study, jobs)
        SWEEPS.append((study, [path.parent for path in study.glob("*/result.json")]))


def _jobs_of(config: DictConfig) -> list[list[str]]:
    """Overrides of each run of a sweep; none if another sweeper chooses them as it goes."""
    sweeper = config.hydra.sweeper
    if not str(sweeper.get("_target_")).endswith(".BasicSweeper"):
        return []
    params = _unresolved(sweeper.get("params") or OmegaConf.create({}))
    axes = [f"{key}={value}" for key, value in params.items()]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    overrides = parser.parse_overrides([*axes, *_unresolved(config.hydra.overrides.task)])
    (jobs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return jobs


def _unresolved(section: Any) -> Any:
    """A section as it was written: `tag=${split.inner}` is another tag in each run."""
    return OmegaConf.to_container(section, resolve=False)


def _end_sweep(study: Path, skipped: list[Path]) -> None:
    """Print what became of the runs."""
    from pdla.commands.runs import show_runs

    try:
        show_runs(study, skipped)
    except ValueError as error:
        print(f"pdla: {error}", file=sys.stderr)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def _train(config: DictConfig) -> float:
    """Run one composed config in the folder that Hydra named for it."""
    # Imported here so that tab completion and misspelt options answer at once.
    with importing():
        from pdla.data.files import path_and_reason
        from pdla.data.progress import is_terminal
        from pdla.training.config import check_one_device, plain_config
        from pdla.training.launched import settle_in_worker
        from pdla.training.run import run

    hydra_config = HydraConfig.get()
    is_sweep = hydra_config.mode == RunMode.MULTIRUN
    try:
        plain = plain_config(config)
        if is_sweep:
            settle_in_worker()
            check_one_device(plain["trainer"])
        brief = is_sweep and not is_terminal()
        folder = Path(hydra_config.runtime.output_dir)
        return run(plain, folder, brief=brief, shares_data=is_sweep)
    except (ValueError, OSError) as error:
        line = path_and_reason(error) if isinstance(error, OSError) else str(error)
        note_refusal(Path(hydra_config.runtime.output_dir), error, is_sweep=is_sweep)
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        if is_sweep:
            raise CompactHydraException(f"pdla: {line}") from None
        sys.exit(f"pdla: {line}")
