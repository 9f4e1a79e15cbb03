"""Blocks decoded ahead: once each, not too far, and an error belongs to who reads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError

from satdesk.files import decoded
from satdesk.files.ahead import Wanted, decoding_ahead
from satdesk.files.decoded import DecodedBlocks, OpenedFile

SHAPE = (2, 512, 768)
BLOCK = 256
PLANES = 2 * BLOCK * BLOCK * 2
WHOLE = (0, 0, 768, 512)
CELLS = [(left, top) for top in (0, 256) for left in (0, 256, 512)]
PATIENCE_S = 30


def written(path, **options):
    values = np.random.default_rng(2).integers(1, 4000, SHAPE).astype("uint16")
    tiled = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "zstd"}
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=512, width=768, dtype="uint16", crs="EPSG:32638",
        transform=rasterio.Affine(2, 0, 0, 0, -2, 0), **(tiled | options),
    ) as dataset:  # fmt: skip
        dataset.write(values)
    return values


class Decodes:
    """What is decoded, in turn; a block may be made to wait for another."""

    def __init__(self, monkeypatch):
        self.boxes, self.changed = [], threading.Condition()
        self.after = {}
        decode = OpenedFile.decode

        def spied(file, bands, box):
            done = decode(file, bands, box)
            if box[:2] in self.after:
                self.until(lambda: self.after[box[:2]] in self.boxes)
            with self.changed:
                self.boxes.append(box[:2])
                self.changed.notify_all()
            return done

        monkeypatch.setattr(OpenedFile, "decode", spied)

    def until(self, told):
        with self.changed:
            assert self.changed.wait_for(told, PATIENCE_S)


@pytest.fixture
def decodes(monkeypatch):
    return Decodes(monkeypatch)


def wanted(path, *boxes):
    return [Wanted(path=path, bands=2, box=box) for box in boxes or (WHOLE,)]


def test_what_is_wanted_is_there_before_it_is_read(tmp_path, decodes):
    path = tmp_path / "a.tif"
    values = written(path)
    blocks = DecodedBlocks()
    boxes = [(300, 300, 700, 400), (-50, -50, 900, 900)]
    with decoding_ahead(blocks, wanted(path, *boxes), 1):
        decodes.until(lambda: len(decodes.boxes) == len(CELLS))
        got, _ = blocks.read(blocks.file(path), 2, WHOLE)
    assert decodes.boxes == [(256, 256), (512, 256), (0, 0), (256, 0), (512, 0), (0, 256)]
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_block_is_decoded_once_whoever_comes_first(tmp_path, decodes, threads):
    path = tmp_path / "a.tif"
    values = written(path)
    blocks = DecodedBlocks(2 * PLANES)
    with decoding_ahead(blocks, wanted(path), threads):
        for left in range(0, 768, 64):
            got, _ = blocks.read(blocks.file(path), 2, (left, 0, left + 64, 512))
            np.testing.assert_array_equal(got, values[:, :, left : left + 64])
    assert sorted(decodes.boxes) == sorted(CELLS)


def test_no_more_is_decoded_than_may_lie_unread(tmp_path, decodes, monkeypatch):
    monkeypatch.setattr(decoded, "AHEAD_BYTES", 2 * PLANES)
    path = tmp_path / "a.tif"
    written(path)
    blocks, stop = DecodedBlocks(), threading.Event()
    ahead = threading.Thread(target=blocks.prepare, args=(path, 2, WHOLE, stop))
    ahead.start()
    for count in (2, 3, 4):
        decodes.until(lambda count=count: len(decodes.boxes) == count)
        ahead.join(0.2)
        assert decodes.boxes == [(x, y) for x, y in CELLS[:count]]
        left, top = CELLS[count - 2]
        blocks.read(blocks.file(path), 2, (left + 9, top + 9, left + 19, top + 19))
    stop.set()
    blocks.wake()
    ahead.join(PATIENCE_S)
    assert not ahead.is_alive()


def test_the_context_ends_though_nothing_was_read(tmp_path, decodes, monkeypatch):
    monkeypatch.setattr(decoded, "AHEAD_BYTES", PLANES)
    path = tmp_path / "a.tif"
    written(path)
    with decoding_ahead(DecodedBlocks(), wanted(path), 2):
        decodes.until(lambda: decodes.boxes)
    assert len(decodes.boxes) == 1


def test_who_reads_a_broken_block_meets_the_error(tmp_path):
    path = tmp_path / "a.tif"
    written(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    blocks = DecodedBlocks()
    with decoding_ahead(blocks, wanted(path), 1):
        pass
    with (
        pytest.raises(RasterioIOError),
        decoding_ahead(blocks, wanted(path, (512, 256, 768, 512)), 1),
    ):
        blocks.read(blocks.file(path), 2, (512, 256, 768, 512))


def test_an_absent_file_is_left_to_who_reads_it(tmp_path):
    with decoding_ahead(DecodedBlocks(), wanted(tmp_path / "none.tif"), 2):
        pass


def test_a_defect_while_decoding_ahead_is_not_hidden(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    written(path)

    begun = threading.Event()

    def broken(_file, _bands, _box):
        begun.set()
        raise AssertionError("a defect")

    monkeypatch.setattr(OpenedFile, "decode", broken)
    with (
        pytest.raises(AssertionError, match="a defect"),
        decoding_ahead(DecodedBlocks(), wanted(path), 1),
    ):
        assert begun.wait(PATIENCE_S)


def test_uncompressed_files_are_not_decoded_ahead(tmp_path, decodes):
    path = tmp_path / "a.tif"
    written(path, compress="none")
    blocks = DecodedBlocks()
    blocks.prepare(path, 2, WHOLE, threading.Event())
    DecodedBlocks(0).prepare(path, 2, WHOLE, threading.Event())
    assert decodes.boxes == []
    assert blocks.kept_bytes == 0


def test_who_meets_a_block_in_work_takes_another_first(tmp_path, decodes):
    path = tmp_path / "a.tif"
    values = written(path)
    blocks = DecodedBlocks()
    decodes.after[(0, 0)] = (256, 0)  # the first is ready only when the second was decoded
    file = blocks.file(path)
    first = threading.Thread(target=blocks.read, args=(file, 2, (0, 0, 20, 20)))
    first.start()
    decodes.until(lambda: (path, 2, 0, 0) in blocks._blocks)
    got, _ = blocks.read(file, 2, (0, 0, 512, 256))
    first.join(PATIENCE_S)
    assert decodes.boxes == [(256, 0), (0, 0)]
    np.testing.assert_array_equal(got, values[:, :256, :512])
