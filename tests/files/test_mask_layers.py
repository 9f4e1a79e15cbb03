"""The provider's own masks, read with limits and laid on the pixels of their image."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.formats import open_bundle
from satdesk.core.bands import Band
from satdesk.core.cover import Cover
from satdesk.core.scene import MaskFile, SourceImage
from satdesk.errors import BrokenInputError, UnsafeInputError
from satdesk.files.mask_layers import mask_layer
from satdesk.files.mask_polygons import read_mask_polygons

PIXELS = "urn:ogc:def:derivedCRSType:OGC:1.0:image"
SQUARE = "3.5 2.5 7.5 2.5 7.5 5.5 3.5 5.5 3.5 2.5"
HOLE = "4.5 3.5 5.5 3.5 5.5 4.5 4.5 4.5 4.5 3.5"


def _gml(rings, frame=PIXELS, kind="CLOUD"):
    sides = ["exterior"] + ["interior"] * (len(rings) - 1)
    body = "".join(
        f"<gml:{side}><gml:LinearRing><gml:posList>{ring}</gml:posList></gml:LinearRing></gml:{side}>"
        for side, ring in zip(sides, rings, strict=True)
    )
    return (
        '<hma:Mask xmlns:hma="http://earth.esa.int/hma" xmlns:gml="http://www.opengis.net/gml">'
        f'<gml:boundedBy><gml:Envelope srsName="{frame}"/></gml:boundedBy>'
        f"<hma:maskMembers><hma:MaskFeature><hma:maskType>{kind}</hma:maskType><gml:extentOf>"
        f"<gml:Polygon>{body}</gml:Polygon></gml:extentOf></hma:MaskFeature></hma:maskMembers>"
        "</hma:Mask>"
    )


@pytest.fixture
def mask(tmp_path):
    def _mask(rings, *, frame=PIXELS, kind="cloud", crs=None, affine=None):
        path = tmp_path / "CLD.GML"
        path.write_text(_gml(rings, frame), encoding="utf-8")
        image = SourceImage(
            id="ms",
            tiles=(),
            grid=GeoBox((8, 10), affine or Affine.identity(), crs),
            bands=(Band(name="B"),),
        )
        layer = mask_layer(MaskFile(kind=kind, path=path, image_id="ms"), image)
        return layer.read(image.grid)

    return _mask


def test_pixels_count_from_the_centre_of_the_first(mask):
    found = mask([SQUARE]).values[0] == Cover.CLOUD
    expected = np.zeros((8, 10), bool)
    expected[2:5, 3:7] = True  # columns 4 to 7 and rows 3 to 5 of the provider's count
    assert np.array_equal(found, expected)


def test_a_hole_is_no_cloud(mask):
    found = mask([SQUARE, HOLE]).values[0] == Cover.CLOUD
    assert not found[3, 4]
    assert found.sum() == 11


def test_a_region_of_interest_says_what_was_imaged(mask):
    raster = mask([SQUARE], kind="roi")
    assert raster.valid.sum() == 12
    assert not raster.values.any()


def test_map_coordinates_are_those_of_the_image(mask):
    affine = Affine(2.0, 0.0, 5e5, 0.0, -2.0, 4.4e6)
    ring = "500002 4399998 500006 4399998 500006 4399994 500002 4399994 500002 4399998"
    found = mask([ring], frame="32638 WGS84/UTM 38N", crs="EPSG:32638", affine=affine)
    assert np.argwhere(found.values[0] > 0).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_another_map_is_refused(mask):
    with pytest.raises(BrokenInputError, match="another map"):
        mask([SQUARE], frame="urn:ogc:def:crs:EPSG:8.8.1:32639", crs="EPSG:32638")


@pytest.mark.parametrize("ring", ["1 2 3", "1 2 nan 2 3 3 1 2", "a b c d e f g h", "1 1 2 2"])
def test_corners_that_are_no_ring_are_refused(tmp_path, ring):
    path = tmp_path / "CLD.GML"
    path.write_text(_gml([ring]), encoding="utf-8")
    with pytest.raises(BrokenInputError):
        read_mask_polygons(path)


def test_entities_are_refused(tmp_path):
    path = tmp_path / "CLD.GML"
    text = _gml([SQUARE])
    path.write_text(f'<!DOCTYPE a [<!ENTITY b "c">]>{text}', encoding="utf-8")
    with pytest.raises(UnsafeInputError):
        read_mask_polygons(path)


def test_more_corners_than_any_mask_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("satdesk.files.mask_polygons._MAX_VERTICES", 4)
    path = tmp_path / "CLD.GML"
    path.write_text(_gml([SQUARE]), encoding="utf-8")
    with pytest.raises(UnsafeInputError, match="corners"):
        read_mask_polygons(path)


def test_scene_classes_become_flags(tmp_path):
    path = tmp_path / "SCL.tif"
    affine = Affine(20.0, 0.0, 5e5, 0.0, -20.0, 4.4e6)
    profile = {"driver": "GTiff", "width": 12, "height": 1, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", crs="EPSG:32638", transform=affine, **profile) as out:
        out.write(np.arange(12, dtype=np.uint8)[None, None])
    image = SourceImage(
        id="ms-20m", tiles=(), grid=GeoBox((1, 12), affine, "EPSG:32638"), bands=(Band(name="B"),)
    )
    mask = MaskFile(kind="scene_classification", path=path, image_id="ms-20m")
    raster = mask_layer(mask, image).read(image.grid)
    assert not raster.valid[0, 0]
    assert raster.valid[0, 1:].all()
    named = {int(k): Cover(int(v)) for k, v in enumerate(raster.values[0, 0]) if v}
    assert named == {
        1: Cover.SATURATED, 3: Cover.CLOUD_SHADOW, 8: Cover.CLOUD, 9: Cover.CLOUD,
        10: Cover.CLOUD, 11: Cover.SNOW,
    }  # fmt: skip


def test_a_real_mask_covers_what_its_provider_counted(shared_data):
    """The delivery states 63.02 % cloud; that is what its polygons hold of its region."""
    scene = open_bundle(shared_data / "dimap_pleiades")
    image = scene.image("ms")
    masks = {m.kind: mask_layer(m, image) for m in scene.masks if m.image_id == "ms" and m.kind
             in {"cloud", "roi"}}  # fmt: skip
    imaged = masks["roi"].read(image.grid).valid
    cloud = masks["cloud"].read(image.grid).values[0] > 0
    assert 100 * cloud[imaged].mean() == pytest.approx(63.02, abs=0.02)
