from dataclasses import replace

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.windows import Window
from rio_cogeo import cog_validate

from layers import BGRN, utm_grid
from satdesk.files import cog_layout
from satdesk.files.codecs import parse_codec
from satdesk.files.cog import CogForm, image_levels, write_cog
from satdesk.files.cog_layout import file_head, needs_big
from satdesk.files.cog_template import image_tags
from satdesk.files.pyramid import Levels

FORM = CogForm(
    grid=utm_grid(1500, 1100),
    bands=BGRN,
    dtype="uint16",
    nodata=0,
    codec=parse_codec("none"),
    blocksize=256,
)
FRAME = 8
"""Leader and trailer of a block."""


def sizes_of(levels, block):
    shapes = [(*levels.blocks(level), 1) for level in range(levels.count)]
    return [np.full(shape, block, np.uint32) for shape in shapes]


def test_a_file_is_a_bigtiff_exactly_when_its_true_size_asks_for_it():
    tags, levels = image_tags(FORM), image_levels(FORM)
    blocks = sum(sizes.size for sizes in sizes_of(levels, 0))
    head = len(file_head(levels, sizes_of(levels, 0), tags, big=False))
    fits = (cog_layout._CLASSIC_END - head) // blocks - FRAME
    assert not needs_big(levels, sizes_of(levels, fits), tags)
    assert needs_big(levels, sizes_of(levels, fits + 1), tags)
    assert cog_layout._CLASSIC_END + (1 << 20) < 1 << 32


def test_offsets_of_a_bigtiff_reach_beyond_four_gigabytes(tmp_path):
    form = replace(FORM, grid=utm_grid(30_000, 26_000), blocksize=512)
    levels, tags = image_levels(form), image_tags(form)
    block = 512 * 512 * 4 * 2
    sizes = sizes_of(levels, block)
    assert needs_big(levels, sizes, tags)
    head = file_head(levels, sizes, tags, big=True)
    end = len(head) + sum(s.size for s in sizes) * (block + FRAME)
    path = tmp_path / "large.tif"
    with path.open("wb") as out:  # a file with a hole: all blocks are zeros but the last one
        out.write(head)
        out.truncate(end)
        out.seek(end - 4 - block)
        out.write(np.full(block // 2, 7, "<u2").tobytes())
    assert path.stat().st_size == end > 1 << 32
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (dataset.read(4, window=Window(25_900, 29_900, 100, 100)) == 7).all()
        assert (dataset.read(1, window=Window(0, 0, 100, 100)) == 0).all()
        assert dataset.overviews(1) == [2, 4, 8, 16, 32, 64]


@pytest.mark.oracle
@pytest.mark.parametrize(("alpha", "codec"), [(False, "zstd:1"), (True, "jpeg:90")])
def test_a_bigtiff_is_a_valid_cog_too(tmp_path, monkeypatch, alpha, codec):
    monkeypatch.setattr(cog_layout, "_CLASSIC_END", 1000)
    values = np.random.default_rng(4).integers(1, 250, (4, 300, 400)).astype(np.uint8)
    path = write_cog(
        tmp_path / "a.tif",
        [((0, 0), values)],
        grid=utm_grid(300, 400),
        bands=BGRN[: 4 - alpha],
        dtype="uint8",
        alpha=alpha,
        codec=codec,
        blocksize=128,
    )
    assert path.read_bytes()[:4] == b"II\x2b\0"
    assert cog_validate(path, strict=True) == (True, [], [])
    with rasterio.open(path) as dataset:
        if not alpha:
            assert (dataset.read() == values).all()
        assert dataset.overviews(1) == [2, 4]


def test_each_block_says_its_size_before_it_and_repeats_its_end(tmp_path):
    values = np.random.default_rng(4).integers(1, 250, (4, 300, 400)).astype(np.uint16)
    path = write_cog(
        tmp_path / "a.tif",
        [((0, 0), values)],
        grid=utm_grid(300, 400),
        bands=BGRN,
        dtype="uint16",
        blocksize=128,
    )
    file = path.read_bytes()
    with rasterio.open(path) as dataset:
        told = [
            [
                int(dataset.get_tag_item(f"BLOCK_{what}_{at}", "TIFF", bidx=1))
                for what in ("OFFSET", "SIZE")
            ]
            for at in ("0_0", "1_0", "3_2")
        ]
    for start, size in told:
        assert int.from_bytes(file[start - 4 : start], "little") == size
        assert file[start + size : start + size + 4] == file[start + size - 4 : start + size]
    assert told[0][0] + told[0][1] + FRAME == told[1][0]
    assert told[2][0] + told[2][1] + 4 == len(file)


@given(
    rows=st.integers(1, 100_000), cols=st.integers(1, 100_000), size=st.sampled_from([16, 256, 512])
)
def test_overviews_end_within_half_a_pixel_of_the_image(rows, cols, size):
    levels = Levels(shape=(rows, cols), size=size)
    for level in range(levels.count):
        for whole, stored in zip((rows, cols), levels.shape_of(level), strict=True):
            assert abs(stored - whole / 2**level) <= 0.5 or stored == 1
    assert max(levels.shape_of(levels.count - 1)) <= size
    assert levels.count == 1 or max(levels.shape_of(levels.count - 2)) > size
