"""Pictures of keypoints: what is seen is drawn, what is unseen is not."""

from dataclasses import replace

import pytest
import torch

from pdla.data.clips.datamodules import DrawnClips, HeatmapClips
from pdla.data.clips.sampling import Sampling
from pdla.data.drawing.draw import Drawing, draw_clips, draw_points, n_channels, to_canvas
from pdla.data.drawing.opencv import draw_with_opencv
from pdla.data.drawing.reference import draw_with_torch
from pdla.data.drawing.strokes import strokes_of
from pdla.data.skeletons import BONES, JOINT
from pdla.data.splits.rules import PatientKFold
from tests.fixtures.people import FRAME_SIZE, seated

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
    [
        ({"height": 0}, "must be 1 to 4096"),
        ({"line_px": 2}, "1, 3, 5"),
        ({"style": "red"}, "colour_2023"),
        ({"crop": "head"}, "legs"),
        ({"brightness": "sun"}, "confidence"),
        ({"sigma_px": 0}, "more than 0"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Drawing(**options)


def test_a_bone_is_as_bright_as_its_less_certain_end():
    keypoints = clip_of(seated(1))
    keypoints[..., 2] = 1.0
    keypoints[:, :, JOINT["RAnkle"], 2] = 0.25
    drawing = Drawing(height=96, width=54, crop="frame", line_px=3, brightness="confidence")
    clips = draw_clips(keypoints, drawing, SIZES)
    x, y = to_canvas(keypoints, drawing, SIZES)[0, 0, JOINT["RAnkle"], :2].round().int().tolist()
    assert clips[0, 0, 0, y - 8, x] == pytest.approx(0.25, abs=0.01)
    assert clips[0, 1].max() == 1
    constant = draw_clips(keypoints, replace(drawing, brightness="constant"), SIZES)
    assert constant[0, 0, 0, y - 8, x] == 1


@pytest.mark.parametrize("draw", [draw_with_opencv, draw_with_torch])
def test_a_bone_without_length_is_a_dot(draw):
    keypoints = torch.full((1, 1, 25, 3), torch.nan)
    for name in ("RKnee", "RAnkle"):
        keypoints[0, 0, JOINT[name]] = torch.tensor([270.0, 480.0, 1.0])
    drawing = Drawing(height=48, width=27, crop="frame")
    clip = draw(to_canvas(keypoints, drawing, SIZES), drawing)
    assert clip.isfinite().all()
    assert clip[0, 0].max() > 0.4
    assert (clip[0, 0] > 0).sum() <= 16


def test_heat_maps_have_a_channel_for_each_joint_and_limb_of_the_legs():
    drawing = Drawing(height=60, width=48, style="heatmaps", sigma_px=1.0)
    keypoints = clip_of(seated(3))
    clips = draw_clips(keypoints, drawing, SIZES)
    assert clips.shape == (1, n_channels("heatmaps"), 3, 60, 48)
    points = to_canvas(keypoints, drawing, SIZES)[0, 0]
    for stroke in strokes_of("heatmaps")[:-1]:
        middle = ((points[stroke.start] + points[stroke.end]) / 2)[:2].round().int().tolist()
        one_map = clips[0, stroke.first_channel, 0]
        assert one_map[middle[1], middle[0]] > 0.7
        assert one_map.max() <= 1
        assert one_map[:3, -3:].max() == 0


def test_a_heat_map_falls_off_like_a_bell():
    keypoints = torch.full((1, 1, 25, 3), torch.nan)
    keypoints[0, 0, JOINT["RHip"]] = torch.tensor([20.0, 20.0, 0.5])
    drawing = Drawing(41, 41, "heatmaps", "frame", brightness="confidence", sigma_px=2.0)
    one_map = draw_clips(keypoints, drawing, torch.tensor([[41, 41]]))[0, 0, 0]
    assert one_map[20, 20] == pytest.approx(0.5)
    assert one_map[20, 22] == pytest.approx(0.5 * 2.718281828**-0.5, rel=1e-5)
    assert one_map[20, 29] == 0


@pytest.mark.parametrize("crop", ["legs", "frame"])
@pytest.mark.parametrize("n_frames", [0, 1, 23])
def test_heat_maps_on_a_cpu_are_those_of_the_reference(n_frames, crop):
    torch.manual_seed(0)
    keypoints = clip_of(seated(max(1, n_frames))).repeat(2, 1, 1, 1)[:, :n_frames]
    keypoints[..., :2] += torch.randn_like(keypoints[..., :2]) * 60  # some leave the picture
    keypoints[torch.rand(keypoints.shape[:3]) < 0.2] = torch.nan
    drawing = Drawing(52, 40, "heatmaps", crop, brightness="confidence", sigma_px=0.6)
    points = to_canvas(keypoints, drawing, SIZES.repeat(2, 1))
    drawn = draw_points(points, drawing)
    torch.testing.assert_close(drawn, draw_with_torch(points, drawing), rtol=0, atol=1e-6)
    assert n_frames == 0 or drawn.count_nonzero() > 100


def test_heat_maps_of_nobody_are_empty():
    drawing = Drawing(52, 40, "heatmaps", "frame")
    nobody = torch.full((1, 4, 25, 3), torch.nan)
    assert draw_points(nobody, drawing).count_nonzero() == 0
    outside = torch.full((1, 4, 25, 3), -900.0)
    assert draw_points(outside, drawing).count_nonzero() == 0


def test_a_clip_of_one_frame_or_none_can_be_drawn():
    assert draw_clips(clip_of(seated(1)), Drawing(), SIZES).shape == (1, 3, 1, 48, 48)
    none = torch.empty(1, 0, 25, 3)
    for crop in ("legs", "frame"):
        assert draw_clips(none, Drawing(crop=crop), SIZES).shape == (1, 3, 0, 48, 48)


def test_a_frame_size_of_0_gives_no_infinite_pictures():
    clips = draw_clips(clip_of(seated(1)), Drawing(crop="frame"), torch.zeros(1, 2))
    assert clips.isfinite().all()


def test_keypoints_of_another_shape_are_refused_with_what_was_expected():
    with pytest.raises(ValueError, match=r"\(1, 4, 18, 3\), expected \(B, T, 25, 3\)"):
        draw_clips(torch.zeros(1, 4, 18, 3), Drawing(), SIZES)
    with pytest.raises(ValueError, match=r"frame sizes \(1, 2\), expected \(2, 2\)"):
        draw_clips(torch.zeros(2, 4, 25, 3), Drawing(), SIZES)


def test_opencv_says_that_it_cannot_draw_heat_maps():
    with pytest.raises(ValueError, match="torch or Triton"):
        draw_with_opencv(torch.zeros(1, 1, 25, 3), Drawing(style="heatmaps"))


@pytest.mark.parametrize(
    ("module", "style"), [(DrawnClips, "heatmaps"), (HeatmapClips, "scored_leg")]
)
def test_a_style_that_a_data_module_cannot_give_is_refused(module, style, cohort_of):
    with pytest.raises(ValueError, match=f"drawing.style={style}: this data needs"):
        make_module(module, cohort_of(6), Drawing(style=style))


def test_heat_maps_come_from_the_data_module_in_the_frame_sizes_of_their_videos(cohort_of):
    data = make_module(HeatmapClips, cohort_of(6), Drawing(style="heatmaps", crop="frame"))
    batch = data.represent(next(iter(data.val_dataloader())))
    assert batch["clips"].shape == (2, n_channels("heatmaps"), 36, 48, 48)
    assert batch["clips"].amax(dim=(0, 2, 3, 4))[:18].min() > 0.5


def make_module(module, cohort, drawing):
    return module(
        cohort=cohort, splitter=PatientKFold(n_folds=3, n_val_folds=2), legs=("R",),
        sampling=Sampling(), augmentations=(), seed=0, batch_size=2, workers=0, drawing=drawing,
    )  # fmt: skip
