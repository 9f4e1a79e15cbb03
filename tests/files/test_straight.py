"""A large image is written where it belongs as it comes; its bytes are those of copying."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rio_cogeo import cog_validate

from layers import BGRN, utm_grid
from satdesk.errors import MachineError, UsageError
from satdesk.files import cog, straight
from satdesk.files.cog import write_cog
from satdesk.files.gap import ALIGNMENT, close_gap, gaps_can_be_closed
from satdesk.files.spool import Spool

ROWS, COLS = 420, 330
VALUES = np.random.default_rng(20).integers(1, 250, (4, ROWS, COLS)).astype(np.uint8)
TILES = [
    ((row, col), VALUES[:, row : row + 128, col : col + 128])
    for row in range(0, ROWS, 128)
    for col in range(0, COLS, 128)
]


@pytest.fixture
def closable(tmp_path: Path) -> None:
    if not gaps_can_be_closed(tmp_path):
        pytest.skip("the file system here cannot take a stretch out of a file")


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image counts as large."""
    monkeypatch.setattr(cog, "_LARGE_BYTES", 1)


def write(path: Path, order: list[int], codec: str = "zstd:1") -> bytes:
    alpha = codec.startswith("jpeg")
    write_cog(
        path,
        [TILES[number] for number in order],
        grid=utm_grid(ROWS, COLS),
        bands=BGRN[: 4 - alpha],
        dtype="uint8",
        alpha=alpha,
        codec=codec,
        blocksize=128,
    )
    return path.read_bytes()


def copied(monkeypatch: pytest.MonkeyPatch, path: Path, codec: str = "zstd:1") -> bytes:
    with monkeypatch.context() as patch:
        patch.setattr(cog, "gaps_can_be_closed", lambda _: False)
        return write(path, list(range(len(TILES))), codec)


@pytest.mark.usefixtures("closable", "large")
@pytest.mark.parametrize("codec", ["zstd:1", "deflate:1", "none", "jpeg:90"])
@settings(max_examples=6, deadline=None)
@given(order=st.permutations(range(len(TILES))))
def test_in_any_order_the_bytes_are_those_of_copying(
    tmp_path_factory: pytest.TempPathFactory, codec: str, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("straight")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight, "_BEHIND_BYTES", 20_000)
        patch.setattr(straight, "_HELD_BYTES", 60_000)
        moved = []
        patch.setattr(Spool, "moved", spied(moved))
        one, other = write(folder / "a.tif", order, codec), copied(patch, folder / "b.tif", codec)
    assert one == other
    assert moved == [(2, 1), (2, 1), (0,)]  # the first was not copied: its overviews alone were
    assert sorted(p.name for p in folder.iterdir()) == ["a.tif", "b.tif"]


def spied(told: list[tuple[int, ...]]):
    whole = Spool.moved

    def moved(spool, out, levels, *more):
        told.append(tuple(levels))
        return whole(spool, out, levels, *more)

    return moved


@pytest.mark.usefixtures("closable", "large")
def test_it_is_a_valid_cog_whose_full_resolution_begins_at_a_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    size = len(write(path, list(range(len(TILES)))))
    assert cog_validate(path, strict=True) == (True, [], [])
    with rasterio.open(path) as dataset:
        assert (dataset.read() == VALUES).all()
        first = int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert (first - 4) % ALIGNMENT == 0
    assert path.stat().st_blocks * 512 < size + 8 * ALIGNMENT  # nothing of the room is left


def test_of_a_small_image_nothing_is_padded(tmp_path: Path) -> None:
    write(tmp_path / "a.tif", list(range(len(TILES))))
    with rasterio.open(tmp_path / "a.tif") as dataset:
        first = int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    assert (first - 4) % ALIGNMENT


@pytest.mark.usefixtures("closable", "large")
def test_a_block_that_comes_twice_or_never_is_refused(tmp_path: Path) -> None:
    every = list(range(len(TILES)))
    for order, found in (
        ([0, 0], "twice"),
        ([*every[1:], 1], "twice"),
        (every[:-1], "not given"),
        (every[1:], "not given"),
    ):
        with pytest.raises(UsageError, match=found):
            write(tmp_path / "a.tif", order)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("closable", "large")
def test_a_file_system_that_fails_at_the_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(straight, "close_gap", full)
    with pytest.raises(MachineError, match="No space left"):
        write(tmp_path / "a.tif", list(range(len(TILES))))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("closable")
def test_what_lies_behind_a_gap_moves_up(tmp_path: Path) -> None:
    data = np.random.default_rng(3).bytes(5 * ALIGNMENT + 77)
    with (tmp_path / "a").open("x+b") as file:
        file.write(data)
        close_gap(file, 2 * ALIGNMENT, 0)
        close_gap(file, ALIGNMENT, 2 * ALIGNMENT)
    assert (tmp_path / "a").read_bytes() == data[:ALIGNMENT] + data[3 * ALIGNMENT :]


@pytest.mark.usefixtures("closable")
def test_a_gap_that_the_file_system_cannot_close_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "a").open("x+b") as file:
        file.write(bytes(3 * ALIGNMENT))
        with pytest.raises(OSError, match="Invalid argument"):
            close_gap(file, 100, ALIGNMENT)


def test_where_there_is_no_such_call_the_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise TypeError

    monkeypatch.setattr("ctypes.CDLL", none)
    assert not gaps_can_be_closed(tmp_path)
    assert list(tmp_path.iterdir()) == []
