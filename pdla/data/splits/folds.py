"""What every option of the config group `split` has in common: a fold, a seed, a file."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pdla.data.recordings import LegSample
from pdla.data.splits.files import Split, read_folds
from pdla.data.stages import STAGES, Stage


@dataclass(frozen=True, kw_only=True)
class Splitter(ABC):
    """Base of the options of group `split`: folds drawn by a rule, or read from a run's split.json.

    Attributes:
        fold: Which fold is tested.
        seed: Of the draw; seeds of training are something else.
        file: split.json of a run; then nothing is drawn.
    """

    fold: int = 0
    seed: int = 0
    file: str | None = None
    is_leaky: ClassVar[bool] = False
    stages: ClassVar[tuple[Stage, ...]] = STAGES  # that must not be empty

    @property
    def number(self) -> int:
        """Which of `all_folds` is used."""
        return self.fold

    @property
    def is_tuning(self) -> bool:
        """Whether only patients are tested that the study itself trains on."""
        return False

    def split(self, samples: Sequence[LegSample]) -> Split:
        """Share out rated samples; see the class for the rule.

        Raises:
            ValueError: If there is no such fold, or the file was made for other samples.
        """
        if self.file is not None:
            folds = read_folds(Path(self.file), samples)
            if not 0 <= self.fold < len(folds):
                raise ValueError(
                    f"{self.file}: split.fold={self.fold}, but it has {len(folds)} folds"
                )
            return folds[self.fold]
        n_folds = self.count_folds(samples)
        if not 0 <= self.fold < n_folds:
            raise ValueError(f"split.fold={self.fold}: choose 0 to {n_folds - 1}")
        return self.draw(samples, self.fold)

    def all_folds(self, samples: Sequence[LegSample]) -> list[Split]:
        """Every fold, in order."""
        if self.file is not None:
            return read_folds(Path(self.file), samples)
        return [self.draw(samples, fold) for fold in range(self.count_folds(samples))]

    @abstractmethod
    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """How many folds there are for these samples."""

    @abstractmethod
    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """One fold by the rule."""


@dataclass(frozen=True, kw_only=True)
class AllTested(Splitter):
    """Test everybody, train nobody: another data set, scored by finished runs."""

    stages: ClassVar[tuple[Stage, ...]] = ("test",)

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """One."""
        return 1

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """All legs."""
        return Split(train=(), val=(), test=tuple(range(len(samples))))
