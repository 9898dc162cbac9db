"""`pdla score`: what a finished study, an exported file or pdla's own weights say of new videos.

One row of the study's report scores every usable leg: the mean over its folds and seeds. How far
the runs disagree, and which scores together hold the rater's with a stated probability, stand
beside it. Legs that cannot be scored stand in the same table, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pdla import RESEARCH_ONLY
from pdla.commands.options import read_options
from pdla.commands.score_table import (
    COLUMNS,
    COUNTS,
    QUANTITY_COLUMNS,
    leg_facts,
    make_table,
)
from pdla.commands.scorers import LegsScorer, no_scores, open_scorer, score_by_runs
from pdla.data.files import as_json, write_together
from pdla.data.intake import Intake, read_intake
from pdla.data.recordings import Cohort
from pdla.evaluation.abstention import withhold
from pdla.evaluation.change import Change, check_condition, measure_change
from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.predictions import LegKey
from pdla.evaluation.recalibration import Recalibration, Way, apply_change, recalibrate
from pdla.report.study_run import StudyRun
from pdla.review.explanation import Explanation

COMPARED: Final = ("expected_score", *QUANTITY_COLUMNS.values())
NO_SETS: Final = ScoreSets(float("inf"), 0)  # of a leaky study: they would promise too much


@dataclass(frozen=True)
class VideoScoring:
    """Scores of new videos.

    Attributes:
        table: A row a leg with the columns of `score_table`, in order of the sheet, else of the
            folders; legs without a score have a reason instead.
        scorer: What scored.
        facts: What else must be said, one line each.
        intake: What was read.
        sets: Rule of the score sets, after recalibration.
        recalibration: How probabilities were moved to local raters, if they were.
        change: Between two conditions, if it was asked for.
        explanations: What moved the score of each leg; see `explain_scores`.
    """

    table: pd.DataFrame
    scorer: LegsScorer
    facts: list[str]
    intake: Intake
    sets: ScoreSets
    recalibration: Recalibration | None = None
    change: Change | None = None
    explanations: Mapping[LegKey, Explanation] = field(default_factory=dict)

    @property
    def scored(self) -> pd.DataFrame:
        """Legs that have a score."""
        return self.table[self.table["reason"] == ""]


def score_videos(
    source: Path,
    videos: Path,
    *,
    store: Path,
    labels: Path | None = None,
    config: Path | None = None,
    overrides: Sequence[str] = (),
    row: str = "",
    way: Way | None = None,
    change: str = "",
) -> VideoScoring:
    """Score videos; nothing is written but what is kept in the store.

    Args:
        source: A study, a run, an exported file, or the word simulated.
        videos: Folder with a folder or file of keypoints a video, or that of one video.
        store: Where the keypoints are kept. Pseudonyms follow from the secret next to it: with that
            of the training data, patients whom runs have seen are found.
        labels: A sheet that lists the videos, if there is one; its scores are only looked at to
            recalibrate.
        config: File of conf/recordings/ with options of the intake.
        overrides: Options of the intake, as `recordings.openpose.fps=25`.
        row: Row of the study's report; empty for the primary one.
        way: Recalibrate by the rated legs of the sheet: thresholds or prior.
        change: Condition to compare: medication, stimulation or visit; where nobody was filmed in
            two states, the facts say so.

    Raises:
        ValueError: If no run is finished, the row is unknown, no leg can be scored, or there are
            too few rated legs to recalibrate.
    """
    if way is not None and labels is None:
        raise ValueError(f"--recalibrate {way}: name the sheet with local scores by --labels")
    if change:
        check_condition(change)
    scorer = open_scorer(source, row)
    intake = read_intake(videos, labels, store, read_options(config, list(overrides)))
    table, recalibration, sets = _score(scorer, intake.cohort, intake, store, way)
    scoring = VideoScoring(table, scorer, [], intake, sets, recalibration)
    facts = _facts(scoring)
    measured = None
    if change:
        try:
            measured = measure_change(scoring.scored, change, COMPARED)
        except ValueError as error:  # the scores are of use without it
            facts.append(f"{error}")
    return replace(scoring, facts=facts, change=measured)


def explain_scores(scoring: VideoScoring, store: Path) -> VideoScoring:
    """The same scoring with what moved the score of each leg, where its scorer can tell."""
    cohort = scoring.intake.cohort
    wanted = set(zip(scoring.scored["video_id"], scoring.scored["leg"], strict=True))
    kept = [one for one in cohort.samples if (one.recording.video_id, one.leg) in wanted]
    if not kept:
        return scoring
    found = scoring.scorer.explain(replace(cohort, samples=tuple(kept)), store)
    return replace(scoring, explanations=found)


def _score(
    scorer: LegsScorer, whole: Cohort, intake: Intake | None, store: Path, way: Way | None
) -> tuple[pd.DataFrame, Recalibration | None, ScoreSets]:
    cohort = withhold(whole, scorer.ranges)
    can_score = any(one.leg in scorer.legs for one in cohort.samples)
    scored = scorer.score(cohort, store, whole) if can_score else no_scores()
    sets = NO_SETS if scorer.is_leaky else scorer.sets
    recalibration = None
    if way is not None:
        rated = _with_ratings(scored, cohort)
        recalibration = recalibrate(rated, way)
        scored = apply_change(scored, recalibration)
        sets = ScoreSets.learn(recalibration.predictions, sets.coverage)
    facts = leg_facts(whole, intake)
    return make_table(scored, cohort, facts, sets), recalibration, sets


def _with_ratings(scored: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """The scored legs that a local rater has scored, with that score."""
    ratings = {(one.recording.video_id, one.leg): one.score for one in cohort.samples}
    keys = zip(scored["video_id"], scored["leg"], strict=True)
    table = scored.assign(score=pd.Series([ratings.get(key) for key in keys], dtype="Int64"))
    return table[table["score"].notna()].astype({"score": int})


def score_legs(source: Path, cohort: Cohort, store: Path, row: str = "") -> pd.DataFrame:
    """Score a cohort that was read already; see `score_legs_by`."""
    return score_legs_by(open_scorer(source, row), cohort, store)


def score_legs_by(scorer: LegsScorer, cohort: Cohort, store: Path) -> pd.DataFrame:
    """Score a cohort that was read already; nothing is written but what a run needs in `store`.

    Returns:
        A row a leg with the columns of `score_table` but `place`; `attrs["notes"]` holds what else
        must be said.

    Raises:
        ValueError: As `score_videos`.
    """
    table, _, sets = _score(scorer, cohort, None, store, None)
    notes = [scorer.figures, sets.note, *scorer.facts(), *_known(table)]
    table = table.drop(columns="place")
    table.attrs = {"notes": notes, "scored_by": scorer.name, "intended_use": RESEARCH_ONLY}
    return table


def score_cohort(
    runs: Sequence[StudyRun], cohort: Cohort, store: Path, whole: Cohort | None = None
) -> pd.DataFrame:
    """Mean over some runs, each counting the same; see `score_by_runs`."""
    return score_by_runs({"runs": runs}, cohort, store, whole or cohort)


def _facts(scoring: VideoScoring) -> list[str]:
    """What a reader must know before the scores."""
    facts = [scoring.sets.note, *scoring.scorer.facts(), *_known(scoring.table)]
    return facts if scoring.recalibration is None else [scoring.recalibration.gain, *facts]


def _known(table: pd.DataFrame) -> list[str]:
    scored = table[table["reason"] == ""]
    facts = []
    if n_known := int((scored["runs_that_knew_the_patient"] > 0).sum()):
        facts.append(
            f"{n_known} legs are of patients that runs were trained on: their scores are partly "
            "recognition."
        )
    if n_unknown := int(scored["runs_that_knew_the_patient"].isna().sum()):
        facts.append(
            f"Whether runs were trained on the patients of {n_unknown} legs cannot be told: they "
            "were trained in another working folder or before pdla 0.2, or are an exported file."
        )
    return facts


def check_out(out: Path) -> None:
    """Stop before any work at a name that is no table's.

    Raises:
        ValueError: If it does not end in .csv.
    """
    if out.suffix != ".csv":
        raise ValueError(f"--out {out}: give the name of a table, as in scores.csv")


def write_scores(scoring: VideoScoring, out: Path) -> list[Path]:
    """Write the table, what made it beside it, and the change between conditions.

    All files are written whole or none is: if the disk is full, the old ones stay as they are.

    Returns:
        The files.

    Raises:
        OSError: If a file cannot be written; one line with its name.
    """
    files = {out: _as_csv(scoring.table)}
    if scoring.change is not None:
        files[out.with_name(f"{out.stem}-change.csv")] = _as_csv(scoring.change.table)
    files[out.with_suffix(".json")] = as_json(_provenance(scoring))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_together(files)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OSError(
            f"{out}: {reason}; nothing was lost: the scores are above, and what was there before "
            "is as it was. Free the disk or choose another --out, and run it again"
        ) from None
    return list(files)


def _as_csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, float_format="%.4f"))


def _provenance(scoring: VideoScoring) -> dict[str, Any]:
    rule = scoring.recalibration
    return {
        "intended_use": RESEARCH_ONLY,
        "scored_by": scoring.scorer.name,
        "figures": scoring.scorer.figures,
        **scoring.scorer.provenance(),
        "score_sets": scoring.sets.to_json() | {"note": scoring.sets.note},
        "recalibration": None if rule is None else {
            "way": rule.way, "change": rule.words, "legs": rule.n_legs,
            "patients": rule.n_patients, "before": rule.before, "after": rule.after,
        },
        "notes": scoring.facts,
        "data_hash": scoring.intake.cohort.data_hash,
        "legs_scored": len(scoring.scored),
        "legs_without_score": len(scoring.table) - len(scoring.scored),
        "columns": {
            column.name: {"meaning": column.meaning, "unit": column.unit} for column in COLUMNS
        },
        "change": None if scoring.change is None else scoring.change.to_json(),
        "legs": _legs_as_json(scoring.table),
    }  # fmt: skip


def _legs_as_json(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; sets as lists, what is missing as null."""
    rows = []
    for row in table.drop(columns="intended_use").to_dict("records"):
        plain = {str(key): None if pd.isna(value) else value for key, value in row.items()}
        plain = {key: int(value) if key in COUNTS and value is not None else value
                 for key, value in plain.items()}  # fmt: skip
        words = str(plain["score_set"] or "").split()
        if all(word.isdigit() for word in words):
            plain["score_set"] = [int(word) for word in words] or None
        rows.append(plain)
    return rows
