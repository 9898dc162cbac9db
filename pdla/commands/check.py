"""What `pdla check` tells: what is usable for which leg, what is not and why, and what to do."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pdla.data.intake import IntakeOptions, read_intake
from pdla.data.intake.agreement import agreement_by_leg
from pdla.data.intake.result import Intake, IntakeVideo
from pdla.data.recordings import SCORES, Exclusion
from pdla.data.skeletons import LEGS, Leg

# What to do about a reason, by the words it begins with.
ADVICE: Final = {
    "no folder with keypoints": "Copy the folder there, or correct the id in the sheet.",
    "several folders": "Keep one of them.",
    "the joints are not those of": "If only some videos are such, move them to another folder.",
    "the files do not hold": "Set the layout that the pose estimator wrote.",
    "only the upper body": "Film again with both feet in the picture.",
    "the leg is hidden": "Film again from the front with both legs in the picture.",
    "the video is too short": "Film ten taps of each leg, or lower recordings.quality.min_seconds.",
    "the patient is missing in most": "Look at the video: was the patient in the picture?",
    "the folder holds no OpenPose": "Run OpenPose with --write_json for this video.",
    "no frame could be read": "Run OpenPose again: its files are broken.",
    "no person": "Look at the video, and run OpenPose again.",
    "the score is": "Correct the cell in the sheet.",
    "two rows give": "Ask the rater which row is right, and delete the other.",
    "two people could be": "Look at the video; other people should leave the picture.",
    "joints lie outside": "Set the height and width of the videos.",
    "the row has no video id": "Write the id of the video, or delete the row.",
    "the joints shake": "Look at the video: dim light, loose clothes or a moving camera?",
    "the foot is hidden": "Usable; heights are taken from the knee.",
    "the end was cut off": "Delete the last files if they are left over from another video.",
}


def check_cohort(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> dict[str, Any]:
    """Read a cohort and say what is in it, in plain values.

    Nothing in the result names a patient: videos are found by row or by position of the folder.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If nothing can be read at all.
    """
    return summarise(read_intake(videos, labels, store, options))


def read_options(config: Path | None, overrides: Sequence[str]) -> IntakeOptions:
    """Options of the intake from a file of conf/recordings/ and from the command line.

    Args:
        config: YAML file, or None for the defaults; what it does not name is as by default.
        overrides: As for training: `recordings.openpose.layout=body_25b`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an option is unknown or cannot be read.
    """
    try:
        given = OmegaConf.create({}) if config is None else OmegaConf.load(config)
        dotted = [override.removeprefix("recordings.") for override in overrides]
        merged = OmegaConf.merge(given, OmegaConf.from_dotlist(dotted))
        plain = OmegaConf.to_container(merged, throw_on_missing=False)
    except (OmegaConfBaseException, YAMLError, ValueError) as error:
        line = str(error).splitlines()[0]
        raise ValueError(f"{config or ' '.join(overrides)}: {line}") from None
    if not isinstance(plain, dict):
        raise ValueError(f"{config}: expected a file of conf/recordings/")
    return IntakeOptions.from_config(
        {str(key): value for key, value in plain.items() if key != "defaults"}
    )


def summarise(intake: Intake) -> dict[str, Any]:
    """Everything that the screen, the JSON and the HTML show."""
    cohort = intake.cohort
    excluded = {(exclusion.video, exclusion.leg): exclusion for exclusion in cohort.exclusions}
    opened = [video.stored.facts for video in intake.videos if video.stored and video.stored.facts]
    return {
        "rows": cohort.n_rows,
        "rated_rows": sum(row.is_rated for row in intake.sheet.rows) if intake.sheet else 0,
        "folders": cohort.n_videos,
        "folders_without_row": sum(video.row is None for video in intake.videos),
        "places_without_row": [video.place for video in intake.videos if video.row is None],
        "other_entries": intake.n_others,
        "patients": intake.n_patients,
        "frames": sum(facts.n_frames for facts in opened),
        "minutes": round(sum(facts.seconds for facts in opened) / 60, 1),
        "legs": {leg: _count_legs(intake, leg) for leg in LEGS},
        "unusable": _unusable(intake),
        "warnings": _warnings(intake),
        "files": _file_problems(intake.videos),
        "sheet": _sheet_problems(intake),
        "agreement": agreement_by_leg(intake.sheet) if intake.sheet else {},
        "merged_patients": [
            {
                "patient": merged.patient,
                "places": merged.places,
                "codes": merged.n_codes,
                "numbers": merged.n_numbers,
            }
            for merged in intake.merged
        ],
        "videos": [_describe_video(video, excluded) for video in intake.videos],
        "data_hash": cohort.data_hash,
    }


def write_json(summary: Mapping[str, Any], path: Path) -> None:
    """Write a summary as JSON."""
    path.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))


def _count_legs(intake: Intake, leg: Leg) -> dict[str, Any]:
    samples = [sample for sample in intake.cohort.samples if sample.leg == leg]
    scores = Counter(sample.score for sample in samples)
    n_warned = sum(bool(sample.warnings) for sample in samples)
    return {
        "usable": len(samples) - n_warned,
        "warning": n_warned,
        "unusable": len(intake.videos) - len(samples),
        "scores": {str(score): scores[score] for score in SCORES},
        "unrated": scores[None],
    }


def _unusable(intake: Intake) -> list[dict[str, Any]]:
    """Reasons why legs were left out, the most frequent first."""
    found = [
        (exclusion.reason, exclusion.leg, exclusion.detail or exclusion.video)
        for exclusion in intake.cohort.exclusions
    ]
    return _by_reason(found)


def _warnings(intake: Intake) -> list[dict[str, Any]]:
    """Reasons to look at legs that are usable."""
    found: list[tuple[str, Leg | None, str]] = []
    for video in intake.videos:
        for leg, verdict in video.verdicts.items():
            if verdict.level == "warning" and not video.reason:
                found += [
                    (reason, leg, f"{video.place}: {detail}")
                    for reason, detail in zip(verdict.reasons, verdict.details, strict=True)
                ]
    return _by_reason(found)


def _by_reason(found: Sequence[tuple[str, Leg | None, str]]) -> list[dict[str, Any]]:
    """Group by reason; a place that stands there for both legs stands there once."""
    groups: dict[str, dict[str, set[Leg]]] = defaultdict(dict)
    for reason, leg, place in found:
        groups[reason].setdefault(place, set()).update((leg,) if leg else LEGS)
    rows = [
        {
            "reason": reason,
            "advice": _advice(reason),
            "legs": {leg: sum(leg in legs for legs in places.values()) for leg in LEGS},
            "places": [_with_leg(place, legs) for place, legs in places.items()],
        }
        for reason, places in groups.items()
    ]
    return sorted(rows, key=lambda row: -len(row["places"]))


def _with_leg(place: str, legs: set[Leg]) -> str:
    if len(legs) == len(LEGS):
        return place
    where, colon, detail = place.partition(":")
    return f"{where} {'left' if 'L' in legs else 'right'}{colon}{detail}"


def _advice(reason: str) -> str:
    return next((advice for words, advice in ADVICE.items() if reason.startswith(words)), "")


def _file_problems(videos: Iterable[IntakeVideo]) -> list[dict[str, Any]]:
    """What was odd about files and was read around: how often, in how many videos."""
    times: Counter[str] = Counter()
    places: dict[str, list[str]] = defaultdict(list)
    for video in videos:
        facts = video.stored.facts if video.stored else None
        for problem, n in (facts.problems if facts else {}).items():
            times[problem] += n
            places[problem].append(video.place)
    return [
        {"problem": problem, "times": n, "places": places[problem]}
        for problem, n in times.most_common()
    ]


def _sheet_problems(intake: Intake) -> list[dict[str, Any]]:
    rows: dict[str, list[str]] = defaultdict(list)
    for problem in intake.problems:
        where = {"L": " (left)", "R": " (right)", None: ""}[problem.leg]
        detail = f": {problem.detail}" if problem.detail else ""
        rows[problem.reason].append(f"row {problem.row}{where}{detail}")
    return [
        {"problem": reason, "advice": _advice(reason), "places": places}
        for reason, places in rows.items()
    ]


def _describe_video(
    video: IntakeVideo, excluded: Mapping[tuple[str, Leg | None], Exclusion]
) -> dict[str, Any]:
    facts = video.stored.facts if video.stored else None
    return {
        "place": video.place,
        "video": video.video,
        "patient": video.patient,
        "group": video.group,
        "legs": {leg: _describe_leg(video, leg, excluded) for leg in LEGS},
        "seconds": round(facts.seconds, 1) if facts else None,
        "facts": facts.to_json() if facts else None,
    }


def _describe_leg(
    video: IntakeVideo, leg: Leg, excluded: Mapping[tuple[str, Leg | None], Exclusion]
) -> dict[str, Any]:
    exclusion = excluded.get((video.video, None)) or excluded.get((video.video, leg))
    level = "unusable" if exclusion else video.verdicts[leg].level
    reasons = (exclusion.reason,) if exclusion else video.verdicts[leg].reasons
    return {"score": video.scores[leg], "verdict": level, "reasons": reasons}
