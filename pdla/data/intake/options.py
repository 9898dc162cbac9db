"""All options of the intake in one value, from a plain configuration."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from pdla.data.intake.folders import FolderOptions
from pdla.data.intake.labels import SheetOptions
from pdla.data.intake.patients import PatientOptions
from pdla.data.intake.quality import QualityOptions
from pdla.data.openpose import OpenPoseOptions

# Keys of conf/recordings/*.yaml that say what to read and where, not how.
PLACES: Final = ("name", "videos", "labels", "store", "simulate")


@dataclass(frozen=True)
class IntakeOptions:
    """How to read a cohort; one section for each part.

    Attributes:
        sheet: The label sheet.
        patients: Which videos are one person.
        folders: Which folder belongs to which row.
        openpose: The keypoints.
        quality: When a leg is usable.
        workers: Processes that read videos, or auto: one for each core.
    """

    sheet: SheetOptions = field(default_factory=SheetOptions)
    patients: PatientOptions = field(default_factory=PatientOptions)
    folders: FolderOptions = field(default_factory=FolderOptions)
    openpose: OpenPoseOptions = field(default_factory=OpenPoseOptions)
    quality: QualityOptions = field(default_factory=QualityOptions)
    workers: int | str = "auto"

    def __post_init__(self) -> None:
        """Check the number of workers."""
        is_number = isinstance(self.workers, int) and self.workers > 0
        if self.workers != "auto" and not is_number:
            raise ValueError(f"recordings.workers={self.workers!r}: expected auto or 1 and more")

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

        The keys name, videos, labels, store and simulate are passed over.

        Raises:
            ValueError: If a key is unknown or a value cannot be right; names the key and what is
                allowed.
        """
        given = {key: value for key, value in config.items() if key not in PLACES}
        sections = {option.name: option.default_factory for option in fields(cls)}
        _refuse_unknown(given, sections, "recordings")
        values: dict[str, Any] = {}
        for key, value in given.items():
            values[key] = value if key == "workers" else _section(key, sections[key], value)
        return cls(**values)


def _section(key: str, kind: Any, config: Any) -> Any:
    if not isinstance(config, Mapping):
        raise ValueError(f"recordings.{key}={config!r}: expected a section with options")
    defaults = {option.name: option.default for option in fields(kind)}
    _refuse_unknown(config, defaults, f"recordings.{key}")
    for name, value in config.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(defaults[name], bool) and not isinstance(value, bool):
            raise ValueError(f"recordings.{key}.{name}={value!r}: expected true or false")
        if type(defaults[name]) in (int, float) and not is_number:
            raise ValueError(f"recordings.{key}.{name}={value!r}: expected a number")
    try:
        return kind(**config)
    except TypeError as error:
        raise ValueError(f"recordings.{key}: a value has the wrong type ({error})") from None


def _refuse_unknown(config: Mapping[str, Any], allowed: Mapping[str, Any], where: str) -> None:
    unknown = sorted(str(key) for key in config if key not in allowed)
    if unknown:
        names = ", ".join(sorted(allowed))
        raise ValueError(f"{where}.{unknown[0]}: no such option; there are {names}")
