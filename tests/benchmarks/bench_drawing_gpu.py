"""Drawing on a CUDA GPU with Triton, beside plain torch.

Run it by `python -m tests.benchmarks.bench_drawing_gpu`.

Needs torch, triton and numpy, nothing else. The yardstick of the speed is a clip of 5 s, 30 frames
a second, 192 x 108, 24 bones in 3 channels: 37 MB in float32.
"""

import statistics
import sys
from collections.abc import Callable
from itertools import cycle

import torch
from torch import Tensor

from pdla.data.drawing.draw import Drawing, draw_clips, to_canvas
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.drawing.triton import TILE, draw_with_triton, why_no_triton
from pdla.data.skeletons import JOINTS, LEG_JOINTS

DEVICE = torch.device("cuda")
FRAMES, FRAME_SIZE = 150, (960, 540)
TILES = ((8, 32), (16, 16), (16, 32), (8, 64), (16, 64), (32, 32), (8, 128), (16, 128), (32, 64))
YARDSTICK = Drawing(height=192, width=108, style="colour_2023", crop="frame")
# x px, y px of the joints of a person who sits before the camera, in the order of JOINTS.
SEATED = (
    (270, 200), (270, 290), (210, 290), (190, 390), (210, 480), (330, 290), (350, 390), (330, 480),
    (270, 540), (235, 540), (215, 570), (215, 760), (305, 540), (325, 570), (325, 760), (260, 185),
    (280, 185), (245, 195), (295, 195), (335, 800), (345, 795), (325, 775), (205, 800), (195, 795),
    (215, 775),
)  # fmt: skip


def make_keypoints(clips: int, seed: int) -> Tensor:
    """(B, T, 25, 3) of people who raise the right leg; a twentieth of the joints is unseen."""
    generator = torch.Generator().manual_seed(seed)
    keypoints = torch.ones(clips, FRAMES, len(JOINTS), 3)
    keypoints[..., :2] = torch.tensor(SEATED, dtype=torch.float32)
    keypoints[..., :2] += 3 * torch.randn(clips, FRAMES, len(JOINTS), 2, generator=generator)
    time = torch.arange(FRAMES) / 30 + 3 * torch.rand(clips, 1, generator=generator)
    for joint in LEG_JOINTS["R"][1:]:
        keypoints[:, :, joint, 1] -= 60 * torch.sin(2 * torch.pi * time) ** 2
    keypoints[..., 2] = torch.rand(clips, FRAMES, len(JOINTS), generator=generator)
    is_unseen = torch.rand(clips, FRAMES, len(JOINTS), generator=generator) < 0.05
    keypoints[is_unseen] = torch.tensor([torch.nan, torch.nan, 0.0])
    return keypoints.to(DEVICE)


def sizes_of(keypoints: Tensor) -> Tensor:
    return torch.tensor([FRAME_SIZE], device=DEVICE).expand(len(keypoints), 2)


def compare_with_torch() -> bool:
    """Print how far Triton is from the reference, in 255ths; whether all is within 2."""
    keypoints, is_good = make_keypoints(2, seed=0), True
    for drawing in (
        YARDSTICK,
        Drawing(height=192, width=108, style="colour_2023", line_px=5, brightness="confidence"),
        Drawing(),
        Drawing(height=112, width=112, line_px=3, crop="body"),
        Drawing(height=45, width=37, style="scored_leg", crop="frame"),
        Drawing(height=56, width=56, style="heatmaps", brightness="confidence"),
        Drawing(height=64, width=48, style="heatmaps", sigma_px=2.0),
    ):
        for clip in (keypoints, keypoints[:, :1], torch.full_like(keypoints, torch.nan)):
            points = to_canvas(clip, drawing, sizes_of(clip))
            expected = draw_with_torch(points, drawing)
            for dtype in (torch.float32, torch.bfloat16):
                drawn = draw_with_triton(points, drawing, dtype).float()
                off = (drawn - expected).abs() * 255
                is_good &= bool(off.mean() < 2) and bool(torch.isfinite(drawn).all())
                print(
                    f"{drawing.style:11} {drawing.height:3} x {drawing.width:3} {dtype!s:14} "
                    f"T={clip.shape[1]:3}: mean {off.mean():.5f}, max {off.max():.4f} of 255"
                )
    return is_good


def check_that_nothing_waits() -> None:
    """Draw with torch set to raise where the CPU would wait for the GPU."""
    keypoints = make_keypoints(2, seed=1)
    sizes = sizes_of(keypoints).contiguous()
    drawings = (YARDSTICK, Drawing(), Drawing(style="heatmaps", crop="body"))
    for drawing in drawings:
        draw_clips(keypoints, drawing, sizes)  # compiles, and copies the table of strokes once
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for drawing in drawings:
            draw_clips(keypoints, drawing, sizes)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    print("nothing waits for the GPU")


def clips_per_second(draw: Callable[[Tensor], Tensor], inputs: list[Tensor]) -> float:
    """Median of 7 measurements with CUDA events; inputs take turns, a few results stay alive."""
    turn, kept = cycle(inputs), [draw(keypoints) for keypoints in inputs[:3]]

    def run(times: int) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for count in range(times):
            kept[count % len(kept)] = draw(next(turn))
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000 / times

    run(3)
    times = max(3, min(1000, round(0.1 / run(3))))
    return len(inputs[0]) / statistics.median(run(times) for _ in range(7))


def bench_batches() -> float:
    """Print the yardstick at several batch sizes; the best speed of the whole of `draw_clips`."""
    best = 0.0
    gigabytes = FRAMES * YARDSTICK.height * YARDSTICK.width * 3 * 4 / 1e9
    for clips in (1, 4, 16, 64):
        keypoints = [make_keypoints(clips, seed) for seed in range(4)]
        sizes = sizes_of(keypoints[0]).contiguous()
        points = [to_canvas(part, YARDSTICK, sizes) for part in keypoints]
        whole = clips_per_second(lambda part, s=sizes: draw_clips(part, YARDSTICK, s), keypoints)
        kernel = clips_per_second(lambda part: draw_with_triton(part, YARDSTICK), points)
        half = clips_per_second(
            lambda part: draw_with_triton(part, YARDSTICK, torch.bfloat16), points
        )
        print(
            f"B={clips:3}: draw_clips {whole:9,.0f} clips/s, kernel alone {kernel:9,.0f} "
            f"({kernel * gigabytes:,.0f} GB/s), in bfloat16 {half:9,.0f}"
        )
        best = max(best, whole)
    return best


def bench_variants() -> None:
    """Print tile sizes, heat maps, and plain torch on the same clips."""
    keypoints = [make_keypoints(16, seed) for seed in range(4)]
    sizes = sizes_of(keypoints[0]).contiguous()
    points = [to_canvas(part, YARDSTICK, sizes) for part in keypoints]
    for tile in TILES:
        speed = clips_per_second(
            lambda part, t=tile: draw_with_triton(part, YARDSTICK, tile=t), points
        )
        chosen = " (chosen)" if tile == TILE else ""
        print(f"tile {tile[0]:2} x {tile[1]:3}: {speed:9,.0f} clips/s{chosen}")
    maps = Drawing(height=56, width=56, style="heatmaps", brightness="confidence")
    speed = clips_per_second(lambda part: draw_clips(part, maps, sizes), keypoints)
    print(f"19 heat maps of 150 frames, 56 x 56: {speed:,.0f} clips/s")
    two = [part[:2] for part in points]
    slow = clips_per_second(lambda part: draw_with_torch(part, YARDSTICK), two)
    print(f"plain torch, B=2: {slow:,.0f} clips/s")


def main() -> int:
    """Print agreement and speed; 0 if both are as they should be."""
    if reason := why_no_triton():
        print(f"nothing to measure: {reason}")
        return 0
    import triton

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, triton {triton.__version__}")
    is_good = compare_with_torch()
    check_that_nothing_waits()
    best = bench_batches()
    bench_variants()
    print(f"agreement within 2/255: {is_good}; best {best:,.0f} clips/s, target 15,000")
    return 0 if is_good and best >= 15_000 else 1


if __name__ == "__main__":
    sys.exit(main())
