"""What `pdla check` has to tell of a cohort, counted and grouped by reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pdla.data.intake import Agreement, Intake, MergedPatient, VideoEntry, agreement_by_leg
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason, Severity
from pdla.data.recordings import SCORES
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg


def count_of(number: int, noun: str) -> str:
    """A number and its noun: 1 row, 1,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Place:
    """Where something was found.

    Attributes:
        where: `row 14`, or `folder 12 of 62 by name`.
        leg: The leg that is meant, or None for both.
        detail: What was special there; empty if nothing.
    """

    where: str
    leg: Leg | None = None
    detail: str = ""

    def __str__(self) -> str:
        """In words: `row 14 left: seen in 40%`."""
        side = f" {LEG_NAMES[self.leg]}" if self.leg else ""
        return f"{self.where}{side}{': ' if self.detail else ''}{self.detail}"


@dataclass(frozen=True)
class ReasonGroup:
    """All places with one reason.

    Attributes:
        reason: Which one.
        places: In order of the cohort.
        legs: How many legs of each side it is about.
    """

    reason: Reason
    places: tuple[Place, ...]
    legs: Mapping[Leg, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        reason = self.reason
        return {
            "code": reason.code, "reason": reason.text, "advice": reason.advice,
            "legs": dict(self.legs), "places": [str(place) for place in self.places],
        }  # fmt: skip


@dataclass(frozen=True)
class FileProblem:
    """Something odd in files that was read around.

    Attributes:
        problem: In words.
        times: How often.
        places: Videos in which it was found.
    """

    problem: str
    times: int
    places: tuple[str, ...]


@dataclass(frozen=True)
class LegCounts:
    """How many legs of one side can be scored.

    Attributes:
        usable: Without a reason to look.
        warning: Usable, but somebody should look.
        unusable: Cannot be scored.
        scores: How many usable legs have each score.
        unrated: Usable legs without a score.
    """

    usable: int
    warning: int
    unusable: int
    scores: Mapping[int, int]
    unrated: int


@dataclass(frozen=True)
class LegVerdict:
    """What is said of one leg of a video.

    Attributes:
        score: The rater's, or None.
        verdict: usable, warning or unusable.
        findings: Why it is not simply usable.
    """

    score: int | None
    verdict: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class VideoVerdict:
    """What is said of one video.

    Attributes:
        place: Where a person finds it.
        video_id: Pseudonym.
        patient: Pseudonym.
        group: Cohort group, or empty.
        legs: For each leg.
        facts: What was measured; None if it could not be read.
    """

    place: str
    video_id: str
    patient: str
    group: str
    legs: Mapping[Leg, LegVerdict]
    facts: Facts | None

    @property
    def seconds(self) -> float | None:
        """Length of the video."""
        return round(self.facts.seconds, 1) if self.facts else None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "place": self.place,
            "video_id": self.video_id,
            "patient": self.patient,
            "group": self.group,
            "legs": {
                leg: {
                    "score": one.score,
                    "verdict": one.verdict,
                    "reasons": [finding.reason.text for finding in one.findings],
                }
                for leg, one in self.legs.items()
            },
            "seconds": self.seconds,
            "facts": self.facts.to_json() if self.facts else None,
        }


@dataclass(frozen=True)
class CheckSummary:
    """Everything that the screen, the JSON and the page show. Nothing in it names a patient.

    Attributes:
        rows: Rows of the sheet that name a video.
        rated_rows: Rows with a score.
        folders: Folders with keypoints.
        places_without_row: Folders that no row names.
        other_entries: Other things in the folder of videos.
        patients: Patients of the videos in the sheet, or of all if there is no sheet.
        frames: Frames of all videos that could be read.
        minutes: Their length.
        legs: Counts for each side.
        unusable: Why legs are left out, the most frequent reason first.
        warnings: Why usable legs should be looked at.
        files: What was odd about files.
        sheet: What is odd in rows of the sheet.
        source: Name of a published data set that brings its own ratings; else empty.
        trials: What is odd in its files.
        agreement: Of the raters, for each side that several raters scored.
        merged_patients: Patients to look at.
        videos: All of them.
        data_hash: See `Cohort`.
    """

    rows: int
    rated_rows: int
    folders: int
    places_without_row: tuple[str, ...]
    other_entries: int
    patients: int
    frames: int
    minutes: float
    legs: Mapping[Leg, LegCounts]
    unusable: tuple[ReasonGroup, ...]
    warnings: tuple[ReasonGroup, ...]
    files: tuple[FileProblem, ...]
    sheet: tuple[ReasonGroup, ...]
    source: str
    trials: tuple[ReasonGroup, ...]
    agreement: Mapping[Leg, Agreement]
    merged_patients: tuple[MergedPatient, ...]
    videos: tuple[VideoVerdict, ...]
    data_hash: str

    @property
    def n_usable(self) -> int:
        """Legs that can be scored."""
        return sum(count.usable + count.warning for count in self.legs.values())

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        reasons = {
            name: [group.to_json() for group in groups]
            for name, groups in (
                ("unusable", self.unusable), ("warnings", self.warnings), ("sheet", self.sheet),
                ("trials", self.trials),
            )
        }  # fmt: skip
        return {
            **vars(self),
            **reasons,
            "folders_without_row": len(self.places_without_row),
            "legs": {
                leg: {**vars(count), "scores": {str(k): n for k, n in count.scores.items()}}
                for leg, count in self.legs.items()
            },
            "files": [vars(problem) for problem in self.files],
            "agreement": {leg: vars(values) for leg, values in self.agreement.items()},
            "merged_patients": [vars(patient) for patient in self.merged_patients],
            "videos": [video.to_json() for video in self.videos],
        }


def summarise(intake: Intake) -> CheckSummary:
    """Count and group what the intake found."""
    cohort, entries = intake.cohort, intake.videos
    opened = [entry.stored.facts for entry in entries if entry.stored]
    left_out = [(one.reason, Place(one.place, one.leg, one.detail)) for one in cohort.exclusions]
    looked_at = [
        (finding.reason, Place(entry.place, leg, finding.detail))
        for entry in entries
        if entry.problem is None
        for leg, verdict in entry.verdicts.items()
        if verdict.level == "warning"
        for finding in verdict.findings
    ]
    against = {
        (one.video_id, leg): Finding(one.reason, one.detail)
        for one in cohort.exclusions
        for leg in ((one.leg,) if one.leg else LEGS)
    }
    said = {(one.reason, one.place, one.leg) for one in cohort.exclusions}
    in_rows = [
        (problem.reason, Place(problem.place, problem.leg, problem.detail))
        for problem in intake.problems
        if (problem.reason, problem.place, problem.leg) not in said
    ]
    same = Reason.SAME_RECORDING if intake.has_merged else Reason.SAME_RECORDING_KEPT
    first_of = dict(reversed(intake.duplicates))  # of many equal ones, each is named once
    in_rows += [
        (same, Place(place, None, f"as {first_of[place]}")) for place in dict(intake.duplicates)
    ]
    return CheckSummary(
        rows=cohort.n_rows,
        rated_rows=sum(row.is_rated for row in intake.sheet.rows) if intake.sheet else 0,
        folders=cohort.n_videos,
        places_without_row=tuple(entry.place for entry in entries if entry.row is None),
        other_entries=intake.n_others,
        patients=intake.n_patients,
        frames=sum(facts.n_frames for facts in opened),
        minutes=round(sum(facts.seconds for facts in opened) / 60, 1),
        legs={leg: _count_legs(intake, leg) for leg in LEGS},
        unusable=_most_frequent_first(left_out),
        warnings=_most_frequent_first(looked_at),
        files=_file_problems(entries),
        sheet=_group(in_rows),
        source=intake.source,
        trials=_group(
            (one.reason, Place(one.trial, one.leg, one.detail)) for one in intake.trial_problems
        ),
        agreement=agreement_by_leg(intake.sheet) if intake.sheet else {},
        merged_patients=intake.merged,
        videos=tuple(_describe_video(entry, against) for entry in entries),
        data_hash=cohort.data_hash,
    )


def _count_legs(intake: Intake, leg: Leg) -> LegCounts:
    samples = [sample for sample in intake.cohort.samples if sample.leg == leg]
    scores = Counter(sample.score for sample in samples)
    warned = {
        entry.video_id
        for entry in intake.videos
        if leg in entry.verdicts and entry.verdicts[leg].level == "warning"
    }
    n_warned = sum(sample.recording.video_id in warned for sample in samples)
    return LegCounts(
        usable=len(samples) - n_warned,
        warning=n_warned,
        unusable=len(intake.videos) - len(samples),
        scores={score: scores[score] for score in SCORES},
        unrated=scores[None],
    )


def _group(found: Iterable[tuple[Reason, Place]]) -> tuple[ReasonGroup, ...]:
    """Group by reason; what is said of both legs of a video in the same words is one place."""
    groups: dict[Reason, dict[tuple[str, str], set[Leg]]] = {}
    for reason, place in found:
        legs = groups.setdefault(reason, {}).setdefault((place.where, place.detail), set())
        legs.update((place.leg,) if place.leg else LEGS)
    return tuple(
        ReasonGroup(
            reason,
            tuple(
                Place(where, None if len(legs) == len(LEGS) else next(iter(legs)), detail)
                for (where, detail), legs in places.items()
            ),
            {leg: sum(leg in legs for legs in places.values()) for leg in LEGS},
        )
        for reason, places in groups.items()
    )


def _most_frequent_first(found: Iterable[tuple[Reason, Place]]) -> tuple[ReasonGroup, ...]:
    return tuple(sorted(_group(found), key=lambda group: -len(group.places)))


def _file_problems(entries: Iterable[VideoEntry]) -> tuple[FileProblem, ...]:
    """What was odd about files and was read around, the most frequent first."""
    times: Counter[str] = Counter()
    places: dict[str, list[str]] = {}
    for entry in entries:
        for problem, n in (entry.stored.facts.problems if entry.stored else {}).items():
            times[problem] += n
            places.setdefault(problem, []).append(entry.place)
    return tuple(
        FileProblem(problem, n, tuple(places[problem])) for problem, n in times.most_common()
    )


def _describe_video(entry: VideoEntry, against: Mapping[tuple[str, Leg], Finding]) -> VideoVerdict:
    return VideoVerdict(
        entry.place,
        entry.video_id,
        entry.patient,
        entry.group,
        {leg: _describe_leg(entry, leg, against.get((entry.video_id, leg))) for leg in LEGS},
        entry.stored.facts if entry.stored else None,
    )


def _describe_leg(entry: VideoEntry, leg: Leg, against: Finding | None) -> LegVerdict:
    if against is not None:
        return LegVerdict(entry.scores[leg], Severity.UNUSABLE, (against,))
    verdict = entry.verdicts[leg]
    return LegVerdict(entry.scores[leg], verdict.level, verdict.findings)
