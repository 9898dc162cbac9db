"""The recordings that a config names, read once by the runs of a process."""

import json
import logging
from pathlib import Path
from typing import Final

from pdla.data.intake import IntakeOptions, read_cohort, source_paths
from pdla.data.kinematics.measuring import measure_ahead
from pdla.data.recordings import Cohort
from pdla.runs.config import Section

log = logging.getLogger(__name__)


def load_cohort(recordings: Section) -> Cohort:
    """Read a clinic's recordings; the simulated clinic is written first if it is not there yet."""
    videos, labels = source_paths(recordings)
    if "simulate" in recordings:
        # Imported here: a clinic with data of its own never needs the simulation.
        from pdla.data.simulation import SimulationOptions, simulate_once

        simulate_once(videos.parent, SimulationOptions(**recordings["simulate"]))
    options = IntakeOptions.from_config(recordings)
    cohort = read_cohort(videos, labels, Path(recordings["store"]), options)
    if cohort.n_merged:
        log.warning(
            "patients taken for others, whose recordings theirs nearly are: %d (`pdla check` lists "
            "them; recordings.patients.copies=keep leaves them apart)", cohort.n_merged,
        )  # fmt: skip
    rated = {sample.recording.video_id: sample.recording for sample in cohort.rated_legs}
    measure_ahead(rated.values(), options.n_workers)
    return cohort


SHARED: Final[dict[str, Cohort]] = {}  # the data set that the runs of this process share


def share_cohort(recordings: Section) -> Cohort:
    """As `load_cohort`, but the same recordings are read once by this process.

    A sweep tests all of its runs on what its first run has read: files that change meanwhile cannot
    make its folds differ. Only the last data set is kept.
    """
    key = json.dumps(recordings, sort_keys=True, default=str)
    if key not in SHARED:
        SHARED.clear()
        SHARED[key] = load_cohort(recordings)
    return SHARED[key]
