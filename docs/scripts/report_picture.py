"""Photograph the first screen of a report: python docs/scripts/report_picture.py runs/paper.

Needs Chromium. The picture of the documentation is of a simulated clinic:

    python train.py -m sweep=repeated study=paper
    pdla report runs/paper
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

OUT = Path(__file__).parents[1] / "pictures" / "report.png"
SIZE = (1280, 1180)  # width and height in px


def main(study: Path) -> None:
    """Open the report of a study in Chromium and keep its first screen, in few colours."""
    page = (study / "report.html").resolve(strict=True)
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no chromium and no google-chrome on the PATH")
    with TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--hide-scrollbars",
                f"--screenshot={shot}", f"--window-size={SIZE[0]},{SIZE[1]}", page.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        Image.open(shot).convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(
            OUT, optimize=True
        )
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
