"""The page's own words are in the release's language, and what is English is marked as English."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from release_content import make_content
from satdesk.core.scene import Acquisition
from satdesk.release.content import Artifact, Licence, Notice
from satdesk.release.language import language
from satdesk.release.page import write_page
from satdesk.release.page_wording import PAGE_SLOTS
from satdesk.release.sighted_names import MAP_NAME

OTHERS = ("az", "hy", "ru", "fa")
SCRIPTS = ("hy", "ru", "fa")
"""Those whose letters are not Latin: a Latin word there is a name, or was forgotten."""
VOID = {"meta", "link", "br", "hr", "img", "input"}
UNTOLD = {"script", "style", "code", "title"}
NAMES = {
    "SIMULATED", "DRAFT", "UTC", "EMBARGOED", "Leaflet", "BSD", "Clause", "satdesk", "Ctrl", "CE90",
    "SPOT", "NAOMI", "kB", "MB", "bytes", "PNG", "JPG", "PDF", "COG", "TIF", "Asia", "Baku", "WGS",
    "JSON", "JavaScript", "unreviewed",
}  # fmt: skip


class Visible(HTMLParser):
    """Texts of a page, and what a screen reader is told, outside of what is marked as English."""

    def __init__(self, text):
        super().__init__()
        self.texts, self._open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, facts.get("lang")))
        if not self._foreign():
            told = ("aria-label", "alt", "placeholder")
            self.texts += [facts[name] for name in told if facts.get(name)]

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if not self._foreign() and data.strip():
            self.texts.append(data)

    def _foreign(self):
        inner = [lang for _, lang in self._open if lang]
        named = any(tag in UNTOLD for tag, _ in self._open)
        return named or (bool(inner) and inner[-1] != inner[0])


SEEN = {"ha": 1234.5, "percent": 61.7}
COVERAGE = {
    "district_ha": 2000.0,
    "states": dict.fromkeys(("clear", "cloud", "shadow", "not_imaged", "not_told"), SEEN),
    "scenes": [
        {"number": 1, "id": "SCENE_BEFORE_1", "states": {"clear": SEEN}},
        {"number": 2, "id": "SCENE_BEFORE_2", "states": {}},
    ],
    "sites": [
        {"title": "Ж", "radius_m": 250.0, "states": {"clear": 40.0, "cloud": 60.0}},
        {"title": "Ж", "radius_m": 250.0, "states": {}},
    ],
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A draft of simulated pictures with every part that a page can have."""
    made = make_content(tmp_path_factory.mktemp("page"), simulated=True, draft=True)
    first, second = made.dates
    kept = replace(second, licence=Licence(name="Ж", tiles=False))
    facts = (*first.facts, ("coverage", COVERAGE))
    notice = Notice(code="x", text="One English notice.")
    return replace(
        made,
        dates=(replace(first, notices=(notice,), facts=facts, source=first.image), kept),
        notices=(notice,),
        draft_reasons=("one English reason",),
        assertion="Ж",
        embargo=Acquisition.at(made.dates[0].acquisition.instant).instant,
    )


def page_in(content, tag, folder):
    folder.mkdir(exist_ok=True)
    roles = ("image", "plate", "press", "release", "recipe", "signature", "other")
    artifacts = [Artifact(path=f"{role}.x", role=role, media_type="x/x") for role in roles]
    write_page(replace(content, language=tag, languages=()), folder, artifacts)
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("tag", OTHERS)
def test_no_sentence_of_the_page_is_left_in_english(content, tmp_path, tag):
    page = page_in(content, tag, tmp_path / tag)
    said = "\n".join(Visible(page).texts)
    english, own = language("en"), language(tag)
    left = [
        key
        for key, slots in PAGE_SLOTS.items()
        if not slots
        and len(english.words[key]) > 4
        and english.words[key] not in own.words.values()
        and re.search(rf"\b{re.escape(english.words[key].strip())}\b", said)
    ]
    assert left == []
    assert f'<html lang="{tag}" dir="{own.direction}">' in page


@pytest.mark.parametrize("tag", SCRIPTS)
def test_every_latin_word_of_the_page_is_a_name(content, tmp_path, tag):
    page = page_in(content, tag, tmp_path / tag)
    names = {content.title, content.publisher, content.contact or "", content.district.title}
    names |= {name.text for name in content.district.names}
    for site in content.sites:
        names |= {site.kind, site.notes or "", *(name.text for name in site.names)}
        names |= {name.source or "" for name in site.names}
        for source in site.sources:
            names |= {source.title, source.licence or "", source.reference or ""}
    source = content.district.source
    names |= {source.title, source.licence or "", source.reference or "", source.viewpoint or ""}
    names |= {name.source or "" for name in content.district.names}
    names |= {f"{scheme} {code}" for scheme, code in content.district.codes}
    for image in content.dates:
        names |= {image.mission, image.instrument, image.credit, image.licence.name or "", image.id}
        names |= set(image.scene_ids)
    event = content.event
    names |= {event.name, event.source, event.time_zone, content.id, content.version}
    known = NAMES | {word for name in names for word in re.findall(r"[A-Za-z]{3,}", str(name))}
    words = {w for text in Visible(page).texts for w in re.findall(r"[A-Za-z]{3,}", text)}
    paths = {"image", "plate", "press", "release", "recipe", "signature", "other", "json"}
    paths |= {"SHA", "SUMS", "iframe", "before", "after", "html"}
    assert sorted(words - known - paths) == []


def test_what_is_english_says_so(content, tmp_path):
    page = page_in(content, "ru", tmp_path / "ru")
    assert '<span lang="en" dir="ltr">One English notice.</span>' in page
    reason = '<span lang="en" dir="ltr">one English reason</span>'
    assert f"Не для публикации: {reason}." in re.sub("[\u2068\u2069]", "", page)
    assert f"Черновик: {reason}." in re.sub("[\u2068\u2069]", "", page)
    assert "Эти слова на английском языке." in page
    assert "One English notice." not in "".join(Visible(page).texts)


@pytest.mark.parametrize(("tag", "words"), [
    ("ru", "Из 2000,0 га: не снято: 1234,5 га (61,7 %); видно ясно: 1234,5 га (61,7 %)"),
    ("en", "Of 2000.0 ha: not imaged 1234.5 ha (61.7 %); seen clear 1234.5 ha (61.7 %)"),
])  # fmt: skip
def test_what_was_seen_is_told_in_the_pages_language(content, tmp_path, tag, words):
    page = page_in(content, tag, tmp_path / tag).replace("\u00a0", " ")
    assert words in page
    assert f'<th scope="col">{language(tag).say("coverage_share")}</th>' in page
    nothing = language(tag).say("coverage_nothing")
    assert f"<td><bdi>SCENE_BEFORE_2</bdi></td><td>{nothing}</td>" in page


def test_an_english_page_says_nothing_of_it(content, tmp_path):
    page = page_in(content, "en", tmp_path / "en")
    assert '<html lang="en" dir="ltr">' in page
    assert 'lang="en" dir="ltr">One' not in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_that_runs_from_the_right_shows_its_map(content, tmp_path, visit, width):
    page_in(replace(content, dates=content.dates[:1]), "fa", tmp_path / "fa")
    map_of_sources = tmp_path / "fa" / content.dates[0].id / MAP_NAME
    map_of_sources.parent.mkdir(exist_ok=True)
    Image.new("RGB", (60, 40), (90, 120, 90)).save(map_of_sources)
    (tmp_path / "fa" / "status.js").write_text("window.satdeskStatus = null;\n")
    page = visit("fa", root=tmp_path.as_uri(), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    box = page.locator("#map").bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= width
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
