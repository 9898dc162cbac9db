"""result.json: what a finished run says about itself, as one type.

The schema version covers predictions.csv too: `finish_run` writes both, and `predictions_hash` ties
them together. Files without a version are of version 1 and are read as they are.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from pdla.data.intake.agreement import Agreement
from pdla.data.recordings import SCORES
from pdla.data.skeletons import BOTH_LEGS, Leg, legs_of
from pdla.data.stages import Stage

SCHEMA_VERSION: Final = 2
VERSION_KEY: Final = "schema_version"
EXTERNAL_RULE: Final = "external"

Content = dict[str, Any]  # of a JSON file, before it is checked
Number = Annotated[float, BeforeValidator(lambda value: np.nan if value is None else value)]
Metrics = dict[str, Number]
Count = Annotated[int, Field(ge=0)]
ScoreCounts = tuple[Count, Count, Count, Count, Count]


def as_score_counts(counts: Sequence[int]) -> ScoreCounts:
    """Legs of score 0 to 4 as a value."""
    none, slight, mild, moderate, severe = map(int, counts)
    return none, slight, mild, moderate, severe


@dataclass(frozen=True)
class SplitRecord:
    """Which fold of which split a run has tested; the folds are in split.json.

    Attributes:
        rule: Name of the rule that drew the folds; `external` for another data set.
        hash: SHA-256 of legs and folds.
        fold: Number of the tested fold, from 0.
        is_tuning: Whether only training patients of the study were tested, to choose options.
    """

    rule: str
    hash: str
    fold: Count
    is_tuning: bool

    @property
    def is_external(self) -> bool:
        """Whether another data set was scored, on which nothing was trained."""
        return self.rule == EXTERNAL_RULE


@dataclass(frozen=True)
class Flow:
    """How many videos and legs were found, usable, rated, and used for the wanted legs."""

    rows: Count
    videos_found: Count
    videos_usable: Count
    legs_usable: Count
    legs_rated: Count
    legs_used: Count
    patients_used: Count


@dataclass(frozen=True)
class DataSource:
    """Where the recordings came from.

    Attributes:
        name: Option of the config group `recordings`.
        simulated: Score mix of a simulated clinic; None for people.
        raters: Preset of the simulated raters.
        project: `Cohort.project` of the recordings; empty if unknown.
    """

    name: str
    simulated: str | None = None
    project: str = ""
    raters: str = "clinic"


@dataclass(frozen=True)
class ExternalRecord:
    """Which run has scored another data set.

    Attributes:
        run: Name of the folder of the run.
        videos: Folder of the other data.
        data_hash: Of the other data.
    """

    run: str
    videos: str
    data_hash: str


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Everything that result.json holds.

    Attributes:
        model: Name of the model.
        leg: Which legs it scores.
        seed: Of weights, shuffling and augmentation.
        is_leaky: Whether patients of the test set may be in training.
        primary: Primary metrics, named in the config before the run.
        contrast: The primary contrast, named in the config before the run: what the model is
            compared with, or two rows of the report; empty for none.
        clips: How the clips of a video become one score.
        metrics: Metrics by stage: `val` at the best epoch, which they served to choose and are
            therefore no result, and `test`; NaN where undefined.
        undefined: By stage, why metrics are undefined.
        baselines: Test metrics of baselines.
        score_counts: Legs of score 0 to 4 in each stage.
        patient_counts: Patients in each stage.
        unsupported_scores: Scores that no training leg had.
        excluded: Videos or legs that were left out, by reason.
        flow: From the label sheet to the legs used.
        agreement: Agreement of the raters of each leg, where a label sheet has several.
        data: Where the recordings came from.
        split: Which fold of which split.
        legs_file: Name of the table of rated legs in the study's `_legs` folder.
        weights_source: What the run started from.
        config_hash: Of the config without `review`.
        data_hash: SHA-256 of keypoints and labels.
        versions: Of packages, by name.
        device: What it was trained on.
        epochs: Epochs trained; None if unknown.
        times: Seconds by step.
        external: For another data set, which run has scored it.
        checkpoint_hash: SHA-256 of the best checkpoint; empty if unknown.
        predictions_hash: Of predictions.csv; set by `finish_run`.
        commit: Git commit of pdla, `-dirty` if files were changed; empty where it is no checkout.
        command: Overrides of the run on the command line; empty if it was started from Python.
    """

    model: str
    leg: Literal["L", "R", "both"]
    seed: int
    is_leaky: bool
    primary: Annotated[tuple[str, ...], Field(min_length=1)]
    contrast: Annotated[tuple[str, ...], Field(max_length=2)] = ()
    clips: str
    metrics: dict[Stage, Metrics]
    undefined: dict[Stage, dict[str, str]]
    baselines: dict[str, Metrics] = field(default_factory=dict)
    score_counts: dict[Stage, ScoreCounts]
    patient_counts: dict[Stage, Count]
    unsupported_scores: tuple[int, ...]
    excluded: dict[str, Count]
    flow: Flow
    agreement: dict[Leg, Agreement]
    data: DataSource
    split: SplitRecord
    legs_file: str
    weights_source: str
    config_hash: str
    data_hash: str
    versions: dict[str, str]
    device: str = "unknown"
    epochs: Count | None = None
    times: dict[str, float] = field(default_factory=dict)
    external: ExternalRecord | None = None
    checkpoint_hash: str = ""
    predictions_hash: str = ""
    commit: str = ""
    command: tuple[str, ...] = ()

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs that the run scores."""
        return legs_of(self.leg)

    @property
    def has_both_legs(self) -> bool:
        """Whether one network scores both legs."""
        return self.leg == BOTH_LEGS

    def absent_scores(self, stage: Stage) -> list[int]:
        """Scores that the data has, but not this stage of this fold."""
        counts = self.score_counts
        return [
            score
            for score in SCORES
            if not counts[stage][score] and any(other[score] for other in counts.values())
        ]

    def to_json(self) -> str:
        """Text of result.json; an undefined metric is null."""
        content = json.loads(_adapter().dump_json(self))
        return json.dumps({VERSION_KEY: SCHEMA_VERSION, **content}, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, path: Path) -> "RunResult":
        """Read and check result.json of this or an earlier version.

        Raises:
            ValueError: If it is not one, or a newer pdla wrote it; one line with path and key.
        """
        try:
            content = json.loads(text)
            version = content.get(VERSION_KEY, 1)
        except (ValueError, AttributeError):
            raise ValueError(f"{path}: not a result of a run; {WAY_OUT}") from None
        if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
            raise ValueError(
                f"{path}: {VERSION_KEY} {version!r}, this pdla reads 1 to {SCHEMA_VERSION}; "
                "install the pdla that wrote it, or a newer one"
            )
        for upgrade in UPGRADES[version - 1 :]:
            content = upgrade(content)
        try:
            return _adapter().validate_json(json.dumps(content), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"])) or "(all)"
            raise ValueError(f"{path}: {key}: {first['msg']}; {WAY_OUT}") from None


WAY_OUT: Final = "restore the file, or delete the folder and run it again"


@cache
def _adapter() -> TypeAdapter[RunResult]:
    return TypeAdapter(RunResult)


def _upgrade_from_1(content: Content) -> Content:
    """Other names of the same things; nothing else changed."""
    names = {"raters": "n_raters", "legs": "n_legs", "qwk": "kappa"}
    content = dict(content)
    if isinstance(agreement := content.get("agreement"), dict):
        content["agreement"] = {leg: _rename(each, names) for leg, each in agreement.items()}
    if "external" in content:
        content["external"] = _rename(content["external"], {"from": "run"})
    return content


def _rename(content: Any, names: dict[str, str]) -> Any:
    if not isinstance(content, dict):
        return content
    return {names.get(key, key): value for key, value in content.items()}


UPGRADES: Final[tuple[Callable[[Content], Content], ...]] = (_upgrade_from_1,)
