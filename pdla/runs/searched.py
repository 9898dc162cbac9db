"""What a search tried before a run: part of the config of its winner, for reports."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.dataclasses import dataclass as checked

from pdla.data.checked_options import CHECKED, read_options

KEY: Final = "searched"  # of a config
# Keys of section `split` that say which patients a search has looked at.
SPLIT_KEYS: Final = ("n_folds", "repeats", "fold", "seed")
METRIC: Final = "rps"  # lower is better, and defined for every set of legs


@checked(frozen=True, config=CHECKED)
class Searched:
    """A search, as the experiment of its winner records it.

    Attributes:
        name: Of the search.
        space: What was chosen from, as `model.dropout=interval(0,0.6)`.
        trials: Trials that were counted, pruned and failed ones included.
        pruned: Trials that were given up after a part of the inner folds.
        failed: Trials that ended in an error.
        inner_folds: Number of inner folds.
        score: METRIC of the winner, mean over the inner folds.
        split: SPLIT_KEYS of the outer fold, whose test patients were set aside.
        data_hash: Of the recordings.
    """

    name: str
    space: list[str]
    trials: int
    pruned: int
    failed: int
    inner_folds: int
    score: float
    split: dict[str, int]
    data_hash: str

    def __post_init__(self) -> None:
        """Refuse a record that does not say which patients the search has seen."""
        if set(self.split) != set(SPLIT_KEYS):
            raise ValueError(
                f"searched.split: {', '.join(sorted(self.split)) or 'empty'}; expected "
                f"{', '.join(SPLIT_KEYS)}, as pdla search writes them"
            )

    @property
    def text(self) -> str:
        """The search in a sentence, for reports."""
        return (
            f"Options were searched (`pdla search {self.name}`): {self.trials} trials "
            f"({self.pruned} pruned, {self.failed} failed) of {', '.join(self.space)}; chosen by "
            f"the mean ranked probability score on {self.inner_folds} inner folds of the training "
            f"patients of fold {self.split['fold']} ({self.score:.3f}), without its test patients."
        )


def read_searched(config: Mapping[str, Any]) -> Searched | None:
    """What a config says of a search before it; None if there was none.

    Raises:
        ValueError: If that section cannot be read.
    """
    section = config.get(KEY)
    return None if section is None else read_options(Searched, section, KEY)


def split_of(config: Mapping[str, Any]) -> dict[str, int]:
    """SPLIT_KEYS of a config."""
    return {key: int(config["split"].get(key, 0)) for key in SPLIT_KEYS}


def check_unseen(config: Mapping[str, Any], data_hash: str) -> None:
    """Stop where the search has seen the patients that a run would test.

    Args:
        config: Of the run.
        data_hash: Of its recordings; others than those of the search may be split in any way.

    Raises:
        ValueError: If the run tests another fold of the same recordings.
    """
    searched = read_searched(config)
    if searched is None or searched.data_hash != data_hash or split_of(config) == searched.split:
        return
    wanted = " ".join(f"split.{key}={value}" for key, value in searched.split.items())
    raise ValueError(
        f"experiment={searched.name} was chosen on patients whom this run tests: run it with "
        f"{wanted}, or search again with split.fold={config['split'].get('fold')} "
        "and another name"
    )
