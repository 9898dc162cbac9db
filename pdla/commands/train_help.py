"""What can be chosen in conf/: its groups and options with the first line of each file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).parents[1] / "conf"  # in a wheel
CONF: Final = _PACKAGED if _PACKAGED.is_dir() else _PACKAGED.parents[1] / "conf"

EXAMPLES: Final = """\
Train and test one model on a patient-grouped fold.

  python train.py                                        simulated clinic, R3D-18, right leg
  python train.py model=stgcn leg=both split.fold=2      another model, both legs, fold 2
  python train.py -m leg=L,R 'split.fold=range(5)'       a sweep: both legs, all folds
  python train.py -m sweep=repeated study=paper          a study: 5 draws of 5 folds, 2 seeds
  python train.py recordings=clinic recordings.videos=videos recordings.labels=labels.xls
  python train.py model=tcn --cfg job                    show the config, train nothing

The result is in runs/STUDY/RUN/. Rerun a command to print its result again; a run that was stopped
goes on. `pdla report runs/STUDY` pools the runs. Outside of a checkout say `pdla train`."""


@dataclass(frozen=True)
class Option:
    """One file of a config group.

    Attributes:
        name: As in `group=name`.
        summary: First comment of the file: when to choose it.
        text: The whole file.
    """

    name: str
    summary: str
    text: str


def read_groups(conf: Path) -> dict[str, list[Option]]:
    """Groups of a configuration in the order of their names, each with its options."""
    folders = sorted(path for path in conf.iterdir() if path.is_dir() and path.name != "local")
    groups = {folder.name: list(_read_options(folder)) for folder in folders}
    return {name: options for name, options in groups.items() if options}


def _read_options(folder: Path) -> Iterator[Option]:
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        yield Option(path.stem, _first_comment(text), text)


def _first_comment(text: str) -> str:
    """The comment at the top of a file, as one line; empty if there is none."""
    lines = []
    for line in text.splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def train_help(conf: Path) -> str:
    """Text of `python train.py --help`."""
    lines = [EXAMPLES, "", "Groups (group=option). Choose an option ..."]
    for group, options in read_groups(conf).items():
        lines += ["", f"{group}="]
        width = max(len(option.name) for option in options)
        lines += [
            f"  {option.name:{width}}  {_short(option.summary.removeprefix('Choose this '))}"
            for option in options
        ]
    lines += [
        "",
        "Single values are set as key=value, for example split.n_folds=10 or seed=3.",
        "Hydra's own flags: --hydra-help; tab completion is among them.",
    ]
    return "\n".join(lines)


def _short(summary: str, width: int = 76) -> str:
    summary = summary.removeprefix("Choose this ")
    return summary if len(summary) <= width else summary[: width - 3].rsplit(" ", 1)[0] + " ..."
