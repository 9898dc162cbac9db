"""Pictures of keypoints: what is seen is drawn, what is unseen is not."""

import pytest
import torch

from pdla.data.drawing import Drawing, draw_clips, to_canvas
from pdla.data.drawing_opencv import draw_with_opencv
from pdla.data.drawing_torch import draw_with_torch
from pdla.data.skeletons import BONES, JOINT
from pdla.data.strokes import strokes_of
from tests.conftest import FRAME_SIZE, make_recording, seated

SIZES = torch.tensor([FRAME_SIZE])


def clip_of(keypoints):
    return torch.from_numpy(keypoints)[None]


def test_a_clip_has_three_channels_of_0_to_1():
    clips = draw_clips(clip_of(seated(4)), Drawing(), SIZES)
    assert clips.shape == (1, 3, 4, 48, 48)
    assert clips.dtype == torch.float32
    assert clips.min() == 0
    assert 0.9 < clips.max() <= 1


def test_an_unseen_joint_is_not_drawn_as_a_line_to_the_corner():
    keypoints = clip_of(seated(2))
    keypoints[:, :, JOINT["RKnee"]] = torch.tensor([torch.nan, torch.nan, 0.0])
    drawing = Drawing(height=96, width=54, crop="frame")
    clips = draw_clips(keypoints, drawing, SIZES)
    assert clips[..., :15, :15].max() == 0
    full = draw_clips(clip_of(seated(2)), drawing, SIZES)
    assert clips[:, 0].sum() < full[:, 0].sum()


def test_nothing_seen_gives_a_black_clip_without_nan():
    keypoints = torch.full((1, 3, 25, 3), torch.nan)
    for crop in ("legs", "body", "frame"):
        assert draw_clips(keypoints, Drawing(crop=crop), SIZES).abs().sum() == 0


@pytest.mark.parametrize("style", ["scored_leg", "colour_2023"])
@pytest.mark.parametrize(("size", "line_px"), [((48, 48), 1), ((192, 108), 3), ((64, 80), 5)])
def test_both_backends_draw_the_same_picture(style, size, line_px):
    keypoints = clip_of(make_recording().keypoints[40:52].copy())
    keypoints += torch.randn(keypoints.shape, generator=torch.Generator().manual_seed(3))
    drawing = Drawing(height=size[0], width=size[1], style=style, line_px=line_px)
    points = to_canvas(keypoints, drawing, SIZES)
    difference = draw_with_opencv(points, drawing) - draw_with_torch(points, drawing)
    assert difference.abs().mean() < 2 / 255


def test_the_scored_leg_has_a_channel_of_its_own():
    keypoints = clip_of(seated(1))
    moved = keypoints.clone()
    moved[:, :, JOINT["RAnkle"], 1] -= 60
    drawing = Drawing(crop="frame")
    change = draw_clips(moved, drawing, SIZES) - draw_clips(keypoints, drawing, SIZES)
    per_channel = change.abs().sum(dim=(0, 2, 3, 4))
    assert per_channel[0] > 0
    assert per_channel[1] == 0


def test_the_2023_style_gives_each_bone_its_own_colour():
    colours = {stroke.colour for stroke in strokes_of("colour_2023")}
    assert len(colours) == len(BONES)


def test_the_crop_keeps_the_aspect_ratio_and_holds_all_leg_joints():
    drawing = Drawing(height=40, width=80)
    points = to_canvas(clip_of(seated(1)), drawing, SIZES)[0, 0]
    hip, ankle, other = (points[JOINT[name]] for name in ("RHip", "RAnkle", "LAnkle"))
    assert ((points[[9, 10, 11, 12, 13, 14]] >= 0) & (points[[9, 10, 11, 12, 13, 14]] <= 80)).all()
    down, across = float(ankle[1] - hip[1]), float(other[0] - ankle[0])
    assert down / across == pytest.approx((760 - 540) / (325 - 215), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"height": 0}, "at least 1"), ({"line_px": 2}, "1, 3, 5"), ({"style": "red"}, "colour_2023")],
)
def test_pictures_that_cannot_be_drawn_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Drawing(**options)
