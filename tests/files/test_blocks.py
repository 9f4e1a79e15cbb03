import pickle
import zlib
from collections import defaultdict

import numpy as np
import pytest
import rasterio
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layers import BGRN, utm_grid
from satdesk.errors import UsageError
from satdesk.files import reduction
from satdesk.files.blocks import Ascent, Block, BlockEncoder, Pixels, Quarter
from satdesk.files.codecs import parse_codec
from satdesk.files.cog import CogForm, block_encoder, image_levels, write_blocks, write_cog
from satdesk.files.predictor import predicted, predicted_by_numpy
from satdesk.files.reduction import halved, halved_by_numpy

FORM = CogForm(
    grid=utm_grid(330, 470),
    bands=BGRN,
    dtype="uint16",
    nodata=0,
    codec=parse_codec("zstd:1"),
    blocksize=64,
)
VALUES = np.random.default_rng(8).integers(0, 3, (4, 330, 470)).astype(np.uint16) * 900
LEVELS = image_levels(FORM)
ENCODER = block_encoder(FORM)
TYPES = ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


def blocks():
    rows, cols = LEVELS.blocks(0)
    for row in range(rows):
        for col in range(cols):
            part = VALUES[:, row * 64 : row * 64 + 64, col * 64 : col * 64 + 64]
            yield Pixels(level=0, row=row, col=col, values=np.moveaxis(part, 0, -1))


def whole_file(path, parts):
    write_blocks(path, parts, FORM)
    return path.read_bytes()


def test_blocks_give_the_same_bytes_whoever_compressed_them_and_in_whatever_order(tmp_path):
    serial = whole_file(tmp_path / "a.tif", blocks())
    encoder = pickle.loads(pickle.dumps(ENCODER))  # noqa: S301 - our own
    elsewhere = []
    for top, side in ((0, 1), (1, 2), (2, 4)):  # what a worker does: some levels of a square
        ascents = defaultdict(lambda top=top: Ascent(levels=LEVELS, encoder=encoder, top=top))
        ready = [
            part
            for pixels in blocks()
            for part in ascents[pixels.row // side, pixels.col // side].add(pixels)
        ]
        assert {part.level for part in ready if isinstance(part, Block)} == set(range(top + 1))
        assert {part.level for part in ready if isinstance(part, Quarter)} == {top + 1}
        elsewhere.append(whole_file(tmp_path / f"{top}.tif", reversed(ready)))
    assert {serial} == set(elsewhere)


def test_a_block_that_is_missing_or_comes_twice_is_noticed(tmp_path):
    parts = list(blocks())
    with pytest.raises(UsageError, match="not given"):
        whole_file(tmp_path / "a.tif", parts[:-1])
    with pytest.raises(UsageError, match="given twice"):
        whole_file(tmp_path / "a.tif", [*parts, parts[0]])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("values", [VALUES[:, :30], VALUES[:, :10, :10]])
def test_tiles_must_cover_their_image_once(tmp_path, values):
    options = {"grid": utm_grid(30, 470), "bands": BGRN, "dtype": "uint16", "blocksize": 64}
    for tiles in ([((1, 0), values)], [((0, 0), VALUES[:, :20])], [((0, 0), values)] * 2):
        with pytest.raises(UsageError, match=r"outside|not given|twice"):
            write_cog(tmp_path / "a.tif", tiles, **options)
    assert list(tmp_path.iterdir()) == []


def arrays(types, side=16):
    shapes = hnp.array_shapes(min_dims=3, max_dims=3, max_side=side)
    return st.sampled_from(types).flatmap(lambda dtype: hnp.arrays(dtype, shapes))


@settings(deadline=None)
@given(values=arrays(TYPES))
def test_readers_undo_the_predictor(values):
    rows, cols, planes = values.shape
    size = values.dtype.itemsize
    raw = predicted(values, 16).reshape(16, -1)
    if values.dtype.kind == "f":
        summed = np.cumsum(raw.reshape(16, -1, planes), axis=1, dtype=np.uint8)
        ranked = summed.reshape(16, size, 16 * planes)[:, ::-1].transpose(0, 2, 1)
        pixels = np.ascontiguousarray(ranked).reshape(16, -1).view(values.dtype)
    else:
        differences = raw.view(f"u{size}").reshape(16, 16, planes)
        pixels = np.cumsum(differences, axis=1, dtype=f"u{size}").view(values.dtype)
    back = np.ascontiguousarray(pixels.reshape(16, 16, planes)[:rows, :cols])
    assert back.tobytes() == values.tobytes()


@pytest.mark.skipif(reduction._compiled is None, reason="satdesk._blocks was not built here")
@settings(deadline=None, max_examples=300)
@given(
    values=arrays(["uint8", "uint16"], 12),
    keep=st.integers(0, 3),
    nodata=st.sampled_from([None, 0, 7, 65_535, -1, 0.5]),
    alpha=st.booleans(),
)
def test_c_halves_integers_as_numpy_does(values, keep, nodata, alpha):
    values = np.where(values % 4 < keep, values, 0).astype(values.dtype)
    options = {"alpha": True} if alpha else {"nodata": nodata}
    assert halved(values, **options).tobytes() == halved_by_numpy(values, **options).tobytes()


@pytest.mark.skipif(reduction._compiled is None, reason="satdesk._blocks was not built here")
@settings(deadline=None)
@given(values=arrays(["float32"], 12), nodata=st.sampled_from([None, 0.0, -9999.0, float("nan")]))
def test_c_halves_floats_as_numpy_does(values, nodata):
    with np.errstate(all="ignore"):
        expected = halved_by_numpy(values, nodata=nodata)
    assert np.array_equal(halved(values, nodata=nodata), expected, equal_nan=True)


@pytest.mark.skipif(reduction._compiled is None, reason="satdesk._blocks was not built here")
@pytest.mark.parametrize(
    ("shape", "out", "kind", "mode"),
    [
        ((4, 4, 2), (2, 2, 3), "H", 0),
        ((4, 4, 2), (2, 2, 2), "B", 0),
        ((4, 4, 2), (2, 2, 2), "x", 0),
        ((4, 4, 2), (2, 2, 2), "H", 3),
        ((4, 4, 0), (2, 2, 0), "H", 0),
    ],
)
def test_c_refuses_arrays_that_do_not_fit(shape, out, kind, mode):
    given = np.zeros(shape, np.uint16), np.zeros(out, np.uint16)
    with pytest.raises(ValueError, match="do not fit"):
        reduction._compiled.halve(*given, kind, mode, 0.0, True)


def test_plain_c_gives_the_same_as_vectors():
    if reduction._compiled is None:
        pytest.skip("satdesk._blocks was not built here")
    values = small("uint16")
    outs = [np.empty((45, 35, 2), np.uint16) for _ in range(2)]
    for out, vectors in zip(outs, (True, False), strict=True):
        reduction._compiled.halve(values, out, "H", 1, 0.0, vectors)
    assert (outs[0] == outs[1]).all()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
@pytest.mark.parametrize("shape", [(16, 16, 4), (16, 16, 1), (9, 13, 3), (1, 1, 2)])
def test_c_gives_the_differences_of_numpy(dtype, shape):
    rng = np.random.default_rng(3)
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    assert predicted(values, 16).tobytes() == predicted_by_numpy(values, 16).tobytes()


def test_parts_of_a_larger_array_are_read_where_they_lie():
    whole = small("uint16", (40, 50, 3))
    parts = (whole[5:21, 7:23], whole[:, ::2], whole[::2], whole[::-1], whole.transpose(1, 0, 2))
    for part in [each[:16, :16] for each in parts]:
        alone = np.ascontiguousarray(part)
        assert predicted(part, 16).tobytes() == predicted_by_numpy(alone, 16).tobytes()
        assert (halved(part, nodata=0) == halved_by_numpy(alone, nodata=0)).all()


def small(dtype, shape=(90, 70, 2)):
    rng = np.random.default_rng(5)
    values = (rng.normal(0, 60, shape) + 70 * (dtype[0] == "u")).clip(
        0 if dtype[0] == "u" else -250, 250
    )
    values = values.astype(dtype)
    values[rng.random(shape[:2]) < 0.4] = 0
    return values


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32"])
@pytest.mark.parametrize("nodata", [None, 0])
def test_overviews_are_those_of_gdal(tmp_path, dtype, nodata):
    values = small(dtype)
    expected = gdal_overview(tmp_path, values, nodata)
    if dtype == "float32":  # GDAL adds in single precision where nothing is left out
        np.testing.assert_allclose(halved(values, nodata=nodata), expected, rtol=0, atol=1e-4)
    else:
        assert (halved(values, nodata=nodata) == expected).all()


@pytest.mark.oracle
def test_overviews_with_opacity_are_those_of_gdal(tmp_path):
    values = small("uint8", (90, 70, 4))
    expected = gdal_overview(tmp_path, values, None, photometric="RGB", alpha="YES")
    assert (halved(values, alpha=True) == expected).all()


def gdal_overview(folder, values, nodata, **options):
    rows, cols, planes = values.shape
    grid = utm_grid(rows, cols)
    profile = {
        "driver": "GTiff", "count": planes, "height": rows, "width": cols, "nodata": nodata,
        "dtype": values.dtype.name, "crs": str(grid.crs), "transform": grid.affine,
    }  # fmt: skip
    with rasterio.open(folder / "a.tif", "w", **profile, **options) as dataset:
        dataset.write(np.moveaxis(values, -1, 0))
        dataset.build_overviews([2], rasterio.enums.Resampling.average)
    with rasterio.open(folder / "a.tif", overview_level=0) as dataset:
        return np.moveaxis(dataset.read(), 0, -1)


def square(*rows, dtype):
    return np.array(rows, dtype)[..., np.newaxis]


def test_means_of_negative_numbers_are_rounded_to_the_nearest():
    values = square([-3, -2, -1, 0], [-3, -2, -1, 0], dtype=np.int16)
    for nodata in (None, 0, -2):
        assert halved(values, nodata=nodata).ravel().tolist() == [-3, -1]


def test_an_unknown_float_stays_unknown_only_where_all_are():
    values = square([np.nan, 2, np.nan], [4, np.nan, np.nan], dtype=np.float32)
    means = halved(values, nodata=np.nan)[..., 0]
    assert np.array_equal(means, [[3, np.nan]], equal_nan=True)
    assert np.isnan(halved(values)).all()


def test_nearest_keeps_classes_apart():
    values = square([1, 9, 1], [9, 9, 9], dtype=np.uint8)
    assert halved(values, resampling="nearest").ravel().tolist() == [1, 1]
    encoder = BlockEncoder(codec=parse_codec("none"), size=16, resampling="nearest")
    assert encoder.halved(values).ravel().tolist() == [1, 1]


@pytest.mark.parametrize("codec", ["zstd:1", "deflate:6", "none"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("shape", [(64, 64, 2), (64, 21, 2), (33, 64, 1)])
def test_blank_blocks_are_compressed_and_halved_as_others(codec, dtype, shape):
    encoder = BlockEncoder(codec=parse_codec(codec), size=64, nodata=0)
    decode = {"zstd:1": zstandard.decompress, "deflate:6": zlib.decompress, "none": bytes}[codec]
    blank = np.zeros(shape, dtype)
    spot = blank.copy()
    spot[shape[0] // 2, shape[1] // 2] = 7
    compress = encoder.compressor()
    for values in (blank, spot, blank, -blank):
        assert (
            decode(compress(values)) == predicted(values, 64, differences=codec != "none").tobytes()
        )
        assert encoder.halved(values).tobytes() == halved(values, nodata=0).tobytes()


@pytest.mark.skipif(reduction._colours is None, reason="satdesk._colours was not built here")
@settings(deadline=None)
@given(
    seed=st.integers(0, 999), rows=st.integers(1, 9), cols=st.integers(1, 9), opaque=st.booleans()
)
def test_c_halves_pictures_as_numpy_does(seed, rows, cols, opaque):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (2 * rows, 2 * cols, 4)).astype(np.uint8)
    pixels[..., 3] = 255 if opaque else random.choice([0, 0, 1, 2, 128, 255], pixels.shape[:2])
    expected = reduction.halved_colours_by_numpy(pixels)
    assert np.array_equal(reduction.halved_colours(pixels), expected)


@pytest.mark.skipif(reduction._colours is None, reason="satdesk._colours was not built here")
@pytest.mark.parametrize("shape", [(4, 4, 3), (5, 4, 4), (4, 6, 4), (4, 4)])
def test_c_refuses_pictures_that_do_not_fit(shape):
    with pytest.raises(ValueError, match="do not fit"):
        reduction._colours.halve(np.zeros(shape, np.uint8), np.zeros((2, 2, 4), np.uint8))
