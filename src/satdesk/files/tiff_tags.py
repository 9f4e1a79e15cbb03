"""The fields of a TIFF directory as bytes: read from one file, written into another.

TIFF 6.0 section 2; the 8-byte offsets are BigTIFF's. Only what GDAL has just written into memory is
read here, so that everything is taken to be as it should be.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["Tag", "directory_bytes", "directory_size", "numbers", "read_tags"]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_LONG, _LONG8 = 4, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One field of a directory.

    Attributes:
        code: Which field.
        kind: TIFF's number of the type.
        data: Its values, little-endian.
    """

    code: int
    kind: int
    data: bytes

    @property
    def count(self) -> int:
        """How many values."""
        return len(self.data) // _SIZES[self.kind]


def numbers(code: int, *values: int, kind: int = _LONG) -> Tag:
    """A field of whole numbers: LONG, SHORT (3) or LONG8 (16)."""
    letter = {3: "H", 4: "I", 16: "Q"}[kind]
    return Tag(code=code, kind=kind, data=struct.pack(f"<{len(values)}{letter}", *values))


def read_tags(file: bytes) -> dict[int, Tag]:
    """The fields of the first directory of a classic little-endian TIFF."""
    at: int = struct.unpack_from("<I", file, 4)[0]
    count: int = struct.unpack_from("<H", file, at)[0]
    tags = (_read_tag(file, at + 2 + 12 * index) for index in range(count))
    return {tag.code: tag for tag in tags}


def _read_tag(file: bytes, at: int) -> Tag:
    code, kind, count = struct.unpack_from("<HHI", file, at)
    size = _SIZES[kind] * count
    start = at + 8 if size <= 4 else struct.unpack_from("<I", file, at + 8)[0]
    return Tag(code=code, kind=kind, data=file[start : start + size])


def directory_size(tags: tuple[Tag, ...], *, big: bool) -> int:
    """Bytes of a directory with its values."""
    entry, ends, inline = (20, 16, 8) if big else (12, 6, 4)
    return ends + entry * len(tags) + sum(_even(t) for t in tags if len(t.data) > inline)


def directory_bytes(tags: tuple[Tag, ...], at: int, following: int, *, big: bool) -> bytes:
    """A directory with its values behind it.

    Args:
        tags: Its fields; they are sorted by code, as TIFF wants them.
        at: Where in the file it will lie.
        following: Where the next directory lies, 0 = nowhere.
        big: BigTIFF.
    """
    entry, inline, ends = (20, 8, 16) if big else (12, 4, 6)
    free = at + ends + entry * len(tags)
    head, tail = [struct.pack("<Q" if big else "<H", len(tags))], []
    for tag in sorted(tags, key=lambda tag: tag.code):
        field = tag.data.ljust(inline, b"\0")
        if len(tag.data) > inline:
            field = struct.pack("<Q" if big else "<I", free)
            tail.append(tag.data.ljust(_even(tag), b"\0"))
            free += _even(tag)
        head.append(struct.pack("<HHQ" if big else "<HHI", tag.code, tag.kind, tag.count) + field)
    head.append(struct.pack("<Q" if big else "<I", following))
    return b"".join((*head, *tail))


def _even(tag: Tag) -> int:
    # Values begin on even offsets (TIFF 6.0, section 2).
    return len(tag.data) + len(tag.data) % 2
