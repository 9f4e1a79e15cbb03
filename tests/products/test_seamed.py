"""Mosaics along seams: one scene a pixel, clear ground first, the same in whichever tile."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from layers import BGRN, Flat, Texture, same, utm_grid
from satdesk.core.cover import COVER, Cover
from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.core.raster import Raster
from satdesk.core.sighting import SOURCE, STATE, Doubt, State
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset
from satdesk.products.balanced import Balanced
from satdesk.products.blended import Blended
from satdesk.products.seam_map import SeamMap
from satdesk.products.seamed import Seamed, Sighted
from satdesk.scale.dask import Dask
from satdesk.scale.run import Serial, Threads, run

GRID = utm_grid(64, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouded:
    """Cloud in blocks of eight pixels, shadow in others."""

    grid: GeoBox
    seed: int = 0
    bands = (COVER,)
    quantity = Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        row0, col0 = offset(self.grid, grid)
        row = ((row0 + np.arange(grid.shape[0])) // 8)[:, None]
        col = ((col0 + np.arange(grid.shape[1])) // 8)[None]
        mixed = (row * 7919 + col * 104_729 + self.seed * 31) % 11
        flags = np.select([mixed < 3, mixed == 4], [Cover.CLOUD, Cover.CLOUD_SHADOW], 0)
        valid = np.ones(flags.shape, bool)
        return Raster(
            values=flags[np.newaxis].astype(np.uint8),
            valid=valid, grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """The sources of a mosaic as they are when they have been written."""

    source: Seamed
    bands = (SOURCE, STATE)
    quantity = Quantity.SIGHTING

    @property
    def grid(self) -> GeoBox:
        return self.source.grid

    def read(self, grid: GeoBox) -> Raster:
        choice = self.source.chosen(grid, self.source.pixels(grid))
        return Raster(
            values=np.stack([choice.source, choice.state]), valid=choice.source > 0,
            grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


def seam_map(seed=0, *, cell=5, most=3):
    rows, cols = (-(-size // cell) for size in GRID.shape)
    coarse = np.random.default_rng(seed).integers(0, most + 1, (rows // 4 + 1, cols // 4 + 1))
    labels = coarse.repeat(4, axis=0).repeat(4, axis=1)[:rows, :cols].astype(np.uint8)
    return SeamMap(labels=labels, cell_px=cell, grid=GRID)


def mosaic(seed=0, *, covered=True, quantity=Quantity.TOA, holes=5):
    scenes = tuple(
        Sighted(
            layer=Texture(grid=GRID, seed=seed + k, holes=holes, quantity=quantity),
            cover=Clouded(grid=GRID, seed=seed + k) if covered else None,
        )
        for k in range(3)
    )
    return Seamed(scenes=scenes, seams=seam_map(seed))


def shown(seed=0):
    source = mosaic(seed, covered=seed % 2 == 0, holes=50)
    gains = tuple((0.9 + 0.1 * k,) * 4 for k in range(3))
    return Blended(
        image=source, sightings=Sights(source=source), scenes=source.scenes, gains=gains,
        feather_px=4,
    )  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 50), row=st.integers(-6, 60), col=st.integers(-6, 80))
def test_a_tile_is_the_whole_s(seed, row, col):
    for layer in (mosaic(seed), shown(seed)):
        whole = layer.read(GRID.pad(8))
        window = np.s_[row + 8 : row + 8 + 7, col + 8 : col + 8 + 9]
        tile = layer.read(GRID.pad(8)[window])
        assert (tile.valid == whole.valid[window]).all()
        assert (
            np.where(tile.valid, tile.values, 0)
            == np.where(whole.valid, whole.values, 0)[(slice(None), *window)]
        ).all()


@pytest.mark.parametrize("layer", [mosaic(4), shown(3), shown(4)], ids=["seamed", "odd", "even"])
def test_serial_threads_and_dask_give_the_same(layer):
    first = run(layer, Serial(), 23)
    assert same(first, layer.read(GRID))
    assert same(first, run(layer, Threads(3), 17))
    assert same(first, run(layer, Dask("threads"), 29))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 50))
def test_every_pixel_is_one_scene_s_and_clear_ground_goes_first(seed):
    source = mosaic(seed)
    choice = source.chosen(GRID, source.pixels(GRID))
    wanted = source.seams.at(GRID)
    rasters = [scene.read(GRID) for scene in source.scenes]
    states = [s.states(GRID, r.valid) for s, r in zip(source.scenes, rasters, strict=True)]
    clear = np.stack([state == State.CLEAR for state in states])
    valid = np.stack([raster.valid for raster in rasters])
    assert ((choice.source > 0) == valid.any(axis=0)).all()
    assert ((choice.state == State.CLEAR) == clear.any(axis=0)).all()
    for number in (1, 2, 3):
        here = choice.source == number
        assert (choice.values[here] == np.moveaxis(rasters[number - 1].values, 0, -1)[here]).all()
        assert (choice.state[here] == states[number - 1][here]).all()
        assert here[(wanted == number) & clear[number - 1]].all()


def test_without_covers_nobody_looked_for_clouds():
    source = mosaic(covered=False)
    choice = source.chosen(GRID, source.pixels(GRID))
    assert set(np.unique(choice.state)) <= {State.NOT_IMAGED, State.NOT_TOLD}


class Unread:
    """A scene that must not be read."""

    grid, bands, quantity = GRID, BGRN, Quantity.COUNTS

    def read(self, grid):
        raise AssertionError(f"{grid} was read although nothing was open")


def test_a_scene_is_only_read_where_it_is_needed():
    scenes = (Sighted(layer=Flat(grid=GRID, bands=BGRN)), Sighted(layer=Unread()))
    if scenes[0].quantity is not Quantity.COUNTS:
        Unread.quantity = scenes[0].quantity
    labels = np.ones((13, 18), np.uint8)
    source = Seamed(scenes=scenes, seams=SeamMap(labels=labels, cell_px=5, grid=GRID))
    assert source.read(GRID).valid.all()


def test_scenes_and_maps_that_do_not_fit_are_refused():
    other = Sighted(layer=Texture(grid=utm_grid(64, 91)))
    with pytest.raises(UsageError, match="share one grid"):
        Seamed(scenes=(Sighted(layer=Texture(grid=GRID)), other), seams=seam_map())
    with pytest.raises(UsageError, match="1 to 255"):
        Seamed(scenes=(), seams=seam_map())
    with pytest.raises(UsageError, match="cover its grid"):
        SeamMap(labels=np.zeros((3, 3), np.uint8), cell_px=5, grid=GRID)
    with pytest.raises(UsageError, match="lie on its grid"):
        Sighted(layer=Texture(grid=GRID), cover=Clouded(grid=utm_grid(64, 91)))
    with pytest.raises(UsageError, match="gain above 0"):
        Balanced(source=Texture(grid=GRID), gains=(1.0, 1.0, 0.0, 1.0))


def test_lineages_tell_maps_apart():
    assert lineage(mosaic(1)).digest == lineage(mosaic(1)).digest
    one, two = mosaic(1), Seamed(scenes=mosaic(1).scenes, seams=seam_map(2))
    assert lineage(one).digest != lineage(two).digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Brightness that rises evenly, times a factor; a bright square that only some show."""

    grid: GeoBox
    factor: float = 1.0
    square: bool = False
    bands = BGRN
    quantity = Quantity.TOA

    def read(self, grid: GeoBox) -> Raster:
        row0, col0 = offset(self.grid, grid)
        row = (row0 + np.arange(grid.shape[0]))[:, None]
        col = (col0 + np.arange(grid.shape[1]))[None]
        plane = (0.2 + 0.001 * row + 0.0005 * col) * self.factor
        inside = (abs(row - 32) < 9) & (abs(col - 45) < 9) & self.square
        values = np.where(inside, 0.9, plane)[None].repeat(4, axis=0).astype(np.float32)
        return Raster(
            values=values, valid=np.ones(plane.shape, bool),
            grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


def halves(first: Layer, second: Layer, gains, doubt: Layer | None = None):
    labels = np.ones((64, 90), np.uint8)
    labels[:, 45:] = 2
    source = Seamed(
        scenes=(Sighted(layer=first, doubt=doubt), Sighted(layer=second)),
        seams=SeamMap(labels=labels, cell_px=1, grid=GRID),
    )
    return source, Blended(
        image=source, sightings=Sights(source=source), scenes=source.scenes,
        gains=tuple((gain,) * 4 for gain in gains), feather_px=6,
    )  # fmt: skip


def test_equal_scenes_leave_no_trace_of_their_seam():
    _, layer = halves(Ramp(grid=GRID), Ramp(grid=GRID, factor=1.1), (1.0, 1 / 1.1))
    truth = Ramp(grid=GRID).read(GRID).values
    np.testing.assert_allclose(layer.read(GRID).values, truth, rtol=1e-5)


def test_a_small_difference_is_feathered_over_twice_the_reach_and_no_more():
    source, layer = halves(Ramp(grid=GRID), Ramp(grid=GRID, factor=1.04), (1.0, 1.0))
    hard, soft = source.read(GRID).values[0], layer.read(GRID).values[0]
    assert np.abs(np.diff(soft, axis=1)).max() < 0.2 * np.abs(np.diff(hard, axis=1)).max()
    assert (hard[:, :39] == soft[:, :39]).all()
    assert (hard[:, 51:] == soft[:, 51:]).all()


def test_what_moved_is_cut_and_shows_no_ghost():
    _, layer = halves(Ramp(grid=GRID, square=True), Ramp(grid=GRID), (1.0, 1.0))
    square = layer.read(GRID).values[0][26:39, 37:54]
    plain = Ramp(grid=GRID).read(GRID).values[0][26:39, 37:54]
    ghost = ~np.isclose(square, 0.9) & ~np.isclose(square, plain)
    assert not ghost.any()
    assert np.isclose(square[:, :8], 0.9).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """One kind of doubt in the left half, none elsewhere."""

    grid: GeoBox
    kind: Doubt
    bands = (COVER,)
    quantity = Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        col = offset(self.grid, grid)[1] + np.arange(grid.shape[1])
        flags = np.broadcast_to(np.where(col < 45, self.kind, 0), grid.shape).astype(np.uint8)
        return Raster(
            values=flags[np.newaxis], valid=np.ones(flags.shape, bool),
            grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEdge:
    """The columns beside the middle are doubted, and may be shown."""

    grid: GeoBox
    bands = (COVER,)
    quantity = Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        col = offset(self.grid, grid)[1] + np.arange(grid.shape[1])
        here = np.where(abs(col - 44) < 9, Doubt.STANDS, Doubt.NONE)
        return Raster(
            values=np.broadcast_to(here, (1, *grid.shape)).astype(np.uint8),
            valid=np.ones(tuple(grid.shape), bool),
            grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


@pytest.mark.parametrize(("kind", "shown"), [(Doubt.AVOIDED, 2), (Doubt.STANDS, 1)])
def test_what_another_scene_contradicts_is_shown_last_and_never_called_clear(kind, shown):
    plain = np.ones((64, 90), np.uint8)
    doubt = Doubted(grid=GRID, kind=kind)
    scenes = tuple(
        Sighted(layer=Ramp(grid=GRID), cover=Doubted(grid=GRID, kind=Doubt.NONE), doubt=each)
        for each in (doubt, None)
    )
    both = Seamed(scenes=scenes, seams=SeamMap(labels=plain, cell_px=1, grid=GRID))
    choice = both.chosen(GRID, both.pixels(GRID))
    assert (choice.source[:, :45] == shown).all()
    assert (choice.state[:, :45] == (State.CLEAR if shown == 2 else State.NOT_TOLD)).all()
    assert (choice.source[:, 45:] == 1).all()
    one = Seamed(scenes=scenes[:1], seams=SeamMap(labels=plain, cell_px=1, grid=GRID))
    choice = one.chosen(GRID, one.pixels(GRID))
    assert (choice.source == 1).all()
    assert (choice.state[:, :45] == State.NOT_TOLD).all()
    assert (choice.state[:, 45:] == State.CLEAR).all()


def steepest(layer: Layer) -> float:
    return float(np.abs(np.diff(layer.read(GRID).values, axis=2)).max())


def test_equal_ground_under_different_light_is_mixed_where_it_is_doubted_and_cut_elsewhere():
    shaded, plain, doubt = Ramp(grid=GRID, factor=0.5), Ramp(grid=GRID), AtEdge(grid=GRID)
    source, told = halves(shaded, plain, (1.0, 1.0), doubt)
    assert steepest(told) < 0.2 * steepest(source)
    source, untold = halves(shaded, plain, (1.0, 1.0))
    assert same(source.read(GRID), untold.read(GRID))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Rows of a crop, or the bare ground after the harvest; a window of light fits into it."""

    grid: GeoBox
    bare: bool
    bands = BGRN
    quantity = Quantity.TOA

    def read(self, grid: GeoBox) -> Raster:
        col = offset(self.grid, grid)[1] + np.arange(grid.shape[1])
        levels = np.array((0.08, 0.11, 0.15, 0.25) if self.bare else (0.05, 0.08, 0.06, 0.4))
        rows = 1 + 0.05 * np.sin(col / 2)
        values = (levels[:, None, None] * rows).repeat(grid.shape[0], axis=1).astype(np.float32)
        return Raster(
            values=values, valid=np.ones(values.shape[1:], bool),
            grid=grid, bands=self.bands, quantity=self.quantity,
        )  # fmt: skip


@pytest.mark.parametrize("doubted", [False, True])
def test_a_field_that_was_harvested_is_cut_even_where_the_light_is_doubted(doubted):
    doubt = AtEdge(grid=GRID) if doubted else None
    source, layer = halves(
        Field(grid=GRID, bare=True), Field(grid=GRID, bare=False), (1.0, 1.0), doubt
    )
    assert same(source.read(GRID), layer.read(GRID))


def test_a_roof_that_moved_is_cut_even_where_the_light_is_doubted():
    square = Ramp(grid=GRID, square=True, factor=0.8)
    source, layer = halves(square, Ramp(grid=GRID), (1.0, 1.0), AtEdge(grid=GRID))
    cut = source.read(GRID).values == layer.read(GRID).values
    assert cut[:, 26:39, 37:54].all()
    assert not cut[:, :8].all()


def test_doubted_seams_do_not_depend_on_the_tile_that_asks():
    square = Ramp(grid=GRID, square=True, factor=0.5)
    _, layer = halves(square, Ramp(grid=GRID), (1.0, 1.0), AtEdge(grid=GRID))
    whole = layer.read(GRID).values
    for window in (np.s_[10:30, 20:50], np.s_[0:64, 44:46], np.s_[33:34, 0:90]):
        assert (layer.read(GRID[window]).values == whole[(slice(None), *window)]).all()
