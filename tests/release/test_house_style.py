"""A house style: what it may say, what it may not, and that it cannot take anything away."""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from release_content import make_content
from satdesk.errors import InputError, SatdeskError, UnsafeInputError, UsageError
from satdesk.release.contrast import contrast
from satdesk.release.house_style import HouseStyle, Palette
from satdesk.release.house_style_files import load_house_style
from satdesk.release.inputs import side_files
from satdesk.release.page import write_page
from satdesk.release.plate import compose_plate
from satdesk.release.plate_clean import compose_clean
from satdesk.release.plate_format import A4, FORMATS
from satdesk.release.plate_sheet import drawing_style
from satdesk.release.recipe import load_recipe
from satdesk.release.setting import credit_sentence, setting_of
from satdesk.release.typography import Face, measure

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
STYLE = """
[colours]
accent = "#0b4f6c"
[type]
regular = "fonts/DejaVuSerif.ttf"
bold = "fonts/DejaVuSerif-Bold.ttf"
licence = "fonts/LICENCE.txt"
[logo]
file = "logo.png"
width_mm = 30
alt = "A blue square beside a red one"
[credit]
wording = "Satellite picture: {credit}"
[page]
margin_mm = 13
"""
BLUE, RED = (10, 60, 200), (210, 30, 40)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">{}</svg>'


@pytest.fixture
def folder(tmp_path):
    style = tmp_path / "style"
    (style / "fonts").mkdir(parents=True)
    for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"):
        shutil.copy(FONTS / name, style / "fonts" / name)
    (style / "fonts" / "LICENCE.txt").write_text("Free as the Bitstream Vera fonts are.")
    logo = np.zeros((60, 180, 4), np.uint8)
    logo[:, :90] = (*BLUE, 255)
    logo[:, 90:] = (*RED, 255)
    Image.fromarray(logo).save(style / "logo.png")
    (style / "style.toml").write_text(STYLE)
    return style


def changed(folder, *changes):
    text = (folder / "style.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "style.toml").write_text(text)
    return folder


def test_a_style_is_read_with_everything_that_it_is_made_of(folder):
    style = load_house_style(folder)
    assert style.palette == Palette(accent="#0b4f6c")
    assert style.logo.size_px == (180, 60)
    assert style.logo.height_mm == pytest.approx(10)
    assert {path.relative_to(folder).as_posix() for path in style.files} == {
        "style.toml", "logo.png", "fonts/DejaVuSerif.ttf", "fonts/DejaVuSerif-Bold.ttf",
        "fonts/LICENCE.txt",
    }  # fmt: skip


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # Greys on white of the guidelines' own understanding documents: 4.54 and 4.48.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["ink", "quiet", "accent"])
def test_text_that_cannot_be_told_from_its_paper_is_refused(name):
    Palette(**{name: "#767676"})
    with pytest.raises(UsageError, match=r"contrast 4\.48"):
        Palette(**{name: "#777777"})


colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda c: "#{:02x}{:02x}{:02x}".format(*c))


@given(paper=colours, ink=colours, strip=colours, strip_ink=colours)
def test_no_palette_hides_a_mark_or_a_word(paper, ink, strip, strip_ink):
    try:
        made = Palette(
            paper=paper, ink=ink, quiet=ink, accent=ink, strip=strip, strip_ink=strip_ink,
            strip_quiet=strip_ink,
        )  # fmt: skip
    except UsageError:
        return
    from satdesk.release.house_style import ALARM, STRIP_ALARM  # noqa: PLC0415

    assert contrast(ALARM, made.paper) >= 4.5
    assert contrast(STRIP_ALARM, made.strip) >= 4.5
    assert min(contrast(made.ink, made.paper), contrast(made.strip_ink, made.strip)) >= 4.5


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[colours]", "[marks]\ndraft = false\n[colours]", "marks"),
        ("[page]", "[page]\naccuracy = false", "accuracy"),
        ('accent = "#0b4f6c"', 'accent = "blue"', "accent"),
        ('accent = "#0b4f6c"', 'paper = "#b3261e"', "cannot be told"),
        ("margin_mm = 13", "margin_mm = 1", "margin_mm"),
        ("width_mm = 30", "width_mm = 59", "height"),
        ("{credit}", "nobody", "credit line once"),
        ("{credit}", "{credit} {credit}", "credit line once"),
        ("{credit}", "{publisher} {credit}", "credit line once"),
        ("logo.png", "../logo.png", "leads out"),
        ("logo.png", "/etc/hostname", "leads out"),
        ("logo.png", "absent.png", "not there"),
        ("fonts/DejaVuSerif.ttf", "logo.png", "no font"),
        ("logo.png", "fonts/LICENCE.txt", "malformed"),
    ],
)
def test_what_a_style_may_not_say_is_refused(folder, old, new, says):
    with pytest.raises(SatdeskError, match=says):
        load_house_style(changed(folder, (old, new)))


def test_a_link_that_leads_out_of_the_style_is_refused(folder, tmp_path):
    shutil.move(folder / "logo.png", tmp_path / "logo.png")
    (folder / "logo.png").symlink_to(tmp_path / "logo.png")
    with pytest.raises(UnsafeInputError, match="link leads out"):
        load_house_style(folder)


def test_a_style_stands_beside_its_recipe(folder, tmp_path):
    recipe = """
[release]
id = "r"
title = "T"
publisher = "P"
[style]
folder = "{}"
[district]
box = [0, 0, 1, 1]
[[scenes]]
bundle = "b"
"""
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.format("style"))
    found = load_recipe(path)
    assert {p.name for p in side_files(found)} >= {"style.toml", "logo.png", "DejaVuSerif.ttf"}
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "recipe.toml").write_text(recipe.format("../style"))
    with pytest.raises(UnsafeInputError, match="outside the recipe's folder"):
        load_recipe(inner / "recipe.toml")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect width="9" height="9" onclick="alert(1)"/>',
        '<image href="file:///etc/passwd" width="9" height="9"/>',
        '<use href="other.svg#a"/>',
        "<foreignObject><p>x</p></foreignObject>",
        '<rect width="9" height="9" fill="url(http://example.org/a)"/>',
        '<style>@import "http://example.org/a.css";</style>',
        "<text>letters</text>",
        '<use href="data:image/png;base64,AAAA"/>',
    ],
)
def test_an_svg_with_more_than_shapes_is_refused(folder, inside):
    (folder / "logo.svg").write_text(SVG.format(inside))
    with pytest.raises(UnsafeInputError, match="more than shapes"):
        load_house_style(changed(folder, ("logo.png", "logo.svg")))


def test_an_svg_with_entities_is_refused(folder):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG.format("<desc>&a;</desc>")
    (folder / "logo.svg").write_text(bomb)
    with pytest.raises(UnsafeInputError, match="DTD"):
        load_house_style(changed(folder, ("logo.png", "logo.svg")))


def test_an_svg_of_shapes_is_drawn(folder):
    pytest.importorskip("typst", reason="the extra satdesk[press] is not installed")
    (folder / "logo.svg").write_text(SVG.format('<rect width="20" height="20" fill="#0a3cc8"/>'))
    logo = load_house_style(changed(folder, ("logo.png", "logo.svg"))).logo
    with Image.open(io.BytesIO(logo.png)) as picture:
        pixels = np.asarray(picture)
    assert pixels[100, 100].tolist() == [*BLUE, 255]
    assert pixels[100, -100, 3] == 0


def test_an_svg_without_the_typesetter_is_refused_in_plain_words(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    (folder / "logo.svg").write_text(SVG.format('<rect width="20" height="20"/>'))
    with pytest.raises(UsageError, match=r"satdesk\[press\], or a logo in PNG"):
        load_house_style(changed(folder, ("logo.png", "logo.svg")))


def test_a_picture_too_large_for_a_logo_is_refused(folder):
    Image.new("1", (5000, 40)).save(folder / "logo.png")
    with pytest.raises(InputError, match="more pixels"):
        load_house_style(folder)


def test_a_font_that_forbids_embedding_is_refused(folder):
    path = folder / "fonts" / "DejaVuSerif.ttf"
    data = bytearray(path.read_bytes())
    tables = int.from_bytes(data[4:6], "big")
    entries = [data[12 + 16 * i : 28 + 16 * i] for i in range(tables)]
    at = next(int.from_bytes(e[8:12], "big") for e in entries if e[:4] == b"OS/2")
    data[at + 8 : at + 10] = (2).to_bytes(2, "big")  # fsType, OpenType: OS/2, offset 8
    path.write_bytes(data)
    with pytest.raises(UsageError, match="forbids being embedded"):
        load_house_style(folder)


def test_type_is_that_of_the_house_where_it_has_the_letters(folder):
    setting = setting_of(load_house_style(folder))
    face, plain = setting.face(Face(size_pt=10)), Face(size_pt=10)
    assert face.properties("Kalbajar").get_file().endswith("DejaVuSerif.ttf")
    assert measure("Kalbajar", face) != measure("Kalbajar", plain)
    persian = "کلبجر"  # the serif face has no Arabic
    assert face.properties(persian).get_file() == plain.properties(persian).get_file()
    assert measure(persian, face) == measure(persian, plain)


def words(sheet):
    return " ".join(box.text for box in sheet.boxes)


def near(pixels, colour, tolerance=6):
    return (np.abs(pixels.astype(int) - colour).max(axis=2) <= tolerance).sum()


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_marks_and_statements_stay_whatever_the_style(folder, tmp_path, form):
    loud = changed(folder, ('accent = "#0b4f6c"', 'accent = "#0b4f6c"\npaper = "#f4f0e6"'))
    content = make_content(tmp_path / "in", draft=True, simulated=True, dates=1)
    styled = replace(content, style=load_house_style(loud))
    with drawing_style():
        sheets = [compose_plate(each, each.dates, form) for each in (content, styled)]
    for sheet in sheets:
        said = words(sheet)
        for fact in ("DRAFT", "SIMULATED", "not checked", "not measured", "SIMULATED by satdesk"):
            assert fact in said, fact
    assert "Satellite picture: SIMULATED by satdesk" in words(sheets[1])
    plain, own = (near(sheet.pixels(), (179, 38, 30)) for sheet in sheets)
    assert own > 0.9 * plain > 0  # the red of the marks


def test_the_logo_is_on_plates_and_on_the_page_and_on_no_clean_picture(folder, tmp_path):
    content = make_content(tmp_path / "in", dates=1)
    styled = replace(content, style=load_house_style(folder))
    with drawing_style():
        assert near(compose_plate(styled, styled.dates).pixels(), BLUE) > 5000
        assert near(compose_plate(content, content.dates).pixels(), BLUE) == 0
        clean = [compose_clean(each, each.dates, A4).pixels() for each in (content, styled)]
    assert np.array_equal(*clean)
    (tmp_path / "page").mkdir()
    made = write_page(styled, tmp_path)
    assert "page/logo.png" in {artifact.path for artifact in made}
    html = (tmp_path / "index.html").read_text()
    assert 'src="page/logo.png" alt="A blue square beside a red one"' in html
    assert (tmp_path / "page" / "logo.png").stat().st_size < 30_000


@pytest.mark.parametrize("place", ["header", "footer"])
def test_the_logo_keeps_its_clear_space(folder, tmp_path, place):
    changed(folder, ("width_mm = 30", f'width_mm = 30\nclear_mm = 5\nplace = "{place}"'))
    content = make_content(tmp_path / "in", draft=True, simulated=True, dates=1)
    styled = replace(content, style=load_house_style(folder))
    with drawing_style():
        sheet = compose_plate(styled, styled.dates)
        pixels = sheet.pixels().astype(int)
    mine = (np.abs(pixels - BLUE).max(axis=2) < 6) | (np.abs(pixels - RED).max(axis=2) < 6)
    rows, cols = np.nonzero(mine)
    unit = 25.4 / sheet.dpi
    left, right = cols.min() * unit, (cols.max() + 1) * unit
    top = sheet.rect.top - rows.min() * unit
    low = sheet.rect.top - (rows.max() + 1) * unit
    assert (right - left) / (top - low) == pytest.approx(3, rel=0.05)
    clear = 2.0 if place == "header" else 0.0
    for box in sheet.boxes:
        inside = box.rect.y < top + clear and box.rect.top > low - clear
        assert not (inside and box.rect.right > left - 4 and box.rect.x < right + 4), box.text


def test_the_credit_line_stands_in_the_wording_word_for_word():
    from satdesk.release.language import language  # noqa: PLC0415

    style = HouseStyle(credit="Picture: {credit} (satellite)")
    line = "© A {credit} B 2020"
    said = credit_sentence(style, line, language("en"))
    assert said == f"Picture: {line} (satellite)"
