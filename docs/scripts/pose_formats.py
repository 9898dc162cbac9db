"""Write docs/pose_formats.md from the tables of the reader: python docs/scripts/pose_formats.py."""

from pathlib import Path

from pdla.data.openpose.formats import formats_page

if __name__ == "__main__":
    (Path(__file__).parents[1] / "pose_formats.md").write_text(formats_page(), encoding="utf-8")
