"""Train and test one model: `python train.py model=r3d leg=R`; `-m` sweeps. See README.md."""

import os
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from hydra.types import RunMode
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(config: DictConfig) -> float:
    """Run one composed config in the folder that Hydra named for it."""
    # Imported here so that `--help`, tab completion and misspelt options answer at once.
    from pdla.training.config import plain_config
    from pdla.training.run import run

    hydra_config = HydraConfig.get()
    try:
        return run(plain_config(config), Path(hydra_config.runtime.output_dir))
    except (ValueError, OSError) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        if hydra_config.mode == RunMode.MULTIRUN:
            raise CompactHydraException(f"pdla: {error}") from None
        sys.exit(f"pdla: {error}")


if __name__ == "__main__":
    main()
