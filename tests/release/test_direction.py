from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from satdesk.release.direction import (
    isolated,
    isolates_kept,
    marked,
    reopened,
    runs_backwards,
    without_controls,
)
from satdesk.release.page_html import join
from satdesk.release.press_xmp import one_line
from satdesk.release.typography import Face, fit_line, measure, wrap

FSI, PDI = "\u2068", "\u2069"
TEXTS = st.text(alphabet="ab 1.،گیA\u200c\u202e\u2066\u2068\u2069", max_size=40)


def depth_of(text):
    depth = 0
    for c in text:
        depth += (c == FSI) - (c == PDI)
        assert depth >= 0
    return depth


def test_text_is_kept_apart_only_where_it_runs_against_its_surroundings():
    assert isolated("SPOT 7", "ltr") == "SPOT 7"
    assert isolated("SPOT 7", "rtl") == f"{FSI}SPOT 7{PDI}"
    assert isolated("گرگان", "ltr") == f"{FSI}گرگان{PDI}"
    assert isolated("گرگان", "rtl") == "گرگان"
    assert isolated("2020", "rtl") == "2020"


@given(TEXTS, st.sampled_from(["ltr", "rtl"]))
def test_nobody_can_turn_around_what_stands_beside_his_text(text, direction):
    shown = isolated(text, direction)
    assert without_controls(shown) == without_controls(text)
    assert depth_of(shown) == 0
    assert isolates_kept(shown) == shown


@given(TEXTS)
def test_isolates_stay_only_where_each_is_closed(text):
    kept = isolates_kept(text)
    assert depth_of(kept) == 0
    assert not set(kept) & set("\u202e\u2066")
    assert isolates_kept(kept) == kept


@given(st.lists(st.text(alphabet=f"a{FSI}{PDI}", max_size=8), max_size=5))
def test_every_line_of_a_broken_text_closes_what_it_opens(lines):
    done = reopened(lines)
    assert len(done) == len(lines)
    assert all(depth_of(line) == 0 for line in done)
    assert [without_controls(a) for a in done] == [without_controls(a) for a in lines]


def test_a_line_says_its_direction_where_anything_runs_backwards():
    assert marked("SPOT 7", "rtl") == "SPOT 7"
    assert marked("SPOT 7 گرگان", "rtl")[0] == "\u200f"
    assert marked("گرگان", "ltr")[0] == "\u200e"
    assert runs_backwards("שלום")


def test_a_wrapped_line_keeps_its_isolates_and_its_width():
    face = Face(size_pt=8)
    text = f"تصویر {FSI}SPOT 7 NAOMI Instrument of some length{PDI} گرفته شده است"
    lines = wrap(text, face, 30)
    assert len(lines) > 1
    assert all(depth_of(line) == 0 and measure(line, face) <= 30.01 for line in lines)
    assert depth_of(fit_line(text, face, 20)) == 0


def test_the_spelling_of_persian_survives_every_block():
    word = "می\u200cپوشاند"
    assert one_line(word) == word
    assert word in join((word,))
    assert word in " ".join(wrap(word, Face(size_pt=8), 100))


def test_arabic_letters_are_joined_when_they_are_set():
    face = Face(size_pt=10)
    apart = sum(measure(c, face) for c in "سلام")
    assert measure("سلام", face) < 0.9 * apart
    assert unicodedata.bidirectional("س") == "AL"
