"""Where a ground point lies in a real image, by GDAL's own RPC and DEM code."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.files.dem import open_terrain
from satdesk.geometry.frames import lonlat_of_grid
from satdesk.geometry.grids import snapped_grid
from satdesk.products.ortho import Ortho
from worlds import Picture, read_dimap_rpc

rasterio = pytest.importorskip("rasterio")


def gdal_rpcs(rpc):
    """In GDAL's own count: offsets from 0 at the first pixel's centre."""
    from rasterio import rpc as rpcs  # noqa: PLC0415 - an oracle, only here

    return rpcs.RPC(
        height_off=rpc.height_off,
        height_scale=rpc.height_scale,
        lat_off=rpc.lat_off,
        lat_scale=rpc.lat_scale,
        line_den_coeff=list(rpc.line_den),
        line_num_coeff=list(rpc.line_num),
        line_off=rpc.line_off - 0.5,
        line_scale=rpc.line_scale,
        long_off=rpc.lon_off,
        long_scale=rpc.lon_scale,
        samp_den_coeff=list(rpc.samp_den),
        samp_num_coeff=list(rpc.samp_num),
        samp_off=rpc.samp_off - 0.5,
        samp_scale=rpc.samp_scale,
    )


@pytest.mark.oracle
def test_gdal_finds_the_same_pixels_over_the_same_mountain(shared_data, tmp_path):
    from rasterio import transform  # noqa: PLC0415 - an oracle, only here

    folder = shared_data / "phr_ventoux"
    rpc, _ = read_dimap_rpc(folder / "RPC_PHR1B_P_201308051042194_SEN_690908101-001.XML")
    # GDAL is given heights that are already ellipsoidal: its vertical shifts are not on trial.
    bounds = (5.17, 44.19, 5.23, 44.23)
    terrain = open_terrain([folder / "N44E005.hgt"], vertical="EGM96", bounds=bounds).terrain
    dem = tmp_path / "dem.tif"
    rows, cols = terrain.heights.shape
    with rasterio.open(
        dem, "w", driver="GTiff", height=rows, width=cols, count=1, dtype="float32",
        crs="EPSG:4326", transform=terrain.affine,
    ) as out:  # fmt: skip
        out.write(terrain.heights, 1)
    grid = snapped_grid((676000, 4897000, 677500, 4898000), "EPSG:32631", 50)
    source = Picture(
        values=np.zeros((1, 1, 1)),
        valid=np.ones((1, 1), dtype=bool),
        grid=GeoBox((1, 1), Affine.identity(), None),
    )
    ortho = Ortho(source=source, model=rpc, terrain=terrain, grid=grid)
    col, row = ortho.positions(0, 0, tuple(grid.shape))
    lon, lat = (v.ravel() for v in lonlat_of_grid(grid))
    options = {"RPC_DEM": str(dem), "RPC_DEMINTERPOLATION": "bilinear"}
    with transform.RPCTransformer(gdal_rpcs(rpc), **options) as gdal:
        rows, cols = gdal.rowcol(lon, lat, np.zeros_like(lon), op=lambda x: x)
    assert np.isfinite(col).all()
    assert np.ptp(terrain.height(lon, lat)) > 50
    np.testing.assert_allclose(col.ravel(), cols, atol=0.02)
    np.testing.assert_allclose(row.ravel(), rows, atol=0.02)
