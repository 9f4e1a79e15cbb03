"""Languages: every sentence in every language, with every combination of facts."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_content import make_content
from satdesk.core.place import Name
from satdesk.core.scene import Acquisition
from satdesk.errors import BrokenInputError, UsageError
from satdesk.release.accuracy_words import checked_words
from satdesk.release.captions import (
    alt_text,
    caption,
    caption_parts,
    comparison_alt_text,
    comparison_caption,
)
from satdesk.release.content import Event, Relation
from satdesk.release.descriptions import accuracy_words, cloud_words, source_line
from satdesk.release.direction import isolates_kept, without_controls
from satdesk.release.language import language, languages, parse_language
from satdesk.release.typography import MISSING_GLYPH, clean
from satdesk.release.wording import (
    SLOTS,
    Angle,
    Clock,
    Count,
    Day,
    Metres,
    Number,
    Percent,
    Phrase,
    Words,
)

TAGS = ("en", "az", "fa", "hy", "ru")
EXAMPLES = {
    Words: Words("Kəlbəcər"),
    Phrase: Phrase("x"),
    Number: Number(Decimal("1.5")),
    Metres: Metres(Decimal("1.5")),
    Percent: Percent(Decimal("3.5")),
    Angle: Angle(Decimal("0.25")),
    Count: Count(3),
    Day: Day(date(2020, 9, 14)),
    Clock: Clock(time(7, 33, 20)),
}


def source(tag):
    return files("satdesk").joinpath("data", "languages", f"{tag}.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return make_content(tmp_path_factory.mktemp("languages"))


def test_four_languages_and_one_from_right_to_left_ship():
    assert tuple(languages()) == TAGS
    assert [tag for tag in TAGS if language(tag).rtl] == ["fa"]


@pytest.mark.parametrize("tag", TAGS)
def test_no_language_claims_a_reviewer_and_each_says_so(tag):
    found = language(tag)
    assert found.reviewers == ()
    assert "reviewers = []" in source(tag)
    assert "unreviewed" in found.review or tag == "en"
    assert replace(found, reviewers=("A. Reader",)).review != found.review


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("key", SLOTS)
def test_every_sentence_takes_its_facts_and_no_other(tag, key):
    facts = {name: EXAMPLES[kind] for name, kind in SLOTS[key].items()}
    said = language(tag).say(key, **facts)
    assert said.strip()
    assert not set("{}") & set(said)
    for name, fact in facts.items():
        assert language(tag).show(fact) in said, name
    with pytest.raises(TypeError):
        language(tag).say(key, **facts, further=Words("x"))
    for name in facts:
        with pytest.raises(TypeError):
            language(tag).say(key, **{**facts, name: object()})


@pytest.mark.parametrize("tag", TAGS)
def test_no_glyph_is_missing_on_a_plate(tag):
    for key, slots in SLOTS.items():
        for n in (1, 2, 5, 21):
            facts = {name: EXAMPLES[kind] for name, kind in slots.items()}
            facts |= {name: Count(n) for name, kind in slots.items() if kind is Count}
            assert MISSING_GLYPH not in clean(language(tag).say(key, **facts)), key
    months = "".join(language(tag).show(Day(date(2020, m, 1))) for m in range(1, 13))
    assert MISSING_GLYPH not in clean(months)


@pytest.mark.parametrize("script", ["العربية", "فارسی گچپژ", "Ərəb ğıöüşç", "Հայերեն", "Русский ё"])
def test_the_faces_cover_every_script_that_a_name_of_the_area_may_have(script):
    assert clean(script) == script


@pytest.mark.parametrize(
    ("n", "words"),
    [(1, "1 независимая точка"), (3, "3 независимые точки"), (14, "14 независимых точек"),
     (21, "21 независимая точка")],
)  # fmt: skip
def test_russian_counts_as_russian_does(n, words):
    said = language("ru").say("accuracy_leave_one_out", figure=Metres(Decimal("3.5")), n=Count(n))
    assert words in said
    assert "3,5 м" in said


@given(
    metres=st.floats(0.01, 9e4),
    n=st.integers(2, 500),
    how=st.sampled_from(["leave-one-out", "check-points", "held-out"]),
    against=st.sampled_from(["points", "reference"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_english_says_of_positions_what_the_budget_says(content, metres, n, how, against):
    figures = {"checked": True, "ce90_m": metres, "n": n, "how": how, "against": against}
    image = replace(content.dates[0], facts=(("accuracy", figures),))
    assert accuracy_words(image) == checked_words(metres, n=n, how=how, against=against)


FACTS = st.fixed_dictionaries(
    {
        "mission": st.none() | st.just("SPOT 7"),
        "instrument": st.none() | st.just("NAOMI"),
        "native_gsd_m": st.none() | st.sampled_from([10.0, 12.0]),
        "cloud_percent": st.none() | st.floats(0, 100),
        "seen_share": st.floats(0, 1),
        "relation": st.none() | st.sampled_from(list(Relation)),
        "product": st.sampled_from(["sharpened", "ms", "pan"]),
        "simulated": st.booleans(),
        "acquisition": st.sampled_from(
            [
                Acquisition.on(date(2020, 2, 29)),
                Acquisition.at(datetime(2021, 6, 5, 22, 41, 9, tzinfo=UTC)),
            ]
        ),
        "facts": st.sampled_from(
            [
                (),
                (("cloud", {"cloud_percent": 12.345, "shadow_percent": 6.0}),),
                (("accuracy", {"parts": [{"part": "provider", "value_m": 4.7}]}),),
            ]
        ),
    }
)


@pytest.mark.parametrize("tag", TAGS)
@given(
    facts=FACTS,
    zone=st.sampled_from([None, "Asia/Baku"]),
    event_at=st.sampled_from(
        [Acquisition.on(date(2020, 1, 1)), Acquisition.at(datetime(2020, 1, 1, tzinfo=UTC))]
    ),
    assertion=st.none() | st.just("“Said by us.”"),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_every_combination_of_facts_is_said_whole(content, tag, facts, zone, event_at, assertion):
    words = language(tag)
    image = replace(content.dates[0], **facts)
    event = Event(name="E", at=event_at, time_zone="Asia/Baku", source="S")
    made = replace(
        content, dates=(image, content.dates[1]), time_zone=zone, event=event, assertion=assertion
    )
    for text in (
        caption(made, image, words),
        comparison_caption(made, made.dates, words),
        alt_text(made, image, words),
        comparison_alt_text(made, made.dates, words),
        source_line(made, words),
    ):
        assert not set("{}") & set(text)
        assert "None" not in text
        assert "  " not in text
        assert isolates_kept(text) == text  # every isolate is closed
        assert MISSING_GLYPH not in clean(text)
    text = without_controls(caption(made, image, words))
    assert (image.mission or "") in text
    assert ("SIMULATED" in text) is image.simulated
    assert ("E" in text and "S" in text) or image.relation is None
    assert all(name.text in text for name in content.district.names)


@pytest.mark.parametrize("tag", TAGS)
def test_the_assertion_is_apart_and_attributed_in_every_language(content, tag):
    parts = caption_parts(content, content.dates[0], language(tag))
    assertion = without_controls(parts.assertion)
    assert "The Test Desk" in assertion
    assert re.search("[“«]The town can be seen in full.[”»]", assertion)
    assert "seen in full" not in parts.observation


def test_cloud_is_measured_only_where_it_was(content):
    image = replace(
        content.dates[0], facts=(("cloud", {"cloud_percent": 4.0, "shadow_percent": 2.5}),)
    )
    measured = (
        "hides 4.0 % of the district, its shadow 2.5 % (measured); "
        "the provider states 3.5 % of the whole scene"
    )
    assert cloud_words(image) == measured
    assert cloud_words(content.dates[0]).startswith("not measured; ")


def test_a_place_is_called_by_its_name_in_the_language(content):
    parts = caption_parts(content, content.dates[0], language("hy"))
    assert parts.observation.startswith("Քարվաճառ (Kəlbəcər, Kalbajar, Кельбаджар)")
    assert language("fa").title_of((Name(text="B", language="az"), Name(text="A"))) == "B"


BROKEN = {
    "a sentence less": lambda t: re.sub(r"^utc_time = .*$", "", t, flags=re.MULTILINE),
    "a sentence more": lambda t: t + 'nobody_asks = "x"\n',
    "another placeholder": lambda t: t.replace("{time} UTC", "{hour} UTC", 1),
    "a placeholder twice": lambda t: t.replace("{time} UTC", "{time} {time} UTC", 1),
    "a placeholder less": lambda t: t.replace('"{time} UTC"', '"UTC"', 1),
    "a format": lambda t: t.replace("{time} UTC", "{time:>9} UTC", 1),
    "an attribute": lambda t: t.replace("{time} UTC", "{time.__class__} UTC", 1),
    "an open brace": lambda t: t.replace("{time} UTC", "{time UTC", 1),
    "no plural": lambda t: re.sub(r"(note_names_more = )\{.*\}", r'\1"{n}"', t),
    "a plural too few": lambda t: re.sub(r'(note_names_more = \{) one = "[^"]*",', r"\1", t),
    "an override": lambda t: t.replace("{time} UTC", "{time} \\u202eUTC", 1),
    "no direction": lambda t: t.replace('"ltr"', '"upwards"'),
    "no reviewers": lambda t: re.sub(r"^reviewers.*$", "", t, flags=re.MULTILINE),
    "no locale": lambda t: t.replace('"en_GB"', '"xx_YY"'),
    "no TOML": lambda t: t + "[",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_could_say_too_much_or_too_little_is_refused(what):
    text = BROKEN[what](source("en"))
    assert text != source("en")
    with pytest.raises(BrokenInputError) as caught:
        parse_language(text, subject="en.toml")
    assert str(caught.value)


def test_a_language_that_nobody_wrote_is_refused():
    with pytest.raises(UsageError, match="hy"):
        language("tlh")


@pytest.mark.parametrize("tag", TAGS)
def test_the_sentences_of_a_language_are_its_own(tag):
    """No sentence with words was left in English by oversight."""
    ours, english = (tomllib.loads(source(each))["words"] for each in (tag, "en"))
    same = {key for key in ours if ours[key] == english[key]}
    figures = {
        "utc_time",
        "percent",
        "metres",
        "satellite",
        "place_with_names",
        "comma",
        "separator",
        "evidence_of",
        "reader_answer",
    }
    assert tag == "en" or same <= figures
