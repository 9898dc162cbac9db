"""Every curve and picture in TensorBoard says what it is."""

import pytest
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.data_compat import migrate_value

from pdla.review.tag_words import describe_tag, tag_metadata


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("val/qwk", "Quadratic weighted kappa: validation legs; they choose the checkpoint"),
        ("test/mae", "MAE (points): test legs, patients that were never seen"),
        ("train/loss", "loss: training legs"),
        ("optimizer/gradient_norm_max", "largest norm"),
        ("legs_worst/01_V-1_L", "gradient x input"),
        ("bouts/legs_worst/01_V-1_L", "the whole bout"),
    ],
)
def test_a_tag_is_described_by_its_stage_or_by_the_longest_name_it_begins_with(tag, expected):
    assert describe_tag(tag).startswith(expected)


def test_tensorboard_reads_the_description():
    value = Summary.Value(tag="val/qwk", simple_value=0.5, metadata=tag_metadata("val/qwk"))
    assert "no result" in migrate_value(value).metadata.summary_description
