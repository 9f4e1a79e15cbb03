import pickle

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely.geometry import GeometryCollection, MultiPolygon, Point, Polygon, box

from layers import Flat, Texture, same, utm_grid
from satdesk.core.lineage import lineage
from satdesk.errors import DisjointInputError, UsageError
from satdesk.products.clipped import Clipped, inside

UTM = "EPSG:32638"
GRID = utm_grid(60, 80)


def ground(*points):
    """Ground positions of points given in pixels of the grid."""
    return [(600_000 + 1.5 * col, 4_440_000 - 1.5 * row) for col, row in points]


def centres():
    row, col = np.mgrid[:60, :80] + 0.5
    return 600_000 + 1.5 * col, 4_440_000 - 1.5 * row


@settings(deadline=None)
@given(
    points=st.lists(
        st.tuples(st.floats(-20, 100, width=16), st.floats(-20, 80, width=16)),
        min_size=3,
        max_size=9,
    )
)
def test_shapely_agrees_about_every_centre(points):
    hull = shapely.convex_hull(shapely.multipoints(ground(*points)))
    if hull.geom_type != "Polygon":
        return
    expected = shapely.contains_xy(hull, *centres())
    edge = shapely.dwithin(hull.boundary, shapely.points(*centres()), 1e-6)
    found = inside(hull, GRID, GRID, crs=UTM)
    assert (found == expected)[~edge].all()


def test_holes_and_parts_count():
    ring = Polygon(
        ground((10.13, 10.29), (50.13, 12.29), (45.13, 50.29), (8.13, 40.29)),
        [ground((20.13, 20.29), (30.13, 21.29), (28.13, 35.29), (19.13, 30.29))],
    )
    shape = MultiPolygon([ring, box(*ground((60.13, 55.29))[0], *ground((75.13, 40.29))[0])])
    expected = shapely.contains_xy(shape, *centres())
    assert (inside(shape, GRID, GRID, crs=UTM) == expected).all()
    assert 0 < expected.sum() < expected.size


@settings(deadline=None)
@given(row=st.integers(-10, 65), col=st.integers(-10, 85), size=st.integers(1, 40))
def test_tiles_equal_the_whole_even_on_centres(row, col, size):
    # Edges that run exactly through centres are where rounding would show.
    shape = Polygon(ground((10.5, 10.5), (60.5, 10.5), (60.5, 40.5), (10.5, 40.5)))
    wide = GRID.pad(60)
    whole = inside(shape, GRID, wide, crs=UTM)
    tile = utm_grid(size, size, row0=row, col0=col)
    part = inside(shape, GRID, tile, crs=UTM)
    assert (part == whole[60 + row : 60 + row + size, 60 + col : 60 + col + size]).all()


def test_neighbours_share_no_pixel_and_leave_none_out():
    left = Polygon(ground((10, 10), (40.5, 10.5), (35.5, 30.5), (40.5, 50.5), (10, 50)))
    right = Polygon(ground((40.5, 10.5), (70, 10), (70, 50), (40.5, 50.5), (35.5, 30.5)))
    both = inside(left, GRID, GRID, crs=UTM).astype(int) + inside(right, GRID, GRID, crs=UTM)
    assert both.max() == 1
    assert (both[12:50, 11:69] == 1).all()


def test_longitude_and_latitude_are_bent_into_the_grid():
    to_lonlat = pyproj.Transformer.from_crs(UTM, "OGC:CRS84", always_xy=True)
    lon, lat = to_lonlat.transform(
        *zip(*ground((5.13, 5.29), (70.4, 8.2), (66.3, 52.1), (9.9, 44.7)), strict=True)
    )
    shape = Polygon(list(zip(lon, lat, strict=True)))
    expected = shapely.contains_xy(shape, *to_lonlat.transform(*centres()))
    assert (inside(shape, GRID, GRID) == expected).all()


def test_a_long_edge_follows_its_parallel():
    # A degree of a parallel leaves the straight line in UTM by hundreds of metres.
    grid = GeoBox((200, 100), Affine(30, 0, 500_000 - 1500, 0, -30, 4_430_000), UTM)
    to_lonlat = pyproj.Transformer.from_crs(UTM, "OGC:CRS84", always_xy=True)
    row, col = np.mgrid[:200, :100] + 0.5
    _, lat = to_lonlat.transform(grid.affine.c + 30 * col, grid.affine.f - 30 * row)
    middle = float(lat.mean())
    shape = box(43, 39, 47, middle)
    sure = np.abs(lat - middle) > 1e-6
    assert (inside(shape, grid, grid) == (lat < middle))[sure].all()


def test_outside_nothing_is_usable_and_no_number_travels():
    shape = Polygon(ground((10, 10), (50, 12), (45, 50), (8, 40)))
    source = Texture(grid=GRID)
    clipped = Clipped(source=source, polygon=shape, crs=UTM).read(GRID)
    keep, raster = inside(shape, GRID, GRID, crs=UTM), source.read(GRID)
    assert (clipped.valid == (raster.valid & keep)).all()
    assert (clipped.values[:, ~keep] == 0).all()
    assert (clipped.values[:, keep] == raster.values[:, keep]).all()


def test_a_tile_beside_the_polygon_has_the_type_of_the_others():
    shape = Polygon(ground((10, 10), (50, 12), (45, 50), (8, 40)))
    clipped = Clipped(source=Texture(grid=GRID), polygon=shape, crs=UTM)
    aside = clipped.read(GRID[:5, 70:80])
    assert aside.values.dtype == np.uint16
    assert aside.values.shape == (4, 5, 10)
    assert not aside.valid.any()


def test_it_pickles_compares_and_has_a_lineage():
    shape = Polygon(ground((10, 10), (50, 12), (45, 50), (8, 40)))
    clipped = Clipped(source=Texture(grid=GRID), polygon=shape, crs=UTM)
    again = pickle.loads(pickle.dumps(clipped))  # noqa: S301 - our own bytes
    assert again == clipped
    assert hash(again) == hash(clipped)
    assert lineage(again).digest == lineage(clipped).digest
    assert same(again.read(GRID), clipped.read(GRID))


def test_only_sound_polygons_clip():
    layer = Flat(grid=GRID)
    for shape in (Point(46, 40), GeometryCollection(), Polygon()):
        with pytest.raises(UsageError, match="clipped to a polygon"):
            Clipped(source=layer, polygon=shape)
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(UsageError, match="crosses itself"):
        Clipped(source=layer, polygon=bow)
    bare = GeoBox(GRID.shape, GRID.affine, None)
    with pytest.raises(UsageError, match="georeferenced"):
        Clipped(source=Flat(grid=bare), polygon=box(0, 0, 1, 1))


def test_a_polygon_beyond_the_crs_is_told():
    # A gnomonic plane ends at the horizon of its centre.
    grid = GeoBox((9, 9), Affine(1, 0, 0, 0, -1, 0), pyproj.CRS("+proj=gnom +lat_0=40 +lon_0=46"))
    with pytest.raises(DisjointInputError, match="not defined"):
        Clipped(source=Flat(grid=grid), polygon=box(170, -1, 179, 1)).read(grid)
