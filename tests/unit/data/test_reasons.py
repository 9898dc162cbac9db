import pickle

import pytest

from pdla.data.reasons import Finding, Reason, Severity


def test_every_reason_has_words_of_its_own() -> None:
    assert len({reason.text for reason in Reason}) == len(Reason)
    assert not any("\n" in reason.text + reason.advice for reason in Reason)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_found_by_its_code_and_crosses_processes(reason: Reason) -> None:
    assert Reason.from_code(reason.code) is reason
    assert pickle.loads(pickle.dumps(reason)) is reason
    assert isinstance(reason.severity, Severity)


def test_a_finding_says_what_was_special() -> None:
    assert str(Finding(Reason.TOO_SHORT, "0.3 s")) == "the video is too short: 0.3 s"
    assert str(Finding(Reason.TOO_SHORT)) == "the video is too short"
