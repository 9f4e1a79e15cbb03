"""The IIM block of a press JPEG, for newsroom systems that read nothing younger.

IPTC-NAA Information Interchange Model 4.2 in the APP13 segment that Photoshop introduced (Adobe
Photoshop File Formats Specification, image resources 0x0404 and 0x0425). Text is UTF-8, declared by
the escape sequence in 1:90. A text beyond the model's length is cut at a character and ends with
"…"; XMP holds it whole. Credit and copyright are never cut: a shortened credit would be false.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from satdesk.release.direction import reopened
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_xmp import one_line

__all__ = ["app13_segment", "iim_records"]

_UTF8 = b"\x1b%G"
"""ISO 2022's designation of UTF-8."""
_RECORD_VERSION = struct.pack(">H", 4)
_KEYWORDS_MAX = 60


def app13_segment(facts: PictureFacts) -> bytes:
    """The whole JPEG segment, marker included.

    0x0425 holds the MD5 of the records: by it a reader knows that IIM and XMP were written together
    (Metadata Working Group, Guidelines 2.0).
    """
    records = iim_records(facts)
    digest = hashlib.md5(records, usedforsecurity=False).digest()
    body = b"Photoshop 3.0\x00" + _resource(0x0404, records) + _resource(0x0425, digest)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def iim_records(facts: PictureFacts) -> bytes:
    """Records 1 and 2, datasets in order of their numbers."""
    parts = [_dataset(1, 90, _UTF8), _dataset(2, 0, _RECORD_VERSION)]
    parts += [_dataset(2, number, text) for number, text in sorted(_texts(facts), key=_number)]
    return b"".join(parts)


def _number(entry: tuple[int, bytes]) -> int:
    return entry[0]


def _texts(facts: PictureFacts) -> Iterator[tuple[int, bytes]]:
    yield 5, _cut(facts.title, 64)
    for keyword in facts.keywords[:_KEYWORDS_MAX]:
        yield 25, _cut(keyword, 64)
    yield 40, _cut(facts.instructions, 256)
    yield 55, f"{facts.acquired.day:%Y%m%d}".encode()
    if facts.acquired.instant is not None:
        yield 60, f"{facts.acquired.instant:%H%M%S}+0000".encode()
    yield 65, _cut(facts.software.split(" ")[0], 32)
    yield 70, _cut(facts.software.split(" ")[-1], 10)
    yield 80, _cut(facts.publisher, 32)
    yield 92, _cut(facts.places[0].name, 32)
    if facts.country is not None:
        yield 100, _cut(facts.country, 3)
    yield 103, _cut(f"{facts.release} revision {facts.revision}", 32)
    yield 105, _cut(facts.title, 256)
    yield 110, one_line(facts.credit).encode()
    yield 115, _cut(facts.publisher, 32)
    yield 116, one_line(facts.copyright).encode()
    if facts.contact is not None:
        yield 118, _cut(facts.contact, 128)
    yield 120, _cut(facts.description, 2000)
    yield 187, _cut(facts.instance, 64)


def _cut(text: str, octets: int) -> bytes:
    """UTF-8 of at most `octets`, cut at a character."""
    whole = one_line(text).encode()
    if len(whole) <= octets:
        return whole
    mark = "…".encode()
    room = octets - len(mark)
    while True:  # closing what was cut open takes room itself
        (closed,) = reopened([whole[:room].decode(errors="ignore").rstrip()])
        if len(closed.encode()) + len(mark) <= octets:
            return closed.encode() + mark
        room -= 3


def _dataset(record: int, number: int, data: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


def _resource(number: int, data: bytes) -> bytes:
    padded = data + b"\x00" * (len(data) % 2)
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + padded
