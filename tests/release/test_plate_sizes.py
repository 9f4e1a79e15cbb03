"""Every size of a plate: its own proportions, its words in their places, its code, its clean picture."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod
from shapely.geometry import Point, Polygon, box

from release_content import _lonlat, make_content
from satdesk.core.place import Name, Site
from satdesk.errors import UsageError
from satdesk.release.content import Notice
from satdesk.release.furniture import scale_bar, to_lonlat
from satdesk.release.language import language
from satdesk.release.page_sharing import page_address
from satdesk.release.plate import compose_plate, write_plates
from satdesk.release.plate_clean import compose_clean
from satdesk.release.plate_code import MOST_BYTES, code_modules
from satdesk.release.plate_format import A4, FORMATS, plate_formats
from satdesk.release.plate_head import header_height
from satdesk.release.plate_insets import Acquisition
from satdesk.release.plate_layout import choose_layout, make_sheet
from satdesk.release.plate_map import district_bounds, fit_frame, map_crs
from satdesk.release.plate_sheet import Rect, Sheet, drawing_style
from satdesk.release.setting import Setting

SIZES = {
    "a4": {(2339, 1654), (1654, 2339)},
    "a3": {(3307, 2339), (2339, 3307)},
    "screen": {(1920, 1080)},
    "social-wide": {(1200, 630)},
    "social-square": {(1080, 1080)},
    "social-tall": {(1080, 1350)},
}
NAMES = (
    ("en", "Monastery of the Most Holy Mother of God above the upper gorge of the river"),
    ("az", "Yuxarı çayın dərəsi üstündəki Müqəddəs Ana məbədi və ətrafındakı kənd"),
    ("ru", "Монастырь Пресвятой Богородицы над верхним ущельем реки и деревня при нём"),
    ("hy", "Գետի վերին կիրճի վրա գտնվող Սուրբ Աստվածածին վանքը և նրա շրջակայքը"),
    ("fa", "صومعهٔ مادر مقدس بر فراز درهٔ بالایی رودخانه و روستای پیرامون آن"),
    ("ar", "دير والدة الإله فوق الوادي الأعلى للنهر والقرية المحيطة به"),
)
ADDRESS = "https://desk.example.org/releases/kalbajar-test/"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    made = make_content(tmp_path_factory.mktemp("sizes"))
    west, south, east, north = made.district.geometry.bounds
    scene = box(west - 0.05, south - 0.08, east + 0.1, north + 0.03).wkt
    dates = tuple(replace(image, outlines_wkt=(scene,)) for image in made.dates)
    return replace(made, dates=dates, address=ADDRESS)


def drawn(content, form, images=None):
    with drawing_style():
        return compose_plate(content, images or content.dates[:1], form)


def said(sheet):
    return " ".join(each.text for each in sheet.boxes)


def require_order(sheet, margin_mm):
    """Every line on the sheet, none on another: ascents and tails may meet, letters may not."""
    for each in sheet.boxes:
        assert sheet.rect.inset(margin_mm).holds(each.rect), each.text
    cores = [(each.text, each.rect.inset(0.26 * min(each.rect.height, each.rect.width)))
             for each in sheet.boxes]  # fmt: skip
    for i, (text, rect) in enumerate(cores):
        for other, room in cores[i + 1 :]:
            assert not rect.meets(room), (text, other)


words_of_a_name = st.sampled_from([word for _, name in NAMES for word in name.split()])
long_names = st.lists(words_of_a_name, min_size=1, max_size=14).map(" ".join)


@st.composite
def crowds(draw):
    """Places anywhere in the district, each with long names in four scripts or more."""
    places = st.tuples(st.integers(1200, 5200), st.integers(500, 3300))
    made = []
    for i, (x, y) in enumerate(draw(st.lists(places, max_size=9))):
        names = [Name(text=draw(long_names), language=tag) for tag, _ in NAMES]
        made.append(
            Site(
                id=f"s{i}",
                names=tuple(names),
                kind="monastery",
                geometry=_lonlat(Point(586_000 + x, 4_442_500 - y)),
            )
        )
    return tuple(made)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sites=crowds(),
    title=long_names,
    tag=st.sampled_from(["en", "az", "hy", "ru", "fa"]),
    two=st.booleans(),
)
@pytest.mark.parametrize("name", FORMATS)
def test_no_word_overflows_or_lies_on_another(content, name, sites, title, tag, two):
    made = replace(content, sites=sites, title=title, language=tag)
    sheet = drawn(made, FORMATS[name], made.dates if two else made.dates[:1])
    require_order(sheet, 1.0)


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_too_much_text_gives_way_and_the_most_important_stays(content, name, images):
    notices = tuple(Notice(code=f"n{i}", text=f"Notice {i} " + "goes on " * 25) for i in range(12))
    wordy = replace(
        content,
        title="A very long headline " * 9,
        publisher="Desk " * 60,
        contact="c" * 200,
        notices=notices,
        district=replace(
            content.district,
            names=tuple(Name(text=f"Name {i} Քարվաճառ") for i in range(57)),
            source=replace(content.district.source, title="A long source " * 30),
        ),
        dates=tuple(
            replace(d, credit=f"© Provider {d.id} of pictures " * 20, mission="M" * 150)
            for d in content.dates
        ),
    )
    sheet = drawn(wordy, FORMATS[name], wordy.dates[:images])
    require_order(sheet, 1.0)
    assert "© Provider" in said(sheet)
    assert "in full in release.json" in said(sheet)


@pytest.mark.parametrize("name", FORMATS)
def test_every_size_says_what_a_reader_needs(content, name):
    text = said(drawn(content, FORMATS[name]))
    for fact in (
        "Kalbajar town, before and after",
        "14 September 2020",
        "07:33:20 UTC",
        "SPOT 7, NAOMI",
        "10 m product, about 12 m native",
        "not measured; the provider states 3.5 %",
        "not checked; the provider states nothing",
        "© Test Provider 2020",
        "The Test Desk",
        "EGM96 stands in for EGM2008",
        "1 km",
        "40°06′",
    ):
        assert fact in text, fact


@pytest.mark.parametrize("name", FORMATS)
def test_a_size_has_its_pixels_and_a_clean_picture_of_the_same_size_beside_it(content, name):
    form = FORMATS[name]
    sheet = drawn(content, form)
    with drawing_style():
        clean = compose_clean(content, content.dates[:1], form)
    assert sheet.picture().size in SIZES[name]
    assert clean.picture().size in SIZES[name]
    assert clean.boxes == []


def test_layouts_have_proportions_of_their_own(content):
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    shares = set()
    for form in FORMATS.values():
        layout = choose_layout(
            bounds,
            maps=1,
            header=lambda width, form=form: header_height(content, content.dates[:1], width, form),
            form=form,
        )
        frame = layout.maps[0]
        shares.add(
            (round(frame.width / layout.size[0], 2), round(frame.height / layout.size[1], 2))
        )
        assert frame.width * frame.height > 0.28 * layout.size[0] * layout.size[1], form.name
    assert len(shares) == len(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_scale_bar_is_as_long_as_the_ground(content, name):
    """Against the geodesic on the ellipsoid between the two ends of the bar, drawn in the middle."""
    form, crs = FORMATS[name], map_crs(content)
    bounds = district_bounds(content.district, crs)
    layout = choose_layout(bounds, maps=1, header=lambda _: 22.0, form=form)
    frame = fit_frame(make_sheet(layout), layout.maps[0], bounds, crs, 0.05)
    bar = scale_bar(frame.grid, 30 / frame.mm_per_unit)
    outline = frame.grid.boundingbox
    x, y = (outline.left + outline.right) / 2, (outline.bottom + outline.top) / 2
    back = to_lonlat(crs)
    one, two = (back.transform(x + half * bar.map_units / 2, y) for half in (-1, 1))
    ground_m = Geod(ellps="WGS84").inv(*one, *two)[2]
    assert ground_m == pytest.approx(bar.metres, rel=1e-6)


def test_only_paper_has_a_ratio_and_it_names_the_paper(content):
    assert "on A4" in said(drawn(content, A4))
    assert "on A3" in said(drawn(content, FORMATS["a3"]))
    assert " on " not in " ".join(
        each.text for each in drawn(content, FORMATS["screen"]).boxes if "1 : " in each.text
    )


# the code


def read_code(picture):
    cv2 = pytest.importorskip("cv2", reason="the extra satdesk[identify] is not installed")
    grey = np.asarray(picture.convert("L"))
    return cv2.QRCodeDetector().detectAndDecode(grey)[0]


@pytest.mark.parametrize("tag", ["en", "fa"])
@pytest.mark.parametrize("name", FORMATS)
def test_the_code_leads_to_the_page(content, name, tag):
    sheet = drawn(replace(content, language=tag), FORMATS[name])
    assert read_code(sheet.picture()) == page_address(content) == f"{ADDRESS}index.html"


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["a4", "a3"])
def test_the_code_is_read_from_paper_at_150_dpi(content, name, tmp_path):
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm (poppler-utils) is not installed")
    one = replace(content, dates=content.dates[:1])
    made = write_plates(one, tmp_path, plate_formats([name]))
    pdf = next(tmp_path / each.path for each in made if each.path.endswith(".pdf"))
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-singlefile", pdf, tmp_path / "p"], check=True
    )
    with Image.open(tmp_path / "p.png") as picture:
        # As a camera is held over it: of a whole page the reader looks at a smaller copy.
        column = picture.crop((int(picture.width * 0.7), 0, picture.width, picture.height))
        near = column.resize((2 * column.width, 2 * column.height), Image.Resampling.BICUBIC)
    assert read_code(near) == f"{ADDRESS}index.html"


def test_without_an_address_there_is_no_code(content):
    sheet = drawn(replace(content, address=None), A4)
    assert read_code(sheet.picture()) == ""
    assert language("en").say("code") not in said(sheet)


def test_an_address_too_long_for_a_code_is_refused():
    code_modules("https://" + "a" * (MOST_BYTES - 8))
    with pytest.raises(UsageError, match="too long for a code"):
        code_modules("https://" + "a" * (MOST_BYTES - 7))


# the inset of the acquisition


def inset(content, angles, outlines=None):
    image = content.dates[0]
    return Acquisition(
        heading="",
        district=content.district.geometry,
        outlines=image.outlines_wkt if outlines is None else outlines,
        angles=angles,
        words=language("en"),
        setting=Setting(),
    )


def shown(block):
    with drawing_style():
        sheet = Sheet(pixels=(400, 460), dpi=254)  # 40 mm × 46 mm
        block.draw(sheet, Rect(x=5, y=3, width=30, height=40), 1.0)
        return sheet, sheet.pixels().astype(int)


@pytest.mark.parametrize(("azimuth", "side"), [(90, "right"), (180, "down"), (270, "left")])
def test_the_sun_stands_where_it_stood(content, azimuth, side):
    angles = replace(content.dates[0].angles, sun_azimuth_deg=float(azimuth), view_azimuth_deg=None)
    _, pixels = shown(inset(content, angles))
    rows, cols = np.nonzero(np.abs(pixels - (0xFF, 0xD3, 0x4D)).max(axis=2) < 8)
    inside = rows < 330  # the key below the inset shows the sign again
    row, col = rows[inside].mean(), cols[inside].mean()
    middle_row, middle_col = 460 - 10 * (43 - 15), 200
    offsets = {"right": col - middle_col, "left": middle_col - col, "down": row - middle_row}
    assert offsets[side] == pytest.approx(0.86 * 150, abs=6)
    across = row - middle_row if side in {"left", "right"} else col - middle_col
    assert abs(across) < 6


def test_what_is_not_known_of_an_acquisition_is_not_drawn(content):
    sheet, pixels = shown(inset(content, None, outlines=()))
    assert said(sheet).split() == ["N", "district"]
    assert not (np.abs(pixels - (0xFF, 0xD3, 0x4D)).max(axis=2) < 8).any()


def test_the_outline_of_the_scene_lies_around_the_district(content):
    """The district's width over the scene's, and its place in it, are those on the ground."""
    from shapely import wkt  # noqa: PLC0415

    angles = replace(content.dates[0].angles, sun_azimuth_deg=None, view_azimuth_deg=None)
    _, pixels = shown(inset(content, angles))
    part = pixels[:330]
    cols = np.nonzero((np.abs(part - (0x7B, 0x87, 0x94)).max(axis=2) < 12).sum(axis=0) > 60)[0]
    red = np.nonzero(((part[..., 0] - part[..., 1]) > 40).any(axis=0))[0]
    scene = wkt.loads(content.dates[0].outlines_wkt[0]).bounds
    west, _, east, _ = content.district.geometry.bounds
    width = cols.max() - cols.min()
    stroke = 0.7 / 72 * 254
    assert (red.max() - red.min() + 1 - stroke) / width == pytest.approx(
        (east - west) / (scene[2] - scene[0]), abs=0.02
    )
    left = (red.min() + red.max()) / 2 - cols.min()
    share = ((west + east) / 2 - scene[0]) / (scene[2] - scene[0])
    assert left / width == pytest.approx(share, abs=0.02)


# bytes


def test_the_same_content_gives_the_same_bytes_in_every_size(content, tmp_path):
    one = replace(content, dates=content.dates[:1])
    forms = plate_formats(["screen", "social-wide"])
    made = [write_plates(one, tmp_path / name, forms) for name in ("one", "two")]
    assert [a.path for a in made[0]] == [
        f"plates/kalbajar-test-before-{size}{kind}"
        for size in ("screen", "social-wide")
        for kind in (".png", "-clean.jpg")
    ]
    for artifact in made[0]:
        first, second = (tmp_path / name / artifact.path for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()


def test_a_clean_picture_bears_the_marks_and_its_metadata(tmp_path):
    marked = make_content(tmp_path / "in", draft=True, simulated=True, dates=1)
    plain = make_content(tmp_path / "in2", dates=1)
    with drawing_style():
        one, other = (
            compose_clean(each, each.dates, FORMATS["screen"]).pixels().astype(int)
            for each in (marked, plain)
        )
    assert (np.abs(one - other).max(axis=2) > 20).mean() > 0.03
    made = write_plates(marked, tmp_path / "out", plate_formats(["screen"]))
    with Image.open(tmp_path / "out" / made[1].path) as picture:
        assert b"DRAFT: SIMULATED: " in picture.info["xmp"]
        assert b"algorithmicMedia" in picture.info["xmp"]


def test_an_unknown_size_is_refused():
    with pytest.raises(UsageError, match="a4, a3, screen"):
        plate_formats(["a5"])


# golden pictures: few and small


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["a4", "social-square"])
def test_a_plate_looks_as_it_did(content, name):
    """Averages over blocks: another release of the drawing library may move an edge by a hair."""
    picture = drawn(content, FORMATS[name]).picture().convert("RGB")
    small = picture.resize((picture.width // 12, picture.height // 12), Image.Resampling.BOX)
    with Image.open(GOLDEN / f"{name}.png") as kept:
        apart = np.abs(np.asarray(kept.convert("RGB")).astype(int) - np.asarray(small).astype(int))
    assert apart.mean() < 1.5
    assert (apart.max(axis=2) > 60).mean() < 0.002


def test_the_comparison_would_see_that_the_code_is_missing(content):
    image = drawn(replace(content, address=None), A4).picture().convert("RGB")
    small = image.resize((image.width // 12, image.height // 12), Image.Resampling.BOX)
    with Image.open(GOLDEN / "a4.png") as kept:
        apart = np.abs(np.asarray(kept.convert("RGB")).astype(int) - np.asarray(small).astype(int))
    assert (apart.max(axis=2) > 60).mean() >= 0.002


def test_the_district_is_whole_in_every_size(content):
    tall = Polygon([(588_500, 4_442_400), (588_800, 4_442_400), (588_800, 4_438_900),
                    (588_500, 4_438_900)])  # fmt: skip
    for geometry in (content.district.geometry, _lonlat(tall)):
        made = replace(content, district=replace(content.district, geometry=geometry))
        crs = map_crs(made)
        bounds = district_bounds(made.district, crs)
        for form in FORMATS.values():
            layout = choose_layout(bounds, maps=1, header=lambda _: 20.0, form=form)
            frame = fit_frame(make_sheet(layout), layout.maps[0], bounds, crs, 0.05)
            edge = frame.grid.boundingbox
            assert edge.left < bounds[0] < bounds[2] < edge.right
            assert edge.bottom < bounds[1] < bounds[3] < edge.top
