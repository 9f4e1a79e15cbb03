"""Whether the end of an image file is missing, told from its structure without decoding a pixel.

Headers stand at the front of TIFF and JPEG 2000 and survive a broken copy: such a file opens well
and fails in the middle of the work.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["missing_end"]

_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_END_OF_CODESTREAM = b"\xff\xd9"
_TYPES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_OFFSETS_AND_COUNTS = ((273, 279), (324, 325))
_MOST_BLOCKS = 50_000_000


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
        end = max((o + c for o, c in zip(offsets, counts, strict=False)), default=0)
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


def _values(file: BinaryIO, order: str, entry: _Entry | None, *, big: bool) -> tuple[int, ...]:
    if entry is None or entry[0] not in _TYPES or entry[1] > _MOST_BLOCKS:
        return ()
    kind, number, value = entry
    form = f"{order}{number}{_TYPES[kind]}"
    if struct.calcsize(form) > len(value):
        (position,) = struct.unpack(order + ("Q" if big else "I"), value)
        file.seek(position)
        value = file.read(struct.calcsize(form))
    return struct.unpack(form, value[: struct.calcsize(form)])


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
    file.seek(end - 2)
    if file.read(2) == _END_OF_CODESTREAM:
        return None
    return "the codestream has no end marker"


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
