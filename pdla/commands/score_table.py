"""The table of `pdla score`: a row a leg, what each column means, and in which unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pdla import RESEARCH_ONLY
from pdla.data.intake import Intake, VideoEntry
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.quantities import KINEMATICS, TITLES
from pdla.data.reasons import Reason
from pdla.data.recordings import Cohort, LegSample
from pdla.data.skeletons import LEGS, Leg
from pdla.evaluation.abstention import MAX_DISAGREEMENT
from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.predictions import PROBABILITY_COLUMNS, probabilities_of

TOO_FEW: Final = "too few patients"


@dataclass(frozen=True)
class Column:
    """A column of scores.csv.

    Attributes:
        name: In the header, with the unit where it has one.
        meaning: Of a cell.
        unit: Empty for text, counts and shares of 1.
    """

    name: str
    meaning: str
    unit: str = ""


# Of quantities; the unit is part of the header.
_UNITS: Final = {
    "amplitude": ("amplitude_trunk_lengths", "trunk lengths"),
    "opening_speed": ("opening_speed_trunk_lengths_per_s", "trunk lengths/s"),
    "closing_speed": ("closing_speed_trunk_lengths_per_s", "trunk lengths/s"),
    "bout_s": ("bout_s", "s"),
    "taps_per_s": ("taps_per_s", "1/s"),
    "cycle_range_s": ("cycle_range_s", "s"),
    "longest_arrest_s": ("longest_arrest_s", "s"),
}
QUANTITY_COLUMNS: Final = {name: _UNITS.get(name, (name, ""))[0] for name in KINEMATICS}

COLUMNS: Final = (
    Column("video_id", "pseudonym of the video"),
    Column("leg", "L or R"),
    Column("place", "where the video is found: row of the sheet, or place of the folder by name"),
    Column("patient", "pseudonym of the patient"),
    Column("visit", "visit, as the sheet names it; else its number, by the dates in the ids"),
    Column("medication", "on or off, as the sheet says"),
    Column("stimulation", "on or off, as the sheet says"),
    Column("rated", "score of the sheet, if it has one; not used, but for --recalibrate"),
    Column("predicted", "score 0 to 4", "points"),
    Column("expected_score", "mean of the scores under the probabilities", "points"),
    *(Column(name, f"probability of score {name[1]}") for name in PROBABILITY_COLUMNS),
    Column("score_set", "scores that together hold the rater's with the stated probability"),
    Column("disagreement", "SD of the expected score between runs", "points"),
    Column("n_runs", "runs that scored the leg"),
    Column("n_clips", "fewest clips that any run looked at"),
    Column("runs_that_knew_the_patient", "runs trained on this patient; empty: cannot be told"),
    Column("unsupported_scores", "scores that no training leg had: their probability is 0"),
    Column("fps", "frame rate", "1/s"),
    Column("duration_s", "length of the video", "s"),
    Column("patient_seen", "share of frames with the patient"),
    Column("foot_seen", "share of frames with the foot"),
    Column("interpolated", "share of frames in which knee or ankle was interpolated"),
    Column("jitter_trunk_lengths", "shake of the knee from frame to frame", "trunk lengths"),
    *(
        Column(QUANTITY_COLUMNS[name], TITLES[name], _UNITS.get(name, ("", ""))[1])
        for name in KINEMATICS
    ),
    Column("warnings", "what the quality check found; the leg is usable"),
    Column("reason", "why there is no score; empty where there is one"),
    Column("intended_use", "research only"),
)
NAMES: Final = [column.name for column in COLUMNS]
# Empty where runs disagree too much: no score is given, in no form.
SCORES_OF_A_ROW: Final = ("predicted", "expected_score", *PROBABILITY_COLUMNS)
COUNTS: Final = ("rated", "predicted", "n_runs", "n_clips", "runs_that_knew_the_patient")


@dataclass(frozen=True)
class LegFacts:
    """What is known of a leg beside its score.

    Attributes:
        place: Where a person finds the video.
        values: Cells of the table.
    """

    place: str
    values: Mapping[str, Any]


def leg_facts(cohort: Cohort, intake: Intake | None) -> dict[tuple[str, Leg], LegFacts]:
    """Facts of all legs of a cohort, in its order; with an intake, of all videos that it found.

    Args:
        cohort: All usable legs, also those that are withheld.
        intake: What was read, for places, patients and quality.
    """
    samples = {(sample.recording.video_id, sample.leg): sample for sample in cohort.samples}
    facts: dict[tuple[str, Leg], LegFacts] = {}
    if intake is None:
        videos = [sample.recording.video_id for sample in cohort.samples]
        videos += [one.video_id for one in cohort.exclusions]
        keys = [(video, leg) for video in dict.fromkeys(videos) for leg in LEGS]
        entries: dict[str, VideoEntry] = {}
    else:
        entries = {entry.video_id: entry for entry in intake.videos}
        keys = [(entry.video_id, leg) for entry in intake.videos for leg in LEGS]
        listed = set(entries)
        odd = [one.video_id for one in cohort.exclusions if one.video_id not in listed]
        keys += [(video, leg) for video in dict.fromkeys(odd) for leg in LEGS]
    visits = number_visits(list(entries.values()))
    for video, leg in track(keys, "Measuring legs", len(keys), "legs"):
        entry, sample = entries.get(video), samples.get((video, leg))
        values = _of_sample(sample) if sample else {}
        if entry is not None:
            values = _of_entry(entry, leg) | values | {"visit": visits[video]}
        facts[video, leg] = LegFacts(entry.place if entry else video, values)
    return facts


def number_visits(entries: Sequence[VideoEntry]) -> dict[str, str]:
    """The visit of each video: as the sheet names it, else counted by the dates in the ids.

    Returns:
        Empty where neither says it: then nobody knows which videos were filmed together.
    """
    days: dict[str, set[str]] = {}
    for entry in entries:
        days.setdefault(entry.patient, set()).add(entry.identity.date)
    visits = {}
    for entry in entries:
        found = sorted(days[entry.patient])
        number = "" if "" in found else str(found.index(entry.identity.date) + 1)
        visits[entry.video_id] = entry.condition.visit or number
    return visits


def _of_sample(sample: LegSample) -> dict[str, Any]:
    recording, condition = sample.recording, sample.condition
    measured = leg_kinematics(recording, sample.leg).as_row()
    return {
        "patient": sample.patient,
        "visit": condition.visit,
        "medication": condition.medication or "",
        "stimulation": condition.stimulation or "",
        "rated": sample.score,
        "fps": recording.fps,
        "duration_s": recording.duration_s,
        "warnings": "; ".join(map(str, sample.warnings)),
        **{QUANTITY_COLUMNS[name]: value for name, value in measured.items()},
    }


def _of_entry(entry: VideoEntry, leg: Leg) -> dict[str, Any]:
    condition = entry.condition
    values: dict[str, Any] = {
        "patient": entry.patient,
        "visit": condition.visit,
        "medication": condition.medication or "",
        "stimulation": condition.stimulation or "",
    }
    if entry.stored is None:
        return values
    found = entry.stored.facts
    return values | {
        "fps": found.fps,
        "duration_s": found.seconds,
        "patient_seen": found.patient,
        "foot_seen": found.foot[leg],
        "interpolated": found.interpolated[leg],
        "jitter_trunk_lengths": found.jitter[leg],
    }


def make_table(
    scored: pd.DataFrame, cohort: Cohort, facts: Mapping[tuple[str, Leg], LegFacts], sets: ScoreSets
) -> pd.DataFrame:
    """All legs, in order; those without a score have a reason.

    Args:
        scored: Of `mean_over_runs`.
        cohort: Scored legs, and exclusions with those that were withheld.
        facts: Of `leg_facts`.
        sets: Rule of the score sets.
    """
    by_leg = {(row["video_id"], row["leg"]): row for row in scored.to_dict("records")}
    in_sets = dict(zip(by_leg, _write_sets(scored, sets), strict=True))
    reasons = {
        (one.video_id, leg): one.reason.text
        for one in cohort.exclusions
        for leg in ((one.leg,) if one.leg else LEGS)
    }
    rows: list[dict[str, Any]] = []
    for key, found in facts.items():
        row: dict[str, Any] = {"video_id": key[0], "leg": key[1], "place": found.place}
        row |= dict(found.values) | {"intended_use": RESEARCH_ONLY, "reason": ""}
        if key in by_leg:
            row |= {str(name): value for name, value in by_leg[key].items()}
            row["score_set"] = in_sets[key]
            if row["disagreement"] > MAX_DISAGREEMENT:
                row |= dict.fromkeys(SCORES_OF_A_ROW, np.nan) | {
                    "reason": Reason.RUNS_DISAGREE.text, "score_set": "",
                }  # fmt: skip
        else:
            row["reason"] = reasons.get(key, Reason.NO_RUN_FOR_LEG.text)
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=NAMES).astype(dict.fromkeys(COUNTS, "Int64"))
    texts = ["patient", "visit", "medication", "stimulation", "score_set", "unsupported_scores",
             "warnings"]  # fmt: skip
    return table.assign(**table[texts].astype(object).fillna(""))


def _write_sets(scored: pd.DataFrame, sets: ScoreSets) -> Sequence[str]:
    if not sets.has_enough_patients:
        return [TOO_FEW] * len(scored)
    return [write_set(one) for one in sets.of(probabilities_of(scored))]


def write_set(scores: Sequence[int]) -> str:
    """A score set as text, such as `1 2`."""
    return " ".join(map(str, scores))


def quantities_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Clinical quantities of a row of the table, by their own names."""
    return {name: float(row[column]) for name, column in QUANTITY_COLUMNS.items()}
