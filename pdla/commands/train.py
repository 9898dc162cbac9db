"""`python train.py` and `pdla train`: one run, or a sweep with `-m`, composed from conf/."""

import os
import sys
from pathlib import Path
from typing import Final

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from hydra.types import RunMode
from omegaconf import DictConfig

from pdla.commands.overrides import as_hydra_reads
from pdla.commands.train_help import CONF, train_help
from pdla.training.overrides import check_command

HELP_FLAGS: Final = (["--help"], ["-h"])


def main() -> None:
    """Train as the command line says."""
    if sys.argv[1:] in HELP_FLAGS:
        print(train_help(CONF))
        return
    try:
        check_command(sys.argv[1:], CONF)
    except ValueError as error:
        sys.exit(f"pdla: {error}")
    sys.argv[1:] = [as_hydra_reads(argument) for argument in sys.argv[1:]]
    _train()


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def _train(config: DictConfig) -> float:
    """Run one composed config in the folder that Hydra named for it."""
    # Imported here so that tab completion and misspelt options answer at once.
    from pdla.training.config import check_one_device, plain_config
    from pdla.training.run import run

    hydra_config = HydraConfig.get()
    try:
        plain = plain_config(config)
        if hydra_config.mode == RunMode.MULTIRUN:
            check_one_device(plain["trainer"])
        return run(plain, Path(hydra_config.runtime.output_dir))
    except (ValueError, OSError) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        if hydra_config.mode == RunMode.MULTIRUN:
            raise CompactHydraException(f"pdla: {error}") from None
        sys.exit(f"pdla: {error}")
