"""Every field of a press picture, read back by exiftool from JPEG, PNG and PDF."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from release_content import make_content
from satdesk.places.public import public_sites
from satdesk.release.plate import write_plates
from satdesk.release.press import write_press
from satdesk.release.press_facts import PictureFacts, source_type
from satdesk.release.press_iim import _cut, app13_segment, iim_records
from satdesk.release.press_metadata import jpeg_bytes, pdf_bytes, pdf_information, png_bytes
from satdesk.release.press_xmp import one_line, xmp_packet

TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    made = make_content(tmp_path_factory.mktemp("content"))
    return replace(
        made,
        title="Քարվաճառ <all> & more",
        revision=3,
        usage_terms="Editorial use only; nicht für Werbung",
        instructions="Ask before cropping.",
        keywords=("Süd", "река"),
        copyright="© 2020 Test Provider, ⴰⵎⵓⵏ",
    )


@pytest.fixture(scope="module")
def facts(content):
    return facts_of(content)


def facts_of(content, images=None, path="press/a.jpg"):
    return PictureFacts.of(
        content,
        images or content.dates[:1],
        path=path,
    )


def picture():
    return Image.new("RGB", (16, 16), (90, 120, 60))


def sheet(facts):
    import matplotlib.figure  # noqa: PLC0415 - only this needs it

    figure = matplotlib.figure.Figure(figsize=(2, 2))
    figure.text(0.1, 0.5, "a plate")
    import io  # noqa: PLC0415

    target = io.BytesIO()
    metadata = {"CreationDate": None, "ModDate": None, **pdf_information(facts)}
    figure.savefig(target, format="pdf", metadata=metadata)
    return target.getvalue()


def read_back(data, tmp_path, suffix):
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(data)
    command = ["exiftool", "-json", "-G1", "-struct", "-n", "-charset", "iptc=utf8", str(path)]
    run = subprocess.run(command, capture_output=True, check=True)
    (found,) = json.loads(run.stdout)
    assert "ExifTool:Warning" not in found, found["ExifTool:Warning"]
    return found


MADE = {
    "jpg": lambda facts: jpeg_bytes(picture(), facts),
    "png": lambda facts: png_bytes(picture(), facts, dpi=200),
    "pdf": lambda facts: pdf_bytes(sheet(facts), facts),
}


@pytest.mark.oracle
@pytest.mark.parametrize("suffix", MADE)
def test_exiftool_reads_every_field_of_xmp(facts, tmp_path, suffix):
    found = read_back(MADE[suffix](facts), tmp_path, suffix)
    expected = {
        "XMP-photoshop:Headline": facts.title,
        "XMP-dc:Title": facts.title,
        "XMP-dc:Description": facts.description,
        "XMP-iptcCore:AltTextAccessibility": facts.alt_text,
        "XMP-photoshop:Credit": "© Test Provider 2020",
        "XMP-dc:Creator": ["The Test Desk"],
        "XMP-dc:Rights": "© 2020 Test Provider, ⴰⵎⵓⵏ",
        "XMP-xmpRights:UsageTerms": "Editorial use only; nicht für Werbung",
        "XMP-photoshop:Instructions": facts.instructions,
        "XMP-photoshop:DateCreated": "2020:09:14 07:33:20+00:00",
        "XMP-photoshop:TransmissionReference": "kalbajar-test revision 3",
        "XMP-dc:Identifier": facts.instance,
        "XMP-iptcExt:DigitalImageGUID": facts.instance,
        "XMP-xmpMM:DocumentID": facts.document,
        "XMP-xmpMM:InstanceID": facts.instance,
        "XMP-iptcCore:CreatorContactInfo": {"CiEmailWork": "corrections@example.org"},
        "XMP-iptcCore:CountryCode": "AZ",
        "XMP-iptcExt:DigitalSourceType": f"{TYPES}digitalCapture",
        "XMP-xmp:CreatorTool": "satdesk 0.1.0",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert str(found["XMP-xmpMM:VersionID"]) == "3"
    assert {"Kəlbəcər", "Քարվաճառ", "Кельбаджар", "река", "Süd", "SPOT 7"} <= set(
        found["XMP-dc:Subject"]
    )
    assert "Ask before cropping." in facts.instructions
    assert "Corrections: corrections@example.org." in facts.instructions


@pytest.mark.oracle
def test_exiftool_reads_where_the_picture_lies(content, facts, tmp_path):
    found = read_back(MADE["jpg"](facts), tmp_path, "jpg")["XMP-iptcExt:LocationShown"]
    district, town, monastery = found
    assert (district["LocationName"], district["CountryCode"]) == ("Kalbajar", "AZ")
    assert district["LocationId"] == ["ISO 3166-2 AZ-KAL"]
    inside = content.district.geometry.representative_point()
    for place, where in ((district, inside), (town, content.sites[0].geometry)):
        assert float(place["GPSLatitude"]) == pytest.approx(where.y, abs=2e-6)
        assert float(place["GPSLongitude"]) == pytest.approx(where.x, abs=2e-6)
    assert monastery["LocationName"] == "Invented monastery"


@pytest.mark.oracle
def test_exiftool_reads_every_field_of_iim(facts, tmp_path):
    found = read_back(MADE["jpg"](facts), tmp_path, "jpg")
    expected = {
        "IPTC:CodedCharacterSet": "\x1b%G",
        "IPTC:ObjectName": facts.title,
        "IPTC:Headline": facts.title,
        "IPTC:Caption-Abstract": facts.description,
        "IPTC:SpecialInstructions": facts.instructions,
        "IPTC:DateCreated": "2020:09:14",
        "IPTC:TimeCreated": "07:33:20+00:00",
        "IPTC:By-line": "The Test Desk",
        "IPTC:Source": "The Test Desk",
        "IPTC:Sub-location": "Kalbajar",
        "IPTC:Country-PrimaryLocationCode": "AZ",
        "IPTC:OriginalTransmissionReference": "kalbajar-test revision 3",
        "IPTC:Credit": "© Test Provider 2020",
        "IPTC:CopyrightNotice": "© 2020 Test Provider, ⴰⵎⵓⵏ",
        "IPTC:Contact": "corrections@example.org",
        "IPTC:OriginatingProgram": "satdesk",
        "IPTC:ProgramVersion": "0.1.0",
        "IPTC:UniqueDocumentID": facts.instance,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert {"Kəlbəcər", "Քարվաճառ", "Кельбаджар"} <= set(found["IPTC:Keywords"])
    digest = hashlib.md5(iim_records(facts), usedforsecurity=False).hexdigest()
    assert found["Photoshop:IPTCDigest"] == digest


@pytest.mark.oracle
def test_a_day_without_a_time_stays_a_day_in_every_block(tmp_path):
    content = make_content(tmp_path, day_only=True)
    found = read_back(MADE["jpg"](facts_of(content, content.dates[1:])), tmp_path, "jpg")
    assert found["XMP-photoshop:DateCreated"] == "2021:06:05"
    assert found["IPTC:DateCreated"] == "2021:06:05"
    assert "IPTC:TimeCreated" not in found
    assert "ExifIFD:DateTimeOriginal" not in found


@pytest.mark.parametrize("suffix", MADE)
def test_the_same_facts_give_the_same_file(facts, suffix):
    assert MADE[suffix](facts) == MADE[suffix](facts)


def test_the_picture_itself_is_decoded_as_without_iim(facts, tmp_path):
    (tmp_path / "a.jpg").write_bytes(MADE["jpg"](facts))
    with Image.open(tmp_path / "a.jpg") as back:
        back.load()
        assert back.size == (16, 16)
        assert back.info["icc_profile"]
        assert back.getexif()


def test_the_source_type_says_how_the_picture_came_to_be(content):
    before, after = content.dates
    drawn = replace(before, simulated=True)
    mosaic = replace(before, scene_ids=("one", "two"))
    assert source_type((before,)) == f"{TYPES}digitalCapture"
    assert source_type((mosaic,)) == f"{TYPES}compositeCapture"
    assert source_type((before, after)) == f"{TYPES}compositeCapture"
    assert source_type((drawn,)) == f"{TYPES}algorithmicMedia"
    assert source_type((drawn, after)) == f"{TYPES}compositeSynthetic"


def test_a_simulated_picture_says_so_in_both_blocks(tmp_path):
    facts = facts_of(make_content(tmp_path, simulated=True))
    for block in (xmp_packet(facts), app13_segment(facts)):
        assert block.count(b"SIMULATED") >= 4
    assert b"trained" not in xmp_packet(facts)


def test_identifiers_differ_by_picture_and_revision_and_repeat(content):
    first, again = facts_of(content), facts_of(content)
    other = facts_of(content, path="press/b.jpg")
    later = facts_of(replace(content, revision=4))
    assert first.instance == again.instance
    assert len({f.instance for f in (first, other, later)}) == 3
    assert later.document == first.document != other.document


def test_no_exact_position_of_a_coarse_or_withheld_site_is_in_any_block(content):
    town, monastery = content.sites
    withheld = replace(town, id="w", sensitivity="withheld")
    shown, kept = public_sites((monastery, withheld))
    assert [name for name, _ in kept] == ["Kalbajar"]
    facts = facts_of(replace(content, sites=shown))
    exact = [place for place in facts_of(content).places[1:] if place.longitude is not None]
    written = {(place.longitude, place.latitude) for place in facts.places}
    assert len(exact) == 2
    assert not written & {(place.longitude, place.latitude) for place in exact}
    assert len(facts.places) == 2  # the district and the coarse site; the withheld one is absent
    assert facts.places[1].name == "Invented monastery"


def test_a_site_outside_the_district_is_not_shown(content):
    from shapely import Point  # noqa: PLC0415

    far = replace(content.sites[0], geometry=Point(10, 50))
    assert len(facts_of(replace(content, sites=(far,))).places) == 1


def test_a_short_iim_field_never_cuts_the_credit_line(content):
    long = "© " + "Ünïted " * 30 + "Agency"
    image = replace(content.dates[0], credit=long)
    segment = app13_segment(facts_of(replace(content, copyright=None), (image,)))
    assert segment.count(long.encode()) == 3  # credit, copyright and the end of the caption


@given(st.text(max_size=80), st.integers(4, 64))
def test_cutting_keeps_whole_characters_and_the_limit(text, octets):
    cut = _cut(text, octets)
    assert len(cut) <= octets
    words = cut.decode()
    assert words == " ".join(words.split())


@pytest.mark.oracle
@pytest.mark.parametrize("suffix", MADE)
def test_exiftool_reads_every_language(content, tmp_path, suffix):
    spoken = replace(content, language="az", languages=("az", "en", "hy", "ru", "fa"))
    facts = facts_of(spoken)
    found = read_back(MADE[suffix](facts), tmp_path, suffix)
    for words in facts.worded:
        for field, text in (
            ("dc:Title", words.title),
            ("dc:Description", words.description),
            ("iptcCore:AltTextAccessibility", words.alt_text),
            ("xmpRights:UsageTerms", words.usage_terms),
        ):
            assert found[f"XMP-{field}-{words.tag}"] == one_line(text)
    assert found["XMP-dc:Description"] == facts.description
    assert "14 sentyabr 2020" in facts.description
    assert found["XMP-dc:Language"] == ["az", "en", "hy", "ru", "fa"]
    assert found["XMP-iptcExt:LocationShown"][0]["LocationName"] == "Kəlbəcər"
    assert found["XMP-iptcExt:LocationShown"][0]["LocationName-hy"] == "Քարվաճառ"
    assert "unreviewed" in found["XMP-photoshop:Instructions"]


WANTED = {
    "XMP-photoshop:Headline",
    "XMP-dc:Title",
    "XMP-dc:Description",
    "XMP-iptcCore:AltTextAccessibility",
    "XMP-photoshop:Credit",
    "XMP-dc:Creator",
    "XMP-dc:Rights",
    "XMP-xmpRights:UsageTerms",
    "XMP-photoshop:Instructions",
    "XMP-photoshop:DateCreated",
    "XMP-iptcExt:LocationShown",
    "XMP-iptcCore:CountryCode",
    "XMP-dc:Subject",
    "XMP-dc:Identifier",
    "XMP-iptcExt:DigitalImageGUID",
    "XMP-xmpMM:VersionID",
    "XMP-iptcCore:CreatorContactInfo",
    "XMP-iptcExt:DigitalSourceType",
}
IIM = {
    "IPTC:ObjectName",
    "IPTC:Headline",
    "IPTC:Caption-Abstract",
    "IPTC:Credit",
    "IPTC:By-line",
    "IPTC:CopyrightNotice",
    "IPTC:SpecialInstructions",
    "IPTC:DateCreated",
    "IPTC:Keywords",
    "IPTC:UniqueDocumentID",
    "IPTC:Contact",
    "IPTC:Country-PrimaryLocationCode",
}


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("simulated", "scenes", "kind"),
    [
        (False, ("one",), "digitalCapture"),
        (False, ("one", "two"), "compositeCapture"),
        (True, ("one",), "algorithmicMedia"),
    ],
)
def test_every_press_image_and_plate_carries_every_field(tmp_path, simulated, scenes, kind):
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    made = make_content(tmp_path, simulated=simulated, dates=1)
    made = replace(made, dates=(replace(made.dates[0], scene_ids=scenes),))
    artifacts = (*write_press(made, tmp_path), *write_plates(made, tmp_path))
    command = ["exiftool", "-json", "-G1", "-struct", "-n", "-charset", "iptc=utf8"]
    paths = [str(tmp_path / artifact.path) for artifact in artifacts]
    run = subprocess.run([*command, *paths], capture_output=True, check=True)
    read = json.loads(run.stdout)
    assert len(read) == len(artifacts) == 6 + 3
    for found in read:
        wanted = WANTED | (IIM if found["SourceFile"].endswith(".jpg") else set())
        assert wanted <= found.keys(), (found["SourceFile"], wanted - found.keys())
        assert found["XMP-photoshop:DateCreated"] == "2020:09:14 07:33:20+00:00"
        assert found["XMP-iptcExt:DigitalSourceType"] == f"{TYPES}{kind}"
        place = found["XMP-iptcExt:LocationShown"][0]
        assert place["CountryCode"] == "AZ"
        assert {"GPSLatitude", "GPSLongitude", "LocationId"} <= place.keys()
