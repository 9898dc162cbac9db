"""The classes that a config, a run folder or a checkpoint may name; nothing else is ever built.

A config names its classes by `_target_`. Configs come along with run folders and checkpoints from
elsewhere, so a name is looked up in a table first: no file can make pdla import, let alone call,
anything that is not listed here.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from pdla.data.checked_options import CHECKED, read_options, suggest

Kind = Literal[
    "model", "data", "sampling", "drawing", "split", "augment", "loss", "trainer", "optimizer",
    "schedule",
]  # fmt: skip

# By module, so that a name is written once; every module here is a public one.
_NAMES: Final[dict[Kind, dict[str, str]]] = {
    "model": {
        "pdla.models": "VideoNetwork ResNetLSTM PoseC3D STGCN TCN KinematicModel KinematicTCN"
    },
    "data": {
        "pdla.data.clips": "DrawnClips HeatmapClips KeypointClips KinematicClips",
        "pdla.data.video": "VideoFileClips",
    },
    "sampling": {"pdla.data.clips": "Sampling"},
    "drawing": {"pdla.data.drawing": "Drawing"},
    "split": {
        "pdla.data.splits": "PatientKFold LeaveOnePatientOut LeaveOneSiteOut "
        "Holdout ByVideo2023 AllTested"
    },
    "augment": {
        "pdla.data.clips": "Rotate Scale Stretch Shift Mirror Jitter DropJoints ShakeConfidence "
        "ChangeSpeed WarpTime DropFrames"
    },
    "loss": {
        "pdla.models": "CrossEntropyHead FocalHead SoftLabelsHead EarthMoverHead CORNHead "
        "CORALHead CLMHead RegressionHead"
    },
    "trainer": {"lightning": "Trainer"},
    "optimizer": {"torch.optim": "Adam AdamW NAdam RAdam RMSprop SGD LBFGS"},
    "schedule": {
        "torch.optim.lr_scheduler": "ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts "
        "ExponentialLR LinearLR MultiStepLR PolynomialLR StepLR"
    },
}
TARGETS: Final[dict[Kind, tuple[str, ...]]] = {
    kind: tuple(f"{module}.{name}" for module, names in table.items() for name in names.split())
    for kind, table in _NAMES.items()
}
# Modules of run folders and checkpoints made before 0.2, and the package that has their classes.
OLD_MODULES: Final = {
    "pdla.data.augment": "pdla.data.clips",
    "pdla.data.augment_time": "pdla.data.clips",
    "pdla.data.datamodules": "pdla.data.clips",
    "pdla.data.folds": "pdla.data.splits",
    "pdla.data.kinematic_batches": "pdla.data.clips",
    "pdla.data.sampling": "pdla.data.clips",
    "pdla.data.video_files": "pdla.data.video",
    "pdla.models.graph_networks": "pdla.models",
    "pdla.models.heads": "pdla.models",
    "pdla.models.heatmap_networks": "pdla.models",
    "pdla.models.kinematic_model": "pdla.models",
    "pdla.models.ordinal_heads": "pdla.models",
    "pdla.models.resnet_lstm": "pdla.models",
    "pdla.models.trajectory_networks": "pdla.models",
    "pdla.models.video_networks": "pdla.models",
}
# Where in a config something is built; `*` is any name.
PLACES: Final[dict[tuple[str, ...], Kind]] = {
    ("model",): "model",
    ("data",): "data",
    ("sampling",): "sampling",
    ("drawing",): "drawing",
    ("split",): "split",
    ("augment", "*"): "augment",
    ("loss",): "loss",
    ("trainer",): "trainer",
    ("optim", "optimizer"): "optimizer",
    ("optim", "schedule"): "schedule",
}
TARGET: Final = "_target_"
TRUST: Final = "PDLA_TRUST"
EPOCHS: Final = "max_epochs"  # value of a schedule that stands for the epochs of the trainer
# Given by the code, never by a config.
VALUES: Final = (
    "cohort", "splitter", "legs", "augmentations", "n_outputs", "params", "loss", "optim",
    "sampling", "drawing", "seed", "optimizer", "callbacks", "logger", "plugins",
    "default_root_dir", "enable_progress_bar",
)  # fmt: skip


def public_name(target: str) -> str:
    """The name of today for a `_target_` of an earlier version."""
    module, _, name = target.rpartition(".")
    return f"{OLD_MODULES.get(module, module)}.{name}"


def find_class(target: object, kind: Kind) -> Any:
    """The class that a `_target_` names, imported only if it is one that pdla builds.

    Code of your own is built if the environment variable PDLA_TRUST names its module (a list,
    parted by commas): that is said by a person, never by a file.

    Raises:
        ValueError: If it is not in the table of its kind, or its module cannot be imported.
    """
    name = public_name(target) if isinstance(target, str) else ""
    module = name.rpartition(".")[0]
    trusted = [one.strip() for one in os.environ.get(TRUST, "").split(",")]
    if name not in TARGETS[kind] and (not module or module not in trusted):
        near = get_close_matches(name, TARGETS[kind], n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(
            f"{kind}: {TARGET}={target!r} is not built: {hint}choose one of "
            f"{', '.join(TARGETS[kind])}; for a class of your own set {TRUST}=its.module"
        )
    try:
        return getattr(import_module(module), name.rpartition(".")[2])
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{kind}: {TARGET}={target}: {error}") from None


def build(section: Mapping[str, Any], kind: Kind, **values: Any) -> Any:
    """Make the object that a config section names by `_target_`; nothing inside it is built.

    Args:
        section: The `_target_`, and the options of its class by name.
        kind: What it must be.
        values: Objects that no config can hold, passed as they are.

    Raises:
        ValueError: The line that the class itself raised, or what it could not take.
    """
    if not isinstance(section, Mapping):
        raise ValueError(f"{kind}: expected a section with {TARGET}, got {section!r}")
    maker = find_class(section.get(TARGET), kind)
    options = {str(key): value for key, value in section.items() if key != TARGET}
    _check_options(maker, kind, options)
    try:
        return maker(**options, **values)
    except TypeError as error:
        raise ValueError(f"{kind}: {error}") from error


def _check_options(maker: Any, where: str, options: dict[str, Any]) -> None:
    """Stop at an option that the class does not have, or that cannot have this value.

    Raises:
        ValueError: One line with the option, and what it may be.
    """
    if isinstance(maker, type) and is_dataclass(maker):
        is_frozen = getattr(maker, "__dataclass_params__").frozen  # noqa: B009
        read_options(checked(config=CHECKED, frozen=is_frozen)(maker), options, where)
        return
    known = _parameters(maker)
    for name, value in options.items():
        if known is not None and name not in known:
            names = sorted(set(known) - set(VALUES))
            raise ValueError(f"{where}.{name}: no such option; {suggest(name, names)}")
        if known and not _fits(known[name], value):
            raise ValueError(f"{where}.{name}={value!r}: expected {words_of(known[name])}")


def _parameters(maker: Any) -> dict[str, Any] | None:
    """Types of what a class can be given by name; None if it takes names that it does not list."""
    known: dict[str, Any] = {}
    is_closed = False
    chain = [vars(one)["__init__"] for one in maker.__mro__[:-1] if "__init__" in vars(one)]
    for function in (getattr(maker, "build_network", None), *chain):
        if function is None:
            continue
        parameters = signature(function).parameters.values()
        try:
            types = get_type_hints(function)
        except (NameError, TypeError):  # of another library, for its type checker only
            types = {}
        known |= {
            one.name: types.get(one.name, Any)
            for one in parameters
            if one.name != "self" and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        }
        if all(one.kind != one.VAR_KEYWORD for one in parameters):
            is_closed = True
            if function in chain:
                break
    return known if is_closed else None


def _fits(kind: Any, value: Any) -> bool:
    """Whether a plain value is of a type; true where that cannot be told."""
    try:
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    except (PydanticUserError, TypeError, ValueError):
        return True
    return True


def words_of(kind: Any) -> str:
    """A type in the words of a message."""
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(words_of(one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return " or ".join(str(one) for one in get_args(kind))
    if get_origin(kind) is not None and get_args(kind):
        return f"a list of {words_of(get_args(kind)[0])}"
    return "null" if kind is type(None) else names.get(kind, getattr(kind, "__name__", str(kind)))


def check_targets(config: Mapping[str, Any]) -> None:
    """Stop at the first `_target_` of a config that is not built, or whose options it cannot take.

    Raises:
        ValueError: One line with its place, its value and what may stand there.
    """
    for path, key, value in _special_keys(config, ()):
        place = tuple("*" if path[0] == "augment" and step else part
                      for step, part in enumerate(path))  # fmt: skip
        if key != TARGET or place not in PLACES:
            raise ValueError(f"{'.'.join((*path, key))}={value!r}: nothing is built there")
        section = config
        for part in path:
            section = section[part]
        options = {
            str(name): one for name, one in section.items() if name != TARGET and one != EPOCHS
        }
        _check_options(find_class(value, PLACES[place]), ".".join(path), options)


def _special_keys(
    section: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, object]]:
    """Keys that Hydra would act on (`_target_`, `_args_`, `_partial_`), wherever they are."""
    if isinstance(section, list):
        section = dict(enumerate(section))
    if not isinstance(section, Mapping):
        return
    for key, value in section.items():
        name = str(key)
        if len(name) > 2 and name.startswith("_") and name.endswith("_"):
            yield path or ("config",), name, value
        yield from _special_keys(value, (*path, name))
