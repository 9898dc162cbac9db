import io

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure
from PIL import Image

from pdla.review.images import CAPTION_PX, add_caption, figure_png


def test_a_caption_stands_over_each_picture_of_a_clip() -> None:
    clip = np.random.default_rng(0).integers(0, 255, (3, 20, 90, 3), dtype=np.uint8)
    shown = add_caption(clip, "rater 2")
    assert shown.shape == (3, 20 + CAPTION_PX, 90, 3)
    assert np.array_equal(shown[:, CAPTION_PX:], clip)
    assert shown[0, :CAPTION_PX].max() > 100
    for frame, picture in zip(shown, clip, strict=True):
        assert np.array_equal(frame, add_caption(picture, "rater 2"))


def test_a_figure_is_drawn_at_its_size_and_leaves_the_settings_as_they_were() -> None:
    before = dict(rcParams)
    figure = Figure(figsize=(3, 2))
    figure.subplots().set_title("A title")
    with Image.open(io.BytesIO(figure_png(figure, dpi=50))) as picture:
        assert picture.size == (150, 100)
        assert np.asarray(picture.convert("L")).min() < 60
    assert dict(rcParams) == before
