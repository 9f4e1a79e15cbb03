"""Which published pieces could a picture come from: an inverted file over visual words.

Every described point belongs to the nearest of a fixed set of words; the catalogue lists, for each
word, the points of all published pieces that belong to it. A query's points are compared with the
points of their own words alone, and each resemblance votes for a piece together with the turn and
the scale between the two points (H. Jégou, M. Douze, C. Schmid, ECCV 2008): the points of a true
match agree on both, those of chance do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from satdesk.release.consensus import agreeing
from satdesk.release.fingerprint import Fingerprint

__all__ = ["ENTRY", "entries", "votes", "words_of"]

ENTRY = np.dtype([("view", "<i4"), ("size", "<f4"), ("turn", "<f4"), ("descriptor", "u1", (128,))])
"""One point in the list of its word."""

_MATCH = np.dtype(
    [("asked", "<i4"), ("view", "<i4"), ("far", "<f4"), ("size", "<f4"), ("turn", "<f4")]
)
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
    listed["descriptor"] = descriptors
    nearest = words_of(descriptors, 1)[:, 0]
    for word in np.unique(nearest):
        yield int(word), listed[nearest == word].tobytes()


def votes(
    described: Fingerprint, listed: Callable[[int], NDArray[np.void]]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Pieces for which points of a query vote; how many agree on turn and scale; their weight.

    Args:
        described: The query.
        listed: The points (`ENTRY`) of a word.
    """
    descriptors = described.descriptors[:_ASKED]
    shapes, near = described.shapes[:_ASKED], words_of(descriptors, _PROBES)
    query = descriptors.astype(np.float32) / _LENGTH**2
    found = [np.zeros(0, _MATCH)]
    for word in np.unique(near):
        points = listed(int(word))
        asking = np.flatnonzero((near == word).any(axis=1))
        close = query[asking] @ points["descriptor"].T.astype(np.float32)
        here, there = np.nonzero(close >= _LEAST_COSINE)
        match = np.zeros(len(here), _MATCH)
        match["asked"], match["view"] = asking[here], points["view"][there]
        match["far"] = -close[here, there]
        match["size"], match["turn"] = _between(shapes[match["asked"]], points[there])
        found.append(match)
    return _counted(np.concatenate(found))


def _counted(
    matches: NDArray[np.void],
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """A point votes once for a piece, and the less for each the more pieces it resembles.

    Lettering and grids resemble those of every annotated picture; ground does not.
    """
    best = matches[np.lexsort((matches["far"], matches["view"], matches["asked"]))]
    first = np.ones(len(best), bool)
    first[1:] = (best["asked"][1:] != best["asked"][:-1]) | (best["view"][1:] != best["view"][:-1])
    best = best[first]
    known, number = np.unique(best["view"], return_inverse=True)
    _, asked, often = np.unique(best["asked"], return_inverse=True, return_counts=True)
    shares = 1.0 / often[asked]
    size, turn = best["size"], best["turn"]
    counts = agreeing(number, len(known), size, turn)
    return known, counts, agreeing(number, len(known), size, turn, shares)


def words_of(descriptors: NDArray[np.uint8], probes: int) -> NDArray[np.intp]:
    """``(n, probes)`` nearest words of each descriptor, the nearest first."""
    if not len(descriptors):
        return np.zeros((0, probes), np.intp)
    close = descriptors.astype(np.float32) @ _vocabulary().T
    nearest = np.argpartition(-close, probes - 1, axis=1)[:, :probes]
    order = np.argsort(-np.take_along_axis(close, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)


def _between(
    here: NDArray[np.float32], there: NDArray[np.void]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale (log2) and turn (0–1) from the query's points to the published ones."""
    return there["size"] - here[:, 0], (there["turn"] - here[:, 1]) % 1


def _unit(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = descriptors.astype(np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1), np.float32)


@cache
def _vocabulary() -> NDArray[np.float32]:
    """``(words, 128)`` unit vectors; made by ``tools/make_words.py``."""
    data = files("satdesk").joinpath("data", "words.npy").read_bytes()
    return _unit(np.load(BytesIO(data), allow_pickle=False))
