"""The page in a real browser: no error, all images there, nothing wider than the screen."""

import re
import shutil
import subprocess

import pytest

from pdla.commands.report import report_study
from tests.fixtures.studies import make_study

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr",
)  # fmt: skip
# A frame as wide as the screen: headless browsers refuse windows as narrow as a phone.
PROBE = """<html><body><iframe src="report.html" width="{width}" height="900" onload="
  const page = frames[0].document, images = [...page.images];
  document.body.textContent = JSON.stringify({{
    images: images.length, broken: images.filter(image => !image.naturalWidth).length,
    overflow: page.documentElement.scrollWidth - frames[0].innerWidth,
    smallest: Math.min(...images.map(image => image.getBoundingClientRect().width)) }});
"></iframe></body></html>"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = make_study(tmp_path_factory.mktemp("runs") / "study", ["r3d"], ["R"])
    report_study(folder, n_clips=0)
    return folder


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_everything_on_a_desk_and_on_a_phone(folder, tmp_path, width):
    (folder / "probe.html").write_text(PROBE.format(width=width))
    shown = subprocess.run(
        [BROWSER, *FLAGS, f"--user-data-dir={tmp_path}", "--dump-dom",
         f"file://{folder / 'probe.html'}"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    facts = dict(re.findall(r'"(\w+)":(-?[\d.]+)', shown.stdout))
    assert int(facts["images"]) >= 5
    assert int(facts["broken"]) == 0
    assert float(facts["overflow"]) <= 0
    assert float(facts["smallest"]) > 250
    assert "CONSOLE" not in shown.stderr
