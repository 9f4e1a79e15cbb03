"""The fused pass is held to the composition of layers that defines it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from layers import same
from satdesk.core.bands import BLUE, GREEN, NIR, PAN, RED
from satdesk.core.lineage import lineage
from satdesk.core.scene import BandCalibration
from satdesk.errors import UsageError
from satdesk.geometry import onepass
from satdesk.geometry.affine import Adjusted
from satdesk.geometry.frames import from_lonlat
from satdesk.geometry.lattice import exact_positions
from satdesk.geometry.occlusion import SeenTerrain
from satdesk.geometry.onepass import OUTSIDE, PATCH
from satdesk.geometry.patches import out_of_sight, patches_under, relief_under, sight_of
from satdesk.geometry.terrain import ConstantTerrain, GridTerrain
from satdesk.products.calibrated import Calibrated
from satdesk.products.clipped import Clipped
from satdesk.products.fused import Fused, fused
from satdesk.products.mosaic import Mosaic
from satdesk.products.numbers import stored_numbers
from satdesk.products.ortho import Ortho
from satdesk.products.selected import Selected
from satdesk.products.sharpened import Sharpened
from satdesk.radiometry.calibrate import encode_reflectance
from satdesk.radiometry.sharpen import SharpenWeights
from satdesk.radiometry.sharpen_adaptive import LocalGains
from satdesk.scale.run import Serial, Threads, run
from worlds import Hills, Picture, made_up_rpc, read_dimap_rpc, read_text_rpc

UTM = "EPSG:32638"
RPC = made_up_rpc()
WEIGHTS = SharpenWeights(weights=(0.3, 0.3, 0.25, 0.1), offset=0.001, floor=0.005, r2=0.9)
CALIBRATION = tuple(
    BandCalibration(gain=gain, bias=0.1, irradiance=e0)
    for gain, e0 in ((11.0, 1900.0), (10.0, 1800.0), (8.0, 1500.0), (16.0, 1000.0))
)
BANDS = (BLUE, GREEN, RED, NIR)


def dem(*, voids=False, steep=1.0):
    step, n = 0.0003, 200
    affine = Affine(step, 0, 46.1 - step * n / 2, 0, -step, 40.05 + step * n / 2)
    col, row = np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5)
    heights = Hills().height(affine.c + step * col, affine.f - step * row)
    heights = (1500 + steep * (heights - 1500)).astype(np.float32)
    if voids:
        heights[np.random.default_rng(3).random(heights.shape) < 0.02] = np.nan
    return GridTerrain(heights=heights, affine=affine, crs="EPSG:4326")


@dataclass(frozen=True, kw_only=True)
class World:
    """What a hypothesis world is made of."""

    seed: int = 0
    size: tuple[int, int] = (150, 170)
    turn: float = 0.0
    gsd: float = 1.5
    east: float = 0.0
    north: float = 0.0
    holes: float = 0.0
    dtype: str = "uint16"
    terrain: object = None
    calibrated: bool = True
    product: str = "sharpened"
    names: tuple[str, ...] = ("R", "G", "B", "NIR")
    crop: tuple[int, int, int, int] = (640, 800, 420, 460)  # top, left, rows, cols of PAN

    def image(self, bands, scale):
        rng = np.random.default_rng([self.seed, len(bands)])
        top, left, rows, cols = (max(1, round(v * scale)) for v in self.crop)
        valid = rng.random((rows, cols)) >= self.holes
        values = rng.integers(150, 950, (len(bands), rows, cols)).astype(self.dtype)
        values = np.where(valid, values, 0).astype(self.dtype)
        grid = GeoBox((rows, cols), Affine.translation(left, top), None)
        source = Picture(values=values, valid=valid, grid=grid, bands=bands)
        if not self.calibrated:
            return source
        return Calibrated(
            source=source, calibration=CALIBRATION[: len(bands)], sun_elevation_deg=50.0,
            sun_distance_au=1.0,
        )  # fmt: skip

    @property
    def grid(self):
        rows, cols = self.size
        corner = Affine.translation(593800 + self.east, 4433750 + self.north)
        turned = corner @ Affine.rotation(self.turn) @ Affine.scale(self.gsd, -self.gsd)
        return GeoBox((rows, cols), turned @ Affine.translation(-cols / 2, -rows / 2), UTM)

    @property
    def layer(self):
        terrain = dem() if self.terrain is None else self.terrain
        at = Affine(0.25, 0, 0.3, 0, 0.25, -0.2)
        pan = Ortho(source=self.image((PAN,), 1.0), model=RPC, terrain=terrain, grid=self.grid)
        ms = Ortho(
            source=self.image(BANDS, 0.25), model=Adjusted(model=RPC, matrix=at), terrain=terrain,
            grid=self.grid,
        )  # fmt: skip
        weights = WEIGHTS if self.calibrated else replace(WEIGHTS, offset=20.0, floor=30.0)
        if self.product == "pan":
            return pan
        if self.product == "ms":
            return Selected(source=ms, names=self.names)
        return Selected(source=Sharpened(pan=pan, ms=ms, weights=weights), names=self.names)


worlds = st.builds(
    World,
    seed=st.integers(0, 99),
    size=st.sampled_from([(1, 1), (40, 300), (150, 170), (260, 20)]),
    turn=st.sampled_from([0.0, 13.0, -97.0]),
    gsd=st.sampled_from([0.7, 1.5, 1.9]),
    east=st.sampled_from([0.0, 250.0, -330.0]),
    north=st.sampled_from([0.0, 300.0]),
    holes=st.sampled_from([0.0, 0.002, 0.2]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"]),
    terrain=st.sampled_from(
        [dem(), dem(voids=True), dem(steep=3.0), ConstantTerrain(height_m=1400.0), Hills()]
    ),
    calibrated=st.booleans(),
    product=st.sampled_from(["sharpened", "pan", "ms"]),
    names=st.sampled_from([("R", "G", "B", "NIR"), ("B", "G", "R", "NIR"), ("NIR", "G")]),
)


def orthos(layer):
    inner = layer.source if isinstance(layer, Selected) else layer
    return (inner,) if isinstance(inner, Ortho) else (inner.pan, inner.ms)


def decided(layer):
    """Pixels that a hundredth of a pixel moves over no edge of a pixel and no tap of a kernel."""
    shape = tuple(int(n) for n in layer.grid.shape)
    clear = np.ones(shape, bool)
    for ortho in orthos(layer):
        for position in replace(ortho, exact=True).positions(0, 0, shape):
            known = np.isfinite(position)
            clear &= ~known | (np.abs(2 * position - np.round(2 * position)) > 0.002)
    return clear


@given(world=worlds)
@settings(max_examples=60, deadline=None)
def test_the_pass_gives_what_its_definition_gives(world):
    layer = world.layer
    definition, got = layer.read(layer.grid), fused(layer).read(layer.grid)
    clear = decided(layer)
    np.testing.assert_array_equal(got.valid[clear], definition.valid[clear])
    both = clear & got.valid & definition.valid
    count = 1e-4 if world.calibrated else 1.0
    off = np.abs(got.values[:, both].astype(float) - definition.values[:, both])
    assert not (off > count).any()
    numbers, valid = fused(layer).stored(layer.grid)
    np.testing.assert_array_equal(valid, got.valid)
    if world.calibrated:
        wanted = encode_reflectance(definition.values, definition.valid)[:, both]
        assert not (np.abs(numbers[both].T.astype(int) - wanted) > 1).any()
    assert (numbers[valid] > 0).all()
    assert not numbers[~valid].any()


def test_the_worlds_are_worth_it():
    """Most of what the property compares is usable, and edges and holes are among it."""
    layer = World(holes=0.002).layer
    got = fused(layer).read(layer.grid)
    assert 0.9 < got.valid.mean() < 1
    assert decided(layer).mean() > 0.9
    assert not World(east=20_000.0).layer.read(World(east=20_000.0).grid).valid.any()


needs_c = pytest.mark.skipif(onepass.engine() == "numpy", reason="no C extension was built here")


@needs_c
@pytest.mark.parametrize("fastest", [0, 1, 2])
@given(world=worlds)
@settings(max_examples=25, deadline=None)
def test_c_and_numpy_give_the_same_bytes(fastest, world):
    layer = fused(world.layer)
    compiled = onepass._compiled

    class Slower:
        heights = staticmethod(compiled.heights)

        @staticmethod
        def render(*arguments):
            return compiled.render(*arguments[:-1], fastest)

    found = []
    for engine in (None, Slower):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(onepass, "_compiled", engine)
            loss = no_loss()
            numbers, valid = layer.stored(layer.grid, loss)
            got = (numbers.tobytes(), valid.tobytes(), loss.tobytes())
            found.append((*got, layer.read(layer.grid)))
    assert found[0][:3] == found[1][:3]
    assert same(found[0][3], found[1][3])


def no_loss():
    return np.array([0, 0, np.inf, -np.inf])


@given(world=worlds)
@settings(max_examples=25, deadline=None)
def test_what_storing_changes_is_told(world):
    layer = fused(replace(world, calibrated=False).layer)
    loss = no_loss()
    _, valid = layer.stored(layer.grid, loss)
    values = layer.read(layer.grid).values[:, valid].astype(float)
    if not values.size:
        assert loss.tolist() == no_loss().tolist()
        return
    off = np.abs(values - np.clip(np.rint(values), 0, 65_535))
    wanted = [np.abs(values).sum(), off.sum(), values.min(), values.max()]
    np.testing.assert_allclose(loss, wanted, rtol=1e-6)


@needs_c
def test_hidden_ground_is_hidden_in_both():
    terrain = dem()
    hidden = np.random.default_rng(1).random(tuple(2 * n for n in terrain.heights.shape)) < 0.1
    layer = fused(World(terrain=SeenTerrain(terrain=terrain, hidden=hidden, parts=2)).layer)
    fast = layer.read(layer.grid)
    assert 0.5 < fast.valid.mean() < 0.95
    clear = decided(layer.definition)
    wrong = fast.valid != layer.definition.read(layer.grid).valid
    assert (wrong & clear).mean() < 1e-3  # at the edges of the parts a millionth of a cell decides
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onepass, "_compiled", None)
        assert same(layer.read(layer.grid), fast)


@given(
    world=worlds,
    at=st.tuples(st.integers(-20, 200), st.integers(-20, 200)),
    shape=st.tuples(st.integers(1, 200), st.integers(1, 200)),
)
@settings(max_examples=25, deadline=None)
def test_any_part_equals_the_whole(world, at, shape):
    layer = fused(replace(world, size=(190, 210)).layer)
    whole = layer.read(layer.grid.pad(220))
    affine = layer.grid.affine @ Affine.translation(at[1], at[0])
    part = layer.read(GeoBox(shape, affine, UTM))
    here = np.s_[at[0] + 220 : at[0] + 220 + shape[0], at[1] + 220 : at[1] + 220 + shape[1]]
    np.testing.assert_array_equal(part.values, whole.values[(slice(None), *here)])
    np.testing.assert_array_equal(part.valid, whole.valid[here])


def test_tiles_and_threads_give_the_same_bytes():
    layer = fused(World(size=(300, 290), holes=0.01, terrain=dem(voids=True)).layer)
    whole = layer.read(layer.grid)
    assert same(run(layer, Serial(), 97), whole)
    assert same(run(layer, Threads(3), 64), whole)
    assert same(pickle.loads(pickle.dumps(layer)).read(layer.grid), whole)  # noqa: S301 - our own


def test_it_is_its_definition_by_lineage():
    layer = World().layer
    assert lineage(fused(layer)) == lineage(layer)
    assert fused(fused(layer)) == fused(layer)


GAINS = LocalGains(
    weights=(0.3, 0.3, 0.2, 0.2),
    haze=(0.02,) * 4,
    offset=0.03,
    sigma_px=2.0,
    doubt=0.05,
    floor=0.02,
)
"""Another way of sharpening, which looks at neighbours."""


@pytest.mark.parametrize("holes", [0.0, 0.02])
def test_where_the_sharpening_is_no_single_pass_each_of_its_images_is_one(holes):
    layer = World(holes=holes, size=(190, 210)).layer
    definition = replace(layer, source=replace(layer.source, weights=GAINS))
    made = fused(definition)
    assert isinstance(made.source.pan, Fused)
    assert isinstance(made.source.ms, Fused)
    assert lineage(made) == lineage(definition)
    found, wanted = made.read(layer.grid), definition.read(layer.grid)
    np.testing.assert_array_equal(found.valid, wanted.valid)
    apart = np.abs(found.values - wanted.values) > 2e-4  # reflectance: two stored counts
    assert apart.mean() < (5e-4 if holes else 1e-9)  # beside holes a thousandth of a pixel decides
    assert same(run(made, Threads(2), 64), found)


def test_what_is_not_recognised_stays_as_it_is():
    pan = World(product="pan").layer
    for other in (
        replace(pan, kernel="bilinear"), replace(pan, widen=(2.0, 2.0)), replace(pan, exact=True),
        pan.source,
    ):  # fmt: skip
        assert fused(other) is other
        with pytest.raises(UsageError, match="fused"):
            Fused(definition=other)


def test_what_only_chooses_pixels_chooses_among_stored_ones():
    layers = tuple(fused(World(seed=k, holes=0.1).layer) for k in (1, 2))
    x, y = layers[0].grid.affine.c + 120, layers[0].grid.affine.f - 110
    laid = Mosaic(layers=layers)
    clipped = Clipped(source=laid, polygon=box(x - 70, y - 60, x + 70, y + 90), crs=UTM)
    for layer in (laid, clipped):
        raster = layer.read(layer.grid)
        numbers, valid = stored_numbers(layer, layer.grid)
        wanted = encode_reflectance(raster.values, raster.valid)
        np.testing.assert_array_equal(valid, raster.valid)
        assert np.abs(numbers.transpose(2, 0, 1).astype(int) - wanted).max() <= 1
    assert stored_numbers(Clipped(source=World().layer, polygon=clipped.polygon, crs=UTM),
                          layers[0].grid) is None  # fmt: skip


REAL = ("rpc/rpc_SPOT6.xml", "rpc/rpc_PLEIADES.xml", "rpc/rpc_IKONOS.txt", "rpc/rpc_PLANET_L1A.txt")


def positions_of(patches, relief, sight):
    """What the pass computes of a sight, in double precision."""
    t = (2 * np.arange(PATCH) - (PATCH - 1)) / (PATCH - 1)
    u, v = t[None, :], t[:, None]
    found = np.full((2, *patches.shape), np.nan)
    for patch, kind in enumerate(sight.kind):
        here = patches.part(patch)
        if kind == OUTSIDE:
            continue
        base = (sight.base[patch] + 0.5)[:, None, None]
        if kind == onepass.EXACT:
            found[(slice(None), *here)] = sight.exact[(slice(None), *here)] + base
            continue
        h = (relief.heights[here] - relief.middle[patch]) * sight.inverse[patch]
        terms = sight.terms[patch].astype(float)
        total = sum(
            terms[:, k, i, j, None, None] * h**k * v**i * u**j
            for k in range(3) for i in range(3) for j in range(3)
        )  # fmt: skip
        found[(slice(None), *here)] = total + base
    return found


@pytest.mark.parametrize("gsd_m", [0.5, 1.5, 10.0, 100.0])
@pytest.mark.parametrize("name", REAL)
def test_real_cameras_over_ground_worse_than_any(shared_data, name, gsd_m):
    """Heights are white noise over nearly the whole range that the camera is declared for."""
    path = shared_data / name
    model = read_text_rpc(path) if path.suffix == ".txt" else read_dimap_rpc(path)[0]
    lon, lat = (float(v) for v in model.locate(model.samp_off, model.line_off, model.height_off))
    low, high = model.height_range
    step, n = 0.0004, 300
    noise = np.random.default_rng(1).uniform(-0.45, 0.45, (n, n))
    terrain = GridTerrain(
        heights=(model.height_off + (high - low) * noise).astype(np.float32),
        affine=Affine(step, 0, lon - step * n / 2, 0, -step, lat + step * n / 2),
        crs="EPSG:4326",
    )
    crs = f"EPSG:{32600 + int((lon + 180) // 6) + 1 + (100 if lat < 0 else 0)}"
    x, y = (float(v) for v in from_lonlat(crs, lon, lat))
    affine = Affine(gsd_m, 0, x - 128 * gsd_m, 0, -gsd_m, y + 128 * gsd_m)
    grid = GeoBox((256, 256), affine, crs)
    patches = patches_under(grid, 0, 0, (256, 256))
    relief = relief_under(terrain, patches)
    size = (1 << 20, 1 << 20)
    sight = sight_of(model, terrain, patches, relief, Affine.translation(-1e5, -1e5), size)
    found = positions_of(patches, relief, sight) - 1e5
    exact = np.array(exact_positions(model, terrain, grid, 0, 0, (256, 256)))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(exact))
    assert np.isfinite(found).any()
    assert np.nanmax(np.hypot(*(found - exact))) < 0.01


@given(
    row=st.integers(-3000, 4000),
    col=st.integers(-3000, 4000),
    rows=st.integers(1, 700),
    cols=st.integers(1, 700),
    steep=st.sampled_from([0.1, 1.0, 4.0]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_out_of_sight_is_never_seen(row, col, rows, cols, steep):
    layer = World(terrain=dem(steep=steep)).layer.source.pan
    place, size = layer.source.grid.affine, layer.source.grid.shape
    patches = patches_under(layer.grid, row, col, (rows, cols))
    unseen = out_of_sight(layer.model, layer.terrain, patches, place, size)
    relief = relief_under(layer.terrain, patches)
    sight = sight_of(layer.model, layer.terrain, patches, relief, place, size)
    assert (sight.kind[unseen] == OUTSIDE).all()
    assert sight.window is None or not unseen.all()
    told = relief_under(layer.terrain, patches, unseen)
    same = sight_of(layer.model, layer.terrain, patches, told, place, size)
    assert same.window == sight.window
    np.testing.assert_array_equal(same.kind, sight.kind)
    for patch in np.flatnonzero(sight.kind != OUTSIDE):
        np.testing.assert_array_equal(same.terms[patch], sight.terms[patch])
        part = patches.part(int(patch))
        np.testing.assert_array_equal(told.heights[part], relief.heights[part])


def test_most_of_what_lies_beyond_an_image_is_out_of_sight():
    layer = World(terrain=dem()).layer.source.pan
    place, size = layer.source.grid.affine, layer.source.grid.shape
    for row, col in ((0, 0), (900, 0), (0, -900), (-900, 0), (0, 900)):
        patches = patches_under(layer.grid, row, col, (256, 256))
        told = out_of_sight(layer.model, layer.terrain, patches, place, size)
        assert told.tolist() == [(row, col) != (0, 0)] * (patches.down * patches.across)
    flat = ConstantTerrain(height_m=1500.0)  # its heights are not looked up, so nothing is sure
    patches = patches_under(layer.grid, 900, 0, (256, 256))
    assert not out_of_sight(layer.model, flat, patches, place, size).any()


def test_of_a_window_across_an_images_edge_some_patches_are_out_of_sight():
    layer = World(terrain=dem()).layer.source.pan
    place, size = layer.source.grid.affine, layer.source.grid.shape
    patches = patches_under(layer.grid, -1024, -1024, (1280, 1280))
    unseen = out_of_sight(layer.model, layer.terrain, patches, place, size).reshape(10, 10)
    assert unseen[:4].all()
    assert unseen[:, :4].all()
    assert not unseen[8:, 8:].any()
