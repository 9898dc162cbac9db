"""What TRIPOD+AI and CLAIM ask of a paper: what the runs know, and "not known" for the rest.

Items are numbered as in TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378). Those that only CLAIM
asks for (Tejani et al. 2024, Radiol Artif Intell 6:e240300) are named by their topic.
"""

from dataclasses import dataclass
from typing import Final

from pdla.evaluation.analysis import Analysis

NOT_KNOWN: Final = "not known"


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that a reader of a study needs.

    Attributes:
        guideline: TRIPOD+AI item, or CLAIM where only that asks.
        topic: What is asked.
        answer: From the runs, or "not known": then it is for the authors to write.
    """

    guideline: str
    topic: str
    answer: str

    @property
    def is_known(self) -> bool:
        """Whether the runs could answer."""
        return self.answer != NOT_KNOWN


def make_checklist(analysis: Analysis) -> list[ChecklistItem]:
    """The table for a study."""
    run = analysis.study.runs[0]
    result, config = run.result, run.config
    flow, data = result["flow"], result["data"]
    simulated = f"simulated clinic ({data['simulated']} scores)"
    source = simulated if data["simulated"] else f"recordings={data['name']}"
    raters = result["agreement"]
    answers = [
        ("1", "Title says what is predicted, in whom", "score 0-4 of MDS-UPDRS 3.8, each leg"),
        ("3a", "Medical context and rationale", NOT_KNOWN),
        ("3b", "Target population, intended use and users", "research only; not a medical device"),
        ("3c", "Health inequalities between groups", NOT_KNOWN),
        ("4", "Objectives: development, evaluation or both", _objectives(analysis)),
        ("5a", "Source of data, representativeness", source),
        ("5b", "Dates of collection", NOT_KNOWN),
        ("6a", "Setting, number of centres", NOT_KNOWN),
        ("6b", "Who could take part", "rated videos whose scored leg OpenPose sees; see flow"),
        ("6c", "Treatments (medication, stimulation)", NOT_KNOWN),
        ("7", "Preparation of data", "people tracked, leg swaps undone, seated pose checked"),
        ("8a", "Outcome and its assessment", "MDS-UPDRS item 3.8 from video or visit"),
        ("8b, c", "Raters: number, training, blinding", _raters(len(raters))),
        ("9a, b", "Predictors: choice and definition", "BODY_25 keypoints as "
         f"{config['data']['_target_'].split('.')[-1]}"),
        ("10", "Sample size and why", f"{flow['legs_used']} legs of {flow['patients_used']} "
         "patients; no size was calculated"),
        ("11", "Missing data", "videos that cannot be scored are left out and counted in the flow"),
        ("12a", "How data were used: partition", f"{result['split']['rule']}, "
         f"split {result['split']['hash'][:8]}; patients never stand on two sides"
         if not result["is_leaky"] else "BY VIDEO: patients stand on both sides (LEAKY)"),
        ("12b", "Handling of predictors", "clips of the leg's bout, mirrored so that the scored "
         "leg is on one side; kinematics standardised on training legs"),
        ("12c", "Model, building, hyperparameters", "see Models and runs; config.yaml of each run"),
        ("12d", "Heterogeneity between sites", NOT_KNOWN),
        ("12e", "Measures of performance", f"primary: {', '.join(analysis.primary)}; all in "
         "the tables, with 95% intervals over patients"),
        ("12f", "Updating or recalibration", "none"),
        ("12g", "How predictions were calculated", f"a leg's clips to one score: {result['clips']} "
         "of their probabilities; expected score rounded"),
        ("13", "Class imbalance", f"loss={config['loss']['_target_'].split('.')[-1]}; macro "
         "averages reported"),
        ("14", "Fairness", "by cohort group and visit; age, sex and ethnicity are not known"),
        ("15", "Output of the model", "probabilities of the scores 0-4, mean rounded to a score"),
        ("16", "Differences between development and evaluation", _external(analysis)),
        ("17", "Ethics approval, consent", NOT_KNOWN),
        ("18a, b", "Funding, conflicts of interest", NOT_KNOWN),
        ("18c, d", "Protocol, registration", NOT_KNOWN),
        ("18e", "Data sharing", NOT_KNOWN),
        ("18f", "Code", f"pdla {result['versions']['pdla']}, Apache-2.0"),
        ("19", "Patients and public involved", NOT_KNOWN),
        ("20a", "Flow of participants", "see Flow of videos"),
        ("20b", "Characteristics of participants", "group and score counts; else not known"),
        ("21", "Participants and outcomes in each analysis", "see Scores of the rater, Runs"),
        ("22", "Full model", "checkpoints/best.ckpt of each run"),
        ("23a", "Performance with intervals", "see Results"),
        ("23b", "Heterogeneity of performance", "see Subgroups (leg, group, visit); between sites "
         "not known"),
        ("25", "Interpretation, with fairness and earlier studies", NOT_KNOWN),
        ("26", "Limitations", "few patients; see the notes at the top"),
        ("27", "Usability: poor input, expertise needed, next steps", "pdla check refuses videos "
         "that cannot be scored; else not known"),
        ("CLAIM", "De-identification", "keyed pseudonyms; clinic ids never leave the intake"),
        ("CLAIM", "Software and hardware", f"torch {result['versions']['torch']} on "
         f"{result.get('device', 'an unknown device')}"),
        ("CLAIM", "Robustness, failure analysis", "Errors by video; risk-coverage curve"),
        ("CLAIM", "Explainability", "clips can be drawn as the model saw them (pdla draw)"),
    ]  # fmt: skip
    return [ChecklistItem(*answer) for answer in answers]


def _objectives(analysis: Analysis) -> str:
    if "external" in analysis.study.runs[0].result:
        return "evaluation of finished models"
    return "development, and evaluation on patients set aside"


def _raters(n_legs: int) -> str:
    if n_legs:
        return "several raters, agreement below the main table; training and blinding not known"
    return "one score a leg in the sheet; number, training and blinding not known"


def _external(analysis: Analysis) -> str:
    if "external" in analysis.study.runs[0].result:
        return "another data set, scored without refitting (external validation)"
    return "none: same data set, other patients (internal validation)"
