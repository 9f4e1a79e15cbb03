"""Which published pieces could a picture come from: an inverted file over visual words.

Every described point belongs to the nearest of a fixed set of words; the catalogue lists, for each
word, the points of all published pieces that belong to it. A query's points are compared with the
points of their own words alone, and each resemblance votes for a piece together with the turn and
the scale between the two points (H. Jégou, M. Douze, C. Schmid, ECCV 2008): the points of a true
match agree on both and on a place, those of chance do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.release.consensus import Matches, most_agreeing
from satdesk.release.fingerprint import Fingerprint

__all__ = ["ENTRY", "entries", "votes", "words_of"]

_PLACE = np.dtype([("view", "<i4"), ("size", "<f4"), ("turn", "<f4"), ("at", "<f4", (2,))])
ENTRY = np.dtype(
    [*((name, _PLACE[name]) for name in _PLACE.names or ()), ("descriptor", "u1", (128,))]
)
"""One point in the list of its word."""

_INDEXED = 400
"""Points of a published piece that are listed, the most distinct first."""
_ASKED = 400
"""Points of a query that vote."""
_PROBES = 2
_LENGTH = 255.0
"""Of every descriptor: the squares of its numbers are shares of one."""
_LEAST_COSINE = 0.86


def entries(described: Fingerprint, view: int) -> Iterator[tuple[int, bytes]]:
    """``word, packed points`` of a published piece, to be appended to the lists of the words."""
    descriptors = described.descriptors[:_INDEXED]
    listed = np.zeros(len(descriptors), ENTRY)
    listed["view"] = view
    listed["size"], listed["turn"] = described.shapes[:_INDEXED].T
    listed["at"] = described.points[:_INDEXED]
    listed["descriptor"] = descriptors
    nearest = words_of(descriptors, 1)[:, 0]
    for word in np.unique(nearest):
        yield int(word), listed[nearest == word].tobytes()


def votes(
    described: Fingerprint, listed: Callable[[int], NDArray[np.void]]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Pieces for which points of a query vote; how many agree on a place; their weight.

    A point votes the less for each piece, the more pieces it resembles: lettering and grids
    resemble those of every annotated picture; ground does not.

    Args:
        described: The query.
        listed: The points (`ENTRY`) of a word.
    """
    descriptors = described.descriptors[:_ASKED]
    asked, points, close = _resembling(descriptors, listed)
    best = _once_a_piece(asked, points["view"], close)
    asked, points = asked[best], points[best]
    known, number = np.unique(points["view"], return_inverse=True)
    middle = np.array(described.grey.shape[::-1], np.float32) / np.float32(2)
    matches = Matches(
        number=number,
        size=points["size"] - described.shapes[asked, 0],
        turn=(points["turn"] - described.shapes[asked, 1]) % 1,
        here=described.points[asked] - middle,
        there=points["at"],
        weight=1.0 / np.bincount(asked)[asked],
    )
    return known, *most_agreeing(matches, len(known))


def _resembling(
    descriptors: NDArray[np.uint8], listed: Callable[[int], NDArray[np.void]]
) -> tuple[NDArray[np.intp], NDArray[np.void], NDArray[np.float32]]:
    """Pairs of a query's point (its number) and a listed one (`_PLACE`), and their cosine."""
    query = descriptors.astype(np.float32) / _LENGTH**2
    near = words_of(descriptors, _PROBES)
    found: list[tuple[NDArray[Any], ...]] = [
        (np.zeros(0, np.intp), np.zeros(0, _PLACE), np.zeros(0, np.float32))
    ]
    for word in np.unique(near):
        points = listed(int(word))
        asking = np.flatnonzero((near == word).any(axis=1))
        close = query[asking] @ points["descriptor"].astype(np.float32).T
        here, there = np.nonzero(close >= _LEAST_COSINE)
        places = np.zeros(len(points), _PLACE)
        for name in _PLACE.names or ():
            places[name] = points[name]
        found.append((asking[here], places[there], close[here, there]))
    asked, places, closeness = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return asked, places, closeness


def _once_a_piece(
    asked: NDArray[np.intp], view: NDArray[np.int32], close: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Numbers of the pairs that count: of each point and piece the closest, the first of equals."""
    pair = asked.astype(np.int64) << 32 | view
    order = np.argsort(pair)
    begins = np.flatnonzero(np.diff(pair[order], prepend=-1))
    if not len(begins):
        return order
    lengths = np.diff(begins, append=len(order))
    closest = np.repeat(np.maximum.reduceat(close[order], begins), lengths)
    # The order within one pair is anybody's: the lowest number among the closest is not.
    numbers = np.where(close[order] == closest, order, len(order))
    return np.asarray(np.minimum.reduceat(numbers, begins), np.intp)


def words_of(descriptors: NDArray[np.uint8], probes: int) -> NDArray[np.intp]:
    """``(n, probes)`` nearest words of each descriptor, the nearest first."""
    if not len(descriptors):
        return np.zeros((0, probes), np.intp)
    close = descriptors.astype(np.float32) @ _vocabulary().T
    nearest = np.argpartition(-close, probes - 1, axis=1)[:, :probes]
    order = np.argsort(-np.take_along_axis(close, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)


def _unit(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = descriptors.astype(np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1), np.float32)


@cache
def _vocabulary() -> NDArray[np.float32]:
    """``(words, 128)`` unit vectors; made by ``tools/make_words.py``."""
    data = files("satdesk").joinpath("data", "words.npy").read_bytes()
    return _unit(np.load(BytesIO(data), allow_pickle=False))
