import numpy as np
import pytest

from satdesk.geometry.mapmodel import MapModel

LON, LAT, HEIGHT = np.array([-159.999, 179.5]), np.array([40.0, -10.0]), np.zeros(2)


def test_a_place_is_sought_by_the_turn_that_the_image_counts_in():
    model = MapModel(crs="EPSG:4326", center_x=200.0)
    x, y = model.project(LON, LAT, HEIGHT)
    np.testing.assert_allclose(x, [200.001, 179.5])
    np.testing.assert_allclose(y, LAT)
    lon, lat = model.locate(x, y, HEIGHT)
    np.testing.assert_allclose(lon, LON)
    np.testing.assert_allclose(lat, LAT)


@pytest.mark.parametrize("crs", ["EPSG:32638", "EPSG:4326"])
def test_there_and_back(crs):
    model = MapModel(crs=crs, center_x=45.0 if crs == "EPSG:4326" else 500_000.0)
    lon, lat = np.array([44.0, 46.5, np.nan]), np.array([40.0, 41.0, np.nan])
    x, y = model.project(lon, lat, np.zeros(3))
    back = model.locate(x, y, np.zeros(3))
    np.testing.assert_allclose(back[0], lon, atol=1e-9)
    np.testing.assert_allclose(back[1], lat, atol=1e-9)
