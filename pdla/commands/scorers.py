"""What scores new legs: a row of a study's report, an exported file, or the weights of pdla."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pdla.data.recordings import SCORES, Cohort
from pdla.data.skeletons import Leg
from pdla.evaluation.abstention import TrainingRange
from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.predictions import (
    LEG_KEY,
    PROBABILITY_COLUMNS,
    LegKey,
    add_scores,
    probabilities_of,
)
from pdla.evaluation.training_legs import TrainingLegs, describe_training
from pdla.models.keypoint_features import SeesJoints
from pdla.models.kinematic_model import WithKinematics
from pdla.models.shipped import NEVER_REAL, is_shipped
from pdla.report.study import Study
from pdla.report.study_row import StudyRow, choose_row
from pdla.report.study_run import StudyRun
from pdla.review.explanation import Explanation
from pdla.targets import find_class
from pdla.training.exported import FORMATS, ExportedModel, read_exported
from pdla.training.prediction import Predictor, read_finished, training_ranges
from pdla.training.pretraining import can_tell_patients, patients_seen


class LegsScorer(Protocol):
    """Whatever gives probabilities for legs.

    Attributes:
        name: For people.
        figures: Kappa and MAE with intervals, in a line.
        sets: Rule of the score sets.
        is_leaky: Whether its figures and sets are worth nothing.
        ranges: How far legs may be from those of the training.
        training: Quantities of the training legs.
        legs: Sides that it scores.
    """

    @property
    def name(self) -> str: ...
    @property
    def figures(self) -> str: ...
    @property
    def sets(self) -> ScoreSets: ...
    @property
    def is_leaky(self) -> bool: ...
    @property
    def ranges(self) -> Sequence[TrainingRange]: ...
    @property
    def training(self) -> TrainingLegs: ...
    @property
    def legs(self) -> Sequence[Leg]: ...

    def score(self, cohort: Cohort, store: Path, whole: Cohort) -> pd.DataFrame:
        """A row a leg, see `mean_over_runs`.

        Args:
            cohort: Legs to score; one of its sides at least.
            store: Where its keypoints are kept.
            whole: The cohort with the legs that are withheld; by it, patients are recognised.
        """

    def explain(self, cohort: Cohort, store: Path) -> dict[LegKey, Explanation]:
        """What moved the score of each leg; empty where the scorer cannot tell."""

    def facts(self) -> list[str]:
        """What a reader must know before the scores."""

    def provenance(self) -> dict[str, Any]:
        """What made the scores, as plain values."""


def open_scorer(source: Path, row: str = "") -> LegsScorer:
    """The scorer that a path names.

    Args:
        source: A study, a run, a file that `pdla export` wrote, or the word simulated.
        row: Of the report of a study; empty for the primary one.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If it holds no finished run, runs of several kinds, or no such row.
    """
    if source.suffix in FORMATS:
        if row:
            raise ValueError(f"--row {row}: {source.name} is one network; leave the option out")
        return FileScorer(read_exported(source))
    study = read_finished(source)
    return RowScorer(study, choose_row(study, row))


@dataclass(frozen=True)
class RowScorer:
    """A row of a study: the mean of its runs.

    Attributes:
        study: The study.
        row: Its row.
    """

    study: Study
    row: StudyRow

    @property
    def name(self) -> str:
        """Row and study."""
        return f"{self.row.name} of {self.study.name}"

    @property
    def figures(self) -> str:
        """Of the report."""
        return f"{SIMULATED_PEOPLE if self._is_simulated else ''}{self.row.figures()}"

    @property
    def _is_simulated(self) -> bool:
        """Whether no run has ever seen a real patient."""
        return all(run.result.data.simulated for run in self.row.runs)

    @property
    def sets(self) -> ScoreSets:
        """From the predictions of test patients."""
        return self.row.sets

    @property
    def is_leaky(self) -> bool:
        """Whether test patients were in training."""
        return self.row.is_leaky

    @property
    def legs(self) -> Sequence[Leg]:
        """Of any run."""
        return sorted({leg for run in self.row.runs for leg in run.result.legs})

    @cached_property
    def ranges(self) -> list[TrainingRange]:
        """Of each fold."""
        return training_ranges(self.row.runs)

    @cached_property
    def training(self) -> TrainingLegs:
        """Quantities of the training legs of all folds."""
        legs = [run.own_legs(run.fold.train) for run in self.row.runs]
        return describe_training(pd.concat(legs).drop_duplicates(LEG_KEY))

    def score(self, cohort: Cohort, store: Path, whole: Cohort) -> pd.DataFrame:
        """See LegsScorer."""
        return score_by_runs(self.row.members, cohort, store, whole)

    def explain(self, cohort: Cohort, store: Path) -> dict[LegKey, Explanation]:
        """Of one model of the row: the first that sees joints, else the first.

        Gradients of drawn clips take a second a leg and run: there one run a side tells.
        """
        members = list(self.row.members.values())
        sees_joints = (runs for runs in members if issubclass(_model_class(runs[0]), SeesJoints))
        runs = [run for run in next(sees_joints, members[0]) if _fits(run, cohort)]
        if runs and not issubclass(_model_class(runs[0]), SeesJoints | WithKinematics):
            runs = list({run.result.leg: run for run in reversed(runs)}.values())
        return Predictor(_with_stand_in(cohort), store).explain(runs)

    def facts(self) -> list[str]:
        """See LegsScorer."""
        runs = self.row.runs
        facts = [f"not used: {name}: {why}" for name, why in self.study.failures.items()]
        if self._is_simulated:
            facts.append(ON_REAL_LEGS)
        for score in SCORES:
            n_without = sum(score in run.result.unsupported_scores for run in runs)
            if n_without == len(runs):
                facts.append(_never_said(score))
            elif n_without:
                facts.append(
                    f"{n_without} of {len(runs)} runs had no training leg of score {score}: they "
                    "give it the probability 0."
                )
        if self.study.is_leaky:
            facts.append("LEAKY runs are among these: nothing is known of how well they score.")
        if self.study.is_tuning:
            facts.append("TUNING runs are among these: they were made to choose options.")
        return facts

    def provenance(self) -> dict[str, Any]:
        """See LegsScorer."""
        keys = ("model", "leg", "seed", "weights_source", "config_hash", "data_hash")
        return {
            "study": self.study.name,
            "row": self.row.name,
            "runs": {
                run.folder.name: {key: getattr(run.result, key) for key in keys}
                for run in self.row.runs
            },
            "not_finished": self.study.failures,
            "versions": self.study.first.result.versions,
        }


@dataclass(frozen=True)
class FileScorer:
    """An exported network, with what its description says.

    Attributes:
        exported: The file.
    """

    exported: ExportedModel

    @property
    def name(self) -> str:
        """Name of the file and of the run that it is of."""
        return f"{self.exported.path.name} ({self.exported.facts['run']})"

    @property
    def figures(self) -> str:
        """Of the run's own test patients."""
        people = SIMULATED_PEOPLE if self.exported.facts["is_simulated"] else ""
        return f"{people}{self.exported.facts['scoring']['figures']}"

    @property
    def sets(self) -> ScoreSets:
        """From the predictions of the run's test patients."""
        return self.exported.sets

    @property
    def is_leaky(self) -> bool:
        """Whether test patients were in training."""
        return bool(self.exported.facts["is_leaky"])

    @property
    def legs(self) -> Sequence[Leg]:
        """Of the run."""
        return self.exported.legs

    @property
    def ranges(self) -> list[TrainingRange]:
        """Of the run."""
        return self.exported.ranges

    @property
    def training(self) -> TrainingLegs:
        """Quantities of the run's training legs."""
        return self.exported.training

    def score(self, cohort: Cohort, store: Path, whole: Cohort) -> pd.DataFrame:
        """See LegsScorer; a file does not say on whom it was trained."""
        part = self.exported.predict(_with_stand_in(cohort), store)
        return mean_over_runs([_mark(part, "file", np.nan, self.exported.unsupported_scores)])

    def explain(self, cohort: Cohort, store: Path) -> dict[LegKey, Explanation]:
        """Nothing: a file gives probabilities, but no gradients."""
        return {}

    def facts(self) -> list[str]:
        """See LegsScorer."""
        facts = [ON_REAL_LEGS] if self.exported.facts["is_simulated"] else []
        return facts + [_never_said(score) for score in self.exported.unsupported_scores]

    def provenance(self) -> dict[str, Any]:
        """See LegsScorer."""
        keys = ("file", "sha256", "run", "model", "leg", "seed", "data_hash", "versions")
        return {key: self.exported.facts[key] for key in keys}


ON_REAL_LEGS = (
    f"{NEVER_REAL} How many real scores their sets would hold is not known. The level of the "
    "scores may be off, all too low or all too high, even where the order of the legs is right: "
    "recalibrate on 20 or more rated legs of your own (--labels SHEET --recalibrate thresholds)."
)
SIMULATED_PEOPLE = "simulated patients; "
NO_LEG = "no usable leg of a side that these runs score; `pdla check` says why"


def _never_said(score: int) -> str:
    return f"No training leg had score {score}: it is never said, and not ruled out."


def score_by_runs(
    members: Mapping[str, Sequence[StudyRun]], cohort: Cohort, store: Path, whole: Cohort
) -> pd.DataFrame:
    """Mean over the runs for every leg that at least one of them fits.

    Args:
        members: Finished runs by model; each model counts the same, whatever its number of runs.
        cohort: Legs to score.
        store: Where its keypoints are kept.
        whole: The cohort with the legs that are withheld.

    Returns:
        See `mean_over_runs`.

    Raises:
        ValueError: If no run fits a usable leg.
    """
    predictor = Predictor(_with_stand_in(cohort), store)
    parts = []
    for member, runs in members.items():
        for run in runs:
            if not _fits(run, cohort):
                continue
            part = predictor.predict(run)
            seen = patients_seen(run.result, run.folds, run.legs, whole)
            knew = part["patient"].isin(seen).astype(float)
            can_tell = can_tell_patients(run.result, whole) or is_shipped(run.folder.parent)
            told = knew if can_tell else knew.replace(0.0, np.nan)
            parts.append(_mark(part, member, told, run.result.unsupported_scores))
    if not parts:
        raise ValueError(NO_LEG)
    return mean_over_runs(parts)


def _fits(run: StudyRun, cohort: Cohort) -> bool:
    """Whether a leg of the run's side is there."""
    return bool({sample.leg for sample in cohort.samples} & set(run.result.legs))


def _model_class(run: StudyRun) -> type[Any]:
    found: type[Any] = find_class(run.config["model"]["_target_"], "model")
    return found


def _with_stand_in(cohort: Cohort) -> Cohort:
    """Batches carry a score; a stand-in does, for nothing that is kept looks at it."""
    samples = (replace(one, score=0, rating=None, shares=()) for one in cohort.samples)
    return replace(cohort, samples=tuple(samples))


def _mark(
    part: pd.DataFrame, member: str, knew: pd.Series | float, unsupported: Sequence[int]
) -> pd.DataFrame:
    return part.assign(member=member, knew=knew, unsupported="".join(map(str, unsupported)))


def no_scores() -> pd.DataFrame:
    """The table of `mean_over_runs` where no leg can be scored."""
    return pd.DataFrame(
        columns=[
            *LEG_KEY, "patient", *PROBABILITY_COLUMNS, "predicted", "expected_score",
            "disagreement", "n_runs", "n_clips", "runs_that_knew_the_patient",
            "unsupported_scores",
        ]
    )  # fmt: skip


def mean_over_runs(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """A row a leg with the mean of the models' mean probabilities.

    Returns:
        LEG_KEY, patient, probabilities and scores; `disagreement` is the SD of the expected score
        between runs (NaN for one run), `n_clips` the fewest that any run looked at,
        `runs_that_knew_the_patient` NaN where that cannot be told, `unsupported_scores` those that
        no training leg of any run had.
    """
    predictions = pd.concat(parts, ignore_index=True)
    of_members = predictions.groupby([*LEG_KEY, "member"], sort=False)[PROBABILITY_COLUMNS].mean()
    by_leg = predictions.groupby(LEG_KEY, sort=False)
    table = of_members.groupby(LEG_KEY, sort=False).mean()
    table = add_scores(table, probabilities_of(table))
    table.insert(0, "patient", by_leg["patient"].first())
    table["disagreement"] = by_leg["expected_score"].std()
    table["n_runs"] = by_leg.size()
    table["n_clips"] = by_leg["n_clips"].min()
    is_unknown = by_leg["knew"].apply(lambda knew: knew.isna().any() and not knew.any())
    table["runs_that_knew_the_patient"] = by_leg["knew"].sum().mask(is_unknown)
    table["unsupported_scores"] = [
        " ".join(sorted(set.intersection(*map(set, scores)))) for _, scores in by_leg["unsupported"]
    ]
    return table.reset_index()
