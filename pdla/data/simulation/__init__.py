"""The simulated clinic: the embedded default, the test bed and the ruler.

A cohort in the clinic's own formats, hard in the ways reality is hard, with the truth beside it.
Reading order: `severity` (how ill), `sheet` and `cohort` (who comes when, and what raters say),
`movement` (leg agility in time), `body`, `camera`, `observation` (a person, a phone, OpenPose),
`video`, `traps`, `truth`, `writer`, `clinic`.
"""

from pdla.data.simulation.clinic import check_same_simulation, simulate_cohort, simulate_once
from pdla.data.simulation.options import SimulationOptions

__all__ = ["SimulationOptions", "check_same_simulation", "simulate_cohort", "simulate_once"]
