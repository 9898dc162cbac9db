"""How video ids tell the patient: usual forms, tried on the ids of a cohort."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pdla.data.intake.patients import PatientOptions, group_patients, identify

MIN_SHARE: Final = 0.95  # of ids that a form must explain
_WORDS: Final = (
    r"(?:[Pp]atient|PATIENT|[Pp]at|PAT|[Ss]ubject|[Ss]ubj|SUBJ|[Ss]ujet|[Ss]ujeto|[Pp]aciente|"
    r"[Pp]roband|[Pp]articipant|[Pp]t|PT|病人|患者|受[試试]者)"
)


@dataclass(frozen=True)
class ProposedPattern:
    """A form that the ids of a cohort have.

    Attributes:
        pattern: As `recordings.patients.pattern`.
        meaning: In words.
        n_patients: People that it finds in the ids.
    """

    pattern: str
    meaning: str
    n_patients: int


# From the most to the least certain.
FORMS: Final = (
    (PatientOptions().pattern, "group code, patient number and date, as in AB1_123_20240101_"),
    (r"^(?:.*[_ -])?sub-(?P<number>[A-Za-z0-9]+)", "sub-NUMBER, as in BIDS"),
    (rf"^(?:.*[_ .-])?{_WORDS}[_ .-]?(?P<number>\d+)", "a word for patient and a number"),
    (r"^(?P<group>[A-Za-z]+)[_ -]?(?P<code>\d+)(?=$|[_ .-])", "letters and a number in front"),
    (r"^(?P<number>\d+)(?=$|[_ .-])", "a number in front"),
)
WHOLE_ID: Final = (r"^(?P<number>.+)$", "the whole id: its column is that of patients")


def propose_pattern(ids: Sequence[str], *, whole_id: bool = False) -> ProposedPattern | None:
    """The first usual form that nearly all ids have.

    Args:
        ids: Of all videos.
        whole_id: Whether the ids are those of patients.

    Returns:
        None if no form fits; then nobody knows whose videos they are.
    """
    for pattern, meaning in (WHOLE_ID,) if whole_id else FORMS:
        identities = [identify(one, PatientOptions(pattern=pattern)) for one in ids]
        known = [one for one in identities if one.is_known]
        if not ids or len(known) < MIN_SHARE * len(ids) or _are_dates(pattern, ids):
            continue
        return ProposedPattern(pattern, meaning, len(set(group_patients(known))))
    return None


def _are_dates(pattern: str, ids: Sequence[str]) -> bool:
    """Whether what would be the patient number is a date of eight digits in most ids."""
    matches = [match for one in ids if (match := re.match(pattern, one))]
    numbers = [match.groupdict().get("number") or match.groupdict().get("code") or ""
               for match in matches]  # fmt: skip
    dates = sum(re.fullmatch(r"(?:19|20)\d\d[01]\d[0-3]\d", number) is not None
                for number in numbers)  # fmt: skip
    return dates > len(matches) / 2
