from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from PIL import ExifTags, Image
from rasterio.features import geometry_mask
from shapely import LineString, Point

from release_content import _lonlat, make_content
from satdesk.release import press_annotate
from satdesk.release.content import Licence, Status
from satdesk.release.plate_clean import compose_clean
from satdesk.release.plate_format import A4
from satdesk.release.plate_furniture import draw_furniture
from satdesk.release.plate_map import site_anchors
from satdesk.release.plate_sheet import Rect, drawing_style
from satdesk.release.press import SHAPES, Frame, compose_press, press_dates, write_press
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import exif, jpeg_bytes, pdf_information
from satdesk.release.press_xmp import xmp_packet


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return make_content(tmp_path_factory.mktemp("press"))


@pytest.fixture(scope="module")
def written(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    return folder, write_press(content, folder)


def drawn(content, shape="16x9", *, annotated=True, images=1):
    with drawing_style():
        frame = Frame(images=content.dates[:images], shape=shape, annotated=annotated)
        return compose_press(content, frame)


def facts_of(content, image):
    content = replace(content, title="A <title> & more", assertion="Line\none")
    return PictureFacts.of(content, (image,), path="press/x.jpg")


def test_each_date_and_the_pair_come_in_three_shapes_clean_and_annotated(written):
    folder, made = written
    assert len(made) == 3 * 3 * 2
    assert len({a.path for a in made}) == len(made)
    for artifact in made:
        assert artifact.role == "press"
        name = next(name for name in SHAPES if f"-{name}-" in artifact.path)
        with Image.open(folder / artifact.path) as picture:
            assert picture.format == "JPEG"
            assert picture.mode == "RGB"
            assert picture.size == SHAPES[name][::-1]


def test_the_same_content_gives_the_same_bytes(content, written, tmp_path):
    folder, made = written
    one = replace(content, dates=content.dates[:1])
    again = write_press(one, tmp_path)
    assert again == made[:6]
    for artifact in again:
        assert (tmp_path / artifact.path).read_bytes() == (folder / artifact.path).read_bytes()


def test_no_corner_is_black(written):
    folder, made = written
    for artifact in made:
        if "-clean" in artifact.path:
            with Image.open(folder / artifact.path) as picture:
                pixels = np.asarray(picture)
            corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
            assert corners.min() > 25, artifact.path


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("images", [1, 2])
def test_annotations_stay_on_the_picture_and_apart(content, shape, images):
    sheet, _ = drawn(content, shape, images=images)
    cores = []
    for box in sheet.boxes:
        assert sheet.rect.inset(1).holds(box.rect), box.text
        cores.append((box.text, box.rect.inset(0.26 * box.rect.height)))
    for i, (text, rect) in enumerate(cores):
        for other, room in cores[i + 1 :]:
            assert not rect.meets(room), (text, other)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("corner", [(0.93, 0.88), (0.8, 0.86), (0.1, 0.1), (0.5, 0.5)])
def test_the_scale_bar_does_not_lie_on_a_site(content, shape, corner, monkeypatch):
    seen = []

    def spied(sheet, frame, face, **wishes):
        seen.append((frame, draw_furniture(sheet, frame, face, **wishes)))
        return seen[-1][1]

    monkeypatch.setattr(press_annotate, "draw_furniture", spied)
    _, (crop,) = drawn(replace(content, sites=()), shape)
    rows, cols = crop.grid.shape
    place = _lonlat(Point(*(crop.grid.affine @ (corner[0] * cols, corner[1] * rows))))
    town = replace(content.sites[0], geometry=place)
    drawn(replace(content, sites=(town,)), shape)
    (_, alone), (frame, plate) = seen
    assert alone.right > frame.rect.right - 4 > alone.x  # to the right where nothing is in the way
    for x, y in site_anchors(frame, (town,)):
        assert not plate.inset(-1.3).holds(Rect(x=x, y=y, width=0, height=0))


def test_an_annotated_picture_says_where_when_by_what_and_whose(content):
    sheet, (crop,) = drawn(content, "1x1")
    text = " ".join(box.text for box in sheet.boxes)
    for fact in ("Kalbajar", "14 September 2020", "07:33:20 UTC", "11:33:20 local time",
                 "SPOT 7", "about 12 m native", "© Test Provider 2020", "N",
                 "Invented monastery", f"Enlarged {crop.enlarged:.1f} times"):  # fmt: skip
        assert fact in text, fact
    clean, _ = drawn(content, "1x1", annotated=False)
    assert clean.boxes == []


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_enlarged_beyond_twice_its_pixels(content, shape):
    for images in (1, 2):
        _, crops = drawn(content, shape, images=images)
        assert all(crop.enlarged <= 2.0 + 1e-6 for crop in crops)
        assert len(set(crops)) == 1  # before and after show the same ground


def test_simulated_and_draft_are_in_the_pixels_of_clean_pictures_too(tmp_path):
    plain = drawn(make_content(tmp_path / "a"), annotated=False)[0].pixels().astype(int)
    for name, kind in (("b", "draft"), ("c", "simulated")):
        made = make_content(tmp_path / name, **{kind: True})
        marked = drawn(made, annotated=False)[0].pixels().astype(int)
        assert (np.abs(marked - plain).max(axis=2) > 20).mean() > 0.01, kind


@pytest.mark.parametrize("shape", SHAPES)
def test_a_clean_picture_of_a_district_narrower_than_the_word_says_simulated(tmp_path, shape):
    made = make_content(tmp_path, simulated=True)
    line = LineString([(586_500, 4_440_000), (591_000, 4_441_500)]).buffer(40)
    made = replace(made, district=replace(made.district, geometry=_lonlat(line)), sites=())
    for image in made.dates:
        keep_within(image.visual, line)
    clean, (crop,) = drawn(made, shape, annotated=False)
    assert not crop.filled
    assert [box.text for box in clean.boxes] == ["SIMULATED"]
    with drawing_style():
        pair = compose_clean(made, made.dates, A4)
    assert [box.text for box in pair.boxes] == ["SIMULATED", "SIMULATED"]
    plain = replace(made, dates=tuple(replace(d, simulated=False) for d in made.dates))
    assert drawn(plain, shape, annotated=False)[0].boxes == []


def keep_within(path, polygon):
    """Take the opacity off everything in the picture at `path` that lies outside of `polygon`."""
    with rasterio.open(path, "r+") as file:
        outside = geometry_mask([polygon], file.shape, file.transform)
        alpha = file.read(4)
        file.write(np.where(outside, 0, alpha).astype(alpha.dtype), 4)


def test_a_licence_that_does_not_allow_the_press_leaves_the_date_out(content, tmp_path):
    refused = replace(content.dates[0], licence=Licence(press=False))
    made = write_press(replace(content, dates=(refused, content.dates[1])), tmp_path / "one")
    assert {a.date_id for a in made} == {"after"}
    unknown = replace(content.dates[0], licence=Licence())
    nothing = replace(content, dates=(unknown,))
    assert write_press(nothing, tmp_path / "none") == ()
    assert press_dates(replace(nothing, status=Status.DRAFT)) == (unknown,)


def test_xmp_is_well_formed_and_holds_what_it_was_given(content):
    image = replace(content.dates[0], credit="© A & B <c>")
    root = ET.fromstring(xmp_packet(facts_of(content, image)).decode().split("?>", 1)[1])
    text = " ".join(root.itertext())
    assert "A <title> & more" in text
    assert "© A & B <c>" in text
    assert "2020-09-14T07:33:20+00:00" in text
    assert "Line one" in text


def test_a_day_without_time_gives_a_date_without_time(tmp_path):
    content = make_content(tmp_path, day_only=True)
    facts = facts_of(content, content.dates[1])
    assert facts.date_created == "2021-06-05"
    assert ExifTags.Base.DateTimeOriginal not in exif(facts).get_ifd(ExifTags.IFD.Exif)


def test_simulated_is_in_every_block_of_metadata(tmp_path):
    content = make_content(tmp_path, simulated=True)
    facts = facts_of(content, content.dates[0])
    assert facts.title.startswith("SIMULATED: ")
    assert b"SIMULATED" in exif(facts)[ExifTags.Base.ImageDescription]
    assert b"SIMULATED" in xmp_packet(facts)
    assert b"algorithmicMedia" in xmp_packet(facts)
    assert pdf_information(facts)["Title"].startswith("SIMULATED: ")


def test_the_colour_profile_does_not_carry_the_clock(content):
    data = jpeg_bytes(Image.new("RGB", (8, 8)), facts_of(content, content.dates[0]))
    with Image.open(io.BytesIO(data)) as picture:
        profile = picture.info["icc_profile"]
    assert profile[24:36] == bytes.fromhex("07d000010001000000000000")


@pytest.mark.oracle
def test_exiftool_reads_the_fields_back(written):
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    folder, made = written
    run = subprocess.run(
        ["exiftool", "-json", "-G1", "-struct", str(folder / made[0].path)],
        capture_output=True,
        check=True,
    )
    (found,) = json.loads(run.stdout)
    assert found["XMP-dc:Title"] == "Kalbajar town, before and after: 14 September 2020"
    assert found["XMP-photoshop:Credit"] == "© Test Provider 2020"
    assert found["XMP-photoshop:DateCreated"] == "2020:09:14 07:33:20+00:00"
    assert found["XMP-dc:Rights"] == "© Test Provider 2020"
    assert "Kəlbəcər" in found["XMP-dc:Description"]
    assert "Քարվաճառ" in found["XMP-dc:Subject"]
    assert found["XMP-iptcCore:AltTextAccessibility"].startswith("Satellite picture of Kalbajar")
    assert found["IFD0:Copyright"] == "© Test Provider 2020"
    assert found["ExifIFD:DateTimeOriginal"] == "2020:09:14 07:33:20"
    assert found["ExifIFD:OffsetTimeOriginal"] == "+00:00"
    assert found["ICC_Profile:ProfileDescription"].startswith("sRGB")
    assert "ExifTool:Warning" not in found
