import numpy as np

from satdesk.core.cover import Cover
from satdesk.radiometry.cover_combined import Answer, agreement, combined, share

SHAPE = (1, 6)
SEEN = np.ones(SHAPE, bool)


def _answer(*flags, told, known=None):
    array = np.array([flags], np.uint8)
    return Answer(flags=array, told=told, known=SEEN if known is None else np.array([known]))


OURS = _answer(0, Cover.CLOUD, Cover.SNOW, Cover.CLOUD_SHADOW, Cover.SHADOW_NOT_TOLD, 0,
               told=Cover.CLOUD | Cover.CLOUD_SHADOW | Cover.SNOW)  # fmt: skip
THEIRS = _answer(0, 0, Cover.CLOUD, Cover.CLOUD, Cover.CLOUD, Cover.CLOUD, told=Cover.CLOUD,
                 known=[True, True, True, True, True, False])  # fmt: skip


def test_what_one_calls_hidden_is_hidden_and_cloud_goes_first():
    found = combined({"classical": OURS, "provider": THEIRS})
    assert found.flags.tolist() == [[0, 1, 1, 1, 1, 0]]
    assert found.known.all()


def test_a_source_speaks_only_where_it_looked_and_of_what_it_looked_for():
    assert share(THEIRS, Cover.CLOUD, SEEN) == 3 / 5
    assert share(THEIRS, Cover.SNOW, SEEN) is None
    assert share(OURS, Cover.SATURATED, SEEN) is None


def test_agreement_counts_what_both_look_for():
    # Of the five places that both saw, they agree on cloud at the first alone.
    assert agreement(OURS, THEIRS, SEEN) == 1 / 5
    nobody = _answer(0, 0, 0, 0, 0, 0, told=Cover.SNOW)
    assert agreement(OURS, nobody, SEEN) is None


def test_shadow_that_another_source_is_sure_of_is_told():
    sure = _answer(0, 0, 0, 0, Cover.CLOUD_SHADOW, 0, told=Cover.CLOUD_SHADOW)
    found = combined({"classical": OURS, "learned": sure})
    assert found.flags[0, 4] == Cover.CLOUD_SHADOW
