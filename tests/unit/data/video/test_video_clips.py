"""Which frames of a video file make a clip."""

from fractions import Fraction

import numpy as np
import torch
from pytorchvideo.data.encoded_video import EncodedVideo

from pdla.data.clips.sampling import ClipTime, Sampling
from pdla.data.recordings import LegSample, Recording
from pdla.data.video.clips import FileClips, QuickVideo, shown_frames, take_frames
from pdla.data.video.pictures import write_mp4
from pdla.data.video.writing import VideoFile
from tests.fixtures.people import seated


def test_a_clip_longer_than_the_video_is_black_outside_it(tmp_path):
    path = tmp_path / "short.mp4"
    write_mp4(path, iter([np.full((10, 48, 28, 3), 200, np.uint8)]), 10, 30, progress=False)
    file = VideoFile(path, 10, Fraction(30))
    sampling = Sampling(within="recording", seconds=1.0, fps=30.0, stride_s=1.0)
    sample = LegSample(Recording("V", seated(10), 30.0, (960, 540)), "L", 0, "P", "")
    clips = FileClips([file], [sample], [0], sampling, "eval", batch_size=1, size=(48, 28))
    (batch,) = clips
    brightness = batch["clips"].float().mean(dim=(0, 1, 3, 4))
    assert len(brightness) == 30
    assert (brightness > 100).sum() == 10
    assert brightness[:10].max() == 0
    assert brightness[20:].max() == 0


def test_frames_of_a_file_are_the_nearest_to_the_times_of_a_clip():
    assert shown_frames(ClipTime(1.0, 2.0), 30.0, 15.0, 4).tolist() == [30, 32, 34, 36]
    assert shown_frames(ClipTime(-0.1, 0.2), 30.0, 30.0, 4).tolist() == [-3, -2, -1, 0]
    assert shown_frames(ClipTime(0.0, 0.1), 30.0, 30.0, 5).tolist() == [0, 1, 2, -1, -1]


def test_frames_past_the_end_are_black():
    video = torch.full((3, 2, 4, 4), 9, dtype=torch.uint8)
    assert take_frames(video, torch.tensor([-1, 0, 1, 2])).amax(dim=(0, 2, 3)).tolist() == [
        0, 9, 9, 0,
    ]  # fmt: skip


def test_clips_are_those_that_pytorchvideo_decodes(tmp_path):
    path = tmp_path / "steps.mp4"
    frames = np.arange(0, 180, 2, dtype=np.uint8)[:, None, None, None].repeat(16, 1).repeat(16, 2)
    write_mp4(path, iter([frames.repeat(3, 3)]), 90, 30, progress=False)
    for start, end in ((0, 3), (1, 2), (Fraction(43, 30), Fraction(44, 30))):
        quick = QuickVideo(path).get_clip(Fraction(start), Fraction(end))["video"]
        usual = EncodedVideo.from_path(str(path), decode_audio=False).get_clip(start, end)["video"]
        assert torch.equal(quick.float(), usual)
        assert quick.shape[1] == (end - start) * 30
    assert QuickVideo(path).duration == 3


def test_a_stretch_without_frames_is_none(tmp_path):
    path = tmp_path / "short.mp4"
    write_mp4(path, iter([np.zeros((4, 16, 16, 3), np.uint8)]), 4, 30, progress=False)
    assert QuickVideo(path).get_clip(Fraction(5), Fraction(6)) == {"video": None, "audio": None}
