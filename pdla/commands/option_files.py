"""Option files that are read once for all runs of a sweep."""

import copy
from typing import Any

from hydra._internal.config_repository import CachingConfigRepository
from hydra.plugins.config_source import ConfigResult


class ReadOnce(CachingConfigRepository):
    """Hydra's cache of option files, kept from one config to the next.

    A sweep composes two configs a run, one of them to check it before the first run begins. Files
    that are edited meanwhile cannot make its runs differ.
    """

    def load_config(self, config_path: str) -> ConfigResult | None:
        """A copy of what is in a file, for Hydra writes overrides into it."""
        return copy.deepcopy(super().load_config(config_path))

    def __deepcopy__(self, memo: dict[int, Any]) -> "ReadOnce":
        """Itself: Hydra copies a repository before it composes from it."""
        return self


def read_options_once(loader: Any) -> None:
    """Let Hydra's loader of configs read each option file once from now on."""
    loader.repository = ReadOnce(loader.repository)
