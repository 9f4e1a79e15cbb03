import numpy as np
import pytest

from satdesk.core.cover import Cover
from satdesk.core.slant import Slant
from satdesk.errors import UsageError
from satdesk.radiometry.cloud_shadows import Sighting, cast_from
from satdesk.radiometry.clouds import bright_white
from satdesk.radiometry.cover_found import find_cover
from satdesk.radiometry.picture import Picture

PIXEL_M = 20.0
HEIGHT_M = 1600.0
SUN = Slant.towards(150.0, 50.0, pixel_m=PIXEL_M)
SHAPE = (260, 260)
GROUND = {"B": 0.09, "G": 0.09, "R": 0.08, "NIR": 0.26}


def _disc(row, col, radius):
    r, c = np.indices(SHAPE)
    return np.hypot(r - row, c - col) <= radius


def _planes(cloud=None, shadow=None, value=0.6, infrared=0.6):
    rng = np.random.default_rng(5)
    planes = {}
    for name, level in GROUND.items():
        plane = (level * (1 + 0.04 * rng.standard_normal(SHAPE))).astype(np.float32)
        if shadow is not None:
            plane[shadow] *= 0.4
        if cloud is not None:
            plane[cloud] = infrared if name == "NIR" else value
        planes[name] = plane
    return planes


def _picture(planes, *, sun=SUN):
    sighting = Sighting(heights=np.zeros(SHAPE, np.float32), sun=sun, view=Slant(col=0, row=0))
    return Picture(planes=planes, valid=np.ones(SHAPE, bool), pixel_m=PIXEL_M, sighting=sighting)


CLOUD = _disc(150, 140, 18)
SHADOW = _disc(150 - SUN.row * HEIGHT_M, 140 - SUN.col * HEIGHT_M, 18)


def _flag(found, flag):
    return (found.flags & flag) > 0


def test_a_shadow_lies_away_from_the_sun_at_the_height_of_its_cloud():
    found = find_cover(_picture(_planes(CLOUD, SHADOW)))
    assert found.cloud_height_m == pytest.approx(HEIGHT_M, abs=200)
    assert _flag(found, Cover.CLOUD)[CLOUD].all()
    assert _flag(found, Cover.CLOUD_SHADOW)[SHADOW].mean() > 0.95
    assert _flag(found, Cover.CLOUD_SHADOW)[~SHADOW].mean() < 0.03


def test_a_lake_elsewhere_is_no_shadow():
    lake = _disc(60, 150, 18)  # dark, but the sun puts no shadow there
    found = find_cover(_picture(_planes(CLOUD, SHADOW | lake)))
    assert not _flag(found, Cover.CLOUD_SHADOW)[lake].any()


def test_without_a_shadow_that_fits_none_is_told():
    found = find_cover(_picture(_planes(CLOUD)))
    assert found.cloud_height_m is None
    assert not _flag(found, Cover.CLOUD_SHADOW).any()


def test_snow_is_darker_in_the_infrared():
    found = find_cover(_picture(_planes(CLOUD, value=0.68, infrared=0.58)))
    assert _flag(found, Cover.SNOW)[CLOUD].mean() > 0.95
    assert not _flag(found, Cover.CLOUD).any()


def test_clear_ground_and_roofs_are_no_cloud():
    roofs = _planes(_disc(50, 50, 1))
    assert not find_cover(_picture(roofs)).flags.any()


def test_one_band_tells_no_cloud():
    with pytest.raises(UsageError, match="one visible band"):
        bright_white({"R": np.ones(SHAPE)}, np.ones(SHAPE, bool), PIXEL_M)


def test_what_is_outside_the_picture_is_not_known():
    sighting = Sighting(
        heights=np.zeros(SHAPE, np.float32), sun=Slant(col=1.0, row=0.0), view=Slant(col=0, row=0)
    )
    imaged = np.ones(SHAPE, bool)
    imaged[:, 150:] = False
    cast = cast_from(np.zeros(SHAPE, bool), imaged, sighting, 100.0)
    assert np.isnan(cast[:, 50:]).all()
    assert (cast[:, :50] == 0).all()


def test_water_beyond_is_not_called_shadow():
    lake = _disc(225, 60, 14)
    planes = _planes(CLOUD, SHADOW)
    for name, level in (("B", 0.06), ("G", 0.05), ("R", 0.03), ("NIR", 0.015)):
        planes[name][lake] = level
    found = find_cover(_picture(planes))
    assert not _flag(found, Cover.CLOUD_SHADOW)[lake].any()
    assert _flag(found, Cover.SHADOW_NOT_TOLD)[lake].mean() > 0.8


def test_a_thin_cloud_is_one_where_its_shadow_lies():
    thin = _disc(60, 200, 12)
    shade = _disc(60 - SUN.row * HEIGHT_M, 200 - SUN.col * HEIGHT_M, 12)

    def found(shadow):
        planes = _planes(CLOUD, SHADOW | shadow)
        for name in ("B", "G", "R"):
            planes[name] = planes[name] + np.where(thin, np.float32(0.03), np.float32(0))
        return _flag(find_cover(_picture(planes)), Cover.CLOUD)[thin].mean()

    assert found(shade) > 0.8
    assert found(np.zeros(SHAPE, bool)) < 0.05
