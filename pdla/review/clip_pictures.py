"""A batch as pictures: exactly what the network gets, in a form that people can look at."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import lightning
import matplotlib
import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from pdla.data.batches import ClipBatch
from pdla.data.canvas import to_canvas
from pdla.data.drawing_opencv import draw_bytes
from pdla.data.drawing_options import Drawing
from pdla.review.images import (
    Frames,
    add_caption,
    add_picture,
    encode_gif,
    encode_png,
    filmstrip,
    pick_frames,
    resize,
    stack_rows,
)

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


def clip_pictures(batch: ClipBatch) -> Frames:
    """What the network gets as RGB.

    Args:
        batch: As the model is given it, on any device.

    Returns:
        (B, T, H, W, 3). Drawn clips as they are; of heat maps the sum over the maps, in colours
        from black to white; keypoints drawn, a bone as bright as OpenPose was sure of it.
    """
    if "clips" not in batch:
        points = batch["keypoints"].float().cpu()
        sizes = torch.ones(len(points), 2)  # not used by this crop unless nothing was seen
        canvas = to_canvas(points, KEYPOINT_DRAWING, sizes)
        return brighten(draw_bytes(canvas, KEYPOINT_DRAWING))
    clips = batch["clips"].float().cpu()
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
        self._is_shown = False

    def on_train_batch_start(
        self, trainer: lightning.Trainer, module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw the first batch; every other one passes untouched."""
        if self._is_shown or not trainer.is_global_zero:
            return
        self._is_shown = True
        if isinstance(trainer.logger, TensorBoardLogger):
            few = {name: value[:SHOWN_CLIPS] for name, value in batch.items()}
            pictures = clip_pictures(few)  # type: ignore[arg-type]
            writer, step = trainer.logger.experiment, trainer.global_step
            scores = [f"rater: {score}" for score in few["score"].tolist()]
            strip = batch_strip(pictures, scores)
            clip = batch_mosaic(pictures[:, :PLAYED_FRAMES])
            add_picture(writer, "training_batch/filmstrip", encode_png(strip), step)
            add_picture(writer, "training_batch/clips", encode_gif(clip, self.fps), step)


def batch_strip(pictures: Frames, captions: Sequence[str]) -> Frames:
    """A row a clip, under its caption: frames of (B, T, H, W, 3) spread over its time."""
    picked = pick_frames(pictures.shape[1], STRIP_FRAMES)
    return stack_rows(
        [
            add_caption(filmstrip(clip, STRIP_PX, picked), caption)
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
