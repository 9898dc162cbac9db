"""Which joint a landmark is: told by its name, or by the numbers of all landmarks in the file."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.layouts import LAYOUTS, Source, fits_better, layout_of, to_body_25
from pdla.data.reasons import Reason
from pdla.data.skeletons import JOINT

_PARTS: Final = {
    "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee",
    "ankle": "Ankle", "eye": "Eye", "ear": "Ear", "heel": "Heel",
    "bigtoe": "BigToe", "footindex": "BigToe", "toe": "BigToe",
    "smalltoe": "SmallToe", "littletoe": "SmallToe", "pinkytoe": "SmallToe",
}  # fmt: skip
_MIDDLE: Final = {
    "nose": "Nose", "neck": "Neck", "midhip": "MidHip", "hip": "MidHip", "pelvis": "MidHip",
    "root": "MidHip",
}  # fmt: skip
# Landmarks of MediaPipe that BODY_25 lacks; no other estimator has them, so they tell it.
_OF_MEDIAPIPE: Final = ("eyeinner", "eyeouter", "pinky", "index", "thumb", "mouth", "footindex")
_SIDES: Final = (("left", "L"), ("right", "R"), ("l", "L"), ("r", "R"))
JOINT_OF_NAME: Final = {
    **{name: JOINT[joint] for name, joint in _MIDDLE.items()},
    **{
        text: JOINT[side + joint]
        for word, side in _SIDES
        for part, joint in _PARTS.items()
        for text in (word + part, part + word)
    },
}
MEDIAPIPE_NAMES: Final = frozenset(
    text
    for side in ("left", "right")
    for part in _OF_MEDIAPIPE
    for text in (side + part, part + side)
)
MIN_NAMES: Final = 4  # joints that a table of a person names; fewer are something else
# An eye is 4 to 5 cm from the tip of the nose, the nose 15 to 20 cm from the neck, a trunk is 50 cm
# long (half of that, seen from above), and shoulders are wider than hips.
MAX_EYE_PER_TRUNK: Final = 0.3
MAX_EYE_PER_THROAT: Final = 0.75
MIN_SHOULDERS_PER_HIPS: Final = 0.5
# Landmarks of MediaPipe that come in pairs, left then right.
_PAIRS: Final = ((1, 4), (2, 5), (3, 6), *((left, left + 1) for left in range(7, 32, 2)))
_PARTNER: Final = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}


def plain(text: object) -> str:
    """A name without case and punctuation: LEFT_KNEE, leftKnee, PoseLandmark.LEFT_KNEE."""
    name = str(text).casefold().removeprefix("poselandmark.")
    return "".join(re.findall(r"[a-z0-9]+", name))


# A selection without ankles is of no use, and without hips or knees beside them its pairs may be
# other ones, counted from 1.
_ANKLES: Final = {27, 28}
_HIPS_OR_KNEES: Final = ({23, 24}, {25, 26})


def layout_of_numbers(numbers: frozenset[int], declared: str) -> tuple[str, int]:
    """Layout of a table with numbered landmarks, and whether it counts from 0 or 1.

    All numbers of a known layout, from 0 or from 1, are that layout. Some of them, with gaps, can
    only be MediaPipe's, of which tools keep a selection; there, both landmarks of a pair (the
    knees) are kept, which tells the first number.

    Args:
        numbers: All numbers in the file.
        declared: `recordings.openpose.layout`.

    Returns:
        Name of the layout, and the number of its first landmark, 0 or 1.

    Raises:
        UnreadableRecordingError: If it stays unclear.
    """
    lowest, highest = min(numbers), max(numbers)
    is_gapless = highest - lowest + 1 == len(numbers)
    if is_gapless and lowest in (0, 1):
        usual = layout_of(len(numbers))
        if declared != "auto" and LAYOUTS[declared].n_points == len(numbers):
            usual = declared
        # Without a face nothing tells such a table from a selection counted anew.
        if usual is not None and (usual == declared or LAYOUTS[usual].has_face):
            return usual, lowest
    elif declared in ("auto", "mediapipe_33") and 25 < highest <= 33 and lowest >= 0:
        counted = [(base, {number - base for number in numbers}) for base in (0, 1)]
        fitting = [base for base, own in counted if _has_pairs(own) and _has_legs(own)]
        if len(fitting) == 1:
            return "mediapipe_33", fitting[0]
    raise UnreadableRecordingError(
        Reason.LANDMARKS_UNCLEAR, f"{len(numbers)} landmarks, numbers {lowest} to {highest}"
    )


def _has_legs(landmarks: set[int]) -> bool:
    """Whether MediaPipe's landmarks of a selection, counted from 0, show legs."""
    return landmarks >= _ANKLES and any(landmarks >= pair for pair in _HIPS_OR_KNEES)


def refuse_shifted(points: NDArray[np.float32], layout: str) -> None:
    """Refuse numbered landmarks that make a better body when they are counted otherwise.

    Args:
        points: (N, P, 3) of x, y, confidence in the layout's order; unseen is NaN, NaN, 0.
        layout: What they are taken for.

    Raises:
        UnreadableRecordingError: If they are counted from another number, or are the first of
            MediaPipe's 33.
    """
    usual = LAYOUTS[layout].sources
    others = [_shift(usual, by, points.shape[1]) for by in (-1, 1)] if layout[:2] == "me" else []
    if layout != "mediapipe_33" and points.shape[1] < 33:
        others.append(_shift(LAYOUTS["mediapipe_33"].sources, 0, points.shape[1]))
    if any(fits_better(points, other, usual) for other in others):
        raise UnreadableRecordingError(
            Reason.LANDMARKS_UNCLEAR, f"{points.shape[1]} landmarks that are no body as {layout}"
        )


def refuse_odd_proportions(points: NDArray[np.float32], layout: str) -> None:
    """Refuse numbered landmarks that make no body: a selection of others, counted anew.

    Args:
        points: (N, P, 3) of x, y, confidence in the layout's order; unseen is NaN, NaN, 0.
        layout: What they are taken for, by their number alone.

    Raises:
        UnreadableRecordingError: If the eyes are too far from the nose, or shoulders too narrow.
    """
    body = to_body_25(points, layout)[..., :2]

    def distance(first: str, second: str) -> NDArray[np.float32]:
        lengths = np.linalg.norm(body[:, JOINT[first]] - body[:, JOINT[second]], axis=-1)
        return np.asarray(lengths, dtype=np.float32)

    eye = np.fmax(distance("Nose", "REye"), distance("Nose", "LEye"))
    allowed = np.minimum(
        MAX_EYE_PER_TRUNK * distance("Neck", "MidHip"),
        MAX_EYE_PER_THROAT * distance("Nose", "Neck"),
    )
    shoulders = distance("RShoulder", "LShoulder")
    needed = MIN_SHOULDERS_PER_HIPS * distance("RHip", "LHip")
    if _is_mostly(eye, allowed) or _is_mostly(needed, shoulders):
        raise UnreadableRecordingError(
            Reason.LANDMARKS_UNCLEAR,
            f"no body as {layout} (if it is, set recordings.openpose.layout={layout})",
        )


def _is_mostly(larger: NDArray[np.float32], smaller: NDArray[np.float32]) -> bool:
    """Whether the one is larger in most people in whom both are known."""
    is_told = np.isfinite(larger) & np.isfinite(smaller)
    return bool(is_told.any() and (larger > smaller)[is_told].mean() > 0.5)


def _has_pairs(numbers: set[int]) -> bool:
    is_known = all(0 <= number <= 32 for number in numbers)
    return is_known and all(_PARTNER.get(number, number) in numbers for number in numbers)


def _shift(sources: tuple[Source, ...], by: int, n_points: int) -> tuple[Source, ...]:
    """Sources with other numbers; None where there is no such number."""

    def moved(source: Source) -> Source:
        if source is None:
            return None
        if isinstance(source, int):
            return source + by if 0 <= source + by < n_points else None
        first, second = moved(source[0]), moved(source[1])
        both = isinstance(first, int) and isinstance(second, int)
        return (source[0] + by, source[1] + by) if both else None

    return tuple(map(moved, sources))
