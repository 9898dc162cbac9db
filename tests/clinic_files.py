"""Small clinics of invented people, written in the formats that the intake reads."""

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import xlwt

from pdla.data.skeletons import JOINTS

# A seated person seen from the front, in px: the patient's right is on the left of the picture.
SEATED = {
    "Nose": (270, 200), "Neck": (270, 280), "RShoulder": (220, 285), "RElbow": (200, 360),
    "RWrist": (210, 430), "LShoulder": (320, 285), "LElbow": (340, 360), "LWrist": (330, 430),
    "MidHip": (270, 460), "RHip": (240, 460), "RKnee": (220, 530), "RAnkle": (225, 680),
    "LHip": (300, 460), "LKnee": (320, 530), "LAnkle": (315, 680), "REye": (262, 190),
    "LEye": (278, 190), "REar": (250, 195), "LEar": (290, 195), "LBigToe": (320, 710),
    "LSmallToe": (335, 705), "LHeel": (312, 690), "RBigToe": (220, 710), "RSmallToe": (205, 705),
    "RHeel": (228, 690),
}  # fmt: skip
LEGS_DOWN = [name for name in JOINTS if name[1:] in ("Knee", "Ankle", "BigToe", "SmallToe", "Heel")]


def seated(n_frames: int = 120, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    """(T, 25, 3): a seated person who sways a little and lifts the right leg twice a second."""
    person = np.array([[*SEATED[name], 0.8] for name in JOINTS], dtype=float)
    keypoints = np.repeat(person[None], n_frames, axis=0)
    seconds = np.arange(n_frames) / 30
    keypoints[:, :, 0] += shift[0] + 2 * np.sin(seconds)[:, None]
    keypoints[:, :, 1] += shift[1]
    lifted = [JOINTS.index(name) for name in LEGS_DOWN if name[0] == "R"]
    keypoints[:, lifted, 1] -= 40 * np.clip(np.sin(4 * np.pi * seconds), 0, None)[:, None]
    return keypoints


def frame_json(*people: np.ndarray) -> bytes:
    """One frame as OpenPose writes it; a joint with confidence 0 is 0, 0, 0."""
    listed = []
    for person in people:
        seen = np.where(person[:, 2:] > 0, person, 0.0)
        listed.append({"person_id": [-1], "pose_keypoints_2d": seen.round(3).ravel().tolist()})
    return json.dumps({"version": 1.3, "people": listed}).encode()


def write_video(
    folder: Path,
    *people: np.ndarray,
    name: str = "video",
    numbers: Sequence[int] | None = None,
    order: Callable[[int], Sequence[int]] | None = None,
) -> Path:
    """Write one folder; each of `people` is (T, P, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    n_frames = len(people[0])
    for frame, number in enumerate(numbers or range(n_frames)):
        present = [person[frame] for person in people]
        if order is not None:
            present = [present[position] for position in order(frame)]
        (folder / f"{name}_{number:012d}_keypoints.json").write_bytes(frame_json(*present))
    return folder


def write_sheet(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write rows as a legacy .xls."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(row, column, cell)
    book.save(str(path))
    return path


def write_xlsx(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write rows as the smallest workbook that Excel would open."""
    lines = []
    for cells in rows:
        texts = [
            f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
            if isinstance(cell, str)
            else f"<c><v>{cell}</v></c>"
            for cell in cells
        ]
        lines.append(f"<row>{''.join(texts)}</row>")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        sheet = f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        file.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def write_ods(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write rows as the smallest OpenDocument table."""
    lines = []
    for cells in rows:
        texts = [
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(cell)}</text:p></table:table-cell>"
            if isinstance(cell, str)
            else f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
            for cell in cells
        ]
        lines.append(f"<table:table-row>{''.join(texts)}</table:table-row>")
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("META-INF/manifest.xml", "<manifest/>")
        file.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{"".join(lines)}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


HEADER = ("VideoId", "mds_updrs_left", "mds_updrs_right", "備註")


def write_clinic(root: Path, scores: Sequence[tuple[str, Any, Any]], n_frames: int = 120) -> Path:
    """Write `LA/CV<id>Json` for each id, and `labels.xls`."""
    for number, (video_id, _, _) in enumerate(scores):
        person = seated(n_frames, shift=(number, 0))
        write_video(root / "LA" / f"CV{video_id}Json", person, name=video_id)
    write_sheet(root / "labels.xls", [HEADER, *[(*row, "") for row in scores]])
    return root
