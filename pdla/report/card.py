"""Model cards (Mitchell et al. 2019): what a network or a study is for, on whom it was tried."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pdla import RESEARCH_ONLY
from pdla.report.analysis import Analysis
from pdla.report.study import Study
from pdla.report.study_row import StudyRow, choose_row
from pdla.report.study_run import StudyRun

LIMITS = """\
- Not for diagnosis, treatment or monitoring of single patients.
- Raters who watch the same video differ by 0.65 points on average: an error below that of one rater
  means little.
- Other cameras, pose estimators, instructions or populations than those of the data may lower all
  figures: `pdla evaluate` measures it on rated videos of yours.
- No score is given where a leg did not do the task or is unlike the training legs."""


def export_card(run: StudyRun, out: Path, facts: Mapping[str, Any]) -> str:
    """Text of the card beside an exported file."""
    inputs = ", ".join(facts["inputs"])
    row = choose_row(Study(run.folder.parent, [run], {}))
    return _card(
        f"{run.result.model}, exported as {out.name}",
        [
            f"File: `{out.name}`, SHA-256 `{facts['sha256']}`; how to feed it: `{out.stem}.json`",
            f"From {inputs} to the probabilities of the scores 0 to 4",
            *_data_lines([run]),
            f"Command: `pdla export {run.folder.name} {out.name}`",
        ],
        row,
    )


def study_card(study: Study, analysis: Analysis) -> str:
    """Text of the card in the folder of a study: its primary row, else its first."""
    names = [scorer.name for scorer in analysis.models]
    try:
        row = choose_row(study)
    except ValueError:
        row = choose_row(study, names[0])
    others = [name for name in names if name != row.name]
    lines = [f"Row of the report: {row.name}", *_data_lines(row.runs)]
    if others:
        lines.append(f"Further rows, see report.html: {'; '.join(others)}")
    lines.append(f'Command: `pdla score {study.name} VIDEOS --out scores.csv --row "{row.name}"`')
    return _card(f"Study {study.name}", lines, row)


def _data_lines(runs: Sequence[StudyRun]) -> list[str]:
    first = runs[0].result
    counts = [sum(counts) for counts in zip(*(run.result.score_counts["train"] for run in runs),
                                            strict=True)]  # fmt: skip
    data, n_runs = first.data, f"{len(runs)} run{'' if len(runs) == 1 else 's'}"
    source = f"simulated ({data.simulated}), no real patient" if data.simulated else data.name
    unsupported = sorted(set.intersection(*(set(run.result.unsupported_scores) for run in runs)))
    never = ", ".join(map(str, unsupported)) or "none"
    return [
        f"Data: {source}; SHA-256 {first.data_hash[:16]}",
        f"Training legs by score 0 to 4, over {n_runs}: {', '.join(map(str, counts))}",
        f"Scores that were in no training leg, which it therefore never gives: {never}",
        f"Weights at the start: {first.weights_source}",
        f"Split: {first.split.rule}"
        + (" (LEAKY: its figures are no result)" if first.is_leaky else ""),
        f"Versions: {', '.join(f'{name} {value}' for name, value in first.versions.items())}",
    ]


def _card(title: str, lines: Sequence[str], row: StudyRow) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"""# {title}

{RESEARCH_ONLY}

{listed}

## How well it scores patients who were new to it

- {row.figures()}
- {row.sets.note[0].upper()}{row.sets.note[1:]}

## Limits

{LIMITS}
"""
