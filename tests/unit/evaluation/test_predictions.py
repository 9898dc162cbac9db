"""predictions.csv: read back with its types, with older names, or refused in a line."""

import pandas as pd
import pytest

from pdla.evaluation.predictions import COLUMNS, ratings_of, read_predictions
from tests.fixtures.places import STUDY_VERSION_1

PREDICTIONS = STUDY_VERSION_1 / "kinematic-R-fold0-seed0" / "predictions.csv"


def test_a_table_has_the_columns_and_types_that_are_promised():
    table = read_predictions(PREDICTIONS)
    columns = [column for column in COLUMNS if column.name != "rating"]  # whole scores here
    assert list(table) == [column.name for column in columns]
    for column in columns:
        kinds = {str: pd.api.types.is_string_dtype, int: pd.api.types.is_integer_dtype}
        assert kinds.get(column.dtype, pd.api.types.is_float_dtype)(table[column.name]), column


def test_an_older_name_of_a_column_is_read(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(PREDICTIONS.read_text().replace("video_id,", "video,", 1))
    pd.testing.assert_frame_equal(read_predictions(path), read_predictions(PREDICTIONS))


def test_a_rating_with_a_fraction_is_kept_and_the_score_counts_where_there_is_none(tmp_path):
    path = tmp_path / "predictions.csv"
    table = read_predictions(PREDICTIONS)
    table["rating"] = [1.5, *[None] * (len(table) - 1)]
    table.to_csv(path, index=False)
    rating = ratings_of(read_predictions(path))
    assert rating[0] == 1.5
    assert (rating[1:] == table["score"].to_numpy()[1:]).all()


def test_a_group_named_na_or_by_a_number_stays_text(tmp_path):
    path = tmp_path / "predictions.csv"
    table = pd.read_csv(PREDICTIONS).assign(group="NA", patient="001")
    table.to_csv(path, index=False)
    read = read_predictions(path)
    assert set(read["group"]) == {"NA"}
    assert set(read["patient"]) == {"001"}


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b'a,b\n"'])
def test_what_is_no_table_is_one_line(tmp_path, content):
    path = tmp_path / "predictions.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"predictions\.csv: ") as error:
        read_predictions(path)
    assert "\n" not in str(error.value)
