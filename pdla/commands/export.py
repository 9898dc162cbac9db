"""`pdla export`: a run's network as one file for other programs, from clips to probabilities.

The file holds what the checkpoint holds, and nothing else: keypoints, drawn clips or kinematics go
in, as `pdla` prepares them, and the probabilities of the scores 0-4 come out. How to prepare them
stands in a JSON file beside it. Both files are for research, not for use as a medical device.
"""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from pdla import RESEARCH_ONLY
from pdla.data.batches import ClipBatch
from pdla.data.drawing.draw import Drawing, draw_clips
from pdla.data.files import first_line, write_json, write_text
from pdla.data.quantities import quantity_names
from pdla.data.skeletons import JOINT
from pdla.evaluation.training_legs import describe_training, training_to_json
from pdla.models.scorer import LegScorer
from pdla.report.card import export_card
from pdla.report.study import Study
from pdla.report.study_row import choose_row
from pdla.report.study_run import StudyRun, read_run
from pdla.runs.folder import RESULT, file_hash
from pdla.targets import build, find_class
from pdla.training.prediction import load_best, training_ranges

log = logging.getLogger(__name__)

FORMATS: Final = (".onnx", ".pt2")
INPUTS: Final = ("keypoints", "clips", "kinematics")  # of a batch, in this order
OUTPUT: Final = "probabilities"
TOLERANCE: Final = 1e-4  # of a probability: what other kernels may add up differently
FRAME_SIZE: Final = (960, 540)  # of the sample; only its proportions reach a drawing


class ClipScorer(nn.Module):
    """Network and head of a run as a function of tensors.

    Args:
        scorer: The run's model, in evaluation mode.
        inputs: Names of the tensors of a batch, in order.
    """

    def __init__(self, scorer: LegScorer, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.scorer = scorer
        self.inputs = inputs

    def forward(self, *tensors: Tensor) -> Tensor:
        """Probabilities (B, 5) of the scores 0-4."""
        batch: Any = dict(zip(self.inputs, tensors, strict=True))
        return self.scorer.head.probabilities(self.scorer(batch))


def export_run(run_dir: Path, out: Path) -> dict[str, Any]:
    """Write a run's best checkpoint as .onnx (ONNX) or .pt2 (torch.export), and facts beside it.

    Args:
        run_dir: A finished run.
        out: File to write; the facts stand in the file of the same name that ends in .json.

    Returns:
        The facts.

    Raises:
        ValueError: If the ending is unknown, the run is not finished, another run's export is
            there, the network cannot be exported, or what was written does not compute what the run
            computes: one line each.
    """
    if out.suffix not in FORMATS:
        raise ValueError(f"{out}: choose a name that ends in {' or '.join(FORMATS)}")
    if not (run_dir / RESULT).exists():
        raise ValueError(f"{run_dir}: no finished run; give the folder of one, as runs/STUDY/RUN")
    run = read_run(run_dir)
    _check_free(out, run)
    scorer = load_best(run).eval()
    batch = sample_batch(run)
    inputs = used_inputs(scorer, batch)
    tensors = tuple(_tensor(batch, name) for name in inputs)
    module = ClipScorer(scorer, inputs)
    with torch.inference_mode():
        expected = module(*tensors)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".part-{out.name}")
    try:
        write = _write_onnx if out.suffix == ".onnx" else _write_pt2
        found = _try(write, module, tensors, part)
        difference = float((found - expected).abs().max())
        if not difference <= TOLERANCE:
            raise ValueError(
                f"{out}: probabilities differ by {difference:.2g}; nothing was written"
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    facts = describe_export(run, scorer, {n: list(_tensor(batch, n).shape[1:]) for n in inputs})
    facts = {
        "file": out.name,
        "sha256": file_hash(out),
        **facts,
        "scoring": describe_scoring(run),
        "largest_difference_to_the_run": difference,
    }
    write_json(out.with_suffix(".json"), facts)
    write_text(out.with_suffix(".md"), export_card(run, out, facts))
    return facts


def _quantities(config: Any) -> tuple[str, ...]:
    """Names of the quantities that a run's data gives; older runs have those of pdla alone."""
    return quantity_names(config["data"].get("quantities", ("kinematics",)))


def _check_free(out: Path, run: StudyRun) -> None:
    """Never replace a file, or the description of one, that another run has left.

    Raises:
        ValueError: If there is one. A description is of one file: the two formats of a run need
            two names.
    """
    beside = out.with_suffix(".json")
    if not beside.exists():
        if out.exists():
            raise ValueError(f"{out}: is there already, with nothing that says of which run")
        return
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
        same = (facts["run"], facts["config_hash"], facts["data_hash"]) == (
            run.folder.resolve().name, run.result.config_hash, run.result.data_hash
        )  # fmt: skip
        is_own = same and facts["file"] == out.name
        name = f"describes {facts['file']} of {facts['run']}"
    except (ValueError, KeyError, TypeError):
        is_own, name = False, "is there already, and describes no export"
    if not is_own:
        raise ValueError(f"{beside}: {name}; give this export another name")


def describe_scoring(run: StudyRun) -> dict[str, Any]:
    """What `pdla score` needs beside the network: clips, abstention, score sets, figures."""
    config = run.config
    row = choose_row(Study(run.folder.parent, [run], {}))
    return {
        "clips": config["evaluation"]["clips"],
        "data": {
            key: value for key, value in config["data"].items() if key not in ("folder", "cache")
        },
        "sampling": config["sampling"],
        "drawing": config["drawing"],
        "figures": row.figures(),
        "score_sets": row.sets.to_json(),
        "training_ranges": [one.to_json() for one in training_ranges([run])],
        "training_legs": training_to_json(describe_training(run.own_legs(run.fold.train))),
    }


def sample_batch(run: StudyRun) -> ClipBatch:
    """Two clips of someone who moves a little, in the shapes that the run was trained with."""
    sampling = build(run.config["sampling"], "sampling")
    generator = torch.Generator().manual_seed(0)
    keypoints = torch.rand(2, sampling.clip_frames, len(JOINT), 3, generator=generator)
    places = torch.rand(1, 1, len(JOINT), 2, generator=generator) * torch.tensor([200.0, 400.0])
    keypoints[..., :2] = keypoints[..., :2] * 20 + places + torch.tensor([150.0, 250.0])
    keypoints[:, :2, 3] = torch.tensor([torch.nan, torch.nan, 0.0])  # not seen in two frames
    kinematics = torch.rand(2, 2, len(_quantities(run.config)), generator=generator)
    kinematics[:, 1, 4] = torch.nan
    batch: ClipBatch = {
        "keypoints": keypoints,
        "kinematics": kinematics,
        "score": torch.zeros(2, dtype=torch.int64),
        "sample": torch.arange(2),
    }
    if find_class(run.config["data"]["_target_"], "data").styles:
        drawing: Drawing = build(run.config["drawing"], "drawing")
        batch["clips"] = draw_clips(keypoints, drawing, torch.tensor([FRAME_SIZE] * 2))
    return batch


def used_inputs(scorer: LegScorer, batch: ClipBatch) -> tuple[str, ...]:
    """Names of the tensors of a batch that a model asks for."""
    asked: set[str] = set()

    class Watched(dict[str, Tensor]):
        def __getitem__(self, name: str) -> Tensor:
            asked.add(name)
            return super().__getitem__(name)

    watched: Any = Watched({name: _tensor(batch, name) for name in batch})
    with torch.inference_mode():
        scorer(watched)
    return tuple(name for name in INPUTS if name in asked)


def _tensor(batch: ClipBatch, name: str) -> Tensor:
    tensor: Tensor = batch[name]  # type: ignore[literal-required]
    return tensor


def _try(
    write: Callable[[ClipScorer, tuple[Tensor, ...], Path], Tensor],
    module: ClipScorer,
    tensors: tuple[Tensor, ...],
    path: Path,
) -> Tensor:
    """Write, and say in one line what the exporter says in hundreds."""
    try:
        return write(module, tensors, path)
    except (RuntimeError, torch.onnx.OnnxExporterError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        line = first_line(cause)
        raise ValueError(
            f"{module.scorer.name} cannot be written as {path.suffix}: {line}; try another format"
        ) from error


def _write_pt2(module: ClipScorer, tensors: tuple[Tensor, ...], path: Path) -> Tensor:
    """Export with torch.export, read it back and return what it computes."""
    any_batch = tuple({0: torch.export.Dim.AUTO} for _ in tensors)
    with _quiet():
        program = torch.export.export(module, tensors, dynamic_shapes=(any_batch,))
        torch.export.save(program, path)
        found: Tensor = torch.export.load(path).module()(*tensors)
    return found.detach()


def _write_onnx(module: ClipScorer, tensors: tuple[Tensor, ...], path: Path) -> Tensor:
    """Export to ONNX, read it back and return what it computes."""
    try:
        import onnxruntime

        from pdla.commands.onnx_operations import TRANSLATIONS

    except ImportError:
        raise ValueError(
            "ONNX needs further packages: pip install 'pdla[onnx]'; .pt2 needs none"
        ) from None
    any_batch = tuple({0: torch.export.Dim.AUTO} for _ in tensors)
    with _quiet():
        program = torch.onnx.export(
            module, tensors, dynamo=True, dynamic_shapes=(any_batch,), output_names=[OUTPUT],
            input_names=list(module.inputs), custom_translation_table=TRANSLATIONS, verbose=False,
        )  # fmt: skip
    if program is None:
        raise ValueError("ONNX: nothing was exported")
    program.save(str(path), external_data=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    values = {name: tensor.numpy() for name, tensor in zip(module.inputs, tensors, strict=True)}
    return torch.from_numpy(session.run([OUTPUT], values)[0])


@contextmanager
def _quiet() -> Iterator[None]:
    """Exporters talk about themselves in warnings that are of no use to who exports."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


MEANINGS: Final = {
    "keypoints": "frames x joints of BODY_25 x (x px, y px, confidence 0-1); NaN, NaN, 0 unseen",
    "clips": "channels x frames x height x width in 0-1, drawn as `drawing` says",
    "kinematics": "(scored leg, other leg) x quantities of the whole bout; NaN where not measured",
}


def describe_export(
    run: StudyRun, scorer: LegScorer, shapes: dict[str, list[int]]
) -> dict[str, Any]:
    """What a program must know to feed the file, and a person to judge it."""
    config, result = run.config, run.result
    sampling = config["sampling"]
    keys = ("model", "leg", "seed", "weights_source", "config_hash", "data_hash", "versions")
    return {
        "intended_use": RESEARCH_ONLY,
        "run": run.folder.resolve().name,
        **{key: getattr(result, key) for key in keys},
        "split": asdict(result.split),
        "is_leaky": result.is_leaky,
        "is_simulated": result.data.simulated is not None,
        "output": {
            "probabilities": ["batch", scorer.head.n_scores],
            "scores": list(range(scorer.head.n_scores)),
            "unsupported_scores": list(result.unsupported_scores),
            "note": "of one clip; the clips of a leg become one score by "
            f"{config['evaluation']['clips']}",
        },
        "inputs": {
            name: {"shape": ["batch", *shape], "dtype": "float32", "meaning": MEANINGS[name]}
            for name, shape in shapes.items()
        },
        "preprocessing": {
            "representation": scorer.input_kind,
            "seconds": sampling["seconds"],
            "fps": sampling["fps"],
            "clips_from": sampling["within"],
            "canonical_view": "the scored leg stands at the right-leg joints: for a left leg x is "
            "mirrored and left and right joints change places",
            "joints": list(JOINT),
            "kinematics": list(_quantities(config)),
            "sampling": sampling,
            "drawing": config["drawing"] if "clips" in shapes else None,
        },
    }
