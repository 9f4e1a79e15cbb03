from __future__ import annotations

from dataclasses import replace

import pytest

from release_content import make_content
from satdesk.core.lineage import Lineage
from satdesk.release.captions import alt_text, caption, caption_parts, comparison_caption
from satdesk.release.content import Relation
from satdesk.release.descriptions import (
    cloud_words,
    pixel_words,
    satellite_words,
    seen_words,
    source_line,
)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return make_content(tmp_path_factory.mktemp("captions"))


def test_a_caption_states_what_where_when_by_what_and_how_fine(content):
    parts = caption_parts(content, content.dates[0])
    assert parts.observation == (
        "Kalbajar (Kəlbəcər, Քարվաճառ, Кельбаджар) on 14 September 2020 at 07:33:20 UTC "
        "(11:33:20 local time, Asia/Baku, UTC+04:00); SPOT 7, NAOMI; "
        "10 m product, about 12 m native."
    )
    assert parts.relation == (
        "The picture is from before “An event invented for tests” "
        "(25 November 2020; source: The test suite)."
    )
    assert "orthorectified" in parts.processing
    assert "clipped to the district's boundary" in parts.processing


def test_the_assertion_is_quoted_once_attributed_and_apart(content):
    parts = caption_parts(content, content.dates[0])
    assert parts.assertion == "The Test Desk states: “The town can be seen in full.”"
    assert "seen in full" not in parts.observation
    without = replace(content, assertion=None)
    assert "states:" not in caption(without, without.dates[0])
    assert caption_parts(without, without.dates[0]).assertion is None


def test_marks_come_first(tmp_path):
    draft = make_content(tmp_path, draft=True, simulated=True)
    text = caption(draft, draft.dates[0])
    assert text.startswith("SIMULATED: no camera took this picture. DRAFT: not for publication.")
    assert "Simulated satellite picture" in alt_text(draft, draft.dates[0])


def test_what_nobody_stated_is_said_to_be_not_stated(content):
    bare = replace(
        content.dates[0], mission=None, instrument=None, native_gsd_m=None, cloud_percent=None
    )
    assert satellite_words(bare) == "satellite not stated"
    assert pixel_words(bare) == "10 m product, native size not stated"
    assert cloud_words(bare) == "not measured; the provider states nothing"


@pytest.mark.parametrize(
    ("gsd", "native", "words"),
    [
        (1.5, 2.0, "1.5 m product, about 2 m native"),
        (0.5, 0.7, "0.5 m product, about 0.7 m native"),
        (10.0, 10.0, "10 m product, as the sensor resolves"),
    ],
)
def test_pixel_words(content, gsd, native, words):
    assert pixel_words(replace(content.dates[0], gsd_m=gsd, native_gsd_m=native)) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "100 %"), (0.99999, "99.9 %"), (0.5, "50.0 %"), (0.0, "nothing")],
)
def test_a_share_is_never_rounded_up_to_all(content, share, words):
    assert seen_words(replace(content.dates[0], seen_share=share)).startswith(words)


def test_an_unknown_order_is_not_called_before_or_after(content):
    same_day = replace(content.dates[0], relation=Relation.UNKNOWN)
    sentence = caption_parts(content, same_day).relation
    assert "same day, order not known" in sentence
    assert "before" not in sentence
    assert "after" not in sentence


def test_the_boundary_names_its_source_and_what_is_unknown(content):
    line = source_line(content)
    assert "A polygon drawn for tests" in line
    assert "date 2020" in line
    assert "viewpoint unknown" in line
    assert "validity unknown" in line


def test_a_comparison_has_both_dates_and_each_credit_once(content):
    text = comparison_caption(content, content.dates)
    assert "14 September 2020" in text
    assert "5 June 2021" in text
    assert text.count("© Test Provider 2020") == 1


def test_a_day_without_time_has_no_time_in_its_caption(tmp_path):
    content = make_content(tmp_path, day_only=True)
    observation = caption_parts(content, content.dates[1]).observation
    assert "5 June 2021 (time not known)" in observation
    assert "UTC" not in observation


def test_a_picture_that_was_on_a_map_already_is_said_to_be_resampled(content):
    warped = replace(content.dates[0], lineage=Lineage(step="warped", parameters=(), inputs=()))
    assert "resampled to the map's grid" in caption_parts(content, warped).processing
    assert "orthorectified" not in caption_parts(content, warped).processing
