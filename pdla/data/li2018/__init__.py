"""The public set of Li & Taati (2018): leg-agility trajectories and toe-tapping flow, as published.

Reading order: `files` (where they are), `problems` (what can be wrong), `stretches` and
`trajectories` (leg agility), `flow` (toe tapping).
"""

from pdla.data.li2018.files import SOURCES, PublishedFile, TrialKey, is_li2018_folder
from pdla.data.li2018.flow import ToeTapping, read_toe_tapping
from pdla.data.li2018.problems import TrialProblem, count_problems
from pdla.data.li2018.trajectories import AgilityTrial, AgilityTrials, read_trajectories

__all__ = [
    "SOURCES",
    "AgilityTrial",
    "AgilityTrials",
    "PublishedFile",
    "ToeTapping",
    "TrialKey",
    "TrialProblem",
    "count_problems",
    "is_li2018_folder",
    "read_toe_tapping",
    "read_trajectories",
]
