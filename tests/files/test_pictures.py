import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from layers import BGRN, RGB, utm_grid
from satdesk.core.bands import PAN
from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UsageError,
)
from satdesk.files.cog import write_cog
from satdesk.files.pictures import Picture, read_picture, read_values

ROWS, COLS = 600, 800
GRID = utm_grid(ROWS, COLS)
RED_GREEN_BLUE = ("red", "green", "blue")


def grid_of(crs, affine, rows=256, cols=256):
    return GeoBox((rows, cols), affine, crs)


def disc():
    """A wide ellipse of one colour; what is hidden beside it is black."""
    row, col = np.mgrid[:ROWS, :COLS]
    inside = ((row - 300) / 250) ** 2 + ((col - 400) / 350) ** 2 < 1
    values = np.zeros((4, ROWS, COLS), np.uint8)
    values[:, inside] = np.array([[200], [150], [100], [255]])
    return values


def write(path, values, bands=RGB, *, alpha=True, codec="zstd:1", colours=RED_GREEN_BLUE):
    return write_cog(
        path,
        [((0, 0), values)],
        grid=GRID,
        bands=bands,
        dtype="uint8",
        alpha=alpha,
        codec=codec,
        colorinterp=colours,
        blocksize=128,
    )


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    return write(tmp_path_factory.mktemp("picture") / "visual.tif", disc())


def mercator_grid(pixel_m, *, rows=256, cols=256):
    """A web tile's worth of pixels around the middle of the picture."""
    to_mercator = Transformer.from_crs(32638, 3857, always_xy=True)
    x, y = to_mercator.transform(600_000 + 1.5 * COLS / 2, 4_440_000 - 1.5 * ROWS / 2)
    west, north = x - pixel_m * cols / 2, y + pixel_m * rows / 2
    return grid_of("EPSG:3857", Affine(pixel_m, 0, west, 0, -pixel_m, north), rows, cols)


def test_its_own_grid_gives_the_very_pixels(picture):
    assert (read_picture(picture, GRID) == np.moveaxis(disc(), 0, -1)).all()


def test_a_shift_by_whole_pixels_gives_the_very_pixels(picture):
    part = GRID[37:101, 411:590]
    assert (read_picture(picture, part) == np.moveaxis(disc(), 0, -1)[37:101, 411:590]).all()


@pytest.mark.parametrize("pixel_m", [0.4, 1.5, 2.0, 7.0, 30.0, 400.0])
def test_edges_are_never_darker_than_the_picture(picture, pixel_m):
    rgba = read_picture(picture, mercator_grid(pixel_m))
    seen = rgba[..., 3] > 0
    assert rgba.shape == (256, 256, 4)
    assert rgba.dtype == np.uint8
    assert seen.any()
    assert (np.unique(rgba[seen][:, :3], axis=0) == [[200, 150, 100]]).all()
    assert (rgba[~seen] == 0).all()


@pytest.mark.parametrize("pixel_m", [2.0, 7.0])
def test_the_picture_lies_where_it_should(picture, pixel_m):
    grid = mercator_grid(pixel_m)
    rows, cols = np.nonzero(read_picture(picture, grid)[..., 3])
    x = grid.affine.c + pixel_m * (cols.mean() + 0.5)
    y = grid.affine.f - pixel_m * (rows.mean() + 0.5)
    to_utm = Transformer.from_crs(3857, 32638, always_xy=True)
    east, north = to_utm.transform(x, y)
    assert abs(east - (600_000 + 1.5 * 400.5)) < pixel_m
    assert abs(north - (4_440_000 - 1.5 * 300.5)) < pixel_m


def test_outside_is_wholly_transparent(picture):
    far = grid_of("EPSG:3857", Affine(10, 0, 0, 0, -10, 0))
    assert not read_picture(picture, far).any()


def test_one_opened_picture_serves_many_zooms(picture):
    with Picture(picture) as opened:
        for pixel_m in (0.5, 3.0, 12.0, 3.0):
            grid = mercator_grid(pixel_m)
            assert (opened.read(grid) == read_picture(picture, grid)).all()


def test_a_shrunk_picture_is_averaged_not_picked(tmp_path):
    checks = np.indices((ROWS, COLS)).sum(axis=0) % 2 * 200
    values = np.stack([checks, checks, checks, np.full((ROWS, COLS), 255)]).astype(np.uint8)
    path = write(tmp_path / "a.tif", values)
    inner = mercator_grid(9.0, rows=40, cols=60)
    rgba = read_picture(path, inner)
    assert (np.abs(rgba[..., :3].astype(int) - 100) <= 2).all()


def test_grey_becomes_three_equal_colours(tmp_path):
    values = np.full((1, ROWS, COLS), 90, np.uint8)
    path = write(tmp_path / "a.tif", values, (PAN,), alpha=False, colours=("gray",))
    rgba = read_picture(path, GRID[:20, :30])
    assert (rgba == [90, 90, 90, 255]).all()
    assert not read_picture(path, GRID[:20, :30].translate_pix(-100, -100)).any()


def test_the_mask_of_a_jpeg_becomes_alpha(tmp_path):
    path = write(tmp_path / "a.tif", disc(), codec="jpeg:95")
    rgba = read_picture(path, GRID)
    assert ((rgba[..., 3] > 0) == (disc()[3] > 0)).all()


def test_measurements_are_no_picture(tmp_path):
    values = np.ones((4, ROWS, COLS), np.uint16)
    path = write_cog(
        tmp_path / "image.tif", [((0, 0), values)], grid=GRID, bands=BGRN, dtype="uint16"
    )
    with pytest.raises(BrokenInputError, match="not a picture for eyes"):
        read_picture(path, GRID)


def test_broken_files_are_told_apart(tmp_path, picture):
    with pytest.raises(MissingInputError):
        Picture(tmp_path / "none.tif")
    (tmp_path / "text.tif").write_text("no picture")
    with pytest.raises(UnreadableInputError):
        Picture(tmp_path / "text.tif")
    half = tmp_path / "half.tif"
    half.write_bytes(picture.read_bytes()[: picture.stat().st_size * 2 // 3])
    with pytest.raises(UnreadableInputError):
        read_picture(half, GRID)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_picture_without_a_place_is_refused(tmp_path):
    options = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": 4, "width": 5}
    with rasterio.open(tmp_path / "a.tif", "w", **options) as dataset:
        dataset.write(np.ones((3, 4, 5), np.uint8))
    with pytest.raises(BrokenInputError, match="no place on the ground"):
        Picture(tmp_path / "a.tif")


def test_a_grid_without_a_place_is_refused(picture):
    with pytest.raises(UsageError, match="CRS"):
        read_picture(picture, GeoBox((4, 5), Affine.identity(), None))


def test_values_come_in_physical_units_around_nodata(tmp_path):
    values = np.full((4, ROWS, COLS), 2500, np.uint16)
    values[:, :, :300] = 0
    path = write_cog(
        tmp_path / "image.tif",
        [((0, 0), values)],
        grid=GRID,
        bands=BGRN,
        dtype="uint16",
        nodata=0,
        scale=0.0001,
        offset=0.0,
    )
    read, valid = read_values(path, mercator_grid(9.0))
    assert read.shape == (4, 256, 256)
    assert read.dtype == np.float32
    assert valid.any()
    assert not valid.all()
    assert np.allclose(read[:, valid], 0.25)


@pytest.mark.parametrize("pixel_m", [1.7, 2.6, 4.0, 7.0, 13.0])
def test_a_shrunk_picture_is_the_mean_of_what_lies_there(tmp_path, pixel_m):
    # Odd sizes: a level must not be stretched over the whole. A ramp tells every displacement.
    rows, cols = 601, 803
    ramp = np.broadcast_to(np.arange(cols) * 255 / cols, (rows, cols))
    values = np.stack([ramp, ramp[:, ::-1], ramp, np.full((rows, cols), 255)]).round()
    path = write_cog(
        tmp_path / "a.tif",
        [((0, 0), values.astype(np.uint8))],
        grid=utm_grid(rows, cols),
        bands=RGB,
        dtype="uint8",
        alpha=True,
        codec="zstd:1",
        colorinterp=RED_GREEN_BLUE,
        blocksize=128,
    )
    west = 600_000 + 1.5 * 803 - 30 * pixel_m
    grid = grid_of("EPSG:32638", Affine(pixel_m, 0, west, 0, -pixel_m, 4_440_000), 20, 25)
    rgba = read_picture(path, grid)
    col = (west - 600_000 + pixel_m * (np.arange(25) + 0.5)) / 1.5 - 0.5
    rising = rgba[3:, :, 0] - col * 255 / cols
    falling = rgba[3:, :, 1] - (cols - 1 - col) * 255 / cols
    # Rounding raises both alike; a displacement parts them. 255 / 803 is one pixel.
    assert abs((rising - falling).mean() / 2) < 0.3 * 255 / 803


def test_beyond_the_coarsest_overview_all_pixels_still_count(tmp_path):
    # Stripes that no single place can stand for, and no overview at all.
    values = np.full((4, 100, 120), 255, np.uint8)
    values[:3] = np.where(np.arange(120) % 8 == 0, 240, 0)
    path = write_cog(
        tmp_path / "a.tif",
        [((0, 0), values)],
        grid=utm_grid(100, 120),
        bands=RGB,
        dtype="uint8",
        alpha=True,
        codec="zstd:1",
        colorinterp=RED_GREEN_BLUE,
    )
    grid = grid_of("EPSG:32638", Affine(12, 0, 600_024, 0, -12, 4_439_976), 8, 10)
    assert (np.abs(read_picture(path, grid)[..., :3].astype(int) - 30) <= 3).all()


@pytest.mark.parametrize("pixel_m", [2.6, 13.0])
def test_the_mask_of_a_jpeg_reaches_its_overviews(tmp_path, pixel_m):
    path = write(tmp_path / "a.tif", disc(), codec="jpeg:95")
    rgba = read_picture(path, mercator_grid(pixel_m))
    plain = read_picture(write(tmp_path / "b.tif", disc()), mercator_grid(pixel_m))
    assert np.abs(rgba[..., 3].astype(int) - plain[..., 3]).max() <= 1
    core = rgba[..., 3] == 255
    assert core.any()
    # JPEG rings at its mask's edge.
    assert np.abs(np.median(rgba[core][:, :3], axis=0) - [200, 150, 100]).max() < 3


def test_a_large_picture_is_read_alike_by_any_number_of_threads(picture, monkeypatch):
    grid = mercator_grid(0.9, rows=1100, cols=700)
    read = []
    for count in (1, 4):
        monkeypatch.setattr(
            "os.sched_getaffinity", lambda _, count=count: set(range(count)), raising=False
        )
        read.append(read_picture(picture, grid))
    assert (read[0] == read[1]).all()
    part = grid[512:768, 100:400]
    off = np.abs(read_picture(picture, part).astype(int) - read[0][512:768, 100:400])
    assert off.max() <= 2  # a place in another piece may round to the next 1/256 pixel


def test_where_the_map_bends_gdal_warps_it(picture, monkeypatch):
    monkeypatch.setattr("satdesk.files.pictures.pieces", lambda *_: None)
    rgba = read_picture(picture, mercator_grid(2.0))
    assert (np.unique(rgba[rgba[..., 3] > 0][:, :3], axis=0) == [[200, 150, 100]]).all()
