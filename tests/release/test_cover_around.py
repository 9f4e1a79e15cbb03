"""The shadow of a cloud that hangs outside of a district is told, as far as the image reaches."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.cover import HIDING, Cover
from satdesk.core.place import District, Name, Source
from satdesk.core.scene import Angles, BandCalibration
from satdesk.core.sighting import State
from satdesk.core.slant import Slant
from satdesk.release.composition import parts_of
from satdesk.release.cover_halo import Halo
from satdesk.release.covers import scene_cover
from satdesk.release.ground import Ground, grid_outline
from satdesk.release.recipe import GridChoice, SceneChoice
from satdesk.release.scenes import open_scene
from satdesk.release.seen import seen_date

PIXEL_M, HEIGHT_M, SIZE, RADIUS = 20.0, 1600.0, 300, 18
AZIMUTH, ELEVATION = 150.0, 50.0
AFFINE = Affine(PIXEL_M, 0.0, 5e5, 0.0, -PIXEL_M, 4.45e6)
SUN = Slant.towards(AZIMUTH, ELEVATION, pixel_m=PIXEL_M)
CLOUD = (170, 150)
SHADE = (CLOUD[0] - SUN.row * HEIGHT_M, CLOUD[1] - SUN.col * HEIGHT_M)
NOBODY = Ground(terrain=None)


def disc(at):
    row, col = np.indices((SIZE, SIZE))
    return np.hypot(row - at[0], col - at[1]) <= RADIUS


@pytest.fixture
def parts(tmp_path):
    """A scene with one cloud and its shadow, rows and columns of it, as loose files on a map."""

    def _parts(rows=slice(0, SIZE), *, shaded=True):
        rng = np.random.default_rng(5)
        planes = np.stack([v * (1 + 0.04 * rng.standard_normal((SIZE, SIZE)))
                           for v in (0.09, 0.09, 0.08, 0.26)])  # fmt: skip
        planes[:, disc(SHADE) & shaded] *= 0.4
        planes[:, disc(CLOUD)] = 0.6
        counts = np.rint(planes[:, rows] * 1e4).astype(np.uint16)
        path = tmp_path / "a.tif"
        with rasterio.open(
            path, "w", driver="GTiff", count=4, dtype="uint16", crs="EPSG:32638",
            height=counts.shape[1], width=SIZE, transform=AFFINE @ Affine.translation(0, rows.start),
        ) as out:  # fmt: skip
            out.write(counts)
        plain = open_scene(SceneChoice(bundle=path, bands=("B", "G", "R", "NIR")))
        image = replace(plain.images[0], calibration=(BandCalibration(quantification=1e4),) * 4)
        center = Angles(
            where="center", incidence_deg=0.0, view_azimuth_deg=0.0,
            sun_azimuth_deg=AZIMUTH + 0.5, sun_elevation_deg=ELEVATION,
        )  # fmt: skip
        scene = replace(plain, images=(image,), angles=(center,))
        return parts_of(scene, GridChoice(product="ms"))

    return _parts


def district(half=34):
    """The grid about the shadow, without the cloud."""
    row, col = (round(at) for at in SHADE)
    shape = (2 * half, 2 * half)
    return GeoBox(shape, AFFINE @ Affine.translation(col - half, row - half), "EPSG:32638"), np.s_[
        row - half : row + half, col - half : col + half
    ]


def flags(cover, grid, flag):
    return (cover.layer.read(grid).values[0] & flag) > 0


def test_a_district_whose_shadow_comes_from_outside_is_told_so(parts):
    grid, at = district()
    shade = disc(SHADE)[at]
    assert not disc(CLOUD)[at].any()
    cover = scene_cover(parts(), grid, NOBODY)
    found = flags(cover, grid, Cover.CLOUD_SHADOW)
    assert found[shade].mean() > 0.9
    assert found[~shade].mean() < 0.05
    assert not flags(cover, grid, Cover.SHADOW_NOT_TOLD).any()
    assert flags(cover, grid, Cover.CLOUD).mean() < 0.025  # at the edge of an invented shadow
    assert cover.facts["looked_around_m"] > -SUN.row * HEIGHT_M * PIXEL_M - RADIUS * PIXEL_M


def test_shares_are_those_of_the_district_alone(parts):
    grid, at = district()
    shares = scene_cover(parts(), grid, NOBODY).facts["shares_of_imaged"]
    assert shares["cloud"] < 0.025
    assert shares["cloud_shadow"] == pytest.approx(disc(SHADE)[at].mean(), rel=0.15)


def test_the_report_counts_it_as_shadow(parts):
    grid, at = district()
    box = District(
        id="box",
        names=(Name(text="Box"),),
        geometry=grid_outline(grid),
        source=Source(title="drawn"),
    )
    seen = seen_date([parts()], box, NOBODY, ("classical",))
    counts = np.bincount(seen.states[0][seen.inside], minlength=len(State))
    assert counts[State.SHADOW] / counts.sum() == pytest.approx(disc(SHADE)[at].mean(), rel=0.15)
    assert counts[State.NOT_TOLD] == 0


def test_the_district_is_told_as_in_the_whole_scene(parts):
    grid, at = district()
    whole = GeoBox((SIZE, SIZE), AFFINE, "EPSG:32638")
    part = scene_cover(parts(), grid, NOBODY).layer.read(grid).values[0]
    every = scene_cover(parts(), whole, NOBODY).layer.read(whole).values[0]
    assert (((part & HIDING) > 0) == ((every[at] & HIDING) > 0)).mean() > 0.95


def test_where_nothing_throws_a_shadow_none_is_told(parts):
    grid, _ = district()
    cover = scene_cover(parts(shaded=False), grid, NOBODY)
    assert not flags(cover, grid, Cover.CLOUD_SHADOW | Cover.CLOUD).any()


def test_not_told_is_left_only_where_the_way_to_the_sun_leaves_the_image(parts):
    """The image ends in the middle of the cloud: the rest of it is nowhere to be seen."""
    end = CLOUD[0]
    grid, at = district()
    cover = scene_cover(parts(slice(0, end)), grid, NOBODY)
    row = np.indices((SIZE, SIZE))[0][at]
    leaves = row + SUN.row * HEIGHT_M > end - 3
    left = flags(cover, grid, Cover.SHADOW_NOT_TOLD)
    assert not left[~leaves].any()
    shade = disc(SHADE)[at]
    assert flags(cover, grid, Cover.CLOUD_SHADOW)[shade & ~leaves].mean() > 0.85


def test_what_is_looked_at_is_the_way_to_the_highest_cloud_within_the_image(parts):
    scene = parts().scene
    grid, _ = district()
    halo = Halo.of(scene, scene.images[0], grid)
    low, high = halo.up_to(HEIGHT_M), halo.up_to(12_000.0)
    for looked, rise in ((low, HEIGHT_M), (high, 12_000.0)):
        top, left = looked.kept
        below = looked.grid.shape[0] - top.stop
        reached = min(SUN.row * rise, SIZE - (SHADE[0] + 34))
        assert reached - 2 <= below <= reached + 200 / PIXEL_M + 2
        assert (top.stop - top.start, left.stop - left.start) == tuple(grid.shape)
    assert halo.up_to(0.0).grid == grid


def test_cells_stay_as_many_as_masks_may_have_and_no_wider_than_they_were_measured(parts):
    scene = parts().scene
    wide = GeoBox((9000, 9000), AFFINE, "EPSG:32638")  # 180 km at 20 m: more than can be looked at
    halo = replace(
        Halo.of(scene, scene.images[0], wide), rows=(-9000, 18_000), cols=(-9000, 18_000)
    )
    assert np.prod(halo.up_to(12_000.0).grid.shape) <= 3_000_000
    some = GeoBox((1600, 1600), AFFINE, "EPSG:32638")
    halo = replace(halo, grid=some)
    looked = halo.up_to(12_000.0)
    assert np.prod(looked.grid.shape) <= 3_000_000
    assert looked.ratio == 1
    assert 0 < looked.rise_m < 12_000
