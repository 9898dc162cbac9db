"""All options of the intake in one value, from a plain configuration."""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pdla.data.checked_options import CHECKED, read_options
from pdla.data.intake.folders import FolderOptions
from pdla.data.intake.labels import SheetOptions
from pdla.data.intake.patients import PatientOptions
from pdla.data.intake.quality import QualityOptions
from pdla.data.openpose import OpenPoseOptions

# Keys of conf/recordings/*.yaml that say what to read and where, not how.
PLACES: Final = ("name", "root", "videos", "labels", "store", "simulate")


def source_paths(recordings: Mapping[str, Any]) -> tuple[Path, Path | None]:
    """Folder and label sheet of a section `recordings`; a published data set has only a root.

    Raises:
        ValueError: If the section does not name them.
    """
    labels = recordings.get("labels")
    folder = recordings.get("root") or recordings.get("videos")
    if not isinstance(folder, str | Path) or not isinstance(labels, str | Path | None):
        raise ValueError(f"recordings.videos={folder}, labels={labels}: expected paths")
    return Path(folder), None if labels is None else Path(labels)


@dataclass(frozen=True, config=CHECKED)
class IntakeOptions:
    """How to read a cohort; one section for each part.

    Attributes:
        sheet: The label sheet.
        patients: Which videos are one person.
        folders: Which folder belongs to which row.
        openpose: The keypoints.
        quality: When a leg is usable.
        formats: Table with the columns video, fps, width, height, for a mixed cohort; wins over
            the sheet, and the pose files win over it.
        workers: Processes that read videos, or auto: one for each core.
    """

    sheet: SheetOptions = field(default_factory=SheetOptions)
    patients: PatientOptions = field(default_factory=PatientOptions)
    folders: FolderOptions = field(default_factory=FolderOptions)
    openpose: OpenPoseOptions = field(default_factory=OpenPoseOptions)
    quality: QualityOptions = field(default_factory=QualityOptions)
    formats: str | None = None
    workers: Literal["auto"] | Annotated[int, Field(gt=0)] = "auto"

    @property
    def n_workers(self) -> int:
        """Number of processes."""
        if isinstance(self.workers, int):
            return self.workers
        has_affinity = hasattr(os, "sched_getaffinity")
        return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "IntakeOptions":
        """Build from a plain dict such as the section `recordings` of the configuration.

        The keys name, root, videos, labels, store and simulate are passed over.

        Raises:
            ValueError: If a key is unknown or a value cannot be right; names the key and what is
                allowed.
        """
        given = {key: value for key, value in config.items() if key not in PLACES}
        return read_options(cls, given, "recordings")
