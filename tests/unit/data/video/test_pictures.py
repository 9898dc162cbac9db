"""Pictures for people: contact sheets and videos."""

import av
import cv2
import numpy as np
import pytest

from pdla.data.drawing.draw import Drawing
from pdla.data.video import pictures
from pdla.data.video.pictures import (
    draw_contact_sheet,
    draw_recording,
    tile,
    write_frames,
    write_mp4,
    write_png,
)
from tests.fixtures.people import make_recording

GREY = np.full((4, 16, 16, 3), 128, dtype=np.uint8)
DRAWING = Drawing(height=64, width=36, crop="frame")


def test_a_contact_sheet_shows_frames_in_rows_of_eight(recording):
    sheet = draw_contact_sheet(recording, DRAWING, 1.0, 5.0, n_frames=16)
    assert sheet.shape == (2 * 66, 8 * 38, 3)
    assert sheet[:, :, 0].max() > 200


def test_a_row_that_is_not_full_is_filled_with_black():
    sheet = tile(np.full((10, 4, 4, 3), 255, dtype=np.uint8))
    assert sheet.shape == (12, 48, 3)
    assert sheet[6:10, 12:].max() == 0


def test_a_stretch_outside_the_recording_is_refused(recording):
    with pytest.raises(ValueError, match=r"no stretch of a recording of 12\.0 s"):
        draw_contact_sheet(recording, DRAWING, 5.0, 13.0)


def test_an_mp4_has_every_frame_and_shows_the_drawing(tmp_path):
    recording = make_recording(seconds=10.0)
    path = tmp_path / "leg.mp4"
    write_mp4(path, draw_recording(recording, DRAWING), recording.n_frames, recording.fps)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    drawn = np.concatenate(list(draw_recording(recording, DRAWING)))
    assert len(frames) == recording.n_frames
    assert np.abs(np.stack(frames).astype(int) - drawn).mean() < 6
    assert [file.name for file in tmp_path.iterdir()] == ["leg.mp4"]


def test_a_png_is_written_in_rgb(tmp_path):
    picture = np.zeros((4, 4, 3), dtype=np.uint8)
    picture[..., 0] = 255
    write_png(tmp_path / "red.png", picture)
    assert cv2.imread(str(tmp_path / "red.png"))[0, 0].tolist() == [0, 0, 255]


def test_a_picture_that_cannot_be_written_is_an_error_with_its_path(tmp_path):
    with pytest.raises(OSError, match=r"no/red\.png"):
        write_png(tmp_path / "no" / "red.png", np.zeros((4, 4, 3), dtype=np.uint8))


def test_without_h264_an_mp4_is_written_as_mpeg4_and_that_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    pictures._codec.cache_clear()
    try:
        for name in ("a.mp4", "b.mp4"):
            write_mp4(tmp_path / name, iter([GREY]), 4, 30.0, "yuv444p", progress=False)
    finally:
        pictures._codec.cache_clear()
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
        assert len(list(container.decode(video=0))) == 4
    assert len(caplog.records) == 1
    assert "no libx264" in caplog.text


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_a_video_of_no_frames_a_second_is_refused(tmp_path, fps):
    with pytest.raises(ValueError, match="expected more than 0"):
        write_mp4(tmp_path / "a.mp4", iter([GREY]), 4, fps)


def test_a_writer_that_is_stopped_leaves_nothing_half_written(tmp_path):
    def stopped():
        yield GREY
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_mp4(tmp_path / "a.mp4", stopped(), 8, 30.0, progress=False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        write_frames(tmp_path / "frames", stopped())
    assert not (tmp_path / "frames").exists()
    write_frames(tmp_path / "frames", iter([GREY]))
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
    assert len(list((tmp_path / "frames").iterdir())) == 4
