import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo import cog_validate

from layers import BGRN, RGB, utm_grid
from satdesk.core.bands import PAN, Band
from satdesk.errors import InputError, MachineError, UnreadableInputError, UsageError
from satdesk.files.cog import parse_codec, write_cog
from satdesk.files.spool import Spool

GRID = utm_grid(700, 900)
PYTHONS = (sys.executable, "/usr/bin/python3")
RNG = np.random.default_rng(20)
COUNTS = RNG.integers(1, 60_000, (4, 700, 900)).astype(np.uint16)
COUNTS[:, RNG.random((700, 900)) < 0.3] = 0


def tiles(values, size=512):
    for row in range(0, values.shape[1], size):
        for col in range(0, values.shape[2], size):
            yield (row, col), values[:, row : row + size, col : col + size]


def write_counts(path, **options):
    return write_cog(
        path, tiles(COUNTS), grid=GRID, bands=BGRN, dtype="uint16", nodata=0, **options
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    bands = (Band(name="B", provider_id="B0", wavelength_nm=(450, 520)), *BGRN[1:])
    return write_cog(
        tmp_path_factory.mktemp("cog") / "image.tif",
        tiles(COUNTS),
        grid=GRID,
        bands=bands,
        dtype="uint16",
        nodata=0,
        scale=0.0001,
        offset=0.0,
        tags={"SIMULATED": "YES", "TIFFTAG_COPYRIGHT": "© nobody"},
        colorinterp=("blue", "green", "red", "undefined"),
    )


@pytest.fixture(scope="module")
def gdal_validates():
    """GDAL's own check of a COG; its Python binding may belong to another interpreter."""
    check = ["-m", "osgeo_utils.samples.validate_cloud_optimized_geotiff", "--full-check=yes"]

    def run(python, *arguments):
        return subprocess.run([python, *arguments], capture_output=True, check=False, text=True)

    have = [
        p for p in PYTHONS if shutil.which(p) and not run(p, "-c", "import osgeo_utils").returncode
    ]
    if not have:
        pytest.skip("no Python here has GDAL's own binding (Debian: python3-gdal)")

    def validates(path):
        done = run(have[0], *check, str(path))
        assert "is a valid cloud optimized GeoTIFF" in done.stdout, done.stdout + done.stderr
        assert "warning" not in done.stdout.lower(), done.stdout

    return validates


def test_what_was_given_comes_back(written):
    with rasterio.open(written) as dataset:
        assert (dataset.read() == COUNTS).all()
        assert dataset.transform == GRID.affine
        assert dataset.crs.to_epsg() == 32638
        assert dataset.nodata == 0
        assert dataset.descriptions == ("B", "G", "R", "NIR")
        assert dataset.scales == (0.0001,) * 4
        assert dataset.tags()["SIMULATED"] == "YES"
        assert dataset.tags()["TIFFTAG_COPYRIGHT"] == "© nobody"
        assert dataset.tags(1)["PROVIDER_BAND"] == "B0"
        assert dataset.tags(1)["WAVELENGTH_NM"] == "450-520"
        assert [c.name for c in dataset.colorinterp] == ["blue", "green", "red", "undefined"]


@pytest.mark.oracle
def test_rio_cogeo_accepts_it_strictly(written):
    assert cog_validate(written, strict=True) == (True, [], [])


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdalinfo is not here")
def test_gdal_calls_it_a_cog(written):
    done = subprocess.run(
        ["gdalinfo", "-json", str(written)], capture_output=True, check=True, text=True
    )
    told = json.loads(done.stdout)
    structure = told["metadata"]["IMAGE_STRUCTURE"]
    assert structure["LAYOUT"] == "COG"
    assert structure["COMPRESSION"] == "ZSTD"
    assert structure["PREDICTOR"] == "2"
    assert told["bands"][0]["block"] == [512, 512]
    assert told["bands"][3]["description"] == "NIR"
    assert told["bands"][0]["overviews"][0]["size"] == [450, 350]


def test_overviews_average_around_nodata(written):
    with rasterio.open(written, overview_level=0) as dataset:
        overview = dataset.read().astype(float)
    quads = COUNTS.astype(float).reshape(4, 350, 2, 450, 2)
    usable = (quads > 0).sum(axis=(2, 4))
    total = quads.sum(axis=(2, 4))
    expected = np.where(usable > 0, total / np.maximum(usable, 1), 0)
    assert np.abs(overview - expected).max() <= 0.5
    assert ((overview == 0) == (usable == 0)).all()


def test_overviews_never_show_hidden_colours(tmp_path):
    values = np.full((4, 700, 900), 200, np.uint8)
    hidden = np.random.default_rng(1).random((700, 900)) < 0.5
    values[3] = np.where(hidden, 0, 255)
    values[:3, hidden] = 0
    path = write_cog(
        tmp_path / "visual.tif",
        tiles(values),
        grid=GRID,
        bands=RGB,
        dtype="uint8",
        alpha=True,
        colorinterp=("red", "green", "blue"),
    )
    assert cog_validate(path, strict=True)[0]
    with rasterio.open(path, overview_level=0) as dataset:
        overview = dataset.read()
        assert dataset.colorinterp[3].name == "alpha"
    assert set(np.unique(overview[:3, overview[3] > 0])) == {200}
    with rasterio.open(path) as dataset:
        assert (dataset.read() == values).all()


FORMS = [
    # planes, type, nodata, alpha, codec, rows, columns, block
    (1, "uint8", None, False, "deflate:1", 512, 512, 512),
    (1, "uint16", 0, False, "zstd:1", 513, 1025, 512),
    (2, "int16", -9999, False, "lzw", 300, 77, 64),
    (2, "float64", None, False, "deflate:6", 300, 77, 64),
    (3, "uint8", 255, False, "webp:100", 130, 700, 128),
    (4, "uint8", None, True, "webp:100", 130, 700, 128),
    (4, "uint8", None, True, "deflate:1", 1, 900, 64),
    (4, "uint16", 0, False, "zstd:1", 1030, 517, 256),
    (5, "uint16", 0, False, "zstd:3", 333, 444, 64),
    (5, "float32", float("nan"), False, "zstd:1", 333, 444, 64),
    (2, "float32", -1.0, False, "deflate:1", 65, 64, 64),
    (3, "uint32", None, False, "zstd:1", 200, 40, 32),
    (4, "uint8", None, True, "none", 70, 90, 16),
]


def form_of(planes, dtype, nodata, alpha, rows, cols):
    """An image with a corner without data and holes elsewhere."""
    rng = np.random.default_rng(planes)
    values = rng.integers(1, 250, (planes, rows, cols)).astype(dtype)
    hidden = rng.random((rows, cols)) < 0.2
    hidden[: rows // 2, : cols // 2] = True
    if alpha:
        values[:, hidden] = 0
    elif nodata is not None:
        values[:, hidden] = nodata
    bands = tuple(Band(name=f"B{n}") for n in range(planes - alpha))
    return values, {"bands": bands, "dtype": dtype, "nodata": nodata, "alpha": alpha}


@pytest.mark.oracle
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form_is_a_valid_cog_and_comes_back(tmp_path, form, gdal_validates):
    planes, dtype, nodata, alpha, codec, rows, cols, size = form
    values, options = form_of(planes, dtype, nodata, alpha, rows, cols)
    path = write_cog(
        tmp_path / "a.tif",
        tiles(values, size),
        grid=utm_grid(rows, cols),
        codec=codec,
        blocksize=size,
        **options,
    )
    assert cog_validate(path, strict=True) == (True, [], [])
    gdal_validates(path)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(), values, equal_nan=np.dtype(dtype).kind == "f")
        assert dataset.dtypes == (dtype,) * planes
        assert dataset.nodata == nodata or np.isnan(nodata)
        smallest = max(dataset.overviews(1), default=1)
        assert max(rows, cols) / smallest <= size + 1


@pytest.mark.oracle
@pytest.mark.parametrize("planes", [1, 3])
def test_jpeg_with_opacity_keeps_it_as_a_mask(tmp_path, planes, gdal_validates):
    values, options = form_of(planes + 1, "uint8", None, True, 333, 444)
    values[:-1] = np.where(values[-1] > 0, 120, 0)
    path = write_cog(
        tmp_path / "a.tif",
        tiles(values, 64),
        grid=utm_grid(333, 444),
        codec="jpeg:90",
        blocksize=64,
        **options,
    )
    assert cog_validate(path, strict=True) == (True, [], [])
    gdal_validates(path)
    with rasterio.open(path) as dataset:
        assert dataset.count == planes
        assert (dataset.dataset_mask() == np.where(values[-1] > 0, 255, 0)).all()
    with rasterio.open(path, overview_level=0) as dataset:
        mask = dataset.dataset_mask()
        expected = values[-1, ::2, ::2] > 0
        assert mask.shape == (166, 222)
        assert (mask[expected[:166, :222]] == 255).all()


@settings(max_examples=12, deadline=None)
@given(
    rows=st.integers(1, 90),
    cols=st.integers(1, 90),
    size=st.integers(7, 64),
    codec=st.sampled_from(["zstd:1", "zstd:9", "deflate:1", "deflate:6", "lzw", "none"]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32"]),
)
def test_any_tiling_of_any_type_gives_the_same_bytes(
    tmp_path_factory, rows, cols, size, codec, dtype
):
    folder = tmp_path_factory.mktemp("same")
    values = np.random.default_rng(3).integers(0, 120, (2, rows, cols)).astype(dtype)
    written = [
        write_cog(
            folder / name,
            cut,
            grid=utm_grid(rows, cols),
            bands=BGRN[:2],
            dtype=dtype,
            codec=codec,
            blocksize=32,
        )
        for name, cut in [
            ("a.tif", tiles(values, size)),
            ("b.tif", reversed(list(tiles(values, 32)))),
        ]
    ]
    assert written[0].read_bytes() == written[1].read_bytes()
    with rasterio.open(written[0]) as dataset:
        assert (dataset.read() == values).all()


def test_the_order_of_the_tags_does_not_matter(tmp_path):
    tags = {"B": "2", "A": "1"}
    one = write_counts(tmp_path / "1.tif", tags=tags)
    two = write_counts(tmp_path / "2.tif", tags=dict(reversed(tags.items())))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("codec", "bands", "alpha"),
    [
        ("jpeg:90", RGB, False),
        ("jpeg:90", RGB, True),
        ("webp:90", RGB, True),
        ("jpeg", (PAN,), False),
    ],
)
def test_lossy_codecs_stay_close_and_valid(tmp_path, codec, bands, alpha):
    count = len(bands) + alpha
    values = np.full((count, 700, 900), 120, np.uint8)
    if alpha:
        values[3] = 255
        values[:, :100] = 0
    path = write_cog(
        tmp_path / "a.tif",
        tiles(values),
        grid=GRID,
        bands=bands,
        dtype="uint8",
        codec=codec,
        alpha=alpha,
        colorinterp=("red", "green", "blue")[: len(bands)] if len(bands) == 3 else ("gray",),
    )
    assert cog_validate(path, strict=True)[0]
    with rasterio.open(path) as dataset:
        read = dataset.read()[: len(bands)].astype(int)
        assert np.abs(read - values[: len(bands)])[:, 120:].max() <= 3
        assert (dataset.dataset_mask()[:90] == (0 if alpha else 255)).all()


def test_a_grid_without_crs_keeps_its_pixel_plane(tmp_path):
    bare = utm_grid(40, 50)
    grid = type(bare)(bare.shape, bare.affine, None)
    path = write_cog(
        tmp_path / "a.tif", tiles(COUNTS[:, :40, :50]), grid=grid, bands=BGRN, dtype="uint16"
    )
    with pytest.warns(NotGeoreferencedWarning):
        dataset = rasterio.open(path)
    with dataset:
        assert dataset.crs is None
        assert dataset.transform.is_identity


@pytest.mark.parametrize(
    ("text", "name", "strength"),
    [
        ("zstd:1", "zstd", 1),
        ("zstd", "zstd", 1),
        ("ZSTD:22", "zstd", 22),
        ("deflate:9", "deflate", 9),
        ("lzw", "lzw", None),
        ("none", "none", None),
        ("jpeg:85", "jpeg", 85),
        ("webp:100", "webp", 100),
    ],
)
def test_codecs_are_read(text, name, strength):
    codec = parse_codec(text)
    assert (codec.name, codec.strength) == (name, strength)
    assert codec.lossless == (name not in {"jpeg", "webp"} or text == "webp:100")


@settings(deadline=None)
@given(
    text=st.text(max_size=8) | st.sampled_from(["zstd:0", "zstd:23", "lzw:1", "jpeg:0", "zstd:"])
)
def test_anything_else_is_no_codec(text):
    known = {"zstd", "deflate", "lzw", "none", "jpeg", "webp"}
    if text.strip().lower().split(":")[0] in known and ":" not in text:
        return
    with pytest.raises(UsageError, match="unknown codec"):
        parse_codec(text)


def test_a_codec_that_cannot_hold_the_bands_is_refused_before_any_work(tmp_path):
    for codec in ("jpeg:90", "webp:90"):
        with pytest.raises(UsageError, match="cannot hold"):
            write_counts(tmp_path / "a.tif", codec=codec)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_replaced(tmp_path):
    (tmp_path / "a.tif").write_text("old")
    with pytest.raises(UsageError, match="already there"):
        write_counts(tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_text() == "old"


def test_an_error_of_the_source_passes_as_it_is_and_nothing_is_left(tmp_path):
    def broken():
        yield (0, 0), COUNTS[:, :512, :512]
        raise UnreadableInputError("truncated", subject="source.tif")

    with pytest.raises(InputError, match=r"source\.tif"):
        write_cog(tmp_path / "a.tif", broken(), grid=GRID, bands=BGRN, dtype="uint16")
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from satdesk.core.bands import PAN
from satdesk.errors import MachineError
from satdesk.files.cog import write_cog

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
grid = GeoBox((700, 900), Affine(1, 0, 0, 0, -1, 0), "EPSG:32638")
values = np.random.default_rng(0).integers(1, 60000, (1, 700, 900)).astype(np.uint16)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write_cog(folder / "a.tif", [((0, 0), values)], grid=grid, bands=(PAN,), dtype="uint16",
              nodata=0, codec="none")
except MachineError as error:
    assert str(folder / "a.tif") in str(error), error
    sys.exit(6)
"""


@pytest.mark.parametrize("limit", [100, 600_000, 1_700_000, 2_500_000])
@pytest.mark.skipif(sys.platform == "win32", reason="the limit on file sizes is POSIX's")
def test_a_disk_that_fills_up_anywhere_leaves_nothing(tmp_path, limit):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(limit)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 6, done.stderr
    assert list(tmp_path.iterdir()) == []


OTHER_PROJ = """
import sys
from pathlib import Path
import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from satdesk.core.bands import PAN
from satdesk.errors import MachineError
from satdesk.files.cog import write_cog

grid = GeoBox((700, 900), Affine(1, 0, 0, 0, -1, 0), "EPSG:32638")
tiles = [((0, 0), np.ones((1, 700, 900), np.uint16))]
try:
    write_cog(Path(sys.argv[1]) / "a.tif", tiles, grid=grid, bands=(PAN,), dtype="uint16")
except MachineError as error:
    print(error.remedy)
    sys.exit(6)
"""


@pytest.mark.parametrize("variable", ["PROJ_DATA", "PROJ_LIB"])
def test_a_crs_that_gdal_cannot_look_up_is_not_written_without_its_code(tmp_path, variable):
    (tmp_path / "proj").mkdir()
    environment = {**os.environ, variable: str(tmp_path / "proj")}
    command = [sys.executable, "-c", OTHER_PROJ, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)
    assert done.returncode == 6, done.stderr
    assert "unset PROJ_DATA and PROJ_LIB" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["proj"]


def test_a_file_without_its_end_is_noticed(tmp_path, monkeypatch):
    whole = Spool.moved
    monkeypatch.setattr(
        Spool, "moved", lambda spool, out, *what: whole(spool, out, *what) or out.truncate(10_000)
    )
    with pytest.raises(MachineError, match="to its end"):
        write_counts(tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []
