import hashlib
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from layers import BGRN, Failing, Texture, utm_grid
from satdesk.core.layer import Layer
from satdesk.errors import SatdeskError
from satdesk.files.blocks import Block, Quarter
from satdesk.files.codecs import parse_codec
from satdesk.files.cog import CogForm, write_blocks, write_cog
from satdesk.files.digests import sha256
from satdesk.scale.dask import Dask
from satdesk.scale.encoded import StoredTile, stream_encoded
from satdesk.scale.run import Serial, Threads, run

GRID = utm_grid(150, 330)
FORM = CogForm(
    grid=GRID, bands=BGRN, dtype="uint16", nodata=0, codec=parse_codec("zstd:1"), blocksize=32
)


@dataclass(frozen=True)
class Stored:
    """A layer's tiles with zeros where it is not valid."""

    layer: Layer

    def __call__(self, grid) -> StoredTile[int]:
        raster = self.layer.read(grid)
        values = np.where(raster.valid, raster.values, 0).astype(np.uint16)
        return StoredTile(values=np.moveaxis(values, 0, -1), told=int(raster.valid.sum()))


LAYER = Texture(grid=GRID)


def blocks_of(executor, progress=None):
    parts = stream_encoded(Stored(LAYER), FORM, executor, progress)
    return (block for part in parts for block in part.blocks)


@pytest.mark.parametrize(
    "executor",
    [Serial(), Threads(1), Threads(3), Dask("synchronous"), Dask("threads", ahead=3)],
    ids=repr,
)
def test_wherever_tiles_are_compressed_the_file_is_the_same(tmp_path, executor):
    raster = run(LAYER, Serial())
    whole = np.where(raster.valid, raster.values, 0).astype(np.uint16)
    here = write_cog(
        tmp_path / "here.tif",
        [((0, 0), whole)],
        grid=GRID,
        bands=BGRN,
        dtype="uint16",
        nodata=0,
        blocksize=32,
    )
    there = tmp_path / "there.tif"
    digest = hashlib.sha256()
    write_blocks(there, blocks_of(executor), FORM, digest.update)
    assert here.read_bytes() == there.read_bytes()
    assert digest.hexdigest() == sha256(there)


def test_a_part_tells_of_its_tiles_and_pickles():
    parts = list(stream_encoded(Stored(LAYER), FORM, Serial()))
    assert sum(part.told for part in parts) == run(LAYER, Serial()).valid.sum()
    assert len(parts) == 3 * 6
    levels = [type(b).__name__ + str(b.level) for b in parts[0].blocks]
    assert levels == ["Block0"] * 4 + ["Block1", "Quarter2"]
    again = pickle.loads(pickle.dumps(parts[0]))  # noqa: S301 - our own
    assert [b.data for b in again.blocks if isinstance(b, Block)] == [
        b.data for b in parts[0].blocks if isinstance(b, Block)
    ]
    above = [b for b in parts[0].blocks if isinstance(b, Quarter)]
    assert above[0].values.shape == (16, 16, 4)


def test_progress_counts_tiles():
    told = []
    list(blocks_of(Threads(2), lambda done, total: told.append((done, total))))
    assert told[-1] == (5 * 11, 5 * 11)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_error_of_a_tile_ends_it():
    failing = Failing(source=LAYER, from_row=100)
    with pytest.raises(SatdeskError):
        list(stream_encoded(Stored(failing), FORM, Threads(2)))
