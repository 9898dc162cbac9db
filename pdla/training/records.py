"""What a run records of its data, so that a report needs neither videos nor keypoints.

`split.json` is in the folder of the run. The rated legs with their kinematics are measured once for
a study and kept in `_legs/` beside its runs, which all need the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pdla.data.files import write_json, write_text
from pdla.data.intake.agreement import Agreement, agreement_by_leg
from pdla.data.intake.labels import read_labels
from pdla.data.intake.options import IntakeOptions
from pdla.data.kinematics.published import published_features
from pdla.data.kinematics.tables import leg_table
from pdla.data.recordings import Cohort, LegSample
from pdla.data.skeletons import Leg
from pdla.data.splits.files import describe_folds
from pdla.data.splits.folds import Splitter
from pdla.evaluation.leg_table import KEYPOINTS, SITE
from pdla.runs.config import Section
from pdla.runs.folder import LEGS_FOLDER, SPLIT
from pdla.runs.result import DataSource, Flow, SplitRecord


@dataclass(frozen=True)
class DataRecord:
    """What result.json says of the data of a run; see `RunResult`."""

    split: SplitRecord
    legs_file: str
    flow: Flow
    agreement: dict[Leg, Agreement]
    data: DataSource


def record_data(
    run_dir: Path,
    cohort: Cohort,
    splitter: Splitter,
    recordings: Section,
    legs: Sequence[Leg],
) -> DataRecord:
    """Write split.json and, if it is not there yet, the table of legs.

    Args:
        run_dir: Folder of the run.
        cohort: What was read.
        splitter: The split of the run.
        recordings: Section of the config.
        legs: Legs that the run is about.

    Returns:
        What result.json says of the data.
    """
    rated = cohort.rated_legs
    folds, rule = splitter.all_folds(rated), type(splitter).__name__
    record = describe_folds(folds, rated, rule, splitter.is_tuning)
    write_json(run_dir / SPLIT, record.to_json())
    simulate = recordings.get("simulate", {})
    return DataRecord(
        split=SplitRecord(rule, record.hash, splitter.number, splitter.is_tuning),
        legs_file=write_legs(run_dir.parent, cohort.data_hash, rated),
        flow=count_flow(cohort, legs),
        agreement=rater_agreement(recordings.get("labels"), IntakeOptions.from_config(recordings))
        if cohort.n_rated_twice
        else {},
        data=DataSource(
            recordings["name"],
            simulate.get("scores"),
            cohort.project,
            simulate.get("raters", "clinic"),
        ),
    )


def count_flow(cohort: Cohort, legs: Sequence[Leg]) -> Flow:
    """How many videos and legs were found, usable, rated, and used for the wanted legs."""
    rated = cohort.rated_legs
    used = [sample for sample in rated if sample.leg in legs]
    return Flow(
        rows=cohort.n_rows,
        videos_found=cohort.n_videos,
        videos_usable=len({sample.recording.video_id for sample in cohort.samples}),
        legs_usable=len(cohort.samples),
        legs_rated=len(rated),
        legs_used=len(used),
        patients_used=len({sample.patient for sample in used}),
    )


def write_legs(study_dir: Path, data_hash: str, rated: Sequence[LegSample]) -> str:
    """Write the table of rated legs unless a run of the study has done so.

    Returns:
        Name of the file in the study's folder `_legs`; it follows from data, pseudonyms and sites.
    """
    names = [sample.recording.video_id for sample in rated]
    facts = [data_hash, *names, *(_sites(rated) or [])]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    path = study_dir / LEGS_FOLDER / f"{digest}.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, legs_table(rated).to_csv(index=False, float_format="%.6g"))
    return path.name


def _sites(rated: Sequence[LegSample]) -> list[str] | None:
    """The site of each leg; None if the label sheet names none."""
    sites = [sample.condition.site for sample in rated]
    return sites if any(sites) else None


def legs_table(rated: Sequence[LegSample]) -> pd.DataFrame:
    """The rated legs with the kinematics of their bouts, see `leg_table`, SITE and KEYPOINTS.

    The features of published scorers come after the kinematics; SITE only where sites are named.
    """
    table = leg_table(rated).drop(columns=["bout_start_s", "bout_end_s"])
    published = pd.DataFrame([published_features(one.recording, one.leg) for one in rated])
    sites = _sites(rated)
    return pd.concat([table, published], axis=1).assign(
        **({SITE: sites} if sites else {}),
        **{KEYPOINTS: [sample.recording.sha256 for sample in rated]},
    )


def rater_agreement(labels: str | Path | None, options: IntakeOptions) -> dict[Leg, Agreement]:
    """Agreement of the raters of each leg, if the label sheet has several."""
    if labels is None or not Path(labels).exists():
        return {}
    return agreement_by_leg(read_labels(Path(labels), options.sheet))
