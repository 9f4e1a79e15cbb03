from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.release.typography import MISSING_GLYPH, Face, clean, fit_line, measure, wrap

FACE = Face(size_pt=7)


@given(st.text(max_size=120), st.floats(8, 80))
def test_no_line_is_wider_than_its_room_and_no_word_is_lost(text, width):
    lines = wrap(text, FACE, width)
    assert all(measure(line, FACE) <= width + 1e-6 for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@given(st.text(min_size=1, max_size=200), st.integers(1, 3))
def test_a_limit_of_lines_is_kept_and_what_is_cut_says_so(text, most):
    full, cut = wrap(text, FACE, 30), wrap(text, FACE, 30, most)
    assert len(cut) <= most
    assert all(measure(line, FACE) <= 30 + 1e-6 for line in cut)
    if len(full) > most:
        assert cut[-1].endswith("…")


@given(st.text(max_size=80))
def test_clean_text_is_one_line_that_the_face_can_set(text):
    once = clean(text)
    assert clean(once) == once
    assert not any(c in once for c in "\n\r\t\u202e\u0000")


def test_dollar_signs_are_letters():
    assert fit_line("$x^2$ and \\alpha", FACE, 100) == "$x^2$ and \\alpha"


@pytest.mark.parametrize("name", ["Kəlbəcər", "Քարվաճառ", "Кельбаджар", "ქელბაჯარი"])
def test_four_scripts_are_covered(name):
    assert clean(name) == name
    assert MISSING_GLYPH not in clean(name)


def test_a_character_that_the_face_lacks_is_visibly_missing():
    assert clean("Kalbajar 县") == f"Kalbajar {MISSING_GLYPH}"


def test_bold_is_wider_than_regular():
    assert measure("Kalbajar", Face(size_pt=7, bold=True)) > measure("Kalbajar", FACE)
