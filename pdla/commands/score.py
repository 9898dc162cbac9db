"""`pdla score`: what finished runs say of new videos that nobody has rated.

Every usable leg is scored by every run that fits its side, and the mean of their probabilities is
what is said: folds, seeds and models are an ensemble. How far they disagree stands beside it. Legs
that cannot be scored stand in the same table, with the reason.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.commands.options import read_options
from pdla.data.files import write_json, write_text
from pdla.data.intake import read_intake
from pdla.data.reasons import Reason
from pdla.data.recordings import SCORES, Cohort
from pdla.data.skeletons import LEGS
from pdla.evaluation.abstention import MAX_DISAGREEMENT, withhold
from pdla.evaluation.predictions import LEG_KEY, PROBABILITY_COLUMNS, add_scores, probabilities_of
from pdla.models.shipped import NEVER_REAL, STUDY
from pdla.report.study import Study
from pdla.report.study_run import StudyRun
from pdla.training.prediction import Predictor, read_finished, training_ranges
from pdla.training.pretraining import can_tell_patients, patients_seen

log = logging.getLogger(__name__)

COLUMNS: Final = [
    *LEG_KEY, "place", "predicted", "expected_score", *PROBABILITY_COLUMNS, "disagreement",
    "n_runs", "n_clips", "runs_that_knew_the_patient", "unsupported_scores", "warnings", "reason",
    "intended_use",
]  # fmt: skip


@dataclass(frozen=True)
class VideoScoring:
    """Scores of new videos.

    Attributes:
        table: A row a leg with the columns of COLUMNS, in order of the sheet, else of the folders;
            legs without a score have a reason instead.
        study: The runs that scored, and those that are not finished.
        facts: What else must be said, one line each.
    """

    table: pd.DataFrame
    study: Study
    facts: list[str]

    @property
    def scored(self) -> pd.DataFrame:
        """Legs that have a score."""
        return self.table[self.table["reason"] == ""]


def score_videos(
    folder: Path,
    videos: Path,
    out: Path,
    *,
    store: Path,
    labels: Path | None = None,
    overrides: Sequence[str] = (),
    models: Sequence[str] = (),
) -> VideoScoring:
    """Score videos with finished runs; write the table, and which runs made it beside it.

    Args:
        folder: A run, or a study: then all its finished runs.
        videos: OpenPose folders.
        out: Table to write, .csv; what was used stands in the .json of the same name.
        store: Where the keypoints are kept. Pseudonyms follow from the secret next to it: with that
            of the training data, patients whom runs have seen are found.
        labels: A sheet that lists the videos, if there is one; its scores are not looked at.
        overrides: Intake options, as `recordings.openpose.fps=25`.
        models: Only runs of these models, by their `model=` names or as rows of the report; all if
            there is none.

    Raises:
        ValueError: If no run is finished, a model is unknown, or no leg can be scored.
    """
    if out.suffix != ".csv":
        raise ValueError(f"--out {out}: give the name of a table, as in scores.csv")
    study = _choose(read_finished(folder), models)
    intake = read_intake(videos, labels, store, read_options(None, list(overrides)))
    cohort = withhold(intake.cohort, training_ranges(study.runs))
    table = score_cohort(study.runs, cohort, store, intake.cohort)
    places = {video.video_id: video.place for video in intake.videos}
    whole = _with_reasons(table, cohort, places)
    facts = _facts(study, table)
    scoring = VideoScoring(whole, study, facts)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, whole.to_csv(index=False, float_format="%.4f"))
    write_json(out.with_suffix(".json"), _provenance(scoring, cohort))
    return scoring


def score_legs(
    folder: Path, cohort: Cohort, store: Path, models: Sequence[str] = ()
) -> pd.DataFrame:
    """Score a cohort that was read already; nothing is written but what a run needs in `store`.

    Returns:
        A row a leg with COLUMNS but `place`; `attrs["notes"]` holds what else must be said.

    Raises:
        ValueError: As `score_videos`.
    """
    study = _choose(read_finished(folder), models)
    whole_cohort = cohort
    cohort = withhold(cohort, training_ranges(study.runs))
    table = score_cohort(study.runs, cohort, store, whole_cohort)
    known = [sample.recording.video_id for sample in cohort.samples]
    known += [exclusion.video_id for exclusion in cohort.exclusions]
    whole = _with_reasons(table, cohort, dict.fromkeys(known, "")).drop(columns="place")
    whole.attrs = {"notes": _facts(study, table), "intended_use": RESEARCH_ONLY}
    return whole


def _choose(study: Study, models: Sequence[str]) -> Study:
    if not models:
        return study
    chosen: dict[Path, StudyRun] = {}
    for model in models:
        variant = study.variants.get(model)
        runs = variant.runs if variant else [r for r in study.runs if r.result.model == model]
        if not runs:
            names = "; ".join(study.variants)
            raise ValueError(f"--model {model}: no finished run of it; choose {names}")
        chosen |= {run.folder: run for run in runs}
    return replace(study, runs=list(chosen.values()))


def score_cohort(
    runs: Sequence[StudyRun], cohort: Cohort, store: Path, whole: Cohort | None = None
) -> pd.DataFrame:
    """Mean over the runs for every leg that at least one of them fits.

    Args:
        runs: Finished ones.
        cohort: Legs to score.
        store: Where its keypoints are kept.
        whole: The cohort with the legs that are withheld; by it, patients are recognised.

    Returns:
        A row a leg; `disagreement` is the SD of the expected score between runs (NaN for one run),
        `n_clips` the fewest that any run looked at, `unsupported_scores` those that no training leg
        of any run had.

    Raises:
        ValueError: If no run fits a usable leg.
    """
    # Batches carry a score; a stand-in does, for nothing that is kept looks at it.
    stand_in = tuple(replace(sample, score=0) for sample in cohort.samples)
    predictor = Predictor(replace(cohort, samples=stand_in), store)
    usable = {sample.leg for sample in cohort.samples}
    parts = []
    for run in runs:
        if not usable & set(run.result.legs):
            continue
        log.info("%s scores", run.folder.name)
        part = predictor.predict(run)
        seen = patients_seen(run.result, run.folds, run.legs, whole or cohort)
        knew = part["patient"].isin(seen).astype(float)
        can_tell = can_tell_patients(run.result, whole or cohort) or run.folder.parent == STUDY
        part["knew"] = knew if can_tell else knew.replace(0.0, np.nan)
        part["unsupported"] = "".join(map(str, run.result.unsupported_scores))
        parts.append(part)
    if not parts:
        raise ValueError("no usable leg of a side that these runs score; `pdla check` says why")
    return _mean_over_runs(pd.concat(parts, ignore_index=True))


def _mean_over_runs(predictions: pd.DataFrame) -> pd.DataFrame:
    by_leg = predictions.groupby(LEG_KEY, sort=False)
    table = by_leg[PROBABILITY_COLUMNS].mean()
    table = add_scores(table, probabilities_of(table))
    table["disagreement"] = by_leg["expected_score"].std()
    table["n_runs"] = by_leg.size()
    table["n_clips"] = by_leg["n_clips"].min()
    is_unknown = by_leg["knew"].apply(lambda knew: knew.isna().any() and not knew.any())
    table["runs_that_knew_the_patient"] = by_leg["knew"].sum().mask(is_unknown)
    table["unsupported_scores"] = [
        " ".join(sorted(set.intersection(*map(set, scores)))) for _, scores in by_leg["unsupported"]
    ]
    return table.reset_index()


def _with_reasons(table: pd.DataFrame, cohort: Cohort, place_of: Mapping[str, str]) -> pd.DataFrame:
    """All legs of the videos of `place_of`, in order; those without a score have a reason."""
    scored = {(row["video_id"], row["leg"]): row for row in table.to_dict("records")}
    reasons = {
        (exclusion.video_id, leg): exclusion.reason.text
        for exclusion in cohort.exclusions
        for leg in ((exclusion.leg,) if exclusion.leg else LEGS)
    }
    warnings = {
        (sample.recording.video_id, sample.leg): "; ".join(map(str, sample.warnings))
        for sample in cohort.samples
    }
    keys = [(video, leg) for video in place_of for leg in LEGS]
    keys += [key for key in reasons if key[0] not in place_of]  # rows without a video id
    rows: list[dict[str, Any]] = []
    for video, leg in keys:
        row: dict[str, Any] = {"video_id": video, "leg": leg, "reason": ""}
        row["warnings"] = warnings.get((video, leg), "")
        if (video, leg) in scored:
            row |= {str(key): value for key, value in scored[video, leg].items()}
            if row["disagreement"] > MAX_DISAGREEMENT:
                row |= {"reason": Reason.RUNS_DISAGREE.text, "predicted": None}
        else:
            row["reason"] = reasons.get((video, leg), Reason.NO_RUN_FOR_LEG.text)
        rows.append(row | {"place": place_of.get(video, video), "intended_use": RESEARCH_ONLY})
    whole = pd.DataFrame(rows).reindex(columns=COLUMNS)
    counts = ["predicted", "n_runs", "n_clips", "runs_that_knew_the_patient"]
    return whole.astype(dict.fromkeys(counts, "Int64")).fillna({"unsupported_scores": ""})


def _facts(study: Study, table: pd.DataFrame) -> list[str]:
    """What a reader must know before the scores."""
    runs = study.runs
    facts = [f"not used: {name}: {why}" for name, why in study.failures.items()]
    if study.folder == STUDY:
        facts.append(NEVER_REAL)
    for score in SCORES:
        n_without = sum(score in run.result.unsupported_scores for run in runs)
        if n_without == len(runs):
            facts.append(f"No training leg had score {score}: it is never said, and not ruled out.")
        elif n_without:
            facts.append(
                f"{n_without} of {len(runs)} runs had no training leg of score {score}: they give "
                "it the probability 0."
            )
    if n_known := int((table["runs_that_knew_the_patient"] > 0).sum()):
        facts.append(
            f"{n_known} legs are of patients that runs were trained on: their scores are partly "
            "recognition."
        )
    if n_unknown := int(table["runs_that_knew_the_patient"].isna().sum()):
        facts.append(
            f"Whether runs were trained on the patients of {n_unknown} legs cannot be told: they "
            "were trained in another working folder, or before pdla 0.2."
        )
    if study.is_leaky:
        facts.append("LEAKY runs are among these: nothing is known of how well they score.")
    if study.is_tuning:
        facts.append("TUNING runs are among these: they were made to choose options.")
    return facts


def _provenance(scoring: VideoScoring, cohort: Cohort) -> dict[str, Any]:
    runs = scoring.study.runs
    return {
        "intended_use": RESEARCH_ONLY,
        "study": scoring.study.name,
        "runs": {
            run.folder.name: {
                key: getattr(run.result, key)
                for key in ("model", "leg", "seed", "weights_source", "config_hash", "data_hash")
            }
            for run in runs
        },
        "not_finished": scoring.study.failures,
        "notes": scoring.facts,
        "versions": scoring.study.first.result.versions,
        "data_hash": cohort.data_hash,
        "legs_scored": len(scoring.scored),
        "legs_without_score": len(scoring.table) - len(scoring.scored),
    }


MAX_LEGS: Final = 80  # more are read in the file


def print_scores(scoring: VideoScoring, out: Path) -> None:
    """Print a row a leg, what could not be scored and why, and what to keep in mind."""
    console = Console(soft_wrap=True, highlight=False)
    scored = scoring.scored
    title = f"{len(scored)} legs, each by the mean of the runs of its side"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("video", no_wrap=True)
    table.add_column("leg")
    for name in ("score", "mean", *(column[1] for column in PROBABILITY_COLUMNS), "SD", "runs"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in scored.head(MAX_LEGS).to_dict("records"):
        table.add_row(*_cells(row))
    console.print(table)
    if len(scored) > MAX_LEGS:
        console.print(f"and {len(scored) - MAX_LEGS} more legs in {out}")
    console.print(
        "0 to 4: probability of each score; mean: their mean, which rounded is the score; SD: of "
        "the mean, between runs",
        style="dim",
    )
    for reason, places in _left_out(scoring).items():
        console.print(f"no score: {reason}: {_some(places)}")
    for fact in scoring.facts:
        console.print(fact)
    console.print(f"scores   {out}")
    console.print(f"made by  {out.with_suffix('.json')}")
    console.print(RESEARCH_ONLY, style="italic")


def _cells(row: dict[Any, Any]) -> list[str]:
    shares = [row[column] for column in PROBABILITY_COLUMNS]
    numbers = [str(row["predicted"]), f"{row['expected_score']:.2f}"]
    numbers += [f"{share:.2f}" if share >= 0.005 else "-" for share in shares]
    numbers += [f"{row['disagreement']:.2f}" if row["n_runs"] > 1 else "-", str(row["n_runs"])]
    return [_short(row["place"]), row["leg"], *numbers]


def _short(place: str) -> str:
    """`folder 12` of `folder 12 of 62 by name`."""
    return place.split(" of ", maxsplit=1)[0]


def _left_out(scoring: VideoScoring) -> dict[str, list[str]]:
    """Places by reason, the commonest first; a place stands there once if it is about both legs."""
    rows = scoring.table[scoring.table["reason"] != ""]
    found: dict[str, list[str]] = {}
    for reason, _ in Counter(rows["reason"]).most_common():
        sides: dict[str, str] = {}
        for row in rows[rows["reason"] == reason].itertuples():
            sides[str(row.place)] = sides.get(str(row.place), "") + str(row.leg)
        found[str(reason)] = [
            _short(place) if len(legs) > 1 else f"{_short(place)} {legs}"
            for place, legs in sides.items()
        ]
    return found


def _some(places: list[str]) -> str:
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more
