"""The leg-agility trials of Li & Taati (2018) as an intake: each trial is a video."""

import math
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.labels import LabelRow
from pdla.data.intake.options import IntakeOptions
from pdla.data.intake.patients import Identity, Person
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.intake.quality import Verdict, judge_quality
from pdla.data.intake.result import Intake, build_cohort
from pdla.data.intake.store import StoredVideo
from pdla.data.li2018 import AgilityTrial, read_trajectories
from pdla.data.openpose.quality_facts import measure_quality
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import Recording
from pdla.data.skeletons import LEGS, Leg

SOURCE: Final = "Li & Taati (2018)"
GROUP: Final = "PD"  # all nine subjects have Parkinson's disease


def read_li2018(root: Path, pseudonyms: Pseudonyms, options: IntakeOptions) -> Intake:
    """Read the published files; each trial is a video, each subject a patient.

    Scores are the nearest whole number to the mean of the raters, which is kept as `rating`. Trials
    are in the order of their numbers. The frame is as large as joints reach. Nothing is stored:
    the file is read again each time, in seconds.

    Raises:
        FileNotFoundError: If a file is missing; the line names the places that have it.
        ValueError: If a file is not as published.
    """
    trials = read_trajectories(root)
    entries = [
        _entry(trial, number, trials.frame_size, options)
        for trial, number in zip(trials.trials, _number_people(trials.trials), strict=True)
    ]
    entries = _name(entries, pseudonyms)
    every = [problem for trial in trials.trials for problem in trial.problems]
    return Intake(
        cohort=replace(build_cohort(entries, None, len(entries)), project=pseudonyms.project),
        videos=tuple(entries),
        sheet=None,
        problems=(),
        merged=(),
        n_patients=len({trial.subject for trial in trials.trials if trial.subject}),
        n_others=0,
        source=SOURCE,
        trial_problems=tuple(
            problem
            for problem in (*trials.problems, *every)
            if not problem.is_fatal or problem.reason is Reason.NO_TRIAL
        ),
    )


def _number_people(trials: Sequence[AgilityTrial]) -> list[int]:
    """Number of each trial's subject, in order of first appearance."""
    subjects = list(dict.fromkeys(trial.subject for trial in trials))
    return [subjects.index(trial.subject) for trial in trials]


def _entry(
    trial: AgilityTrial, number: int, frame_size: tuple[int, int], options: IntakeOptions
) -> VideoEntry:
    """One trial, with the verdict on each leg; it gets its pseudonyms later."""
    scores = {leg: _nearest(trial.ratings.get(leg)) for leg in LEGS}
    is_rated = any(score is not None for score in scores.values())
    row = LabelRow(int(trial.key.number), str(trial.key), scores, {}, ratings=trial.ratings)
    entry = VideoEntry(
        place=str(trial.key),
        clinic_id=str(trial.key),
        row=row if is_rated else None,
        identity=Identity(str(trial.key), patient=trial.subject, group=GROUP),
        person=Person(number, trial.subject),
    )
    whole = trial.fatal_problem(None)
    if whole is not None or trial.keypoints is None:
        against = whole or next(problem for problem in trial.problems if problem.is_fatal)
        return replace(entry, problem=Finding(against.reason, against.detail))
    stored = _measure(trial, trial.keypoints, frame_size, options.openpose.fps)
    verdicts = {
        leg: _judge(trial, leg, verdict)
        for leg, verdict in judge_quality(stored.facts, options.quality).items()
    }
    return replace(entry, stored=stored, verdicts=verdicts)


def _measure(
    trial: AgilityTrial,
    keypoints: NDArray[np.float32],
    frame_size: tuple[int, int],
    fps: float,
) -> StoredVideo:
    bouts = {leg: (first / fps, last / fps) for leg, (first, last) in trial.bouts.items()}
    recording = Recording("", keypoints, fps, frame_size, bouts)
    nobody = np.zeros(len(keypoints), dtype=np.bool_)
    not_filled = np.zeros(keypoints.shape[:2], dtype=np.bool_)
    facts = measure_quality(keypoints, not_filled, fps, frame_size, nobody, rival=0.0)
    digest = sha256(keypoints.tobytes())
    digest.update(repr((sorted(trial.bouts.items()), sorted(trial.ratings.items()))).encode())
    return StoredVideo(recording, facts, digest.hexdigest())


def _judge(trial: AgilityTrial, leg: Leg, verdict: Verdict) -> Verdict:
    """The verdict of the keypoints, overruled by what is wrong with this leg in the files."""
    problem = trial.fatal_problem(leg)
    if problem is not None:
        return Verdict((Finding(problem.reason, problem.detail),))
    return verdict


def _name(entries: Sequence[VideoEntry], pseudonyms: Pseudonyms) -> list[VideoEntry]:
    """Give each trial and subject a pseudonym, apart from other data sets with the same secret."""
    videos = pseudonyms.name_all("V", [f"{SOURCE}: {entry.clinic_id}" for entry in entries])
    people = pseudonyms.name_all("P", [f"{SOURCE}: {entry.person.key}" for entry in entries])
    named = []
    for entry in entries:
        video_id = videos[f"{SOURCE}: {entry.clinic_id}"]
        stored = entry.stored
        if stored is not None:
            stored = replace(stored, recording=replace(stored.recording, video_id=video_id))
        patient = people[f"{SOURCE}: {entry.person.key}"]
        named.append(replace(entry, video_id=video_id, patient=patient, stored=stored))
    return named


def _nearest(rating: float | None) -> int | None:
    """Nearest whole score; a half, which means of three raters never are, goes up."""
    return None if rating is None else math.floor(rating + 0.5)
