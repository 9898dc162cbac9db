"""The table of rated legs that a study keeps."""

from pdla.evaluation.baselines import feature_columns
from pdla.evaluation.leg_table import read_legs
from pdla.runs.folder import LEGS_FOLDER
from pdla.training.records import legs_table, write_legs
from tests.fixtures.studies import make_legs


def test_the_site_is_kept_where_the_sheet_names_one_and_is_never_an_input(tmp_path):
    _, samples = make_legs(n_patients=2, visits=1, sites=("North", "NA"))
    _, nowhere = make_legs(n_patients=2, visits=1)
    assert "site" not in legs_table(nowhere)
    name = write_legs(tmp_path, "d" * 64, samples)
    assert name != write_legs(tmp_path, "d" * 64, nowhere)  # sites named later: a table of its own
    table = read_legs(tmp_path / LEGS_FOLDER / name)
    assert table["site"].tolist() == ["North", "NA", "North", "NA"]
    assert "site" not in feature_columns(table, "kinematics")
