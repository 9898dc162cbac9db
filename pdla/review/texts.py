"""What TensorBoard's Text tab says of a run: config, split, data, what was left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import yaml

from pdla import RESEARCH_ONLY
from pdla.data.recordings import SCORES, Cohort, LegSample
from pdla.data.skeletons import BOTH_LEGS
from pdla.data.splits.files import FoldsRecord
from pdla.data.stages import STAGE_TITLES, STAGES
from pdla.report.markdown import markdown_table
from pdla.runs.config import RunConfig
from pdla.runs.result import RunResult


def config_text(config: RunConfig) -> str:
    """The config as YAML, in a block that keeps its indents."""
    return indented(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def indented(text: str) -> str:
    """Markdown that shows a text as it is."""
    return "\n".join("    " + line for line in text.splitlines())


def split_text(record: FoldsRecord, rated: Sequence[LegSample], fold: int) -> str:
    """Patients of every fold by pseudonym, and how many legs of each score are tested.

    Args:
        record: Contents of split.json.
        rated: The legs that it counts.
        fold: The fold of this run.
    """
    rows = []
    for number, part in enumerate(record.folds):
        patients = {
            stage: sorted({rated[leg].patient for leg in getattr(part, stage)}) for stage in STAGES
        }
        scores = Counter(rated[leg].score for leg in part.test)
        counts = " / ".join(str(scores[score]) for score in SCORES)
        mark = " (this run)" if number == fold else ""
        cells = [f"{len(patients[stage])}: {', '.join(patients[stage])}" for stage in STAGES]
        rows.append([f"{number}{mark}", *cells, counts])
    header = ["fold", *(f"{STAGE_TITLES[stage]} patients" for stage in STAGES)]
    table = markdown_table([*header, "test legs by score 0-4, both legs"], rows)
    return f"{record.rule}, split {record.hash[:12]}\n\n{table}"


def data_text(result: RunResult) -> str:
    """Flow of videos, legs by stage and score, and where the data came from."""
    steps = markdown_table(
        ["step", "count"],
        [[key.replace("_", " "), str(n)] for key, n in asdict(result.flow).items()],
    )
    legs = markdown_table(
        ["stage", *(f"score {score}" for score in SCORES), "legs", "patients"],
        [
            [STAGE_TITLES[stage], *map(str, counts), str(sum(counts)),
             str(result.patient_counts[stage])]
            for stage, counts in result.score_counts.items()
        ],
    )  # fmt: skip
    simulated = " (simulated)" if result.data.simulated else ""
    leaky = "**LEAKY split: no result.**\n\n" if result.is_leaky else ""
    source = f"Recordings: {result.data.name}{simulated}, data {result.data_hash[:12]}."
    return f"{RESEARCH_ONLY}\n\n{leaky}{source}\n\n{steps}\n\n{legs}"


def excluded_text(cohort: Cohort) -> str:
    """Every video or leg that was left out, and why; by pseudonym."""
    if not cohort.exclusions:
        return "Nothing was left out."
    rows = [
        [one.video_id, one.leg or BOTH_LEGS, one.reason.text, one.detail, one.place]
        for one in sorted(cohort.exclusions, key=lambda one: (one.reason.text, one.video_id))
    ]
    return markdown_table(["video", "leg", "why", "detail", "where"], rows)
