"""Whether the end of an image file is missing, told from its structure without decoding a pixel.

Headers stand at the front of TIFF and JPEG 2000 and survive a broken copy: such a file opens well
and fails in the middle of the work.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["missing_end"]

_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_END_OF_CODESTREAM = b"\xff\xd9"
_TYPES = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_OFFSETS_AND_COUNTS = ((273, 279), (324, 325))
_MOST_BLOCKS = 50_000_000
_PADDING = 65_536


def missing_end(path: Path) -> str | None:
    """What is missing at the end of a TIFF or JPEG 2000 file, in words.

    Returns:
        None where nothing is, or where the file is of another kind.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        try:
            if head[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
                return _tiff(file, head, size)
            if head.startswith(_JP2_SIGNATURE[:12]):
                return _boxes(file, size)
            if head.startswith(_CODESTREAM):
                return _codestream_end(file, size)
        except struct.error:
            return f"the header reaches beyond the {size} bytes of the file"
    return None


def _tiff(file: BinaryIO, head: bytes, size: int) -> str | None:
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in {b"+\0", b"\0+"}
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    entries = _entries(file, order, directory, big=big)
    for offsets_tag, counts_tag in _OFFSETS_AND_COUNTS:
        offsets = _values(file, order, entries.get(offsets_tag), big=big)
        counts = _values(file, order, entries.get(counts_tag), big=big)
        blocks = min(offsets.size, counts.size)
        end = int((offsets[:blocks] + counts[:blocks]).max()) if blocks else 0
        if end > size:
            return f"pixels end at byte {end}, the file at byte {size}"
    return None


_Entry = tuple[int, int, bytes]


def _entries(file: BinaryIO, order: str, directory: int, *, big: bool) -> dict[int, _Entry]:
    file.seek(directory)
    (count,) = _unpack(file, order + ("Q" if big else "H"))
    form = order + ("HHQ8s" if big else "HHI4s")
    found: dict[int, _Entry] = {}
    for _ in range(min(count, 4096)):
        tag, kind, number, value = _unpack(file, form)
        found[tag] = (kind, number, value)
    return found


def _values(file: BinaryIO, order: str, entry: _Entry | None, *, big: bool) -> NDArray[np.int64]:
    if entry is None or entry[0] not in _TYPES or entry[1] > _MOST_BLOCKS:
        return np.empty(0, dtype=np.int64)
    kind, number, value = entry
    form = np.dtype(order + _TYPES[kind])
    if number * form.itemsize > len(value):
        (position,) = struct.unpack(order + ("Q" if big else "I"), value)
        file.seek(position)
        value = file.read(number * form.itemsize)
    if len(value) < number * form.itemsize:
        raise struct.error("the list of blocks is cut short")
    return np.frombuffer(value, dtype=form, count=number).astype(np.int64)


def _boxes(file: BinaryIO, size: int) -> str | None:
    """Walk the boxes of a JP2: each states its length; the codestream must close itself."""
    position = 0
    while position < size:
        file.seek(position)
        length, kind = _unpack(file, ">I4s")
        if length == 1:
            (length,) = _unpack(file, ">Q")
        end = size if length == 0 else position + length
        if end > size or end <= position:
            return f"the box {kind.decode('latin-1')} ends at byte {end}, the file at byte {size}"
        if kind == b"jp2c":
            return _codestream_end(file, end)
        position = end
    return "there is no codestream"


def _codestream_end(file: BinaryIO, end: int) -> str | None:
    """Some writers pad the last box with zeros after the end marker."""
    start = max(0, end - _PADDING)
    file.seek(start)
    if file.read(end - start).rstrip(b"\0").endswith(_END_OF_CODESTREAM):
        return None
    return "the codestream has no end marker"


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
