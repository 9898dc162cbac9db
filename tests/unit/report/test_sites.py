"""Sites in a report: figures of each, and whether the models knew it."""

import pytest

from pdla.commands.report import report_study
from pdla.report.analysis import analyse
from pdla.report.sites import count_sites, known_sites, performance_by_site, site_rows
from pdla.report.study import read_study
from tests.fixtures.studies import make_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(
        tmp_path_factory.mktemp("runs") / "s", ["tcn"], ["L", "R"], sites=("North", "South"),
        by_site=True,
    )  # fmt: skip


def test_each_site_is_measured_among_its_patients_and_the_scale_shift_is_shown(folder):
    analysis = analyse(read_study(folder))
    assert analysis.patients is not None  # controls are left out of the headline
    inside = analysis.headline.table
    by_site = site_rows(analysis)
    assert list(by_site) == ["North", "South"]
    for name, rows in by_site.items():
        assert rows[0].n_legs == (inside["site"] == name).sum()
        assert {"qwk", "bias"} <= rows[0].estimates.keys()


def test_the_page_and_the_terminal_show_the_sites(folder, no_board_pictures, capsys):
    text = report_study(folder, n_clips=0).read_text()
    for name in ("North", "South"):
        assert f"<td>site {name}</td>" in text
    assert "2 sites are named in the label sheet" in text
    assert "these are figures of a new site" in text
    assert "By site, Both legs, patients only (group TG)" in capsys.readouterr().out


def test_one_run_that_knew_a_site_makes_it_a_known_one(tmp_path):
    folder = make_study(tmp_path / "s", ["tcn"], ["R"], sites=("North", "South"), only=[0])
    assert "figures of a known site" in known_sites(analyse(read_study(folder)))


@pytest.mark.parametrize("sites", [(), ("North",)])
def test_no_sites_or_one_say_nothing(tmp_path, sites):
    analysis = analyse(read_study(make_study(tmp_path / "s", ["tcn"], ["R"], sites=sites)))
    assert not site_rows(analysis)
    assert count_sites(analysis) == known_sites(analysis) == performance_by_site(analysis) == ""
