"""A study read back: its finished runs, how they belong together, and what is missing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pdla.report.study_run import PassKey, StudyRun, read_run
from pdla.report.variants import Variant, group_variants
from pdla.runs.folder import ERROR, RESULT, unfinished_runs
from pdla.runs.searched import read_searched


@dataclass(frozen=True)
class Study:
    """The runs of one folder.

    Attributes:
        folder: Folder of the study.
        runs: Finished runs, by name; at least one.
        failures: Name of each run that is not finished, and why in a line.
    """

    folder: Path
    runs: Sequence[StudyRun]
    failures: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def first(self) -> StudyRun:
        """The run that answers for what all have in common."""
        return self.runs[0]

    @cached_property
    def data_runs(self) -> list[StudyRun]:
        """The first run of each data set: one, but where runs are pooled although data differ."""
        return list({run.result.data_hash: run for run in reversed(self.runs)}.values())[::-1]

    @property
    def excluded(self) -> dict[str, int]:
        """How many videos or legs were left out for each reason, the commonest first."""
        counts = Counter[str]()
        for run in self.data_runs:
            counts.update(run.result.excluded)
        return dict(counts.most_common())

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Runs of the same model trained in the same way, by name."""
        return group_variants(self.runs)

    @cached_property
    def passes(self) -> dict[PassKey, list[StudyRun]]:
        """Runs by pass: all folds of one repeat of the split, trained with one seed."""
        found: dict[PassKey, list[StudyRun]] = {}
        for run in self.runs:
            found.setdefault(run.pass_key, []).append(run)
        return found

    @cached_property
    def primaries(self) -> list[tuple[str, ...]]:
        """The primary metrics that the runs name, each choice once; that of the first run first."""
        return list(dict.fromkeys(run.result.primary for run in self.runs))

    @cached_property
    def contrasts(self) -> list[tuple[str, ...]]:
        """The primary contrasts that the runs name, each once; that of the first run first."""
        return list(dict.fromkeys(run.result.contrast for run in self.runs))

    @property
    def is_leaky(self) -> bool:
        """Whether any run has patients of its test set in training."""
        return any(run.result.is_leaky for run in self.runs)

    @property
    def searches(self) -> tuple[str, ...]:
        """What was searched for the options of the runs, a sentence each."""
        found = (read_searched(run.config) for run in self.runs)
        return tuple(dict.fromkeys(one.text for one in found if one is not None))

    @property
    def is_tuning(self) -> bool:
        """Whether any run tests training patients, to choose options."""
        return any(run.result.split.is_tuning for run in self.runs)

    @property
    def is_external(self) -> bool:
        """Whether another data set was scored, on which nothing was trained."""
        return self.first.result.external is not None


def read_study(folder: Path) -> Study:
    """Read and check a study.

    Raises:
        ValueError: If there is no finished run, or a file of one cannot be trusted; one line.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; a study is runs/NAME")
    failures = {run.name: _why_unfinished(run) for run in unfinished_runs(folder)}
    finished = [path.parent for path in sorted(folder.rglob(RESULT))]
    if not finished:
        seen = "; ".join(f"{name}: {why}" for name, why in list(failures.items())[:3])
        raise ValueError(
            f"{folder}: no finished run here yet (a run ends with {RESULT})"
            + (f"; {seen}" if seen else "")
        )
    return Study(folder, [read_run(run) for run in finished], failures)


def _why_unfinished(run_dir: Path) -> str:
    error = run_dir / ERROR
    if error.exists():
        lines = error.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[0] if lines else "no reason given"
    return "not finished: still running, or stopped from outside"


def check_poolable(study: Study, pool_differing: bool) -> list[str]:
    """What the runs differ in that forbids to pool them.

    Returns:
        One line for each difference, if `pool_differing` lets them pass.

    Raises:
        ValueError: The first difference, and the option that pools all the same.
    """
    if len({run.result.split.is_tuning for run in study.runs}) > 1:
        raise ValueError(
            "tuning runs (split.inner) and runs of the study lie in one folder: a report never "
            "mixes them; give tuning a study of its own (study=tune)"
        )
    found = list(_differences(study))
    if found and not pool_differing:
        raise ValueError(
            f"{found[0]}: keep them in studies of their own, or pool them all the same with "
            "--pool-differing, which the report will say"
        )
    return found


def _differences(study: Study) -> Iterator[str]:
    results = [run.result for run in study.runs]
    for what, hashes in (
        ("data", {result.data_hash for result in results}),
        ("splits", {result.split.hash for result in results}),
    ):
        if len(hashes) > 1:
            short = ", ".join(sorted(value[:8] for value in hashes))
            yield f"runs of {len(hashes)} different {what} ({short})"
    for variant in study.variants.values():
        if len(variant.weights) > 1:
            yield (
                f"runs of {variant.name} started from different weights "
                f"({', '.join(variant.weights)})"
            )
