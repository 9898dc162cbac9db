"""`pdla score --html`: a page for each patient, visits side by side, and a page that lists them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from pdla import RESEARCH_ONLY
from pdla.commands.score import VideoScoring
from pdla.commands.score_drawings import (
    HEIGHT,
    MAP_FOOT,
    MAP_LEFT,
    MAP_RIGHT,
    MAP_WIDTH,
    MARGIN,
    SCALE_WIDTH,
    WIDTH,
    HeatMap,
    Heights,
    Scale,
    contact_sheet,
    draw_heat_map,
    place_on_scale,
    trace_heights,
)
from pdla.commands.score_table import number_visits, quantities_of
from pdla.data.files import write_text
from pdla.data.intake import VideoEntry
from pdla.data.progress import track
from pdla.data.quantities import FORMATS, TITLES
from pdla.data.recordings import SCORES
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg
from pdla.evaluation.change import SQRT2_Z, measurement_error
from pdla.evaluation.predictions import PROBABILITY_COLUMNS
from pdla.evaluation.training_legs import TrainingLegs, say_why
from pdla.review.explanation import Explanation

MOVED: Final = 5  # parts of the body, or quantities, that are named
MIN_MOVED: Final = 0.01  # points
# Of change since the last visit: what a rater looks at.
CHANGING: Final = ("taps_per_s", "amplitude", "amplitude_first_over_last", "cycle_cv")


@dataclass(frozen=True)
class QuantityLine:
    """A quantity of one leg, in words and on the scale of the training legs."""

    title: str
    value: str
    usual: str
    scale: Scale | None


@dataclass(frozen=True)
class LegBlock:
    """All that a page says of one leg in one visit.

    Attributes:
        name: left or right.
        predicted: Score, or None where there is none.
        expected: Mean of the scores.
        shares: Probability of each score.
        score_set: Scores that hold the rater's; empty or too few patients.
        reason: Why there is no score.
        why: What stands out, in words, with the score that it is most like; empty without a score.
        warnings: What the quality check found.
        quality: Shares of frames, in words.
        quantities: In order of the table.
        moved: What moved the model, in words; empty if that is not known.
        heat_map: Joints over time; None for a model on quantities, or if it is not known.
        moved_by: Which model and which seconds `moved` and `heat_map` are of.
        change: Since the visit before, in words.
        runs: How many, how far they disagree, and whether they knew the patient.
    """

    name: str
    predicted: int | None
    expected: float
    shares: Sequence[float]
    score_set: str
    reason: str
    why: Sequence[str]
    warnings: str
    quality: str
    quantities: Sequence[QuantityLine]
    moved: Sequence[str]
    heat_map: HeatMap | None
    moved_by: str
    change: Sequence[str]
    runs: str


@dataclass(frozen=True)
class Visit:
    """One video of a patient.

    Attributes:
        place: Where it is found.
        condition: Visit, medication and stimulation, in words.
        format: Length, frame rate and size.
        sheet: Frames, as a data URL; empty if nothing was read.
        heights: Of both feet; None if nothing was read.
        legs: Left, then right.
    """

    place: str
    condition: str
    format: str
    sheet: str
    heights: Heights | None
    legs: Sequence[LegBlock]


def write_pages(scoring: VideoScoring, folder: Path) -> Path:
    """Write a page for each patient, named by pseudonym, and index.html.

    Args:
        scoring: Of `score_videos`.
        folder: Where; what is there under other names stays.

    Returns:
        The index.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=PackageLoader("pdla.commands"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["percent"] = lambda share: f"{share:.0%}"
    template = environment.get_template("patient.html")
    entries: dict[str, list[VideoEntry]] = {}
    for entry in scoring.intake.videos:
        if entry.patient:
            entries.setdefault(entry.patient, []).append(entry)
    noise = measurement_noise(scoring.scored)
    numbers = number_visits(scoring.intake.videos)
    common = {
        "research_only": RESEARCH_ONLY, "scorer": scoring.scorer.name, "legs": LEGS,
        "figures": scoring.scorer.figures, "facts": scoring.facts, "scores": SCORES,
        "coverage": scoring.sets.coverage, "width": WIDTH, "height": HEIGHT, "margin": MARGIN,
        "scale_width": SCALE_WIDTH, "leg_names": LEG_NAMES, "map_width": MAP_WIDTH,
        "map_left": MAP_LEFT, "map_right": MAP_RIGHT, "map_foot": MAP_FOOT,
        "how_moved": how_moved(scoring.explanations.values()),
    }  # fmt: skip
    listed = []
    for patient, videos in track(entries.items(), "Writing pages", len(entries), "patients"):
        found = [(entry, numbers[entry.video_id]) for entry in videos]
        visits = make_visits(found, scoring, noise)
        page = template.render(patient=patient, visits=visits, **common)
        write_text(folder / f"{patient}.html", page)
        listed.append((patient, visits))
    index = environment.get_template("patients.html").render(patients=listed, **common)
    write_text(folder / "index.html", index)
    return folder / "index.html"


def measurement_noise(scored: pd.DataFrame) -> float:
    """Smallest detectable change of the expected score of a leg; NaN without repeated takes."""
    return float(SQRT2_Z * measurement_error(scored, "expected_score")[0])


def make_visits(
    videos: Sequence[tuple[VideoEntry, str]], scoring: VideoScoring, noise: float
) -> list[Visit]:
    """The visits of a patient, in order of the sheet or the folders.

    Args:
        videos: Of one patient, with the visit of each.
        scoring: Of these and other videos.
        noise: Smallest detectable change of the expected score.
    """
    table = scoring.table
    own = table[table["video_id"].isin([entry.video_id for entry, _ in videos])]
    rows = {(row["video_id"], row["leg"]): row for row in own.to_dict("records")}
    before: dict[str, dict[Any, Any]] = {}
    visits = []
    for entry, visit in videos:
        blocks = []
        for leg in LEGS:
            row = rows[entry.video_id, leg]
            blocks.append(_leg_block(row, before.get(leg), entry, scoring, noise))
            if row["reason"] == "":
                before[leg] = row
        visits.append(_visit(entry, visit, blocks))
    return visits


def _visit(entry: VideoEntry, visit: str, blocks: Sequence[LegBlock]) -> Visit:
    condition = entry.condition
    named = (
        ("visit", visit), ("medication", condition.medication),
        ("stimulation", condition.stimulation),
    )  # fmt: skip
    words = ", ".join(f"{name} {value}" for name, value in named if value)
    if entry.stored is None:
        return Visit(entry.place, words, "nothing could be read", "", None, blocks)
    recording = entry.stored.recording
    height, width = recording.frame_size
    size = f"{recording.duration_s:.1f} s, {recording.fps:g} frames/s, {width} x {height} px"
    return Visit(
        entry.place, words, size, contact_sheet(recording), trace_heights(recording), blocks
    )


def _leg_block(
    row: Mapping[Any, Any],
    before: Mapping[Any, Any] | None,
    entry: VideoEntry,
    scoring: VideoScoring,
    noise: float,
) -> LegBlock:
    quantities, training = quantities_of(row), scoring.scorer.training
    explanation = scoring.explanations.get((row["video_id"], row["leg"]))
    has_score = row["reason"] == ""
    return LegBlock(
        name=LEG_NAMES[row["leg"]],
        predicted=int(row["predicted"]) if has_score else None,
        expected=float(row["expected_score"]),
        shares=[float(row[column]) for column in PROBABILITY_COLUMNS],
        score_set=_set_in_words(row["score_set"]),
        reason=row["reason"],
        why=say_why(quantities, training) if has_score else (),
        warnings=row["warnings"],
        quality=_quality(row),
        quantities=_lines(quantities, training),
        moved=say_what_moved(explanation) if explanation else (),
        heat_map=_heat_map(explanation, entry, row["leg"]),
        moved_by=_moved_by(explanation) if explanation else "",
        change=_change(row, before, noise) if has_score else (),
        runs=_runs(row) if has_score else "",
    )


def _heat_map(explanation: Explanation | None, entry: VideoEntry, leg: Leg) -> HeatMap | None:
    if explanation is None or entry.stored is None:
        return None
    return draw_heat_map(explanation, entry.stored.recording, leg)


def say_what_moved(explanation: Explanation) -> list[str]:
    """The quantities, and the parts of the body, that moved the expected score most."""
    moved = list(explanation.bars[:MOVED])
    if explanation.rows is not None:
        totals = zip(explanation.row_names, explanation.rows.sum(axis=1).tolist(), strict=True)
        moved += sorted(totals, key=lambda part: -abs(part[1]))[:MOVED]
    return [f"{points:+.2f} points by {name}" for name, points in moved if abs(points) >= MIN_MOVED]


def how_moved(explanations: Collection[Explanation]) -> str:
    """What the lines and maps of what moved the model mean, or why there are none."""
    if not explanations:
        return (
            "What moved the model is not shown: an exported file gives probabilities alone. Score "
            "with its run to see it."
        )
    how = (
        "What moved the model is gradient x input of the expected score: a first-order view, a "
        "hint where to look, no proof."
    )
    if any(one.rows is not None for one in explanations):
        return f"{how} A row is a part of the body; `scored` is the leg of the map."
    return (
        f"{how} This model is given quantities, not joints; each moved the score away from that of "
        "the median training leg."
    )


def _moved_by(explanation: Explanation) -> str:
    n_runs, clip = explanation.n_runs, explanation.clip
    runs = f"{explanation.model}, {f'mean of {n_runs} runs' if n_runs > 1 else 'one run'}"
    if explanation.rows is None:
        return f"{runs}, of the whole bout"
    where = f"{runs}, {clip.start_s:.1f} to {clip.end_s:.1f} s, where most taps are"
    strongest = explanation.strongest_s
    return where if np.isnan(strongest) else f"{where}; most of it around {strongest:.1f} s"


def _set_in_words(text: str) -> str:
    numbers = text.split()
    return " or ".join(numbers) if all(number.isdigit() for number in numbers) else text


def _quality(row: Mapping[Any, Any]) -> str:
    parts = [
        f"{title} {row[column]:.0%}"
        for column, title in (
            ("patient_seen", "patient seen in"),
            ("foot_seen", "foot seen in"),
            ("interpolated", "interpolated in"),
        )
        if pd.notna(row[column])
    ]
    return ", ".join(parts) + " of the frames" if parts else "not measured"


def _lines(quantities: Mapping[str, float], training: TrainingLegs) -> list[QuantityLine]:
    lines = []
    for name, value in quantities.items():
        usual = training.get(name)
        written = FORMATS[name].format
        if usual is None:
            continue
        shown = written(value) if np.isfinite(value) else "not measured"
        span = _span(written(usual.low), written(usual.high))
        lines.append(QuantityLine(TITLES[name], shown, span, place_on_scale(value, usual)))
    return lines


def _span(low: str, high: str) -> str:
    """`0.1 to 0.6 s` of `0.1 s` and `0.6 s`."""
    number, _, unit = low.partition(" ")
    return f"{number} to {high}" if unit and high.endswith(unit) else f"{low} to {high}"


def _change(row: Mapping[Any, Any], before: Mapping[Any, Any] | None, noise: float) -> list[str]:
    """The expected score and what a rater looks at, minus the visit before."""
    if before is None:
        return []
    difference = row["expected_score"] - before["expected_score"]
    if not np.isfinite(noise):
        verdict = "whether that is more than noise is not known: no repeated takes"
    else:
        verdict = f"{'more' if abs(difference) > noise else 'not more'} than noise ({noise:.2f})"
    lines = [f"expected score {difference:+.2f} points; {verdict}"]
    old, new = quantities_of(before), quantities_of(row)
    for name in CHANGING:
        if np.isfinite(old[name]) and np.isfinite(new[name]):
            written = FORMATS[name].format
            lines.append(f"{TITLES[name]}: {written(old[name])} before, now {written(new[name])}")
    return lines


def _runs(row: Mapping[Any, Any]) -> str:
    n_runs = int(row["n_runs"])
    parts = [f"{n_runs} run{'' if n_runs == 1 else 's'}"]
    if n_runs > 1:
        parts.append(f"that differ by {row['disagreement']:.2f} points (SD)")
    knew = row["runs_that_knew_the_patient"]
    if pd.isna(knew):
        parts.append("; whether they were trained on this patient cannot be told")
    elif knew:
        parts.append(f"; {int(knew)} of them trained on this patient: partly recognition")
    return " ".join(parts).replace(" ;", ";")
