"""What TRIPOD+AI and CLAIM ask of a paper: what the runs know, and "not known" for the rest.

Items stand under the headings of TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378), in its order;
their numbers are for the form itself. Those that only CLAIM asks for (Tejani et al. 2024, Radiol
Artif Intell 6:e240300) are named by their topic.
"""

from dataclasses import dataclass
from typing import Final

from pdla.report.analysis import Analysis

NOT_KNOWN: Final = "not known"

Answer = tuple[str, str, str]  # heading, topic, answer


@dataclass(frozen=True)
class ChecklistItem:
    """One thing that a reader of a study needs.

    Attributes:
        guideline: Heading in TRIPOD+AI, or CLAIM where only that asks.
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
    answers = [*_study_answers(analysis), *_method_answers(analysis), *_result_answers(analysis)]
    return [ChecklistItem(*answer) for answer in answers]


def _study_answers(analysis: Analysis) -> list[Answer]:
    """From the title to the raters."""
    run = analysis.study.runs[0]
    result = run.result
    data = result.data
    simulated = f"simulated clinic ({data.simulated} scores)"
    source = simulated if data.simulated else f"recordings={data.name}"
    return [
        ("Title", "Title says what is predicted, in whom", "score 0-4 of MDS-UPDRS 3.8, each leg"),
        ("Background", "Medical context and rationale", NOT_KNOWN),
        (
            "Background",
            "Target population, intended use and users",
            "research only; not a medical device",
        ),
        ("Background", "Health inequalities between groups", NOT_KNOWN),
        ("Objectives", "Objectives: development, evaluation or both", _objectives(analysis)),
        ("Data", "Source of data, representativeness", source),
        ("Data", "Dates of collection", NOT_KNOWN),
        ("Participants", "Setting, number of centres", NOT_KNOWN),
        (
            "Participants",
            "Who could take part",
            "rated videos whose scored leg OpenPose sees; see flow",
        ),
        ("Participants", "Treatments (medication, stimulation)", NOT_KNOWN),
        (
            "Data preparation",
            "Preparation of data",
            "people tracked, leg swaps undone, seated pose checked",
        ),
        ("Outcome", "Outcome and its assessment", "MDS-UPDRS item 3.8 from video or visit"),
        ("Outcome", "Raters: number, training, blinding", _raters(len(result.agreement))),
    ]


def _method_answers(analysis: Analysis) -> list[Answer]:
    """From the predictors to what comes out of the model."""
    run = analysis.study.runs[0]
    result, config = run.result, run.config
    flow = result.flow
    return [
        (
            "Predictors",
            "Predictors: choice and definition",
            f"BODY_25 keypoints as {config['data']['_target_'].split('.')[-1]}",
        ),
        (
            "Sample size",
            "Sample size and why",
            f"{flow.legs_used} legs of {flow.patients_used} patients; no size was calculated",
        ),
        (
            "Missing data",
            "Missing data",
            "videos that cannot be scored are left out and counted in the flow",
        ),
        (
            "Analytical methods",
            "How data were used: partition",
            f"{result.split.rule}, split {result.split.hash[:8]}; patients never stand on two sides"
            if not result.is_leaky
            else "BY VIDEO: patients stand on both sides (LEAKY)",
        ),
        (
            "Analytical methods",
            "Handling of predictors",
            "clips of the leg's bout, mirrored so that the scored "
            "leg is on one side; kinematics standardised on training legs",
        ),
        (
            "Analytical methods",
            "Model, building, hyperparameters",
            "see Models and runs; config.yaml of each run",
        ),
        ("Analytical methods", "Heterogeneity between sites", NOT_KNOWN),
        (
            "Analytical methods",
            "Measures of performance",
            f"primary: {', '.join(analysis.primary)}; all in "
            "the tables, with 95% intervals over patients",
        ),
        ("Analytical methods", "Updating or recalibration", "none"),
        (
            "Analytical methods",
            "How predictions were calculated",
            f"a leg's clips to one score: {result.clips} "
            "of their probabilities; expected score rounded",
        ),
        (
            "Class imbalance",
            "Class imbalance",
            f"loss={config['loss']['_target_'].split('.')[-1]}; macro averages reported",
        ),
        ("Fairness", "Fairness", "by cohort group and visit; age, sex and ethnicity are not known"),
        (
            "Model output",
            "Output of the model",
            "probabilities of the scores 0-4, mean rounded to a score",
        ),
        (
            "Training versus evaluation",
            "Differences between development and evaluation",
            _external(analysis),
        ),
    ]


def _result_answers(analysis: Analysis) -> list[Answer]:
    """Open science, results, discussion, and what only CLAIM asks for."""
    result = analysis.study.runs[0].result
    return [
        ("Ethical approval", "Ethics approval, consent", NOT_KNOWN),
        ("Open science", "Funding, conflicts of interest", NOT_KNOWN),
        ("Open science", "Protocol, registration", NOT_KNOWN),
        ("Open science", "Data sharing", NOT_KNOWN),
        (
            "Open science",
            "Code",
            f"pdla {result.versions.get('pdla', '?')}, Apache-2.0",
        ),
        ("Patient and public involvement", "Patients and public involved", NOT_KNOWN),
        ("Participants", "Flow of participants", "see Flow of videos"),
        (
            "Participants",
            "Characteristics of participants",
            "group and score counts; else not known",
        ),
        (
            "Model development",
            "Participants and outcomes in each analysis",
            "see Scores of the rater, Runs",
        ),
        ("Model specification", "Full model", "checkpoints/best.ckpt of each run"),
        ("Model performance", "Performance with intervals", "see Results"),
        (
            "Model performance",
            "Heterogeneity of performance",
            "see Subgroups (leg, group, visit); between sites not known",
        ),
        ("Interpretation", "Interpretation, with fairness and earlier studies", NOT_KNOWN),
        ("Limitations", "Limitations", "few patients; see the notes at the top"),
        (
            "Usability",
            "Usability: poor input, expertise needed, next steps",
            "pdla check refuses videos that cannot be scored; else not known",
        ),
        ("CLAIM", "De-identification", "keyed pseudonyms; clinic ids never leave the intake"),
        (
            "CLAIM",
            "Software and hardware",
            f"torch {result.versions.get('torch', '?')} on {result.device}",
        ),
        ("CLAIM", "Robustness, failure analysis", "Errors by video; risk-coverage curve"),
        (
            "CLAIM",
            "Explainability",
            "clips as the model saw them (pdla draw); gradients where runs left pictures",
        ),
    ]


def _objectives(analysis: Analysis) -> str:
    if analysis.study.is_external:
        return "evaluation of finished models"
    return "development, and evaluation on patients set aside"


def _raters(n_legs: int) -> str:
    if n_legs:
        return "several raters, agreement below the main table; training and blinding not known"
    return "one score a leg in the sheet; number, training and blinding not known"


def _external(analysis: Analysis) -> str:
    if analysis.study.is_external:
        return "another data set, scored without refitting (external validation)"
    return "none: same data set, other patients (internal validation)"
