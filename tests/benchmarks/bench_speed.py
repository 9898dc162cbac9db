"""`make bench`: how fast the steps of the chain are on this machine, each beside its yardstick."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pytorchvideo.data.encoded_video import EncodedVideo
from rich.console import Console
from rich.table import Table
from torchvision.transforms import v2

from pdla.data.batches import ClipBatch
from pdla.data.drawing.draw import Drawing, draw_clips, to_canvas
from pdla.data.drawing.opencv import draw_with_opencv
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.video.clips import QuickVideo
from pdla.data.video.pictures import draw_recording, write_mp4
from pdla.targets import build
from pdla.training.config import build_model
from tests.fixtures.configs import compose_config
from tests.fixtures.people import FPS, FRAME_SIZE, make_recording


def compare(
    work: Callable[[], object], yardstick: Callable[[], object], repeats: int = 5
) -> tuple[float, float]:
    """Median seconds of two pieces of work, done in turn so that both see the same machine."""
    times: list[list[float]] = [[], []]
    for round_ in range(repeats + 1):
        for which, piece in enumerate((work, yardstick)):
            start = time.perf_counter()
            piece()
            if round_ > 0:  # the first round warms up
                times[which].append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def bench_drawing(table: Table) -> None:
    """A 5 s clip of 150 frames, drawn at 192 x 108, against other ways to the same tensor.

    The yardstick is the 2023 way: a video of 960 x 540, decoded by pytorchvideo and resized. Below
    it, what is left of the difference if the video already has the size of the clip.
    """
    drawing = Drawing(height=192, width=108, style="colour_2023", crop="frame")
    recording = make_recording()
    keypoints = torch.from_numpy(recording.keypoints[30:180].copy())[None]
    sizes = torch.tensor([FRAME_SIZE])

    def draw(backend=draw_with_opencv):
        return backend(to_canvas(keypoints, drawing, sizes), drawing)

    def decode(path, video=EncodedVideo.from_path, as_path=str):
        clip = video(as_path(path)).get_clip(Fraction(1), Fraction(6))["video"].div(255)
        return v2.functional.resize(clip, [192, 108], antialias=True)

    with TemporaryDirectory() as folder:
        large, small = f"{folder}/large.mp4", f"{folder}/small.mp4"
        large_drawing = replace(drawing, height=960, width=540, line_px=5)
        for path, size in ((large, large_drawing), (small, drawing)):
            write_mp4(Path(path), draw_recording(recording, size), recording.n_frames, FPS)
        yardsticks = {
            "decoding a 960 x 540 video as in 2023": lambda: decode(large),
            "decoding a 192 x 108 video with pytorchvideo": lambda: decode(small),
            "decoding a 192 x 108 video with data=video_files": lambda: decode(
                small, QuickVideo, Path
            ),
            "drawing with plain torch": lambda: draw(draw_with_torch),
        }
        for name, yardstick in yardsticks.items():
            drawn, other = compare(draw, yardstick)
            speed = f"{drawn:.3f} s, {other:.3f} s"
            table.add_row(f"draw a 5 s clip, {name}", speed, f"{other / drawn:.1f} x quicker")


def bench_training(table: Table) -> None:
    """Training steps of each model at the CPU setting, against its network on ready pictures."""
    for name in ("r3d", "resnet_lstm", "posec3d"):
        config = compose_config(f"model={name}", "model.weights=none")
        sampling, drawing = (
            build(config["sampling"], "sampling"),
            build(config["drawing"], "drawing"),
        )
        n_clips = config["data"]["batch_size"]
        model = build_model(config)
        optimizer = torch.optim.AdamW(model.parameters())
        keypoints = torch.from_numpy(make_recording().keypoints[: sampling.clip_frames].copy())
        keypoints = keypoints.expand(n_clips, -1, -1, -1)
        sizes = torch.tensor([FRAME_SIZE] * n_clips)

        def draw(keypoints=keypoints, drawing=drawing, sizes=sizes):
            return draw_clips(keypoints, drawing, sizes)

        def step(clips, model=model, optimizer=optimizer, n_clips=n_clips):
            batch: ClipBatch = {"clips": clips, "score": torch.zeros(n_clips, dtype=torch.int64)}
            loss = model.head.loss(model(batch), batch["score"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        ready = draw()
        whole, bare = compare(
            lambda step=step, draw=draw: step(draw()), lambda step=step, ready=ready: step(ready)
        )
        speed = f"{n_clips / whole:.2f} clips/s"
        table.add_row(f"train {name}, drawn", speed, f"{bare / whole:.0%} of ready pictures")

        def step_in_bf16(step=step, ready=ready):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                step(ready)

        bf16, fp32 = compare(step_in_bf16, lambda step=step, ready=ready: step(ready), repeats=2)
        speed = f"{n_clips / bf16:.2f} clips/s"
        table.add_row(f"train {name}, ready, bf16", speed, f"{fp32 / bf16:.1f} x quicker than fp32")


def main() -> None:
    """Print a table."""
    title = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    table = Table("what", "here", "side by side", title=title)
    bench_drawing(table)
    bench_training(table)
    Console().print(table)


if __name__ == "__main__":
    main()
