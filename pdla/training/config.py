"""A composed Hydra config, checked before any work starts; plain dicts from there on."""

from pathlib import Path
from typing import Any, Final, cast

import torch
from omegaconf import DictConfig, OmegaConf

from pdla.data.clips.datamodules import (
    NO_KEYPOINTS,
    KeypointClips,
    check_batch_size,
    check_style,
    check_workers,
)
from pdla.data.recordings import Cohort
from pdla.data.skeletons import legs_of
from pdla.runs.config import RunConfig, Section
from pdla.targets import build, check_targets, find_class
from pdla.training.memory import release_networks, track_network
from pdla.training.old_names import check_keys

SIMULATED: Final = "simulation.json"  # beside the videos of a simulated clinic
FULL_PRECISION: Final = ("32", "32-true", "64", "64-true")


def plain_config(config: DictConfig) -> RunConfig:
    """Resolve a composed config into plain dicts and lists.

    Raises:
        ValueError: If a value that has no default was not given.
    """
    if missing := sorted(OmegaConf.missing_keys(config)):
        key = missing[0]
        raise ValueError(f"{key} has no default: give it, as in `python train.py {key}=VALUE`")
    plain = OmegaConf.to_container(config, resolve=True)
    if not isinstance(plain, dict):
        raise ValueError(f"expected a mapping at the top of the config, got {type(plain).__name__}")
    return cast(RunConfig, {str(key): value for key, value in plain.items()})


def check_config(config: RunConfig) -> None:
    """Stop early at what cannot work.

    Raises:
        ValueError: One line with the key, its value and the way out.
    """
    check_keys(config)
    check_targets(config)
    legs_of(config["leg"])
    if not isinstance(config["seed"], int) or config["seed"] < 0:
        raise ValueError(f"seed={config['seed']!r}: expected a whole number from 0")
    _check_clips(config)
    build(config["split"], "split")
    _check_trainer(config["trainer"])
    _check_optimizer(config)
    is_simulated = "simulate" in config["recordings"]
    (_check_simulated if is_simulated else _check_places)(config["recordings"])


def _check_places(recordings: Section) -> None:
    """Stop at paths that are not there; a published data set has a root, and no label sheet."""
    for key in ("root",) if "root" in recordings else ("videos", "labels"):
        if recordings[key] is None or not Path(recordings[key]).exists():
            raise ValueError(
                f"recordings.{key}={recordings[key]}: not found; give the path of your {key}"
            )


def _check_simulated(recordings: Section) -> None:
    """Stop at a clinic's own files where the simulated clinic is asked for."""
    paths = {key: Path(recordings[key]) for key in ("videos", "labels")}
    for key, path in paths.items():
        if path.exists() and not (paths["videos"].parent / SIMULATED).is_file():
            raise ValueError(
                f"recordings.{key}={path}: not a simulated clinic; for your own videos say "
                "recordings=clinic"
            )


def _check_clips(config: RunConfig) -> None:
    """Whether the data gives what the model takes."""
    model = find_class(config["model"]["_target_"], "model")
    data = find_class(config["data"]["_target_"], "data")
    if model.input_kind != data.input_kind:
        raise ValueError(
            f"model {model.__name__} takes {model.input_kind}, but data={data.input_kind}: "
            f"leave data out of the command, or say data={model.input_kind}"
        )
    drawing = build(config["drawing"], "drawing")
    if data.styles:
        check_style(drawing, data.styles)
    if not data.uses_keypoints and config["augment"]:
        raise ValueError(NO_KEYPOINTS)
    check_batch_size(config["data"]["batch_size"])
    check_workers(config["data"]["workers"])
    for section in (config["augment"] or {}).values():
        build(section, "augment")
    clip_frames = build(config["sampling"], "sampling").clip_frames
    model.check_clips(config["model"], clip_frames, (drawing.height, drawing.width))


def _check_trainer(trainer: Section) -> None:
    epochs = trainer.get("max_epochs")
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(
            f"trainer.max_epochs={epochs}: expected a whole number from 1; models set their own"
        )
    n_devices(trainer)


def check_machine(trainer: Section) -> None:
    """Stop at a Trainer that this machine cannot serve, though another could.

    Raises:
        ValueError: If a GPU is asked for and there is none.
    """
    if trainer.get("accelerator") in ("gpu", "cuda") and n_gpus() == 0:
        raise ValueError(
            f"trainer.accelerator={trainer['accelerator']}: no GPU here; leave it out (auto takes "
            "what there is), or say trainer=cpu"
        )


def _check_optimizer(config: RunConfig) -> None:
    """LBFGS searches along a line: it needs the whole set in one batch, and exact gradients."""
    if find_class(config["optim"]["optimizer"]["_target_"], "optimizer") is not torch.optim.LBFGS:
        return
    trainer, batch_size = config["trainer"], config["data"]["batch_size"]
    for is_wrong, value, way_out in (
        (batch_size != "all", f"data.batch_size={batch_size}", "data.batch_size=all"),
        (
            trainer.get("gradient_clip_val") is not None,
            f"trainer.gradient_clip_val={trainer.get('gradient_clip_val')}",
            "trainer.gradient_clip_val=null",
        ),
        (
            str(trainer.get("precision", "32-true")) not in FULL_PRECISION,
            f"trainer.precision={trainer.get('precision')}",
            "trainer.precision=32-true",
        ),
        (
            n_devices(trainer) > 1,
            f"trainer.devices={trainer.get('devices')}",
            "trainer.devices=1",
        ),
    ):
        if is_wrong:
            raise ValueError(f"LBFGS cannot work with {value}: say {way_out}, or optim=adamw")


def check_one_device(trainer: Section) -> None:
    """Stop a sweep whose runs would each start processes of their own.

    Raises:
        ValueError: If a run would use more than one device.
    """
    if n_devices(trainer) > 1:
        raise ValueError(
            f"-m with trainer.devices={trainer.get('devices')}: a sweep gives each run one device; "
            "say trainer.devices=1, or leave out -m"
        )


def n_gpus() -> int:
    """GPUs of this machine, NVIDIA's or Apple's."""
    return torch.cuda.device_count() or int(torch.backends.mps.is_available())


def n_devices(trainer: Section) -> int:
    """How many devices a Trainer with these arguments would use, over all nodes."""
    devices, nodes = trainer.get("devices", "auto"), int(trainer.get("num_nodes", 1))
    if isinstance(devices, str) and "," in devices:
        devices = [part for part in devices.split(",") if part.strip()]
    if isinstance(devices, list):
        return len(devices) * nodes
    if str(devices) in ("auto", "-1"):
        return max(1, n_gpus() if trainer.get("accelerator") != "cpu" else 1) * nodes
    if not str(devices).isdigit() or int(devices) < 1:
        raise ValueError(f"trainer.devices={devices!r}: give a number from 1, a list, or auto")
    return int(devices) * nodes


def build_model(config: RunConfig) -> Any:
    """Make the LegScorer of a config; loss and optimizer stay plain dicts in its checkpoint.

    Networks made before that are no longer in use are freed first.

    Raises:
        ValueError: The line that the class itself raised, without Hydra's wrapping.
    """
    release_networks()
    model = build(config["model"], "model", loss=config["loss"], optim=config["optim"])
    track_network(model)
    return model


def scoring_config(config: RunConfig, store: Path) -> RunConfig:
    """The config of a run for scoring other legs: clips are prepared as there, nothing is varied.

    Args:
        config: Of the run.
        store: Where the keypoints of the other legs are kept; videos are drawn beside it.
    """
    own = {"folder": None, "cache": f"{store}-videos", "workers": 0}
    data = {key: own.get(key, value) for key, value in config["data"].items()}
    return {
        **config, "data": data, "augment": {},
        "split": {"_target_": "pdla.data.splits.AllTested"},
    }  # fmt: skip


def build_data(config: RunConfig, cohort: Cohort) -> KeypointClips:
    """The data module of a config on a cohort."""
    section = config["data"]
    options: dict[str, Any] = {
        "cohort": cohort,
        "splitter": build(config["split"], "split"),
        "legs": legs_of(config["leg"]),
        "sampling": build(config["sampling"], "sampling"),
        "augmentations": [build(one, "augment") for one in (config["augment"] or {}).values()],
        "seed": config["seed"],
    }
    if find_class(section["_target_"], "data").styles:
        options["drawing"] = build(config["drawing"], "drawing")
    data: KeypointClips = build(section, "data", **options)
    return data
