from __future__ import annotations

from dataclasses import replace

import pytest
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from satdesk.core.bands import Band
from satdesk.core.scene import SourceImage
from satdesk.errors import UsageError
from satdesk.release.ground import grid_over, require_metres, source_gsd_m


@pytest.fixture
def image():
    return SourceImage(
        id="pan",
        bands=(Band(name="PAN"),),
        grid=GeoBox.from_bbox((0, 0, 30, 30), "EPSG:32638", resolution=3.0),
        dtype="uint16",
        tiles=(),
    )


def test_a_stated_pixel_is_the_products_own(image):
    assert source_gsd_m(replace(image, gsd_m=(1.5, 1.5))) == 1.5
    assert source_gsd_m(replace(image, gsd_m=(0.35, 0.35))) == 0.35


def test_a_stated_pixel_that_was_measured_is_rounded_like_ours(image):
    assert source_gsd_m(replace(image, gsd_m=(0.506, 0.504))) == 0.5
    assert source_gsd_m(replace(image, gsd_m=(0.03, 0.04))) == 0.1


@pytest.mark.parametrize(
    ("crs", "unit"), [("EPSG:4326", "degree"), ("EPSG:2263", "US survey foot")]
)
def test_a_pixel_in_metres_does_not_fit_degrees_or_feet(crs, unit):
    with pytest.raises(UsageError, match=unit):
        require_metres(crs)


@pytest.mark.parametrize("crs", [None, "EPSG:32638", "EPSG:3857", "EPSG:2154"])
def test_metric_systems_pass(crs):
    require_metres(crs)


@pytest.mark.parametrize("crs", ["nonsense", "EPSG:999999"])
def test_a_system_that_nobody_knows_is_wrong_usage(crs):
    with pytest.raises(UsageError, match="nobody knows"):
        require_metres(crs)
    with pytest.raises(UsageError, match="nobody knows"):
        grid_over(box(46, 40, 46.1, 40.1), gsd_m=10, crs=crs)
