"""LegScorer: the LightningModule that trains, validates and tests every network in the same way."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypedDict

import lightning
import torch
from lightning.pytorch.plugins.precision import Precision
from lightning.pytorch.utilities import GradClipAlgorithmType
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from pdla.data.batches import ClipBatch, InputKind
from pdla.models.heads import Head
from pdla.models.shipped import SIMULATED, shipped_weights
from pdla.models.weights import NAMED, PUBLISHED, load_file
from pdla.targets import EPOCHS, TARGET, build, find_class

# S3D ends in a convolution of one pixel.
LAST_LAYERS: Final = (nn.Linear, nn.Conv3d)


class ClipScores(TypedDict):
    """What a step gives for each clip of a batch.

    Keys:
        loss: () mean loss.
        probabilities: (B, 5) of the scores 0-4.
        sample: (B,) which leg the clip shows.
    """

    loss: Tensor
    probabilities: Tensor
    sample: Tensor


class LegScorer(lightning.LightningModule):
    """Base of all models: head, loss, steps and optimizer; a subclass builds the network.

    All arguments are plain values, so that a checkpoint opens with `load_from_checkpoint(path)` and
    with `torch.load(path, weights_only=True)`.

    Args:
        name: Name of the model's config, for records and run folders.
        loss: Config of the head, one of group `loss`.
        optim: Config of optimizer and schedule, one of group `optim`.
        n_scores: Scores on the scale; 5 for MDS-UPDRS 0-4.
        weights: `auto`, `required`, `none`, `simulated` or a path (see pdla.models.weights).
        options: What the subclass needs for its network.
    """

    input_kind: ClassVar[InputKind]

    def __init__(
        self,
        name: str,
        loss: dict[str, Any],
        optim: dict[str, Any],
        n_scores: int = 5,
        weights: str = "auto",
        **options: Any,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.name = name
        self.optim = optim
        self.head: Head = build(loss, "loss", n_scores=n_scores)
        self.weights_source = "none"
        self._frozen: list[nn.Module] = []
        published = weights if weights in PUBLISHED else "none"
        self.network = self.build_network(self.head.n_outputs, published, **options)
        self._start_from(weights)

    @abstractmethod
    def build_network(self, *args: Any, **options: Any) -> nn.Module:
        """Make the network.

        A subclass takes `n_outputs` and `weights`, then its own options by name. One with published
        weights fills them in as `weights` says (`auto`, `required`, `none`) and sets
        `self.weights_source`; files of the user's own are filled in afterwards, for every network.
        """

    def _start_from(self, weights: str) -> None:
        if weights == SIMULATED:
            self.weights_source = f"simulated: {load_file(self, shipped_weights(self.name))}"
        elif weights not in NAMED:
            self.weights_source = load_file(self, Path(weights))
        elif weights == "required" and self.weights_source == "none":
            raise ValueError(
                f"model.weights=required: nobody publishes weights for {self.name}; choose none, "
                "or the path of a run's best.ckpt"
            )
        # The checkpoint holds the weights: opening it needs neither the internet nor this file.
        self.hparams["weights"] = "none"

    @classmethod
    def check_clips(cls, model: dict[str, Any], n_frames: int, size: tuple[int, int]) -> None:
        """Stop before any work at clips that the network cannot take; most take all.

        Args:
            model: The config of the model.
            n_frames: Frames in a clip.
            size: (H, W) of the drawing in px.

        Raises:
            ValueError: One line with what is needed, what was given and the way out.
        """

    def freeze_stages(self, stages: Sequence[nn.Module], n_stages: int | str) -> None:
        """Keep weights and statistics of the first stages of a network as they are.

        Args:
            stages: All parts before the last layer, from the input on.
            n_stages: How many of them; `all` leaves only the last layer to learn.

        Raises:
            ValueError: If there are fewer stages.
        """
        wanted = len(stages) if n_stages == "all" else n_stages
        if not isinstance(wanted, int) or not 0 <= wanted <= len(stages):
            raise ValueError(f"model.freeze={n_stages}: choose 0 to {len(stages)} stages, or all")
        self._frozen = list(stages[:wanted])
        for stage in self._frozen:
            stage.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        """Switch to training, but never the frozen stages: their statistics would move."""
        super().train(mode)
        for stage in self._frozen:
            stage.eval()
        return self

    @abstractmethod
    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for the head."""

    def last_layer(self) -> nn.Module:
        """The layer that makes the outputs; what it is given are the features of a clip."""
        layers = [layer for layer in self.network.modules() if isinstance(layer, LAST_LAYERS)]
        return layers[-1]

    @contextmanager
    def keep_features(self) -> Iterator[list[Tensor]]:
        """Collect the features of every batch that goes through the network in this block.

        Yields:
            A list that grows by (B, F) a batch, on the device of the batch, without gradients; F is
            the network's own (512 for R3D-18, the standardised quantities for `kinematic`).
        """
        kept: list[Tensor] = []

        def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            kept.append(inputs[0].detach().flatten(1))

        handle = self.last_layer().register_forward_pre_hook(keep)
        try:
            yield kept
        finally:
            handle.remove()

    def set_training_counts(self, counts: list[int]) -> None:
        """Tell the head how many training legs have each score; unseen scores get probability 0."""
        self.head.set_counts(counts)

    def training_step(self, batch: ClipBatch, batch_idx: int) -> ClipScores:
        """One training batch."""
        return self._step(batch, "train")

    def validation_step(self, batch: ClipBatch, batch_idx: int) -> ClipScores:
        """One validation batch; scores a video are made of these by pdla.evaluation."""
        return self._step(batch, "val")

    def test_step(self, batch: ClipBatch, batch_idx: int) -> ClipScores:
        """One test batch."""
        return self._step(batch, "test")

    def _step(self, batch: ClipBatch, stage: str) -> ClipScores:
        outputs, score = self(batch), batch["score"]
        if stage != "train":
            # A score that no training leg has cannot be learnt: its loss is a constant of the head
            # (87 for cross entropy) and would drown the curve. The metrics count such legs.
            is_learnt = self.head.counts[score] > 0
            outputs_learnt, score = outputs[is_learnt], score[is_learnt]
        else:
            is_learnt, outputs_learnt = None, outputs
        if (shares := batch.get("shares")) is not None:
            shares = self.head.seen_shares(
                score, shares if is_learnt is None else shares[is_learnt]
            )
        loss = self.head.loss(outputs_learnt, score, shares)
        if len(score):
            self.log(
                f"{stage}/loss", loss, on_step=False, on_epoch=True, batch_size=len(score),
                prog_bar=True,
            )  # fmt: skip
        with torch.no_grad():  # thresholds of the head are learnt too
            probabilities = self.head.probabilities(outputs)
        return {"loss": loss, "probabilities": probabilities, "sample": batch["sample"]}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as full precision does: mixed precision refuses every fused optimizer."""
        algorithm = GradClipAlgorithmType(gradient_clip_algorithm or "norm")
        plugin = self.trainer.precision_plugin
        Precision.clip_gradients(plugin, optimizer, gradient_clip_val or 0.0, algorithm)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule from the config; the schedule counts epochs, never batches."""
        trainable = [value for value in self.parameters() if value.requires_grad]
        how = self.optim["optimizer"]
        if "fused" in signature(find_class(how[TARGET], "optimizer")).parameters:
            # One pass over the weights: a fifth of the time on a CPU. Scaled gradients must be
            # clipped before it, which a fused optimizer cannot wait for.
            is_scaled = getattr(self.trainer.precision_plugin, "scaler", None) is not None
            how = {"fused": not is_scaled, **how}
        optimizer = build(how, "optimizer", params=trainable)
        if (schedule := self.optim.get("schedule")) is None:
            return {"optimizer": optimizer}
        scheduler = build(
            _with_epochs(schedule, self.trainer.max_epochs), "schedule", optimizer=optimizer
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "epoch"},
        }


def _with_epochs(schedule: Mapping[str, Any], max_epochs: int | None) -> dict[str, Any]:
    """Put the number of epochs where a schedule asks for it with the word `max_epochs`."""
    return {key: max_epochs if value == EPOCHS else value for key, value in schedule.items()}
