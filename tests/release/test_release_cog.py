import numpy as np
import pytest
import rasterio
from rio_cogeo import cog_validate

from layers import BGRN, RGB, Blurred, Flat, Texture, utm_grid
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError, UsageError
from satdesk.release.cog import write_image, write_visual
from satdesk.scale.run import Serial, Threads

GRID = utm_grid(600, 700)


class Reflectance:
    """Small reflectances, some not above zero, with holes."""

    grid, bands, quantity = GRID, BGRN, Quantity.TOA

    def read(self, grid) -> Raster:
        raster = Texture(grid=GRID, top=3000).read(grid)
        return raster.with_values(
            ((raster.values.astype(np.float32) - 100) / 10_000), quantity=Quantity.TOA
        )


def test_reflectance_is_stored_times_ten_thousand(tmp_path):
    layer = Reflectance()
    written = write_image(layer, tmp_path / "image.tif", Serial(), tags={"CREDIT": "nobody"})
    raster = layer.read(GRID)
    with rasterio.open(written.path) as dataset:
        stored = dataset.read()
        assert dataset.dtypes[0] == "uint16"
        assert dataset.scales == (0.0001,) * 4
        assert dataset.nodata == 0
        assert dataset.descriptions == ("B", "G", "R", "NIR")
        assert dataset.tags()["QUANTITY"] == "toa"
        assert dataset.tags()["CREDIT"] == "nobody"
        assert "SIMULATED" not in dataset.tags()
    assert (stored[:, ~raster.valid] == 0).all()
    expected = np.maximum(np.rint(raster.values.astype(float) * 10_000), 1)
    assert (stored[:, raster.valid] == expected[:, raster.valid]).all()
    assert written.pixels == 600 * 700
    assert written.usable == raster.valid.sum()


def test_counts_stay_counts_and_say_so(tmp_path):
    layer = Texture(grid=GRID, dtype="float32")
    path = write_image(layer, tmp_path / "image.tif", Serial()).path
    raster = layer.read(GRID)
    with rasterio.open(path) as dataset:
        assert (dataset.read() == np.where(raster.valid, raster.values, 0)).all()
        assert "counts, not calibrated" in dataset.tags()["STORED_AS"]
        assert dataset.scales == (1.0,) * 4


def test_a_usable_count_of_zero_is_not_nodata(tmp_path):
    layer = Flat(grid=GRID, level=0, quantity=Quantity.COUNTS)
    with rasterio.open(write_image(layer, tmp_path / "image.tif", Serial()).path) as dataset:
        assert (dataset.read() == 1).all()


def test_counts_beyond_sixteen_bits_are_an_error(tmp_path):
    layer = Flat(grid=GRID, level=70_000, quantity=Quantity.COUNTS, dtype="int32")
    with pytest.raises(BrokenInputError, match="16 bits"):
        write_image(layer, tmp_path / "image.tif", Serial())
    assert list(tmp_path.iterdir()) == []


class Values:
    """Floats of any kind where counts are wished."""

    grid, bands, quantity = GRID, RGB, Quantity.COUNTS

    def __init__(self, scale: float, offset: float) -> None:
        self.scale, self.offset = scale, offset

    def read(self, grid) -> Raster:
        raster = Texture(grid=GRID, bands=RGB, top=2000).read(grid)
        return raster.with_values(raster.values.astype("float32") * self.scale + self.offset)


@pytest.mark.parametrize(("scale", "offset"), [(1 / 4000, 0.0), (1.0, -1500.0)])
def test_values_that_are_no_counts_are_not_rounded_away(tmp_path, scale, offset):
    with pytest.raises(BrokenInputError, match="counts_per_reflectance"):
        write_image(Values(scale, offset), tmp_path / "image.tif", Serial())
    assert list(tmp_path.iterdir()) == []


def test_fractions_of_counts_are_rounded(tmp_path):
    path = write_image(Values(1.0, 0.3), tmp_path / "image.tif", Serial()).path
    with rasterio.open(path) as dataset:
        valid = dataset.read_masks(1) > 0
        assert (
            dataset.read()[:, valid] == np.rint(Values(1.0, 0.0).read(GRID).values[:, valid])
        ).all()


def test_radiance_stays_a_float(tmp_path):
    layer = Texture(grid=GRID, quantity=Quantity.RADIANCE, dtype="float32")
    with rasterio.open(write_image(layer, tmp_path / "image.tif", Serial()).path) as dataset:
        assert dataset.dtypes[0] == "float32"
        assert (np.isnan(dataset.read(1)) == ~layer.read(GRID).valid).all()


def test_a_picture_has_alpha_and_hides_nothing_behind_it(tmp_path):
    layer = Texture(
        grid=GRID, bands=RGB, quantity=Quantity.DISPLAY, dtype="uint8", top=250, holes=2
    )
    path = write_visual(layer, tmp_path / "visual.tif", Serial(), simulated=True).path
    raster = layer.read(GRID)
    with rasterio.open(path) as dataset:
        rgba = dataset.read()
        assert [c.name for c in dataset.colorinterp] == ["red", "green", "blue", "alpha"]
        assert dataset.compression.name == "deflate"
        assert dataset.tags()["SIMULATED"] == "YES"
        assert dataset.tags()["TIFFTAG_IMAGEDESCRIPTION"].startswith("SIMULATED")
    assert (rgba[3] == np.where(raster.valid, 255, 0)).all()
    assert (rgba[:3] == np.where(raster.valid, raster.values, 0)).all()
    assert cog_validate(path, strict=True)[0]


def test_every_executor_writes_the_same_bytes(tmp_path):
    layer = Blurred(source=Texture(grid=GRID))
    one = write_image(layer, tmp_path / "1.tif", Serial()).path.read_bytes()
    two = write_image(layer, tmp_path / "2.tif", Threads(3)).path.read_bytes()
    assert one == two


def test_measurements_and_pictures_are_not_confused(tmp_path):
    with pytest.raises(UsageError, match="holds measurements"):
        write_image(Flat(grid=GRID), tmp_path / "a.tif", Serial())
    with pytest.raises(UsageError, match="three bands"):
        write_visual(Texture(grid=GRID), tmp_path / "a.tif", Serial())
    with pytest.raises(UsageError, match="8 bits"):
        write_visual(Flat(grid=GRID, dtype="uint16"), tmp_path / "a.tif", Serial())
    assert list(tmp_path.iterdir()) == []
