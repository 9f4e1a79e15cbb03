"""The press kit: what it says, that it is PDF/A and tagged, that no text becomes markup."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from release_content import make_content
from satdesk.core.place import Name
from satdesk.errors import UsageError
from satdesk.release.captions import alt_text, caption
from satdesk.release.content import Notice
from satdesk.release.language import language
from satdesk.release.press import write_press
from satdesk.release.press_kit import press_kit_bytes, write_press_kits
from satdesk.release.press_kit_facts import kit_facts, kit_pictures

pytest.importorskip("typst", reason="the extra satdesk[press] is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kit")
    content = replace(
        make_content(folder), address="https://desk.example.org/releases/kalbajar-test/"
    )
    write_press(content, folder)
    return content, folder


def opened(data):
    return PdfReader(io.BytesIO(data))


def text_of(data):
    return " ".join(" ".join(page.extract_text() for page in opened(data).pages).split())


def flat(text):
    """Without what a line break or a direction adds."""
    return "".join(c for c in text if c.isalnum())


def test_it_says_everything_that_an_editor_prints(made):
    content, folder = made
    text = flat(text_of(press_kit_bytes(content, folder, "en")))
    facts = [content.title, "The Test Desk", "corrections@example.org", "Licence of the satellite",
             "press/kalbajar-test-before-16x9-clean.jpg", "not checked; the provider states nothing",
             "https://desk.example.org/releases/kalbajar-test/index.html", "satdesk verify FOLDER",
             "EGM96 stands in for EGM2008", "were not reviewed by a native speaker"]  # fmt: skip
    for image in content.dates:
        facts += [caption(content, image), alt_text(content, image), image.credit]
    for fact in facts:
        assert flat(fact) in text, fact


@pytest.mark.parametrize("tag", ["en", "az", "hy", "ru", "fa"])
def test_it_is_archival_tagged_and_in_its_language(made, tag):
    content, folder = made
    pdf = opened(press_kit_bytes(content, folder, tag))
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert str(root["/Lang"]).partition("-")[0] == tag
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712 - as above
    assert "/StructTreeRoot" in root
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    assert "/Encrypt" not in pdf.trailer
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in pdf.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert fonts
    assert all("DejaVuSans" in font for font in fonts)


def alternatives(node, seen=None):
    """Every /Alt below a node of the structure tree."""
    node = node.get_object()
    if not hasattr(node, "get"):
        return
    if "/Alt" in node:
        yield str(node["/Alt"])
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        yield from alternatives(kid)


@pytest.mark.parametrize("tag", ["en", "fa"])
def test_every_picture_has_its_alternative_text(made, tag):
    content, folder = made
    root = opened(press_kit_bytes(content, folder, tag)).trailer["/Root"]
    found = {flat(text) for text in alternatives(root["/StructTreeRoot"])}
    wanted = {flat(alt_text(content, image, language(tag))) for image in content.dates}
    assert wanted <= found


def test_the_marks_stand_on_every_page(tmp_path):
    content = make_content(tmp_path, simulated=True, draft=True, dates=1)
    write_press(content, tmp_path)
    (artifact,) = write_press_kits(content, tmp_path, ("hy",))
    assert artifact.path.endswith("-press-kit-hy-simulated.pdf")
    assert artifact.title.startswith("DRAFT: SIMULATED: ")
    for page in opened((tmp_path / artifact.path).read_bytes()).pages:
        text = page.extract_text()
        assert "DRAFT" in text
        assert "SIMULATED" in text


def test_the_same_content_gives_the_same_bytes(made):
    content, folder = made
    assert press_kit_bytes(content, folder, "fa") == press_kit_bytes(content, folder, "fa")


NASTY = (
    '#read("/etc/passwd")', "#panic()", "*bold* _slanted_ `code`", "= heading", "$x^2$", "@ref",
    "<label>", "\\", "#{", "]", '[#image("x")]', '"; #import "a.typ": *', "//", "/*", "- item",
    "#sys.inputs", '#link("https://evil.example")[safe]', "~", "--- ...", "#let x = 1",
)  # fmt: skip


def test_markup_of_a_stranger_is_printed_and_not_obeyed(made):
    content, folder = made
    strange = replace(
        content,
        title=NASTY[0],
        publisher=" ".join(NASTY),
        notices=tuple(Notice(code=f"n{i}", text=text) for i, text in enumerate(NASTY)),
        contact='#read("kit.json")',
        assertion=NASTY[16],
        district=replace(
            content.district,
            names=tuple(Name(text=text, language="en") for text in NASTY if text.strip("\\")),
        ),
        dates=tuple(
            replace(d, credit="*©* " + NASTY[0], mission="#panic()") for d in content.dates
        ),
    )
    data = press_kit_bytes(strange, folder, "en")
    text = "".join(text_of(data).split())
    for each in NASTY:
        assert "".join(each.split()) in text, each
    assert "root:" not in text
    links = [
        str(mark.get_object()["/A"]["/URI"])
        for page in opened(data).pages
        for mark in page.get("/Annots", [])
    ]
    assert set(links) == {"https://desk.example.org/releases/kalbajar-test/index.html"}


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=texts.filter(str.strip), credit=texts, tag=st.sampled_from(["en", "fa"]))
def test_any_text_at_all_makes_a_document(made, title, credit, tag):
    content, folder = made
    strange = replace(
        content,
        title=title,
        notices=(Notice(code="n", text=credit),),
        dates=tuple(replace(d, credit=credit) for d in content.dates),
    )
    assert opened(press_kit_bytes(strange, folder, tag)).pages


def test_nothing_of_the_facts_is_left_untranslated(made):
    content, _ = made
    english = kit_facts(content, kit_pictures(content, "en"), "en")
    for tag in ("az", "hy", "ru", "fa"):
        other = kit_facts(content, kit_pictures(content, tag), tag)
        assert not set(english["words"].values()) & set(other["words"].values())
        assert not set(english["check"][:4]) & set(other["check"][:4])
        assert other["rtl"] == (tag == "fa")


def test_without_the_typesetter_it_is_refused(made, monkeypatch):
    content, folder = made
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match=r"satdesk\[press\]"):
        press_kit_bytes(content, folder, "en")
