"""The tables that end a report: primary metrics beside the baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from pdla import RESEARCH_ONLY
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.analysis import Analysis, Row, subgroup_keys
from pdla.report.answer import contrast_note, power_note
from pdla.report.sites import known_sites, site_rows
from pdla.report.summary import stamps
from pdla.report.tables import interval_text


def print_analysis(analysis: Analysis, page: Path) -> None:
    """Print the primary metrics of a study beside its baselines, and where the report lies."""
    console = Console(soft_wrap=True)
    for stamp in stamps(analysis):
        console.print(stamp, style="bold red", markup=False)
    for section in analysis.all_sections:
        table = Table(box=box.SIMPLE_HEAD, title=section.scope.title, title_justify="left")
        table.add_column("per video, 95% interval over patients, given these networks")
        for key in analysis.primary:
            table.add_column(METRIC_OF[key].title, justify="right")
        table.add_column("legs", justify="right")
        for row in section.rows:
            cells = [interval_text(row.estimates[key]) for key in analysis.primary]
            style = "" if row.scorer.is_baseline else "bold"
            table.add_row(row.scorer.name, *cells, str(row.n_legs), style=style)
        console.print(table)
    if by_site := site_rows(analysis):
        console.print(_site_table(by_site, subgroup_keys(analysis.primary), analysis))
        console.print(known_sites(analysis), highlight=False)
    for note in filter(None, (contrast_note(analysis), power_note(analysis), *analysis.notes)):
        console.print(note, highlight=False)
    for name, why in analysis.study.failures.items():
        console.print(f"not in here: {name}: {why}", highlight=False)
    console.print(f"report   {page}", highlight=False)
    console.print(RESEARCH_ONLY, style="italic")


def _site_table(
    by_site: Mapping[str, Sequence[Row]], keys: Sequence[str], analysis: Analysis
) -> Table:
    title = f"By site, {analysis.headline.scope.title}"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("site")
    table.add_column("models")
    for key in keys:
        table.add_column(METRIC_OF[key].title, justify="right")
    table.add_column("legs", justify="right")
    for name, rows in by_site.items():
        models = [row for row in rows if row.scorer.kind == "model"]
        for number, row in enumerate(models):
            cells = [interval_text(row.estimates[key]) for key in keys]
            table.add_row("" if number else name, row.scorer.name, *cells, str(row.n_legs))
    return table
