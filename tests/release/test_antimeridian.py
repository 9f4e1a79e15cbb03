"""Outlines of pictures across the antimeridian are of one piece."""

from __future__ import annotations

from affine import Affine
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from satdesk.core.bands import Band
from satdesk.core.scene import SourceImage
from satdesk.release.ground import grid_outline, image_outline
from worlds import made_up_rpc

FRAME = GeoBox((900, 1100), Affine.translation(400, 300), None)


def test_an_outline_of_all_heights_is_as_wide_as_the_picture():
    image = SourceImage(
        id="pan",
        bands=(Band(name="PAN"),),
        grid=FRAME,
        dtype="uint16",
        tiles=(),
        model=made_up_rpc(lon_off=180.0),
    )
    west, _, east, _ = image_outline(image, None).bounds
    assert east - west < 0.2


def test_the_outline_of_a_grid_lies_beside_what_it_is_compared_with():
    grid = GeoBox.from_bbox((499_000, 0, 501_000, 1000), "EPSG:3832", resolution=10.0)
    middle = GeoBox((100, 400), Affine(20, 0, 3_335_847, 0, -20, 4_000_000), "EPSG:3832")
    west, _, east, _ = grid_outline(middle).bounds
    assert 0 < east - west < 0.2
    lon = grid_outline(grid).centroid.x
    turned = grid_outline(grid, beside=box(lon + 359, 0, lon + 361, 1))
    assert abs(turned.centroid.x - lon - 360) < 1e-6
