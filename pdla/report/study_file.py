"""study.yaml: what a lab says once about its study, because no run can know it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from pdla.data.files import first_line, write_text

STUDY_FILE: Final = "study.yaml"
TEMPLATE: Final = "study-template.yaml"
KEYS: Final = ("control_groups", "tripod")


@dataclass(frozen=True)
class StudyFile:
    """The contents of study.yaml.

    Attributes:
        control_groups: Groups without the disease, in lower case; None if it does not say.
        answers: Answers to items of TRIPOD+AI, by their numbers.
    """

    control_groups: frozenset[str] | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


def read_study_file(folder: Path, items: Collection[str]) -> StudyFile:
    """Read study.yaml of a study; empty if there is none.

    Args:
        folder: Of the study.
        items: Numbers that answers may have.

    Raises:
        ValueError: If it cannot be read, or names something unknown; one line.
    """
    path = folder / STUDY_FILE
    if not path.exists():
        return StudyFile()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = first_line(error)
        raise ValueError(f"{path}: not YAML ({line})") from None
    if not isinstance(content, dict) or not set(content) <= set(KEYS):
        raise ValueError(f"{path}: expected the keys {' and '.join(KEYS)} only")
    groups, answers = content.get("control_groups"), content.get("tripod") or {}
    if not isinstance(groups, list | None) or not isinstance(answers, dict):
        raise ValueError(f"{path}: control_groups is a list, tripod has a line an item")
    if unknown := [str(item) for item in answers if str(item) not in items]:
        raise ValueError(f"{path}: tripod: no item {unknown[0]!r}; see {TEMPLATE}")
    named = None if groups is None else frozenset(str(group).lower() for group in groups)
    texts = {str(item): str(text).strip() for item, text in answers.items() if text is not None}
    return StudyFile(named, {item: text for item, text in texts.items() if text})


def write_template(folder: Path, asked: Mapping[str, str]) -> None:
    """Write which items a lab has to answer, to be filled in and renamed to study.yaml."""
    lines = [
        f"# Fill in what you can, save it as {STUDY_FILE}, and run the report again.",
        "control_groups:  # groups without the disease, as in [CG]",
        "tripod:  # items of TRIPOD+AI 2024 that no run can answer",
        *(f'  "{item}":  # {text}' for item, text in asked.items()),
    ]
    write_text(folder / TEMPLATE, "\n".join(lines) + "\n")
