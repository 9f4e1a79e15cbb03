from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pyproj import Geod
from shapely.geometry import Point, Polygon

from release_content import _lonlat, make_content
from satdesk.core.place import Name, Site
from satdesk.release.content import Licence, Notice
from satdesk.release.furniture import scale_bar, to_lonlat
from satdesk.release.plate import compose_plate, write_plates
from satdesk.release.plate_layout import choose_layout, make_sheet
from satdesk.release.plate_map import district_bounds, fit_frame, map_crs
from satdesk.release.plate_sheet import drawing_style
from satdesk.release.typography import MISSING_GLYPH


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return make_content(tmp_path_factory.mktemp("plate"))


def drawn(content, images=None):
    with drawing_style():
        return compose_plate(content, images or content.dates[:1])


def words(sheet):
    return " ".join(box.text for box in sheet.boxes)


def ground(x, y, width, height):
    """A rectangle of metres from the test grid's upper left corner, as longitude and latitude."""
    left, top = 586_000 + x, 4_442_500 - y
    return _lonlat(
        Polygon(
            [(left, top), (left + width, top), (left + width, top - height), (left, top - height)]
        )
    )


def crowded(content):
    names = ("Monastery of the Holy Mother of God on the river", "Müqəddəs Ana monastırı",
             "Վերին գետի Սուրբ Աստվածածին վանք", "Монастырь Пресвятой Богородицы",
             "ღვთისმშობლის მონასტერი")  # fmt: skip
    sites = tuple(
        Site(
            id=f"s{i}",
            names=tuple(Name(text=f"{text} {i}") for text in names),
            kind="monastery",
            geometry=_lonlat(Point(587_500 + (i * 977) % 3600, 4_441_900 - (i * 613) % 2600)),
        )
        for i in range(12)
    )
    return replace(content, sites=sites)


def wordy(content):
    notices = tuple(Notice(code=f"n{i}", text=f"Notice {i} " + "goes on " * 25) for i in range(12))
    names = tuple(Name(text=f"Name {i} Քարվաճառ $x_{i}^2$") for i in range(57))
    return replace(
        content,
        title="A $very$ long headline " * 9,
        publisher="Desk " * 60,
        contact="c" * 200,
        notices=notices,
        district=replace(
            content.district,
            names=names,
            source=replace(content.district.source, title="A long source " * 30),
        ),
        dates=tuple(
            replace(d, credit="© Provider of pictures " * 20, mission="M" * 150)
            for d in content.dates
        ),
    )


def shaped(content, *box):
    return replace(content, district=replace(content.district, geometry=ground(*box)))


CASES = {
    "plain": lambda c: c,
    "twelve sites": crowded,
    "no site": lambda c: replace(c, sites=()),
    "long texts": wordy,
    "tall": lambda c: shaped(c, 2500, 100, 300, 3500),
    "wide": lambda c: shaped(c, 200, 1500, 5600, 300),
    "tiny": lambda c: shaped(c, 3000, 1500, 60, 40),
    "huge": lambda c: shaped(c, -200_000, -150_000, 500_000, 400_000),
    "no event": lambda c: replace(
        c, event=None, time_zone=None, dates=tuple(replace(d, relation=None) for d in c.dates)
    ),
}


@pytest.mark.parametrize(
    ("case", "images"),
    [*((case, 1) for case in CASES), ("plain", 2), ("twelve sites", 2), ("long texts", 2)],
)
def test_text_stays_on_the_sheet_and_no_line_lies_on_another(content, case, images):
    made = CASES[case](content)
    sheet = drawn(made, made.dates[:images])
    assert len(sheet.boxes) > 40
    for box in sheet.boxes:
        assert sheet.rect.inset(4).holds(box.rect), box.text
    # Ascent and tail of neighbouring lines may share room; their letters may not.
    cores = [(box.text, box.rect.inset(0.26 * min(box.rect.height, box.rect.width)))
             for box in sheet.boxes]  # fmt: skip
    for i, (text, rect) in enumerate(cores):
        for other, room in cores[i + 1 :]:
            assert not rect.meets(room), (text, other)


def test_a_plate_says_everything_that_the_reader_needs(content):
    text = words(drawn(content))
    for fact in (
        "Kalbajar town, before and after",
        "Kəlbəcər",
        "Քարվաճառ",
        "Кельбаджар",
        "14 September 2020",
        "07:33:20 UTC",
        "11:33:20 local time (Asia/Baku, UTC+04:00)",
        "before “An event invented for tests”",
        "SPOT 7, NAOMI",
        "10 m product, about 12 m native",
        "97.0 % of the district",
        "not measured; the provider states 3.5 %",
        "© Test Provider 2020",
        "The Test Desk",
        "EGM96 stands in for EGM2008",
        "A polygon drawn for tests",
        "viewpoint unknown",
        "imply no opinion",
        "district boundary (contested",
        "Processing: pansharpened colour; orthorectified",
        "UTM zone 38N (EPSG:32638)",
        "satdesk 0.1.0",
        "1 km",
        "46°02′E",
        "40°07′N",
        "Invented monastery",
        "Azerbaijan",
    ):
        assert fact in text, fact
    assert "DRAFT" not in text
    assert "SIMULATED" not in text


def test_what_is_not_stated_is_said_and_not_invented(content):
    bare = replace(content.dates[0], mission=None, instrument=None, cloud_percent=None, angles=None)
    text = words(drawn(content, (bare,)))
    assert "satellite not stated" in text
    assert "not measured; the provider states nothing" in text
    assert "incidence" not in text


def test_a_day_without_a_time_has_none_on_the_plate(tmp_path):
    content = make_content(tmp_path, day_only=True)
    text = words(drawn(content, content.dates[1:]))
    assert "5 June 2021 · time not known" in text
    assert "07:41" not in text
    assert " UTC" not in text.replace("UTC+", "")


def test_whose_the_boundary_is_goes_before_insets_where_there_is_much_to_say(content):
    told = tuple(Notice(code="terrain", text=f"Something to know of this terrain, {i}. " * 3)
                 for i in range(4))  # fmt: skip
    both = replace(content, dates=tuple(replace(d, notices=told) for d in content.dates))
    text = words(drawn(both, both.dates))
    assert "A polygon drawn for tests" in text
    assert "imply no opinion" in text
    assert text.count("Something to know of this terrain") == 12
    for fact in ("© Test Provider 2020", "SPOT 7", "10 m product", "district boundary (contested"):
        assert fact in text


def test_facts_and_the_names_of_numbered_sites_go_before_everything(content):
    told = tuple(Notice(code="terrain", text=f"Something to know of this terrain, {i}. " * 9)
                 for i in range(4))  # fmt: skip
    made = crowded(content)
    both = replace(made, dates=tuple(replace(d, notices=told) for d in made.dates))
    sheet = drawn(both, both.dates)
    for fact in ("© Test Provider 2020", "SPOT 7", "10 m product", "the provider states 3.5 %"):
        assert fact in words(sheet), fact
    numbers = [int(box.text) for box in sheet.boxes if box.text.isdecimal() and int(box.text)]
    assert all(numbers.count(each) >= 3 for each in set(numbers))  # on both maps and in the legend


def test_what_holds_of_one_date_says_of_which_on_a_sheet_of_both(content):
    first, second = content.dates
    shared, own = (Notice(code="terrain", text=text) for text in ("Of both.", "Of this one."))
    both = replace(content, dates=(replace(first, notices=(shared,)),
                                   replace(second, notices=(shared, own))))  # fmt: skip
    boxes = [box.text for box in drawn(both, both.dates).boxes]
    assert boxes.count("Of both.") == 1
    assert "After: Of this one." in boxes
    assert "Of this one." in [box.text for box in drawn(both, both.dates[1:]).boxes]


def test_an_uncontested_boundary_has_no_disclaimer(content):
    calm = replace(content, district=replace(content.district, contested=False))
    assert "imply no opinion" not in words(drawn(calm))


def test_draft_and_simulated_are_in_the_margin_and_in_the_pixels(tmp_path):
    issued = make_content(tmp_path / "a")
    draft = make_content(tmp_path / "b", draft=True)
    simulated = make_content(tmp_path / "c", simulated=True)
    sheets = {name: drawn(c) for name, c in (("a", issued), ("b", draft), ("c", simulated))}
    assert "DRAFT" in words(sheets["b"])
    assert "SIMULATED" in words(sheets["c"])
    pixels = {name: sheet.pixels().astype(int) for name, sheet in sheets.items()}
    frame = np.s_[400:1300, 200:1400]  # within the map of all three
    for name in ("b", "c"):
        changed = np.abs(pixels[name][frame] - pixels["a"][frame]).max(axis=2) > 20
        assert changed.mean() > 0.03
        middle = changed[changed.shape[0] // 3 : -changed.shape[0] // 3]
        assert (
            middle.mean() > 0.01
        )  # across the picture, not in a corner; the word has room around it


def test_a_hidden_licence_keeps_a_date_off_the_plates_of_an_issued_release(content, tmp_path):
    kept = replace(content.dates[0], licence=Licence(press=False))
    made = write_plates(replace(content, dates=(kept, content.dates[1])), tmp_path)
    assert {a.date_id for a in made} == {"after"}


def test_the_same_content_gives_the_same_bytes(content, tmp_path):
    one = replace(content, dates=content.dates[:1])
    first, second = tmp_path / "one", tmp_path / "two"
    made = write_plates(one, first)
    assert [a.path for a in made] == [
        "plates/kalbajar-test-before.png",
        "plates/kalbajar-test-before.pdf",
        "plates/kalbajar-test-before-clean.jpg",
    ]
    write_plates(one, second)
    for artifact in made:
        data = (first / artifact.path).read_bytes()
        assert data == (second / artifact.path).read_bytes()
        assert len(data) < 4_000_000
    assert b"CreationDate" not in (first / made[1].path).read_bytes()
    with Image.open(first / made[0].path) as picture:
        assert picture.size == (2339, 1654)
        assert picture.info["dpi"] == pytest.approx((200, 200), abs=0.1)
        assert picture.text["Title"] == "Kalbajar town, before and after: 14 September 2020"


def test_two_dates_have_a_third_plate_that_sets_them_side_by_side(content, tmp_path):
    made = write_plates(content, tmp_path)
    assert [(a.date_id, a.media_type) for a in made] == [
        (date, kind)
        for date in ("before", "after", None)
        for kind in ("image/png", "application/pdf", "image/jpeg")
    ]
    assert all((tmp_path / a.path).is_file() and a.role == "plate" for a in made)
    text = words(drawn(content, content.dates))
    assert "BEFORE" in text
    assert "AFTER" in text


def test_simulated_stands_in_the_names_of_the_files(tmp_path):
    content = make_content(tmp_path / "in", simulated=True, dates=1)
    made = write_plates(content, tmp_path / "out")
    assert all("simulated" in a.path and a.title.startswith("SIMULATED: ") for a in made)


def test_the_scale_bar_on_the_sheet_is_as_long_as_the_ground(content):
    crs = map_crs(content)
    bounds = district_bounds(content.district, crs)
    layout = choose_layout(bounds, maps=1, header=lambda _: 22.0)
    frame = fit_frame(make_sheet(layout), layout.maps[0], bounds, crs, 0.05)
    bar = scale_bar(frame.grid, 50 / frame.mm_per_unit)
    box = frame.grid.boundingbox
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    back = to_lonlat(crs)
    one, two = back.transform(x, y), back.transform(x + bar.map_units, y)
    ground_m = Geod(ellps="WGS84").inv(*one, *two)[2]
    assert ground_m == pytest.approx(bar.metres, rel=0.01)
    drawn_mm = bar.map_units * frame.mm_per_unit
    assert drawn_mm * frame.scale_denominator / 1000 == pytest.approx(bar.metres, rel=0.01)


def test_the_district_lies_inside_the_frame_whatever_its_shape(content):
    for box in ((2500, 100, 300, 3500), (200, 1500, 5600, 300), (0, 0, 6000, 4000)):
        crs = map_crs(content)
        bounds = district_bounds(shaped(content, *box).district, crs)
        layout = choose_layout(bounds, maps=1, header=lambda _: 22.0)
        grid = fit_frame(make_sheet(layout), layout.maps[0], bounds, crs, 0.05).grid
        frame = grid.boundingbox
        assert frame.left < bounds[0] < bounds[2] < frame.right
        assert frame.bottom < bounds[1] < bounds[3] < frame.top


def test_tall_districts_stand_upright_and_wide_ones_lie():
    tall = choose_layout((0, 0, 1, 12), maps=1, header=lambda _: 22.0)
    wide = choose_layout((0, 0, 2, 1), maps=1, header=lambda _: 22.0)
    assert tall.size == (210.0, 297.0)
    assert wide.size == (297.0, 210.0)


def test_a_release_in_degrees_is_mapped_in_metres(content):
    from odc.geo.geobox import GeoBox  # noqa: PLC0415

    degrees = GeoBox.from_bbox((46.0, 40.0, 46.1, 40.1), "EPSG:4326", shape=(10, 10))
    assert map_crs(replace(content, grid=degrees)) == "EPSG:32638"
    assert map_crs(content) == "EPSG:32638"


def test_pixels_lie_where_the_map_says(content):
    """The bright blocks' ground position, read off the drawn sheet, agrees with the picture."""
    crs = map_crs(content)
    sheet = drawn(replace(content, sites=()))
    bounds = district_bounds(content.district, crs)
    header = sheet.rect.top  # only the drawn frame is needed: look for the neatline itself
    assert header > 0
    dark = (sheet.pixels().max(axis=2) < 80).astype(int)
    rows = np.nonzero(dark[:, 300:1200].mean(axis=1) > 0.95)[0]
    cols = np.nonzero(dark[500:1300].mean(axis=0) > 0.95)[0]
    top, bottom, left, right = rows.min(), rows.max(), cols.min(), cols.max()
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    pixel = max(
        (bounds[2] - bounds[0]) * 1.1 / (right - left),
        (bounds[3] - bounds[1] + 0.1 * (bounds[2] - bounds[0])) / (bottom - top),
    )
    # A block of the first date: 42 % reflectance, hence nearly white.
    from satdesk.files.pictures import read_picture  # noqa: PLC0415

    source = read_picture(content.dates[0].visual, content.grid)
    block = np.argwhere(source[..., :3].min(axis=2) > 250)[0]
    ground_x, ground_y = (
        content.grid.affine.c + 10 * (block[1] + 2),
        4_442_500 - 10 * (block[0] + 2),
    )
    col = (left + right) / 2 + (ground_x - x) / pixel
    row = (top + bottom) / 2 - (ground_y - y) / pixel
    assert sheet.pixels()[round(row), round(col)].min() > 225


@pytest.mark.oracle
def test_the_pdf_holds_real_text_in_four_scripts(content, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    made = write_plates(replace(content, dates=content.dates[:1]), tmp_path)
    pdf = tmp_path / made[1].path
    run = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True)
    text = run.stdout.decode()
    for fact in ("Kalbajar town", "07:33:20 UTC", "Kəlbəcər", "Քարվաճառ", "Кельбаджар"):
        assert fact in text


@pytest.mark.oracle
def test_png_metadata_as_exiftool_reads_them(tmp_path):
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    content = make_content(tmp_path / "in", simulated=True, dates=1)
    made = write_plates(content, tmp_path / "out")
    run = subprocess.run(
        ["exiftool", "-json", "-G1", str(tmp_path / "out" / made[0].path)],
        capture_output=True,
        check=True,
    )
    (found,) = json.loads(run.stdout)
    assert found["XMP-dc:Title"].startswith("SIMULATED")
    assert found["XMP-photoshop:DateCreated"] == "2020:09:14 07:33:20+00:00"


def test_names_that_the_faces_cannot_set_are_counted_and_not_shown_as_boxes(tmp_path):
    content = make_content(tmp_path, dates=1)
    names = (*content.district.names, Name(text="カルバジャル"), Name(text="ካልባጃር"))
    strange = replace(content, district=replace(content.district, names=names))
    text = words(drawn(strange))
    assert MISSING_GLYPH not in text
    assert "2 more, in scripts that this sheet cannot set" in text
