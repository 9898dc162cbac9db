"""README and docs: generated pages are up to date, links lead somewhere, and commands run."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from tests.fixtures.configs import compose_config
from tests.fixtures.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")])
# A block is run unless the line before it says why not.
BLOCK = re.compile(r"(?:<!-- not run: ([^>]+) -->\n)?```bash\n(.*?)```", re.DOTALL)
# Trainings of these pages are made small enough for a test.
SMALL = ["recordings.simulate.videos=16", "split.n_folds=3", "split.n_val_folds=2",
         "trainer.max_epochs=1", "review.pictures=false"]  # fmt: skip
SWAPPED = {"python": sys.executable, "pdla": [sys.executable, "-m", "pdla"]}
NEEDS_A_CHECKOUT = ("make", "tensorboard", "ls")  # what they do is tested elsewhere


def commands(page):
    """Commands of the blocks that are run, lines continued by a backslash joined."""
    for reason, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if not reason:
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] not in NEEDS_A_CHECKOUT:
                    yield words


@pytest.mark.slow  # other changes need not wait for `make docs`
@pytest.mark.parametrize(
    ("script", "made"),
    [
        ("configuration", lambda names: (names["OUT"], names["reference"]())),
        ("architecture", lambda names: (names["OUT"], names["draw"]())),
    ],
)
def test_generated_pages_are_up_to_date(script, made):
    out, text = made(runpy.run_path(str(DOCS / "scripts" / f"{script}.py")))
    assert out.read_text(encoding="utf-8") == text, f"run python docs/scripts/{script}.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_of_a_page_are_there(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short_and_its_picture_small():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
    assert (DOCS / "pictures" / "leg_agility.png").stat().st_size < 300_000


def test_every_group_of_commands_in_the_documentation_says_an_existing_command():
    from typer.main import get_command

    from pdla.cli import app

    known = set(get_command(app).commands)
    for page in PAGES:
        for _, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for name in re.findall(r"^pdla ([a-z][\w-]*)", block, re.MULTILINE):
                assert name in known, f"{page.name}: pdla {name}"


def trainings(page):
    """Overrides of every `python train.py` and `pdla train` of a page, also of blocks not run."""
    for _, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for start in (["python", "train.py"], ["pdla", "train"]):
                if words[:2] == start:
                    yield [
                        word
                        for word in words[2:]
                        if "=" in word and "hydra" not in word and not word.startswith("launcher=")
                    ]


def first_of_sweep(override):
    """`leg=L,R` becomes `leg=L`, as the first job of a sweep has it."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    if not parsed.is_sweep_override():
        return override
    return f"{parsed.get_key_element()}={next(parsed.sweep_string_iterator())}"


# Of the guide for contributors, and what a search leaves.
OWN = {"model=mean_pose", "experiment=tcn-fold0"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_training_that_a_page_shows_has_a_config(page):
    for overrides in trainings(page):
        if not OWN & set(overrides) and "install=bash" not in overrides:
            config = compose_config(*map(first_of_sweep, overrides))
            assert config["model"]["name"]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))],
                         ids=lambda page: page.name)  # fmt: skip
def test_the_commands_of_a_page_run_as_printed(page, tmp_path):
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copy(ROOT / "train.py", tmp_path)
    simulate = [sys.executable, "-m", "pdla", "simulate", "clinic", "--videos", "16"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run(simulate, tmp_path, environment)
    (tmp_path / "clinic" / "LA").rename(tmp_path / "videos")
    (tmp_path / "clinic" / "labels.xls").rename(tmp_path / "labels.xls")
    for folder in sorted((tmp_path / "videos").iterdir())[:4]:
        shutil.copytree(folder, tmp_path / "new_videos" / folder.name)
    for words in commands(page):
        start = SWAPPED.get(words[0], words[0])
        start = [start] if isinstance(start, str) else start
        small = SMALL if words[1:2] == ["train.py"] else []
        if "recordings=clinic" in words or (tmp_path / "conf/local/recordings.yaml").exists():
            small = small[1:]  # not the simulated clinic
        if any(word.startswith("split.inner") for word in words):
            small = [word for word in small if not word.startswith("split.n")]
        if "sweep=repeated" in words:
            small = [*small, "split.repeats=2", "split.fold=0,1,3"]
        if any(word.startswith("split.n_folds") or "range(5)" in word for word in words):
            words = [word.replace("range(5)", "range(2)") for word in words]  # noqa: PLW2901
        run([*start, *words[1:], *small], tmp_path, environment)


def run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    names = runpy.run_path(str(DOCS / "scripts" / "tour.py"))
    notebook = nbformat.read(DOCS / "tour.ipynb", as_version=4)
    assert [cell.source for cell in notebook.cells] == [source for _, source in names["CELLS"]]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    place = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(notebook, timeout=300, resources=place)
    client.execute()
    assert (tmp_path / "tour.png").exists()
    assert len(list(tmp_path.glob("runs/tour/*/result.json"))) == 1
