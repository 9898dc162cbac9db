"""Pictures of legs that the runs of a study have left, put into the report."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pdla.data.files import write_text
from pdla.evaluation.predictions import LegKey
from pdla.report.study import Study
from pdla.report.variants import Variant
from pdla.runs.folder import PICTURES_FOLDER

MANIFEST: Final = "pictures.json"
SHOWN: Final = 10  # legs of a kind and model: a page must still load on a phone

PictureKind = Literal["worst", "typical"]


@dataclass(frozen=True)
class LegPicture:
    """A picture of a test leg, and what was predicted for it.

    Attributes:
        file: Name in the run's folder of pictures.
        kind: Why the leg was chosen.
        place: From 1, the worst or the most typical first.
        title: For people.
        video_id: Pseudonym of the video.
        leg: L or R.
        score: The rater's.
        expected_score: Of the model.
    """

    file: str
    kind: PictureKind
    place: int
    title: str
    video_id: str
    leg: str
    score: int
    expected_score: float

    @property
    def key(self) -> LegKey:
        """Video and leg."""
        return self.video_id, self.leg

    @property
    def error(self) -> float:
        """Distance of the expected score from the rater's, in points."""
        return abs(self.expected_score - self.score)


@dataclass(frozen=True)
class ModelPicture:
    """A picture of a model as a whole, as its coefficients."""

    file: str
    title: str


@dataclass(frozen=True)
class Manifest:
    """The pictures of a run: pictures.json."""

    legs: tuple[LegPicture, ...] = ()
    model: tuple[ModelPicture, ...] = ()

    def write(self, folder: Path) -> None:
        """Write it, last of all: it marks the pictures as complete."""
        write_text(folder / MANIFEST, json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, run_dir: Path) -> "Manifest":
        """Read that of a run; empty if the run left none, or it is damaged."""
        path = run_dir / PICTURES_FOLDER / MANIFEST
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            legs = [_entry(LegPicture, leg) for leg in content["legs"]]
            model = [_entry(ModelPicture, picture) for picture in content["model"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()
        return cls(tuple(leg for leg in legs if leg), tuple(one for one in model if one))


Picture = TypeVar("Picture", LegPicture, ModelPicture)


def _entry(picture: type[Picture], content: dict[str, Any]) -> Picture | None:
    """An entry, without keys that this version does not know; None if one is missing."""
    names = [field.name for field in fields(picture)]
    if not content.keys() >= set(names):
        return None
    return picture(**{name: content[name] for name in names})


@dataclass(frozen=True)
class ShownPicture:
    """An img element of the page."""

    src: str
    alt: str


@dataclass(frozen=True)
class ModelPictures:
    """Pictures of one model of a study."""

    name: str
    worst: list[ShownPicture]
    typical: list[ShownPicture]
    model: list[ShownPicture]


def collect_pictures(study: Study) -> list[ModelPictures]:
    """Pictures of each model that has any; nothing is drawn or computed anew.

    The worst legs are those of all runs of a model. The most typical ones are the first of each run
    in turn. A leg that several seeds tested is shown once.
    """
    found = [_pictures_of(variant) for variant in study.variants.values()]
    return [pictures for pictures in found if pictures.worst or pictures.typical]


def _pictures_of(variant: Variant) -> ModelPictures:
    manifests = [(run.folder, Manifest.read(run.folder)) for run in variant.runs]
    legs = [(folder, leg) for folder, manifest in manifests for leg in manifest.legs]
    shown = {
        kind: [
            _show(folder / PICTURES_FOLDER / Path(leg.file).name, leg.title)
            for folder, leg in _choose(legs, kind, order)
        ]
        for kind, order in _ORDERS.items()
    }
    # The first fold of each side: coefficients of the others differ little.
    first_of_side = {run.result.leg: run for run in reversed(variant.runs)}
    model = [
        _show(run.folder / PICTURES_FOLDER / Path(one.file).name, f"{one.title}, {run.folder.name}")
        for run in sorted(first_of_side.values(), key=lambda run: run.result.leg)
        for one in Manifest.read(run.folder).model
    ]
    return ModelPictures(
        variant.name, _present(shown["worst"]), _present(shown["typical"]), _present(model)
    )


_ORDERS: Final[dict[PictureKind, Callable[[LegPicture], float]]] = {
    "worst": lambda leg: -leg.error,
    "typical": lambda leg: leg.place,
}


def _choose(
    legs: Sequence[tuple[Path, LegPicture]],
    kind: PictureKind,
    order: Callable[[LegPicture], float],
) -> list[tuple[Path, LegPicture]]:
    of_kind = sorted((one for one in legs if one[1].kind == kind), key=lambda one: order(one[1]))
    once: dict[LegKey, tuple[Path, LegPicture]] = {}
    for folder, leg in of_kind:
        once.setdefault(leg.key, (folder, leg))
    return list(once.values())[:SHOWN]


def _present(pictures: Sequence[ShownPicture | None]) -> list[ShownPicture]:
    return [picture for picture in pictures if picture is not None]


def _show(path: Path, title: str) -> ShownPicture | None:
    if not path.is_file():
        return None
    data = base64.b64encode(path.read_bytes()).decode()
    return ShownPicture(f"data:image/png;base64,{data}", title)
