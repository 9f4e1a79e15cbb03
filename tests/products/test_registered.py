"""A date moved onto another's ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from layers import Texture, utm_grid
from satdesk.core.lineage import lineage
from satdesk.errors import UsageError
from satdesk.geometry.coregister import Registration
from satdesk.geometry.coregister_fit import Field, Lattice
from satdesk.geometry.grids import subgrid
from satdesk.products.ortho import Warped
from satdesk.products.registered import Registered, Relabelled, moved_grid

GRID = utm_grid(90, 120)


def measured(field, kind="shift"):
    return Registration(
        kind=kind,
        field=field,
        center_px=(0.0, 0.0),
        interval_95_px=(0.01, 0.01),
        largest_px=1.0,
        n_windows=50,
        n_used=50,
        needed=15,
        spread_percent=100.0,
        held_out_rmse_px=0.1,
        held_out_interval_95_px=(0.08, 0.12),
        residual_spread_px=0.1,
        contradiction_px=0.0,
        score=0.8,
    )


def shifted(dcol, drow):
    return measured(Field(matrix=((dcol, 0.0, 0.0), (drow, 0.0, 0.0))))


BENT = measured(
    Field(
        matrix=((1.3, 0.002, -0.001), (-2.2, 0.001, 0.003)),
        lattice=Lattice(
            origin=(5.0, 7.0),
            step=(40.0, 31.0),
            dcol=((0.1, -0.2, 0.3), (0.0, 0.5, -0.4), (0.2, 0.1, 0.0)),
            drow=((0.0, 0.2, -0.3), (0.3, -0.1, 0.1), (-0.2, 0.4, 0.2)),
        ),
    ),
    "local",
)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "cubic"])
def test_tiles_equal_the_whole(kernel):
    layer = Registered(source=Texture(grid=GRID), registration=BENT, kernel=kernel)
    whole = layer.read(GRID)
    for row, col, shape in [
        (0, 0, (31, 40)),
        (31, 17, (20, 33)),
        (60, 80, (30, 40)),
        (-4, -6, (20, 20)),
    ]:
        tile = layer.read(subgrid(GRID, row, col, shape))
        here = slice(max(row, 0), row + shape[0]), slice(max(col, 0), col + shape[1])
        part = slice(max(-row, 0), None), slice(max(-col, 0), None)
        assert np.array_equal(tile.values[(slice(None), *part)], whole.values[(slice(None), *here)])
        assert np.array_equal(tile.valid[part], whole.valid[here])
    assert not layer.read(subgrid(GRID, -4, -6, (4, 6))).valid.any()


def test_a_whole_pixel_takes_the_neighbour():
    source = Texture(grid=GRID)
    moved = Registered(source=source, registration=shifted(2.0, -1.0)).read(
        subgrid(GRID, 10, 10, (30, 30))
    )
    wanted = source.read(subgrid(GRID, 9, 12, (30, 30)))
    assert np.array_equal(moved.valid, wanted.valid)
    assert np.allclose(moved.values[:, moved.valid], wanted.values[:, wanted.valid])


def test_a_moved_grid_interpolates_once_and_shows_the_same():
    """On a ramp every kernel is exact: both ways must agree, and show what the sign says."""
    source = Ramp(GRID)
    registration = shifted(0.6, -1.4)
    there = moved_grid(GRID, registration)
    once = Relabelled(
        source=Warped(source=source, grid=there), grid=GRID, registration=registration
    )
    twice = Registered(source=source, registration=registration)
    inner = subgrid(GRID, 20, 20, (40, 40))
    expected = source.read(inner).values + 0.6 * 3 - 1.4 * 7
    assert np.allclose(once.read(inner).values, expected, atol=1e-2)
    assert np.allclose(twice.read(inner).values, expected, atol=1e-2)
    assert once.read(inner).grid == inner


def test_an_affine_moves_the_grid_as_it_says():
    field = Field(matrix=((0.5, 0.01, 0.002), (-0.3, 0.0, 0.004)))
    there = moved_grid(GRID, measured(field, "affine"))
    to_pixels = ~GRID.affine @ there.affine
    dcol, drow = field.at(np.array([33.0]), np.array([71.0]))
    assert to_pixels @ (33.0, 71.0) == pytest.approx((33 + dcol[0], 71 + drow[0]))


def test_what_cannot_be_applied_is_refused():
    none = replace(BENT, field=None, kind="none", reason="no texture")
    with pytest.raises(UsageError, match="nothing was measured"):
        Registered(source=Texture(grid=GRID), registration=none)
    with pytest.raises(UsageError, match="unknown kernel"):
        Registered(source=Texture(grid=GRID), registration=BENT, kernel="lanczos")
    with pytest.raises(UsageError, match="no grid"):
        moved_grid(GRID, BENT)
    with pytest.raises(UsageError, match="one of its shape"):
        Relabelled(source=Texture(grid=GRID), grid=utm_grid(5, 5), registration=BENT)


def test_the_lineage_tells_the_registration():
    one, other = (
        lineage(Registered(source=Texture(grid=GRID), registration=r))
        for r in (BENT, shifted(1, 0))
    )
    assert one.step == "registered"
    assert one.digest != other.digest


class Ramp(Texture):
    """3 per column and 7 per row."""

    def __init__(self, grid: GeoBox) -> None:
        super().__init__(grid=grid)

    def read(self, grid):
        raster = super().read(grid)
        to_pixels: Affine = ~self.grid.affine @ grid.affine
        row, col = np.mgrid[: grid.shape[0], : grid.shape[1]]
        plane = 3.0 * (col + to_pixels.c) + 7.0 * (row + to_pixels.f)
        values = np.broadcast_to(plane, raster.values.shape).astype("float32")
        return raster.with_values(values, valid=np.ones(plane.shape, np.bool_))
