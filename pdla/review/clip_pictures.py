"""A batch as pictures: exactly what the network gets, in a form that people can look at."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import lightning
import matplotlib
import numpy as np
import torch
from torch import Tensor

from pdla.data.batches import ClipBatch
from pdla.data.drawing.canvas import to_canvas
from pdla.data.drawing.opencv import draw_bytes
from pdla.data.drawing.options import Drawing
from pdla.review.images import (
    Frames,
    add_caption,
    encode_gif,
    encode_png,
    filmstrip,
    pick_frames,
    resize,
    stack_rows,
)
from pdla.review.logger import RunLogger

# Networks on keypoints get no picture: their joints are drawn, all of them, as they are given.
KEYPOINT_DRAWING: Final = Drawing(
    height=84, width=63, style="scored_leg", crop="body", line_px=1, brightness="confidence"
)
SHADES: Final = ((1.0, 0.25, 0.2), (0.25, 0.9, 0.3), (0.4, 0.6, 1.0))  # of the three channels
# Square roots: what OpenPose is half sure of is still seen.
_LIGHTER: Final = np.sqrt(np.arange(256) * 255.0).astype(np.uint8)
SHOWN_CLIPS: Final = 6
PLAYED_FRAMES: Final = 45  # three seconds at 15 frames a second
STRIP_FRAMES: Final = 10
STRIP_PX: Final = 84


def clip_pictures(batch: ClipBatch, picked: Sequence[int] | None = None) -> Frames:
    """What the network gets as RGB.

    Args:
        batch: As the model is given it, on any device.
        picked: Frames that are drawn; None for all.

    Returns:
        (B, T, H, W, 3). Drawn clips as they are; of heat maps the sum over the maps, in colours
        from black to white; keypoints drawn, a bone as bright as OpenPose was sure of it.
    """
    shown = slice(None) if picked is None else list(picked)
    if "clips" not in batch:
        points = batch["keypoints"].float().cpu()
        sizes = torch.ones(len(points), 2)  # not used by this crop unless nothing was seen
        canvas = to_canvas(points, KEYPOINT_DRAWING, sizes)[:, shown]
        return brighten(draw_bytes(canvas, KEYPOINT_DRAWING))
    clips = batch["clips"][:, :, shown].float().cpu()
    if clips.shape[1] == 3:
        return _as_bytes(clips)
    total = clips.sum(dim=1).clamp(0, 1).numpy()
    colours = matplotlib.colormaps["inferno"](total)[..., :3]
    return np.asarray((colours * 255).round(), dtype=np.uint8)


def brighten(drawn: Tensor) -> Frames:
    """Colours that can be told apart on black: scored leg red, other leg green, body light blue.

    Args:
        drawn: (B, 3, T, H, W) bytes of style `scored_leg`.

    Returns:
        (B, T, H, W, 3).
    """
    pictures = drawn.permute(0, 2, 3, 4, 1).contiguous().numpy()
    lit = cv2.LUT(pictures.reshape(1, -1, 3), _LIGHTER)
    mixed = cv2.transform(lit, np.array(SHADES, dtype=np.float32).T)
    return np.asarray(mixed, dtype=np.uint8).reshape(pictures.shape)


def _as_bytes(clips: Tensor) -> Frames:
    """(B, T, H, W, 3) of (B, 3, T, H, W) in 0-1."""
    scaled = (clips.clamp(0, 1) * 255).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 4, 1).contiguous().numpy()


class TrainingBatchPictures(lightning.Callback):
    """Shows the first training batch of a run once, after augmentation: a filmstrip and a clip.

    Args:
        fps: Frames a second of the clips.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self.batch: ClipBatch | None = None
        self._step = 0

    def on_train_batch_start(
        self, trainer: lightning.Trainer, module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw a few frames of the first batch, and keep it; every other one passes untouched."""
        if self.batch is not None or not isinstance(trainer.logger, RunLogger):
            return
        few: Any = {name: value[:SHOWN_CLIPS].cpu() for name, value in batch.items()}
        self.batch, self._step = few, trainer.global_step
        if trainer.is_global_zero:
            n_frames = few.get("clips", few.get("keypoints")).shape[2 if "clips" in few else 1]
            pictures = clip_pictures(few, pick_frames(n_frames, STRIP_FRAMES))
            scores = [f"rater: {score}" for score in few["score"].tolist()]
            strip = encode_png(batch_strip(pictures, scores))
            trainer.logger.add_picture("training_batch/filmstrip", strip, self._step)

    def log_clip(self, logger: RunLogger) -> None:
        """Log the first batch as a clip that plays; called once the training is over."""
        if self.batch is not None:
            clip = batch_mosaic(clip_pictures(self.batch)[:, :PLAYED_FRAMES])
            logger.add_picture("training_batch/clips", encode_gif(clip, self.fps), self._step)


def batch_strip(pictures: Frames, captions: Sequence[str]) -> Frames:
    """A row a clip, under its caption: all frames of (B, T, H, W, 3)."""
    return stack_rows(
        [
            add_caption(filmstrip(clip, STRIP_PX, range(len(clip))), caption)
            for clip, caption in zip(pictures, captions, strict=True)
        ]
    )


def batch_mosaic(pictures: Frames) -> Frames:
    """All clips of (B, T, H, W, 3) side by side, moving: (T, H', W', 3)."""
    return np.stack(
        [
            np.concatenate([resize(frame, STRIP_PX) for frame in frames], axis=1)
            for frames in pictures.swapaxes(0, 1)
        ]
    )
