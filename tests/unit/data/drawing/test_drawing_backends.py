"""OpenCV, plain torch and Triton draw the same pictures."""

import os
import subprocess
import sys

import pytest
import torch

from pdla.data.drawing import draw as drawing_module
from pdla.data.drawing.draw import Drawing, draw_clips, draw_points, to_canvas
from pdla.data.drawing.opencv import draw_with_opencv
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.drawing.triton import draw_with_triton, why_no_triton
from pdla.data.skeletons import JOINT
from tests.fixtures.people import FRAME_SIZE, make_recording
from tests.fixtures.places import ROOT

needs_gpu = pytest.mark.skipif(bool(why_no_triton()), reason=why_no_triton() or "-")
DRAWINGS = (
    Drawing(),
    Drawing(height=64, width=80, line_px=5, crop="body", brightness="confidence"),
    Drawing(height=96, width=54, style="colour_2023", crop="frame"),
    Drawing(height=40, width=36, style="heatmaps", brightness="confidence"),
)


def points_of(drawing, n_frames=12, device="cpu"):
    """Two noisy clips with unseen joints, uncertain joints, and bones without length."""
    generator = torch.Generator().manual_seed(3)
    keypoints = torch.from_numpy(make_recording().keypoints[40 : 40 + n_frames].copy())
    keypoints = keypoints.repeat(2, 1, 1, 1)
    keypoints[..., :2] += torch.randn(2, n_frames, 25, 2, generator=generator)
    keypoints[1, ..., 2] = torch.rand(n_frames, 25, generator=generator)
    keypoints[1, -1, JOINT["RKnee"]] = torch.tensor([torch.nan, torch.nan, 0.0])
    keypoints[0, -1, JOINT["RAnkle"]] = keypoints[0, -1, JOINT["RKnee"]]
    sizes = torch.tensor([FRAME_SIZE] * 2, device=device)
    return to_canvas(keypoints.to(device), drawing, sizes)


@pytest.mark.parametrize("drawing", [one for one in DRAWINGS if one.style != "heatmaps"])
def test_opencv_and_torch_agree(drawing):
    points = points_of(drawing)
    off = draw_with_opencv(points, drawing) - draw_with_torch(points, drawing)
    assert off.abs().mean() < 2 / 255


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_windows_of_the_cpu_leave_nothing_out(drawing, monkeypatch):
    points = points_of(drawing)
    quick = draw_with_torch(points, drawing)
    whole = [(0, drawing.height, 0, drawing.width)]
    monkeypatch.setattr(
        "pdla.data.drawing.reference._windows", lambda _, strokes, __: whole * len(strokes)
    )
    assert torch.equal(draw_with_torch(points, drawing), quick)


INTERPRETED = """
import torch
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.drawing.triton import draw_with_triton
from tests.unit.data.drawing.test_drawing_backends import DRAWINGS, points_of
for drawing in (DRAWINGS[1], DRAWINGS[3]):
    points = points_of(drawing, n_frames=2)
    drawn = draw_with_triton(points, drawing)
    assert drawn.isfinite().all()
    assert (drawn - draw_with_torch(points, drawing)).abs().max() < 1e-5
print("same pictures")
"""


@pytest.mark.slow
def test_triton_kernels_agree_with_torch_when_interpreted_on_the_cpu():
    pytest.importorskip("triton")
    # A process of its own: Triton asks for this variable when it is imported.
    result = subprocess.run(
        [sys.executable, "-c", INTERPRETED],
        env={**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.strip() == "same pictures", result.stderr


@needs_gpu
@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("n_frames", [1, 12])
def test_triton_agrees_with_torch_on_a_gpu(drawing, n_frames):
    points = points_of(drawing, n_frames, "cuda")
    expected = draw_with_torch(points, drawing)
    assert (draw_with_triton(points, drawing) - expected).abs().mean() < 2 / 255
    half = draw_with_triton(points, drawing, torch.bfloat16)
    assert half.dtype == torch.bfloat16
    assert (half.float() - expected).abs().mean() < 2 / 255


@needs_gpu
def test_drawing_never_waits_for_the_gpu():
    drawing = Drawing()
    keypoints = torch.from_numpy(make_recording().keypoints[:12].copy())[None].cuda()
    sizes = torch.tensor([FRAME_SIZE], device="cuda")
    draw_clips(keypoints, drawing, sizes)  # compiles, and copies the strokes once
    torch.cuda.set_sync_debug_mode("error")
    try:
        draw_clips(keypoints, drawing, sizes)
    finally:
        torch.cuda.set_sync_debug_mode("default")


class OnGpu(torch.Tensor):
    """A tensor on the CPU that says it is on a GPU."""

    device = torch.device("cuda")


def test_without_triton_a_gpu_draws_with_torch_and_says_so_once(monkeypatch, caplog):
    drawing = Drawing()
    points = points_of(drawing)
    expected = draw_with_torch(points, drawing)
    monkeypatch.setattr(drawing_module, "why_no_triton", lambda: "Triton is not installed")
    monkeypatch.setattr(drawing_module, "draw_with_torch", lambda *_: expected)
    drawing_module._notice.cache_clear()
    on_gpu = points.as_subclass(OnGpu)
    for _ in range(3):
        assert draw_points(on_gpu, drawing) is expected
    assert [record.message for record in caplog.records] == [
        "Triton is not installed: clips are drawn by plain torch, many times slower"
    ]


def test_gpu_drawing_needs_neither_opencv_nor_lightning():
    code = (
        "import sys; from tests.benchmarks import bench_drawing_gpu;"
        "heavy = {'cv2', 'lightning', 'hydra', 'pandas', 'matplotlib'} & set(sys.modules);"
        "sys.exit(' '.join(heavy) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
