"""LightningDataModules: a cohort, a split and a sampling become batches of clips on the device."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import lightning
import numpy as np
import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.clips.augment import Augmentation, augment
from pdla.data.clips.dataset import ClipDataset
from pdla.data.clips.randomness import EpochOrder, seed_of, shared_batches
from pdla.data.clips.resident import PlannedClips, ResidentKeypoints, fits_on_device
from pdla.data.clips.sampling import Sampling
from pdla.data.drawing.draw import draw_clips
from pdla.data.drawing.options import Drawing, Style
from pdla.data.recordings import N_SCORES, Cohort, LegSample
from pdla.data.skeletons import Leg
from pdla.data.splits.files import Split
from pdla.data.splits.folds import Splitter
from pdla.data.splits.rules import check_patients_apart, restrict
from pdla.data.stages import Stage

NO_KEYPOINTS: Final = (
    "augment changes keypoints, and data=video_files has none: say augment=none "
    "(data.rotate_degrees rotates clips)"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shares:
    """Who is used for what.

    Attributes:
        samples: All legs of a data module.
        split: Which stage each is for, as indices into `samples`.
        is_leaky: Whether a patient may be on two sides.
    """

    samples: list[LegSample]
    split: Split
    is_leaky: bool


class KeypointClips(lightning.LightningDataModule):
    """Clips as keypoints, (B, T, 25, 3) in the canonical view.

    Args:
        cohort: What the intake read.
        splitter: The option of group `split`.
        legs: Legs to train and test on.
        sampling: Where clips are taken.
        augmentations: Changes to training clips, on the device.
        batch_size: Clips in a batch; `all` makes one batch of an epoch.
        workers: Processes that gather clips, beside the main one.
        seed: Seed of augmentation and shuffling.
        balance: Which clips fill an epoch: `none`, each once; `score` or `patient`, as many of each
            score or of each patient, drawn at random.

    Raises:
        ValueError: If an option has no such value, a stage has no sample, or a patient would be on
            two sides of the split.
    """

    input_kind: ClassVar[InputKind] = "keypoint_clips"
    styles: ClassVar[tuple[Style, ...]] = ()  # of drawing; empty: this module draws nothing
    uses_keypoints: ClassVar[bool] = True  # else augmentations have nothing to change

    def __init__(
        self,
        cohort: Cohort,
        splitter: Splitter,
        legs: Sequence[Leg],
        sampling: Sampling,
        augmentations: Sequence[Augmentation],
        seed: int,
        batch_size: int | Literal["all"],
        workers: int,
        balance: str = "none",
    ) -> None:
        super().__init__()
        check_batch_size(batch_size)
        check_workers(workers)
        if balance not in BALANCES:
            raise ValueError(f"data.balance={balance!r}: choose {', '.join(BALANCES)}")
        self.balance = balance
        shares = self.share_out(cohort, splitter, legs)
        self.samples, self.split, self.is_leaky = shares.samples, shares.split, shares.is_leaky
        self.sampling = sampling
        self.augmentations = tuple(augmentations)
        self.seed = seed
        self.batch_size = batch_size
        self.workers = workers
        self.splitter = splitter
        self.split_fold = splitter.fold
        self._resident: ResidentKeypoints | None = None
        self._soft_labels = soft_labels(self.samples)

    def share_out(self, cohort: Cohort, splitter: Splitter, legs: Sequence[Leg]) -> Shares:
        """The samples of this module, and which stage each is for."""
        samples, split = split_cohort(cohort, splitter, legs)
        return Shares(samples, split, splitter.is_leaky)

    def score_counts(self, stage: Stage) -> list[int]:
        """Number of legs with score 0, 1, 2, 3, 4 in a stage."""
        scores = [self.samples[index].score or 0 for index in getattr(self.split, stage)]
        return [int(count) for count in np.bincount(scores, minlength=N_SCORES)]

    def n_patients(self, stage: Stage) -> int:
        """Number of patients in a stage."""
        return len({self.samples[index].patient for index in getattr(self.split, stage)})

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        """Shuffled training clips."""
        return self._loader("train")

    def val_dataloader(self) -> DataLoader[ClipBatch]:
        """Clips that cover the validation legs."""
        return self._loader("val")

    def test_dataloader(self) -> DataLoader[ClipBatch]:
        """Clips that cover the test legs."""
        return self._loader("test")

    def _loader(self, stage: Stage) -> DataLoader[ClipBatch]:
        is_train = stage == "train"
        indices = getattr(self.split, stage)
        is_shuffled = is_train and not getattr(self.trainer, "overfit_batches", 0)
        dataset = self._clips(indices, "train" if is_train else "eval")
        batch_size = len(dataset) if self.batch_size == "all" else self.batch_size
        how: dict[str, Any] = {"batch_size": batch_size}
        if is_shuffled:
            how["sampler"] = self._order(dataset)
        elif self.process[1] > 1:
            how = {"batch_sampler": shared_batches(len(dataset), batch_size, self.process)}
        return DataLoader(
            dataset,
            collate_fn=as_batch if isinstance(dataset, PlannedClips) else None,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            **how,
        )

    def _clips(self, indices: Sequence[int], stage: Literal["train", "eval"]) -> ClipDataset:
        """Clips to be gathered on the device, if all keypoints find room there."""
        if self.workers or not fits_on_device(self.samples):
            return ClipDataset(self.samples, indices, self.sampling, stage, self.seed)
        if self._resident is None:
            self._resident = ResidentKeypoints(self.samples)
        options = (self.samples, indices, self.sampling, stage, self.seed)
        return PlannedClips(self._resident, *options)

    def _order(self, dataset: ClipDataset) -> EpochOrder:
        weights = None
        if self.balance != "none":
            clips = [slot.sample for slot in dataset.slots]
            weights = clip_weights(self.samples, clips, self.balance)
        return EpochOrder(len(dataset), self.seed, weights, self.next_epoch, self.process)

    @property
    def process(self) -> tuple[int, int]:
        """Which process of a distributed run this is, and how many there are."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    @property
    def next_epoch(self) -> int:
        """Epoch that a training loader gives first: not 0 where a run goes on."""
        progress: Any = self.trainer and self.trainer.fit_loop.epoch_progress.current
        return int(progress.processed) if progress else 0

    def on_after_batch_transfer(self, batch: ClipBatch, dataloader_idx: int) -> ClipBatch:
        """Augment training clips and turn keypoints into what the model takes, on the device."""
        batch = self.gather(batch)
        if self.trainer is not None and self.trainer.training:
            batch = self.augment(batch, self._augmentation_seed(self.trainer))
        return self.soften(self.represent(batch))

    def soften(self, batch: ClipBatch) -> ClipBatch:
        """Give the shares of the raters along, where scores are not whole for every leg."""
        if self._soft_labels is None:
            return batch
        if self._soft_labels.device != batch["sample"].device:
            self._soft_labels = self._soft_labels.to(batch["sample"].device)
        return {**batch, "shares": self._soft_labels[batch["sample"]]}

    def augment(self, batch: ClipBatch, seed: int) -> ClipBatch:
        """Change the clips of a batch; the same seed gives the same changes."""
        generator = Generator(batch["keypoints"].device).manual_seed(seed)
        augmented = augment(batch["keypoints"], self.augmentations, generator)
        return {**batch, "keypoints": augmented}

    def gather(self, batch: ClipBatch) -> ClipBatch:
        """Read the keypoints of a batch that only says which they are."""
        if self._resident is None or "rows" not in batch:
            return batch
        keypoints = self._resident.gather(batch["rows"], batch["weight"])
        return {"keypoints": keypoints, "score": batch["score"], "sample": batch["sample"]}

    def represent(self, batch: ClipBatch) -> ClipBatch:
        """Keypoints are given as they are."""
        return self.gather(batch)

    def _augmentation_seed(self, trainer: lightning.Trainer) -> int:
        """Of the batch that is about to be trained on."""
        place = trainer.fit_loop.epoch_loop.batch_idx + 1
        return seed_of(self.seed, "augment", trainer.current_epoch, place, trainer.global_rank)


class DrawnClips(KeypointClips):
    """Clips as pictures, (B, 3, T, H, W) in 0-1, drawn on the device after augmentation.

    Args:
        drawing: Size and style of the pictures.
        options: As for KeypointClips.

    Raises:
        ValueError: If the style is not one of this module.
    """

    input_kind: ClassVar[InputKind] = "drawn_clips"
    styles: ClassVar[tuple[Style, ...]] = ("scored_leg", "colour_2023")

    def __init__(self, *, drawing: Drawing, **options: Any) -> None:
        check_style(drawing, self.styles)
        super().__init__(**options)
        self.drawing = drawing
        self._sizes: dict[torch.device, Tensor] = {}

    def represent(self, batch: ClipBatch) -> ClipBatch:
        """Draw the clips."""
        batch = self.gather(batch)
        sizes = self._sizes_on(batch["sample"].device)[batch["sample"]]
        return {**batch, "clips": draw_clips(batch["keypoints"], self.drawing, sizes)}

    def _sizes_on(self, device: torch.device) -> Tensor:
        """Frame sizes (n samples, 2) of H, W, copied to a device once: a batch never waits."""
        if device not in self._sizes:
            sizes = [sample.recording.frame_size for sample in self.samples]
            self._sizes[device] = torch.tensor(sizes, device=device)
        return self._sizes[device]


class HeatmapClips(DrawnClips):
    """Clips as heat maps of joints and limbs, (B, C, T, H, W) in 0-1, drawn as pictures are.

    Args:
        drawing: Size of the maps; its style is `heatmaps`.
        options: As for KeypointClips.
    """

    input_kind: ClassVar[InputKind] = "heatmap_clips"
    styles: ClassVar[tuple[Style, ...]] = ("heatmaps",)


def check_style(drawing: Drawing, styles: Sequence[Style]) -> None:
    """Stop at a drawing that a data module cannot give.

    Raises:
        ValueError: One line with the style and those that can be given.
    """
    if drawing.style not in styles:
        raise ValueError(
            f"drawing.style={drawing.style}: this data needs {' or '.join(styles)}; "
            "leave drawing out of the command, or choose another data"
        )


def check_batch_size(batch_size: object) -> None:
    """Refuse anything but a positive whole number or `all`."""
    is_count = isinstance(batch_size, int) and not isinstance(batch_size, bool) and batch_size > 0
    if not is_count and batch_size != "all":
        raise ValueError(f"data.batch_size={batch_size!r}: give a number of clips, or all")


def check_workers(workers: object) -> None:
    """Refuse anything but a number of processes that a machine can hold."""
    is_count = isinstance(workers, int) and not isinstance(workers, bool)
    if not (is_count and workers in range(MAX_WORKERS + 1)):
        raise ValueError(f"data.workers={workers!r}: give 0 to {MAX_WORKERS} processes")


def split_cohort(
    cohort: Cohort, splitter: Splitter, legs: Sequence[Leg]
) -> tuple[list[LegSample], Split]:
    """Split all rated legs by patient, then keep the wanted legs.

    Returns:
        The kept samples, and a split of indices into them.

    Raises:
        ValueError: If a stage has no sample, or patients overlap under a splitter that is not
        leaky.
    """
    rated = cohort.rated_legs
    try:
        split = splitter.split(rated)
    except ValueError as error:
        raise ValueError(f"{error}{_merged_note(cohort)}") from None
    if splitter.is_leaky:
        log.warning("LEAKY split: patients of the test set may stand in training; not a result")
    else:
        check_patients_apart(split, rated)
    kept = restrict(split, np.array([sample.leg in legs for sample in rated]))
    for stage in splitter.stages:
        if not getattr(kept, stage):
            raise ValueError(
                f"no rated leg {'/'.join(legs)} for {stage} in fold {splitter.fold}: "
                "choose another fold or fewer folds"
            )
    return [sample for sample in rated if sample.leg in legs], kept


def _merged_note(cohort: Cohort) -> str:
    """What to know of the number of patients where copies of recordings lowered it."""
    if not cohort.n_merged:
        return ""
    text = f"{cohort.n_merged} more" if cohort.n_merged > 1 else "one more"
    return (
        f". {text} would be counted if their recordings were not nearly those of others: "
        "`pdla check` lists them, recordings.patients.copies=keep leaves them apart"
    )


def soft_labels(samples: Sequence[LegSample]) -> Tensor | None:
    """(n samples, 5) of `LegSample.soft_label`; None where every score is whole."""
    if not any(sample.shares or sample.rating is not None for sample in samples):
        return None
    return torch.tensor([sample.soft_label for sample in samples])


def as_batch(batch: Any) -> Any:
    """A batch that the data set has made already."""
    return batch


BALANCES: Final = ("none", "score", "patient")
MAX_WORKERS: Final = 256  # more processes than any machine feeds a network with


def clip_weights(samples: Sequence[LegSample], clips: Sequence[int], by: str) -> list[float]:
    """How likely each clip is drawn.

    Args:
        samples: All legs.
        clips: For each clip the index of its leg.
        by: `score` gives every score the same share of an epoch, `patient` every patient, whatever
            number of visits he made; `none` every clip.

    Returns:
        A weight for each clip; they sum to 1.

    Raises:
        ValueError: If `by` is unknown.
    """
    if by not in BALANCES:
        raise ValueError(f"data.balance={by!r}: choose {', '.join(BALANCES)}")
    if by == "none":
        return [1 / len(clips)] * len(clips)
    groups = [getattr(samples[index], by) for index in clips]
    counts = Counter(groups)
    return [1 / (counts[group] * len(counts)) for group in groups]
