"""A study read back, analysed and shown.

Reading order: `study_run`, `variants`, `study` (what is read), `pooling`, `averages`,
`baseline_scorers`, `scopes`, `analysis` (what is computed), then `error_clips`, `tables`,
`figures`, `checklist`, `references`, `leg_pictures`, `summary`, `console`, `page` (what is shown).
`page` needs matplotlib and is not imported here.
"""

from pdla.report.analysis import Analysis, Row, Section, analyse
from pdla.report.contrasts import Difference
from pdla.report.pooling import Scorer
from pdla.report.study import Study, read_study
from pdla.report.study_run import PassKey, StudyRun, read_run
from pdla.report.variants import Variant

__all__ = [
    "Analysis",
    "Difference",
    "PassKey",
    "Row",
    "Scorer",
    "Section",
    "Study",
    "StudyRun",
    "Variant",
    "analyse",
    "read_run",
    "read_study",
]
