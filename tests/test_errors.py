import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk import errors
from satdesk.errors import (
    EXIT_CODES,
    LimitError,
    SatdeskError,
    UnknownNameError,
    exit_code,
)

words = st.none() | st.text(min_size=1, max_size=20)


def tree(kind=SatdeskError):
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


PLAIN = [kind for kind in tree() if kind not in {LimitError, UnknownNameError}]


def same(one, other):
    return type(one) is type(other) and vars(one) == vars(other) and str(one) == str(other)


@settings(deadline=None)
@given(
    kind=st.sampled_from(PLAIN),
    what=st.text(max_size=20),
    subject=words,
    found=words,
    expected=words,
    remedy=words,
)
def test_errors_cross_processes_whole(kind, what, subject, found, expected, remedy):
    error = kind(what, subject=subject, found=found, expected=expected, remedy=remedy)
    assert same(pickle.loads(pickle.dumps(error)), error)  # noqa: S301 - our own bytes
    for part in (what, subject, found, expected, remedy):
        assert part is None or part in str(error)


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("no such place", subject="kalbajer", nearest=("Kalbajar",)),
        LimitError(
            "too far apart", rule="pan-ms", measured=1.5, limit=0.3, unit="px", remedy="look"
        ),
    ],
)
def test_errors_with_facts_of_their_own_cross_too(error):
    assert same(pickle.loads(pickle.dumps(error)), error)  # noqa: S301 - our own bytes


def test_a_limit_says_what_was_measured_and_how_to_accept_it():
    error = LimitError(
        "too far apart", rule="pan-ms", measured=1.5, limit=0.3, unit="px", remedy="look"
    )
    assert "found: 1.5 px" in str(error)
    assert "at most 0.3 px" in str(error)
    assert "--accept pan-ms=REASON" in str(error)


def test_nearest_names_are_offered():
    error = UnknownNameError("no such place", nearest=("Kalbajar", "Kəlbəcər"))
    assert "did you mean Kalbajar, Kəlbəcər?" in str(error)


def test_every_branch_has_its_exit_code():
    assert set(EXIT_CODES) == set(SatdeskError.__subclasses__())
    assert sorted(EXIT_CODES.values()) == [2, 3, 4, 5, 6]
    for kind in tree():
        if kind is not SatdeskError:
            nearest = next(k for k in kind.__mro__ if k in EXIT_CODES)
            assert exit_code(kind.__new__(kind)) == EXIT_CODES[nearest]


def test_anything_else_is_a_bug_or_an_interrupt():
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(ValueError()) == 1
    assert exit_code(SatdeskError("plain")) == 1


def test_all_errors_are_public():
    assert {kind.__name__ for kind in tree()} <= set(errors.__all__)
