"""TensorBoard in a real browser: what runs and reports leave is shown, without an error.

Screenshots are written to the folder that PDLA_SCREENSHOTS names, else to the test's own.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pdla.commands.report import report_study
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000",
)  # fmt: skip
PATIENCE_S = 60
SMALL = (
    "model.weights=none", "sampling.seconds=1", "sampling.stride_s=1", "split.n_folds=3",
    "split.n_val_folds=2", "leg=both", "trainer.max_epochs=8", "review.legs=3",
    "review.pictures=true", "optim.optimizer.lr=0.003",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium with its driver here"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A study of two models and two folds, with its report; or a folder of the user's own runs."""
    if own := os.environ.get("PDLA_RUNS"):
        return Path(own)
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda recordings: make_cohort(30, visits=1))
        for fold in (0, 1):
            config = compose_config(*SMALL, "model=tcn", f"split.fold={fold}")
            training.run(config, folder / "first" / f"tcn-both-fold{fold}-seed0")
    report_study(folder / "first", n_clips=0)
    return folder


@pytest.fixture(scope="module")
def address(runs):
    """TensorBoard on a free port of this machine alone."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs)]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", "0", "--load_fast=false"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    lost = threading.Timer(PATIENCE_S, server.kill)
    lost.start()
    found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", x) for x in server.stderr)))
    lost.cancel()
    threading.Thread(target=server.stderr.read, daemon=True).start()
    yield found.group()
    server.terminate()
    server.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(PATIENCE_S)
    driver.set_script_timeout(PATIENCE_S)
    yield driver
    driver.quit()


# All text of a page, also that inside the shadow trees of TensorBoard's components; and images.
READ_PAGE = """
const texts = [], images = [];
const walk = node => {
  if (node.nodeType === Node.TEXT_NODE) { texts.push(node.textContent); return; }
  if (['STYLE', 'SCRIPT', 'TEMPLATE'].includes(node.nodeName)) return;
  if (node.nodeName === 'IMG') images.push([node.src, node.naturalWidth]);
  if (node.shadowRoot) walk(node.shadowRoot);
  node.childNodes.forEach(walk);
  if (node.nodeName === 'IFRAME') walk(node.contentDocument.body);
};
walk(document.body);
return {text: texts.join(''), images: images};
"""


def show(browser, address, place, expected, n_images=0, prepare=""):
    """Open a tab and wait until all that is expected is on it; what it then holds."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{address}/{place}")
    end = time.monotonic() + PATIENCE_S
    while True:
        if prepare:
            browser.execute_script(prepare)
        page = browser.execute_script(READ_PAGE)
        missing = [text for text in expected if text not in page["text"]]
        n_shown = sum(width > 0 for _, width in page["images"])
        if not missing and n_shown >= n_images and n_shown == len(page["images"]):
            break
        assert time.monotonic() < end, f"{place}: {missing} did not appear, {n_shown} images"
        time.sleep(0.5)
    time.sleep(1.5)  # drawn once more after its data has come
    return page


def take_picture(browser, tmp_path, name):
    folder = Path(os.environ.get("PDLA_SCREENSHOTS", tmp_path))
    path = folder / f"board_{name}.png"
    assert browser.save_screenshot(str(path))
    assert path.stat().st_size > 10_000
    errors = [
        line["message"]
        for line in browser.get_log("browser")
        if line["level"] == "SEVERE" and "favicon" not in line["message"]
    ]
    assert errors == []


def test_the_scalars_tab_shows_curves_of_training_and_validation(browser, address, tmp_path):
    place = "?tagFilter=(train|val)/(loss|qwk|mae)&smoothing=0#timeseries"
    page = show(browser, address, place, ["train/loss", "train/qwk", "train/mae", "val/loss"])
    assert "fold0-seed0" in page["text"]
    take_picture(browser, tmp_path, "scalars")


def test_the_old_scalars_tab_has_every_group(browser, address, tmp_path):
    groups = ["optimizer", "speed", "train", "val", "summary_leg_both"]
    show(browser, address, "#scalars", groups)
    take_picture(browser, tmp_path, "old_scalars")


# Pictures as large as they were drawn: the switch lies in a shadow tree.
ACTUAL_SIZE = """
const find = node => {
  if (node.nodeName === 'PAPER-CHECKBOX' && node.textContent.includes('actual image size'))
    return node;
  for (const child of [node.shadowRoot, ...node.childNodes]) {
    const found = child && find(child);
    if (found) return found;
  }
};
const box = find(document.body);
if (box && !box.checked) box.click();
"""


def test_the_images_tab_shows_what_the_model_looked_at(browser, address, tmp_path):
    place = "?#images&tagFilter=^legs_worst%2F0[12]"
    show(browser, address, place, ["legs_worst/01"], n_images=2, prepare=ACTUAL_SIZE)
    take_picture(browser, tmp_path, "images")


def test_clips_play_in_the_images_tab(browser, address, tmp_path):
    show(browser, address, "#images&tagFilter=bouts", ["bouts"], n_images=1)
    moments, end = set(), time.monotonic() + PATIENCE_S
    while len(moments) < 3:  # the GIF moves
        assert time.monotonic() < end, "the clip stands still"
        moments.add(browser.get_screenshot_as_png())
        time.sleep(0.2)
    take_picture(browser, tmp_path, "clips")


def test_the_hparams_tab_has_a_row_a_run_with_metrics(browser, address, tmp_path):
    browser.set_window_size(2000, 900)
    expected = ["leg", "loss", "model", "seed", "best/qwk", "test/macro_mae", "fold0-seed0"]
    page = show(browser, address, "#hparams", expected)
    assert "hp_metric" not in page["text"]
    take_picture(browser, tmp_path, "hparams")
    browser.set_window_size(1400, 1000)


def test_texts_curves_of_thresholds_and_the_projector_open(browser, address, tmp_path):
    show(browser, address, "#text", ["config/text_summary", "split"])
    show(browser, address, "#pr_curves", ["score_1_or_more"])
    show(browser, address, "#projector", ["Points:"])
    take_picture(browser, tmp_path, "projector")
