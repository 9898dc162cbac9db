"""A run's folder and its result: what is written, what is read back, who may write."""

from pdla.runs.folder import claim_folder, config_hash, finish_run, open_run, read_result
from pdla.runs.result import DataSource, ExternalRecord, Flow, RunResult, SplitRecord

__all__ = [
    "DataSource",
    "ExternalRecord",
    "Flow",
    "RunResult",
    "SplitRecord",
    "claim_folder",
    "config_hash",
    "finish_run",
    "open_run",
    "read_result",
]
