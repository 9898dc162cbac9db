"""Read a clinic into a new store: `python tests/benchmarks/read_once.py CLINIC STORE`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    from pdla.data.intake import IntakeOptions, read_cohort

    clinic, store = (Path(argument) for argument in sys.argv[1:])
    cohort = read_cohort(clinic / "LA", clinic / "labels.xls", store, IntakeOptions())
    print(len(cohort.samples))
