"""Which runs of a study are one model, and which are never pooled."""

import shutil

import pytest

from pdla.report.analysis import analyse
from pdla.report.study import read_study
from tests.fixtures.studies import make_study


def test_two_models_of_one_name_are_told_apart_by_what_differs(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    for fold in range(3):
        old = folder / f"r3d-R-fold{fold}-seed0"
        new = folder / f"r3d-R-fold{fold}-seed0-strong"
        new.mkdir()
        for path in old.iterdir():
            text = path.read_text().replace("dropout: 0.2", "dropout: 0.5")
            (new / path.name).write_text(text)
    names = [scorer.name for scorer in analyse(read_study(folder)).models]
    assert names == ["r3d, model.dropout=0.2", "r3d, model.dropout=0.5"]


def test_variants_are_named_by_their_tags_where_these_tell_them_apart(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], n_folds=2)
    for fold in range(2):
        old = folder / f"r3d-R-fold{fold}-seed0"
        new = shutil.copytree(old, folder / f"{old.name}-pretrained") / "config.yaml"
        text = new.read_text().replace("tag: ''", "tag: -pretrained")
        new.write_text(text.replace("dropout: 0.2", "dropout: 0.5"))
    names = [scorer.name for scorer in analyse(read_study(folder)).models]
    assert names == ["r3d", "r3d, pretrained"]
    for run in folder.glob("*-seed0"):
        shutil.rmtree(run)
    (alone,) = analyse(read_study(folder)).models
    assert alone.name == "r3d, pretrained"


def test_pretraining_with_the_seed_of_each_run_is_one_model_with_a_spread(tmp_path):
    folder = make_study(tmp_path / "s", ["tcn"], ["R"], n_folds=2, seeds=(0, 1))
    for run in folder.glob("tcn-*"):
        seed = run.name[-1]
        for name, old, new in (
            ("config.yaml", "dropout: 0.2", f"weights: pretrain/tcn-seed{seed}/best.ckpt"),
            ("result.json", '"weights_source": "none"', f'"weights_source": "tcn-seed{seed}/best"'),
        ):
            text = (run / name).read_text()
            assert old in text
            (run / name).write_text(text.replace(old, new))
    (model,) = analyse(read_study(folder)).models
    assert {key[2] for key in model.passes} == {0, 1}
    assert "tcn-seedN/best" in model.note


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data_hash": "e" * 64}, "2 different data"),
        ({"weights_source": "kinetics"}, "started from different weights"),
    ],
)
def test_runs_that_differ_are_not_pooled_unless_told_to_and_the_page_says_it(
    tmp_path, changes, message
):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], only=[0, 1])
    make_study(folder, ["r3d"], ["R"], only=[2], **changes)
    with pytest.raises(ValueError, match=rf"{message}.*--pool-differing") as error:
        analyse(read_study(folder))
    assert "\n" not in str(error.value)
    notes = analyse(read_study(folder), pool_differing=True).notes
    assert any(message in note for note in notes)


def test_runs_of_another_split_are_not_pooled(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"])
    make_study(folder, ["resnet_lstm"], ["R"], n_folds=4)
    with pytest.raises(ValueError, match="2 different splits"):
        analyse(read_study(folder))
