"""Bytes in files that go away as they are read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.files.blocks import Block
from satdesk.files.pyramid import Levels
from satdesk.files.segments import Segments
from satdesk.files.spool import Spool


def read(segments: Segments, start: int, size: int) -> bytes:
    into = memoryview(bytearray(size))
    ended = segments.read(start, into)
    if ended is not None:
        segments.remove(ended)
    return bytes(into)


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30), seed=st.integers(0, 2**32 - 1))
def test_what_was_written_comes_back_in_any_order_and_leaves_no_file(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("segments") / "blocks"
    segments = Segments(folder, 50)
    data = [bytes([number]) * size for number, size in enumerate(sizes)]
    starts = [segments.add((piece[:1], piece[1:])) for piece in data]
    assert segments.end == sum(sizes)
    assert len(list(folder.iterdir())) > 1 or sum(sizes) < 90
    for number in np.random.default_rng(seed).permutation(len(data)):
        assert read(segments, starts[number], sizes[number]) == data[number]
    assert list(folder.iterdir()) == []
    segments.close()


def test_a_file_goes_when_its_last_byte_was_read_and_not_before(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "blocks", 10)
    starts = [segments.add((bytes(10),)) for _ in range(3)]
    assert read(segments, starts[1], 6) == bytes(6)
    assert len(list((tmp_path / "blocks").iterdir())) == 3
    assert read(segments, starts[1] + 6, 4) == bytes(4)
    assert sorted(p.name for p in (tmp_path / "blocks").iterdir()) == ["0", "2"]
    segments.close()


def test_neighbours_are_read_at_once_but_not_across_files(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "blocks", 20)
    at = [segments.add((bytes(10),)) for _ in range(4)]
    order = np.array([[start, start + 10] for start in (at[1], at[0], at[1], at[2], at[3])])
    assert list(segments.runs(order)) == [(10, 20), (0, 20), (20, 40)]
    assert list(segments.runs(order[:0])) == []
    segments.close()


def test_what_is_gone_is_told(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "blocks")
    segments.add((bytes(10),))
    with pytest.raises(OSError, match="not there any more"):
        segments.read(5, memoryview(bytearray(6)))
    segments.close()


def test_a_spool_is_empty_when_it_was_moved_and_tells_every_byte(tmp_path: Path) -> None:
    levels = Levels(shape=(64, 64), size=16)
    rng = np.random.default_rng(2)
    told = bytearray()
    with closing(Spool(tmp_path / "blocks", levels, 1)) as spool:
        expected = []
        for level in reversed(range(levels.count)):
            rows, cols = levels.blocks(level)
            for row, col in np.ndindex(rows, cols):
                data = rng.bytes(int(rng.integers(5, 3_000_000)))
                expected.append((level, row, col, data))
        for number in rng.permutation(len(expected)):
            level, row, col, data = expected[number]
            spool.add(Block(level=level, row=row, col=col, data=data))
        with (tmp_path / "whole").open("xb") as out:
            spool.moved(out, range(levels.count - 1, -1, -1), told.extend)
    written = (tmp_path / "whole").read_bytes()
    whole = b"".join(len(d).to_bytes(4, "little") + d + d[-4:] for *_, d in expected)
    assert written == whole
    assert bytes(told) == whole
    assert list((tmp_path / "blocks").iterdir()) == []
