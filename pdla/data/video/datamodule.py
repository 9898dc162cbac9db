"""The file way: clips decoded from videos instead of drawn from keypoints; the slow option."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.clips.augment import Augmentation
from pdla.data.clips.datamodules import (
    NO_KEYPOINTS,
    DrawnClips,
    KeypointClips,
    Shares,
    check_style,
)
from pdla.data.clips.sampling import Sampling
from pdla.data.drawing.options import Drawing, Style
from pdla.data.recordings import Cohort
from pdla.data.skeletons import Leg
from pdla.data.splits.folds import Splitter
from pdla.data.stages import Stage
from pdla.data.video.class_folders import read_class_folders
from pdla.data.video.clips import FileClips
from pdla.data.video.writing import VideoFile, cached_files, fill_cache


class VideoFileClips(KeypointClips):
    """Clips as pictures, (B, 3, T, H, W) in 0-1, decoded from video files.

    With `folder`, videos, scores and stages are those of class folders, and clips are taken
    anywhere in a video. Without it, the videos of the cohort are drawn into `cache` first, and
    clips are the ones that DrawnClips would take; only the crops `legs` and `body` differ, as they
    are fitted to the whole recording instead of the clip.

    Args:
        drawing: Size of the clips; without `folder` also how videos are drawn.
        cache: Folder for drawn videos; not used if `folder` is given.
        folder: Class folders <stage>/<leg>/<score>/<video>.mp4; leg L must be mirrored there.
        rotate_degrees: Training clips are rotated by up to this angle.
        sampling: Where clips are taken; anywhere in the videos of `folder`, whatever it says.
        augmentations: None: they change keypoints.
        options: As for KeypointClips, but without `balance`.

    Raises:
        ValueError: If an option cannot be used with video files, or the folder cannot be read.
    """

    input_kind: ClassVar[InputKind] = "drawn_clips"
    styles: ClassVar[tuple[Style, ...]] = DrawnClips.styles
    uses_keypoints: ClassVar[bool] = False

    def __init__(
        self,
        *,
        drawing: Drawing,
        legs: Sequence[Leg],
        sampling: Sampling,
        augmentations: Sequence[Augmentation] = (),
        cache: str = "data/drawn_videos",
        folder: str | None = None,
        rotate_degrees: float = 0.0,
        **options: Any,
    ) -> None:
        check_style(drawing, self.styles)
        if augmentations:
            raise ValueError(NO_KEYPOINTS)
        if options.get("balance", "none") != "none":
            raise ValueError("data.balance: clips of video files cannot be balanced; leave it out")
        self.drawing = drawing
        self.cache = Path(cache)
        self.rotate_degrees = rotate_degrees
        self.class_folders = None if folder is None else read_class_folders(Path(folder), legs)
        if self.class_folders is not None:
            sampling = replace(sampling, within="recording")
        super().__init__(legs=legs, sampling=sampling, augmentations=(), **options)

    def share_out(self, cohort: Cohort, splitter: Splitter, legs: Sequence[Leg]) -> Shares:
        """As the class folders say, else as the splitter does."""
        if (found := self.class_folders) is None:
            return super().share_out(cohort, splitter, legs)
        return Shares(found.samples, found.split, found.is_leaky)

    @property
    def files(self) -> list[VideoFile]:
        """The video of each sample."""
        if self.class_folders is not None:
            return self.class_folders.files
        return cached_files(self.cache, self.samples, self.drawing)

    def prepare_data(self) -> None:
        """Draw the videos that are not in the cache yet; Lightning lets one process do it."""
        if self.class_folders is None:
            fill_cache(self.cache, self.samples, self.drawing)

    def _loader(self, stage: Stage) -> DataLoader[ClipBatch]:
        trainer = self.trainer
        clips = FileClips(
            self.files,
            self.samples,
            getattr(self.split, stage),
            self.sampling,
            "train" if stage == "train" else "eval",
            batch_size=self.batch_size,
            size=(self.drawing.height, self.drawing.width),
            rotate_degrees=self.rotate_degrees,
            seed=self.seed,
            workers=self.workers,
            rank=trainer.global_rank if trainer else 0,
            world=trainer.world_size if trainer else 1,
            first_epoch=self.next_epoch,
        )
        return DataLoader(
            clips,
            batch_size=None,  # a worker's clips are counted, so it also makes its batches
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )

    def on_after_batch_transfer(self, batch: ClipBatch, dataloader_idx: int) -> ClipBatch:
        """Bytes become values in 0-1, on the device."""
        scaled = v2.functional.to_dtype(batch["clips"], torch.float32, scale=True)
        return self.soften({**batch, "clips": scaled})
