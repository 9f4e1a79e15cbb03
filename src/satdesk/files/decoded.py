"""Files held open and blocks decoded once, for the tiles of one job.

Every tile of an orthoimage looks into the same few blocks of its source as its neighbours. Opening
the file and decoding those blocks anew for each of them costs more than computing the tile. A
`DecodedBlocks` keeps the files of a job open and the blocks that were decoded last, up to a limit;
the others are put aside on disk (`files.spill`). Where two threads want one block, one decodes it
and the other waits. Uncompressed TIFFs are read
from the operating system's cache without being kept here (`files.plain_tiff`).

It is no part of what a layer means: it takes no part in equality and lineage, and is empty where it
arrives in another process.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from satdesk.files.plain_tiff import PlainTiff, plain_tiff
from satdesk.files.spill import Block, Spill

__all__ = ["AHEAD_BYTES", "Box", "DecodedBlocks", "OpenedFile", "opening"]

_LIMIT_BYTES = 128 << 20
AHEAD_BYTES = 64 << 20
"""So much is decoded ahead at most, before some of it was read."""
_LEAST_SIDE = 256
"""Lower blocks, such as strips of one line, are decoded several at a time."""

Box = tuple[int, int, int, int]
_Block = Block
_Key = tuple[Path, int, int, int]
"""The file, how many planes of it, and the block's row and column."""

opening = threading.Lock()
"""`warnings.catch_warnings` changes the whole process; two threads must not nest it crosswise."""


class OpenedFile:
    """One raster file: what it is, and its handles, one for each thread that reads at a time.

    Attributes:
        shape: ``rows, cols``.
        count: Planes.
        dtype: NumPy name of the sample type.
        block: ``rows, cols`` of what is decoded at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: deque[Any] = deque()
        with self._dataset() as dataset:
            self.shape = (int(dataset.height), int(dataset.width))
            self.count = int(dataset.count)
            self.dtype = str(dataset.dtypes[0])
            self._alpha = [c is ColorInterp.alpha for c in dataset.colorinterp]
            flags = dataset.mask_flag_enums[0]
            self._masked = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
            rows, cols = dataset.block_shapes[0]
            self.block = (max(rows, _LEAST_SIDE // rows * rows), int(cols))
        self._plain: tuple[PlainTiff | None] | None = None
        self._looking = threading.Lock()

    def own_mask(self, bands: int) -> bool:
        """Whether the file masks pixels itself, beside its first `bands` planes."""
        return self._masked or any(self._alpha[bands:])

    def plain(self, bands: int) -> PlainTiff | None:
        """Its first planes as they lie in the file, where that needs no decoding and no mask."""
        with self._looking:
            if self._plain is None:
                with self._dataset() as dataset:
                    self._plain = (plain_tiff(self.path, dataset),)
            return None if self.own_mask(bands) else self._plain[0]

    def decode(self, bands: int, box: Box) -> _Block:
        """The first planes ``(band, y, x)`` of a window and the file's own mask, if any."""
        left, top, right, bottom = box
        window = Window(left, top, right - left, bottom - top)
        with self._dataset() as dataset:
            values = dataset.read(indexes=list(range(1, bands + 1)), window=window)
            if not self.own_mask(bands):
                return values, None
            extra = [k for k in range(bands, self.count) if self._alpha[k]]
            if extra:
                return values, np.asarray(dataset.read(extra[0] + 1, window=window) > 0)
            return values, np.asarray(dataset.read_masks(1, window=window) > 0)

    def cells(self, box: Box) -> list[tuple[int, int]]:
        """``row, col`` of the blocks that a window of the file touches."""
        left, top, right, bottom = box
        rows, cols = self.block
        return [
            (row, col)
            for row in range(top // rows, -(-bottom // rows))
            for col in range(left // cols, -(-right // cols))
        ]

    @contextmanager
    def _dataset(self) -> Iterator[Any]:
        try:
            dataset = self._idle.pop()
        except IndexError:
            with opening, warnings.catch_warnings():
                # Images in sensor geometry have no georeference; that is no news here.
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                dataset = rasterio.open(self.path)
        try:
            yield dataset
        except BaseException:
            dataset.close()
            raise
        self._idle.append(dataset)


class DecodedBlocks:
    """Open files and decoded blocks of one job; see this module's own words.

    Args:
        limit_bytes: Of decoded blocks that are kept; 0 = none, each window is decoded by itself.
    """

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._unread: dict[_Key, int] = {}
        self._files: dict[Path, OpenedFile] = {}
        self._blocks: OrderedDict[_Key, Future[_Block]] = OrderedDict()
        self._sizes: dict[_Key, int] = {}
        self._spill = Spill()

    def __reduce__(self) -> tuple[type[DecodedBlocks], tuple[int]]:
        return DecodedBlocks, (self._limit,)

    @property
    def kept_bytes(self) -> int:
        """Size of the decoded blocks that are kept."""
        with self._lock:
            return sum(self._sizes.values())

    def file(self, path: Path) -> OpenedFile:
        """The file, opened at its first use."""
        with self._lock:
            if path not in self._files:
                self._files[path] = OpenedFile(path)
            return self._files[path]

    def read(
        self, file: OpenedFile, bands: int, box: Box
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Planes ``(band, y, x)`` of ``left, top, right, bottom`` and the file's own mask."""
        left, top, right, bottom = box
        valid = np.ones((bottom - top, right - left), np.bool_)
        if not self._limit:
            values, mask = file.decode(bands, box)
            return values, valid if mask is None else mask
        plain = file.plain(bands)
        if plain is not None:
            return plain.read(bands, box), valid
        out = np.empty((bands, *valid.shape), file.dtype)
        rows, cols = file.block
        for row, col in self._others_last(file, bands, box):
            values, mask = self._block(file, bands, row, col)
            y0, x0 = max(row * rows, top), max(col * cols, left)
            y1, x1 = min((row + 1) * rows, bottom), min((col + 1) * cols, right)
            inner = np.s_[y0 - row * rows : y1 - row * rows, x0 - col * cols : x1 - col * cols]
            here = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            out[(slice(None), *here)] = values[(slice(None), *inner)]
            if mask is not None:
                valid[here] = mask[inner]
        return out, valid

    def prepare(self, path: Path, bands: int, box: Box, stop: threading.Event) -> None:
        """Decode what nobody has asked for yet of a window, one block after the other.

        Waits while much was decoded ahead and not read (`AHEAD_BYTES`); ends where `stop` is set
        (`wake` tells those that wait).
        """
        file = self.file(path)
        if not self._limit or file.plain(bands) is not None:
            return
        left, top, right, bottom = box
        inside = (max(left, 0), max(top, 0), min(right, file.shape[1]), min(bottom, file.shape[0]))
        for row, col in file.cells(inside):
            key = (path, bands, row, col)
            promised = self._claimed(key, file, stop)
            if promised is not None:
                self._decode(file, key, promised)

    def wake(self) -> None:
        """Let those that wait to decode ahead look whether they shall stop."""
        with self._room:
            self._room.notify_all()

    def _claimed(self, key: _Key, file: OpenedFile, stop: threading.Event) -> Future[_Block] | None:
        """What is promised of a block to be decoded ahead; None = it is there, or stop."""
        rows, cols = file.block
        with self._room:
            self._room.wait_for(lambda: stop.is_set() or sum(self._unread.values()) < AHEAD_BYTES)
            if stop.is_set() or key in self._blocks or key in self._spill:
                return None
            self._unread[key] = key[1] * rows * cols * np.dtype(file.dtype).itemsize
            promised = self._blocks[key] = Future()
            return promised

    def _others_last(self, file: OpenedFile, bands: int, box: Box) -> list[tuple[int, int]]:
        """The blocks of a window; last those that others are decoding just now."""
        with self._lock:
            kept = {cell: self._blocks.get((file.path, bands, *cell)) for cell in file.cells(box)}
        return sorted(kept, key=lambda cell: (found := kept[cell]) is not None and not found.done())

    def _block(self, file: OpenedFile, bands: int, row: int, col: int) -> _Block:
        key = (file.path, bands, row, col)
        with self._lock:
            if self._unread.pop(key, None) is not None:
                self._room.notify_all()
            kept = self._blocks.get(key)
            mine = kept is None
            if kept is None:
                kept = self._blocks[key] = Future()
            self._blocks.move_to_end(key)
        if mine:
            self._decode(file, key, kept)
        return kept.result()

    def _decode(self, file: OpenedFile, key: _Key, promised: Future[_Block]) -> None:
        _, bands, row, col = key
        rows, cols = file.block
        box = (
            col * cols,
            row * rows,
            min((col + 1) * cols, file.shape[1]),
            min((row + 1) * rows, file.shape[0]),
        )
        try:
            block = self._spill.get(key) if key in self._spill else file.decode(bands, box)
        except BaseException as error:
            with self._lock:
                self._blocks.pop(key, None)
                self._unread.pop(key, None)
            promised.set_exception(error)
            raise
        promised.set_result(block)
        self._keep(key, block)

    def _keep(self, key: _Key, block: _Block) -> None:
        """Count a block; where that is too much, the longest unused are put aside."""
        size = block[0].nbytes + (0 if block[1] is None else block[1].nbytes)
        gone: list[tuple[_Key, Future[_Block]]] = []
        with self._lock:
            self._sizes[key] = size
            total = sum(self._sizes.values())
            for old in [k for k in self._blocks if k in self._sizes and k != key]:
                if total <= self._limit:
                    break
                total -= self._sizes.pop(old)
                gone.append((old, self._blocks[old]))
        for old, kept in gone:
            self._spill.put(old, kept.result())
        with self._lock:
            for old, kept in gone:
                if self._blocks.get(old) is kept and old not in self._sizes:
                    del self._blocks[old]
