"""Why a video or a leg is left out or should be looked at: one list for all commands."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final


class Severity(StrEnum):
    """What a reason means for a leg."""

    UNUSABLE = "unusable"
    WARNING = "warning"  # usable, but look at it
    NOTE = "note"  # odd, without consequence for the leg


class Reason(Enum):
    """A reason: severity, text and advice.

    The text is the same for every video, so that reasons can be counted; what is special to one
    video is the detail of a `Finding`. Members keep their names: stores refer to them.

    Attributes:
        severity: What it means for the leg.
        text: In words.
        advice: What to do about it; empty if nothing helps.
    """

    severity: Severity
    text: str
    advice: str

    def __init__(self, severity: Severity, text: str, advice: str = "") -> None:
        """Take the parts of the value as attributes."""
        self.severity, self.text, self.advice = severity, text, advice

    @property
    def code(self) -> str:
        """Short name for files, such as `no_folder`."""
        return self.name.lower()

    @classmethod
    def from_code(cls, code: str) -> "Reason":
        """The reason with this code.

        Raises:
            KeyError: If there is none.
        """
        return cls[code.upper()]

    # The label sheet.
    NO_VIDEO_ID = (
        Severity.UNUSABLE,
        "the row has no video id",
        "Write the id of the video, or delete the row.",
    )
    SCORE_NOT_A_NUMBER = (
        Severity.UNUSABLE,
        "the score is not a number",
        "Correct the cell in the sheet.",
    )
    SCORE_OFF_SCALE = (
        Severity.UNUSABLE,
        "the score is off the scale 0-4",
        "Correct the cell in the sheet.",
    )
    SCORE_BETWEEN_POINTS = (
        Severity.UNUSABLE,
        "the score lies between whole points (set recordings.sheet.round)",
        "Correct the cell in the sheet, or choose how to round.",
    )
    RATERS_DIFFER = (
        Severity.NOTE,
        "the raters differ: unrated (recordings.sheet.raters says whose score counts)",
    )
    FORMULA_WITHOUT_VALUE = (
        Severity.UNUSABLE,
        "the score is a formula without a value",
        "Open the sheet in a spreadsheet program and save it, so that formulas are calculated.",
    )
    CELL_WITHOUT_VALUE = (
        Severity.UNUSABLE,
        "video id, patient, side, rater or frame rate is a formula without a value",
        "Open the sheet in a spreadsheet program and save it, so that formulas are calculated.",
    )
    UNKNOWN_SIDE = (
        Severity.UNUSABLE,
        "the side is neither left nor right",
        "Write L or R there.",
    )
    ODD_FRAME_RATE = (
        Severity.UNUSABLE,
        "frame rate, width or height in the sheet cannot be",
        "Correct the cell in the sheet, or leave it empty: then recordings.openpose counts.",
    )
    ROWS_CONTRADICT = (
        Severity.UNUSABLE,
        "two rows give one video different scores",
        "Ask the rater which row is right, and delete the other.",
    )
    ROW_TWICE = Severity.NOTE, "the row is there twice"
    UNKNOWN_STATE = Severity.NOTE, "medication or stimulation is neither on nor off"
    OTHER_TAB = (
        Severity.NOTE,
        "another sheet has the same columns and was not read (recordings.sheet.tab)",
    )
    ID_CHANGED = (
        Severity.NOTE,
        "the id differs from the folder's by zeros, a date or a file suffix; no other one fits",
    )
    SAME_RECORDING = (
        Severity.NOTE,
        "the recording is nearly that of another patient; both are taken as one person "
        "(recordings.patients.copies=keep leaves them apart)",
    )
    SAME_RECORDING_KEPT = (
        Severity.NOTE,
        "the recording is nearly that of another patient; they are kept apart, so that a copy may "
        "be on both sides of a split (recordings.patients.copies)",
    )
    ODD_DATE = Severity.NOTE, "the date in the video id is no date"
    SHORT_NUMBER = Severity.NOTE, "the patient number may be a placeholder"
    NO_PATIENT = (
        Severity.UNUSABLE,
        "the patient cannot be told from the video id "
        "(add a patient column, or set recordings.patients.pattern)",
    )

    # Folders and files.
    NO_FOLDER = (
        Severity.UNUSABLE,
        "no folder with keypoints for this row",
        "Copy the folder there, or correct the id in the sheet.",
    )
    TWO_FOLDERS = Severity.UNUSABLE, "several folders for one video id", "Keep one of them."
    FOLDER_NOT_OPENED = Severity.UNUSABLE, "the folder cannot be opened"
    FILE_TOO_LARGE = Severity.UNUSABLE, "the file is too large"
    NOT_KEYPOINTS = (
        Severity.UNUSABLE,
        "this is no pose file that pdla knows",
        "Give the file as the pose estimator wrote it; docs/pose_formats.md lists what is read.",
    )
    OTHER_FORMAT = (
        Severity.UNUSABLE,
        "this kind of file is not read",
        "Give the files of a pose estimator; docs/pose_formats.md lists them.",
    )
    FILE_DAMAGED = (
        Severity.UNUSABLE,
        "the file is truncated or damaged",
        "Copy or write the file again.",
    )
    SEVERAL_FILES = (
        Severity.UNUSABLE,
        "several files could hold the keypoints",
        "Keep the file of this video, or give each a folder of its own.",
    )
    SEVERAL_VIDEOS = (
        Severity.UNUSABLE,
        "the file holds several videos or people",
        "Write one file for each video; name people in a column `person`.",
    )
    NO_COLUMN_NAMES = (
        Severity.UNUSABLE,
        "the table has no names of columns in its first line",
        "Write the names of the landmarks there, such as left_knee_x.",
    )
    NO_FRAME_NUMBERS = (
        Severity.UNUSABLE,
        "nothing says which frame a row or person belongs to",
        "Add a column `frame` or `timestamp`.",
    )
    LANDMARKS_UNCLEAR = (
        Severity.UNUSABLE,
        "the landmarks cannot be told from their numbers",
        "Write their names, such as left_knee, or all landmarks of the estimator.",
    )
    TIMES_ODD = (
        Severity.UNUSABLE,
        "the times or frame numbers in the file are none of a video",
        "Correct them, or take the column out.",
    )
    NO_FRAMES = (
        Severity.UNUSABLE,
        "the folder holds no OpenPose frames",
        "Run OpenPose with --write_json for this video.",
    )
    FRAMES_BROKEN = (
        Severity.UNUSABLE,
        "no frame could be read",
        "Run OpenPose again: its files are broken.",
    )
    NOBODY = (
        Severity.UNUSABLE,
        "no person was found in any frame",
        "Look at the video, and run the pose estimator again; on legs alone, MediaPipe fails.",
    )
    UNKNOWN_LAYOUT = (
        Severity.UNUSABLE,
        "a number of joints that no known layout has",
        "docs/pose_formats.md lists the layouts; run the pose estimator with one of them.",
    )
    OTHER_LAYOUT = (
        Severity.UNUSABLE,
        "the files do not hold the layout that was set",
        "Set recordings.openpose.layout to what the pose estimator wrote.",
    )
    JOINTS_MISPLACED = (
        Severity.UNUSABLE,
        "the joints are not those of the layout",
        "Set recordings.openpose.layout; if only some videos are such, move them to another "
        "folder.",
    )
    COORDINATES_NOT_PX = (
        Severity.UNUSABLE,
        "coordinates are not in px (set recordings.openpose.frame_size=[height,width])",
    )
    UNEXPECTED_CONTENT = Severity.UNUSABLE, "unexpected content (please report it)"
    STORE_DAMAGED = (
        Severity.UNUSABLE,
        "the store was damaged while it was read",
        "Start again.",
    )

    # What was filmed.
    UPPER_BODY = (
        Severity.UNUSABLE,
        "only the upper body was filmed, no leg is seen",
        "Film again with both feet in the picture.",
    )
    TOO_SHORT = (
        Severity.UNUSABLE,
        "the video is too short",
        "Film ten taps of each leg, or lower recordings.quality.min_seconds.",
    )
    LOST_BY_MEDIAPIPE = (
        Severity.UNUSABLE,
        "MediaPipe lost the patient in most frames",
        "It needs head and shoulders: for legs take OpenPose or pdla pose --estimator rtmlib.",
    )
    PATIENT_MOSTLY_MISSING = (
        Severity.UNUSABLE,
        "the patient is missing in most frames",
        "Look at the video: was the patient in the picture?",
    )
    LEG_HIDDEN = (
        Severity.UNUSABLE,
        "the leg is hidden",
        "Film again from the front with both legs in the picture.",
    )
    PATIENT_SOMETIMES_MISSING = (
        Severity.WARNING,
        "the patient is missing in some frames",
        "Look at the video: was the patient in the picture?",
    )
    TWO_CANDIDATES = (
        Severity.WARNING,
        "two people could be the patient",
        "Look at the video; other people should leave the picture.",
    )
    LEG_SOMETIMES_HIDDEN = (
        Severity.WARNING,
        "the leg is hidden in some frames",
        "Film again from the front with both legs in the picture.",
    )
    FOOT_HIDDEN = (
        Severity.WARNING,
        "the foot is hidden, only the knee is followed",
        "Usable; heights are taken from the knee.",
    )
    INTERPOLATED = Severity.WARNING, "many short gaps were interpolated"
    LEGS_SWAPPED = Severity.WARNING, "left and right leg were often mistaken for each other"
    JOINTS_SHAKE = (
        Severity.WARNING,
        "the joints shake",
        "Look at the video: dim light, loose clothes or a moving camera?",
    )
    OUTSIDE_FRAME = (
        Severity.WARNING,
        "joints lie outside the frame",
        "Set recordings.openpose.frame_size to the height and width of the videos.",
    )
    OTHER_FRAME_RATE = (
        Severity.WARNING,
        "the files say another frame rate than recordings.openpose.fps (theirs is used)",
        "If the files are wrong, take their times out.",
    )
    EVERY_NTH_FRAME = (
        Severity.WARNING,
        "the files hold only every n-th frame of the video",
        "Write every frame: quick taps need 15 frames a second.",
    )
    NO_BODY_LENGTH = (
        Severity.UNUSABLE,
        "no length to measure heights by: neither trunk nor a leg from knee to ankle is seen",
        "Film again from the front with both legs in the picture, from the knees down at least.",
    )
    FROZEN = (
        Severity.UNUSABLE,
        "the picture does not change",
        "Run the pose estimator again: it wrote one frame over and over.",
    )
    NOT_UPRIGHT = (
        Severity.UNUSABLE,
        "the person does not sit upright, or the picture is turned",
        "Look at the video, and turn it before the pose estimator sees it.",
    )
    DISTORTED = (
        Severity.WARNING,
        "the body is distorted: height and width of the picture may have changed places",
        "Set recordings.openpose.frame_size to the height and width of the videos.",
    )
    TURNED_BACK = (
        Severity.WARNING,
        "the picture was turned, and has been turned back",
        "Usable; look at the video to be sure.",
    )
    STALLS = (
        Severity.WARNING,
        "the picture stands still for a while",
        "Look at the video; taps of that time are lost.",
    )
    STANDS = (
        Severity.WARNING,
        "the person stands",
        "Leg agility is done on a chair: is this another task? No score is given.",
    )
    WALKS = (
        Severity.WARNING,
        "the person stands and moves about",
        "Leg agility is done on a chair: is this another task? No score is given.",
    )
    NOBODY_MOVES = (
        Severity.WARNING,
        "neither leg moves",
        "Look at the video: is the task in it? No score is given.",
    )
    SIDES_REVERSED = (
        Severity.WARNING,
        "the left leg is on the left of the picture",
        "Seen from behind, mirrored, or left and right exchanged: compare with the video.",
    )
    STALE_TAIL = (
        Severity.WARNING,
        "the end was cut off: it shows somebody else",
        "Delete the last files if they are left over from another video.",
    )

    # Published data sets (pdla.data.li2018).
    NO_TRIAL = Severity.UNUSABLE, "the key names no trial"
    NO_SUBJECT = Severity.UNUSABLE, "the trial has no subject"
    SECOND_ENTRY = Severity.UNUSABLE, "the trial has several entries"
    NOT_AS_PUBLISHED = Severity.UNUSABLE, "the entry is not as published", "Get the file anew."
    NO_STRETCH = Severity.UNUSABLE, "the active leg is missing"
    UNEQUAL_LENGTHS = Severity.UNUSABLE, "joints of the leg have unequal lengths"
    NO_BOUT = Severity.UNUSABLE, "the active stretch has a hole of more than 300 frames"
    EMPTY_FLOW = Severity.UNUSABLE, "the flow is empty"
    BAD_FLOW = Severity.UNUSABLE, "the flow is not 3 signals of one length"
    SHORT_FLOW = Severity.UNUSABLE, "the flow is shorter than 1 s"
    NO_RATING = Severity.NOTE, "the trial has no rating"
    NO_TRAJECTORY = Severity.NOTE, "the rated trial is not in the file"
    UNKNOWN_JOINT = Severity.NOTE, "unknown joint"
    BAD_INDEX = Severity.NOTE, "idx does not fit the trajectories and is not used"
    INDEX_GAP = Severity.NOTE, "idx has gaps"
    REST_LEFT_OUT = Severity.NOTE, "the resting leg cannot be placed in time and is left out"
    UPPER_BODY_LEFT_OUT = (
        Severity.NOTE,
        "joints of the upper body have other lengths and are left out",
    )
    ORDER_UNKNOWN = (
        Severity.NOTE,
        "idx does not say which leg was first: the upper body is held at its median",
    )
    NOTED = Severity.NOTE, "the authors noted a disturbance"

    # Scoring: why nothing is said of a usable leg.
    NO_TAPS = (
        Severity.WARNING,
        "the leg does not do the task: no tap was found",
        "No score is given. Is the leg's bout in the video?",
    )
    TOO_FEW_TAPS = (
        Severity.WARNING,
        "too few taps for a score",
        "No score is given. Film all ten taps, with the foot in the picture.",
    )
    OUT_OF_RANGE = (
        Severity.WARNING,
        "the movement is unlike that of every leg that the runs have learnt from",
        "No score is given. Look at the video, and at frame rate and frame size.",
    )
    RUNS_DISAGREE = (
        Severity.WARNING,
        "the runs disagree",
        "No score is given. Have a rater look at the video.",
    )
    NO_RUN_FOR_LEG = Severity.UNUSABLE, "none of these runs scores this leg"


# The person does something else than the task.
OTHER_TASK: Final = (Reason.WALKS, Reason.STANDS, Reason.NOBODY_MOVES)
# Why a usable leg gets no score.
ABSTENTIONS: Final = (
    *OTHER_TASK, Reason.NO_TAPS, Reason.TOO_FEW_TAPS, Reason.OUT_OF_RANGE, Reason.RUNS_DISAGREE,
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A reason as it was found in one video.

    Attributes:
        reason: Which one.
        detail: What was special here; never an id, a name of a file, a long number or a date.
    """

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        """Text and detail."""
        return f"{self.reason.text}: {self.detail}" if self.detail else self.reason.text
