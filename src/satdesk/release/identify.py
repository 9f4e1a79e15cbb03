"""From which release a picture comes, which part of it that is, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import Polygon, box

from satdesk.files.digests import sha256
from satdesk.files.photographs import pixels_digest, read_photograph
from satdesk.release.catalogue import Catalogue, KnownPicture, KnownView
from satdesk.release.fingerprint import (
    Fingerprint,
    Likeness,
    fingerprint,
    grey,
    likeness,
    place,
)
from satdesk.release.index import votes
from satdesk.release.views import View, views

__all__ = ["FEWEST_BLOCKS", "LEAST_ALIKE", "Find", "find_facts", "identify"]

FEWEST_BLOCKS = 6
"""Textured blocks of the common part that are needed to tell anything."""
LEAST_ALIKE = 0.5
"""Share of the textured blocks that must correlate (figures: `docs/explanation/identify.md`)."""
_FINER_PIECES = 6
_FIRST = 4
"""Published pictures of which the likeliest piece is compared first with one of the query."""
_THEN = 24
"""Published pieces, whosever they are, that are compared if those are not like it."""
_SURE = 0.8
"""A find of this share of blocks ends the search; lettering alone may be alike by half."""
_PLACED = 2
"""Of those with a place on the ground so many are compared in any case."""
_LEAST_VOTES = 4
"""Points that must agree on a place before a published piece is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A published picture that the query was made from.

    Attributes:
        picture: The published one.
        how: ``file`` (the very bytes), ``pixels`` (the very pixels in another file) or
            ``likeness``.
        corners: Of the query in the published picture's pixels, ``col, row`` from the upper left
            clockwise.
        likeness: How it was recognised; None where bytes or pixels are the same.
    """

    picture: KnownPicture
    how: str
    corners: tuple[tuple[float, float], ...]
    likeness: Likeness | None = None

    @property
    def covered(self) -> float:
        """Share of the query that lies in the published picture, 0–1."""
        rows, cols = self.picture.shape
        query = Polygon(self.corners)
        return float(query.intersection(box(0, 0, cols, rows)).area / query.area)

    @property
    def lonlat(self) -> tuple[tuple[float, float], ...] | None:
        """The corners in degrees on WGS 84; None where the published picture has no place."""
        affine, crs = self.picture.affine, self.picture.crs
        if affine is None or crs is None:
            return None
        col, row = np.array(self.corners).T
        x, y = (
            affine.a * col + affine.b * row + affine.c,
            affine.d * col + affine.e * row + affine.f,
        )
        lon, lat = Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(x, y)
        return tuple((float(a), float(b)) for a, b in zip(lon, lat, strict=True))


def identify(path: Path, catalogue: Catalogue) -> tuple[Find, ...]:
    """Published pictures that the one at `path` was made from, the surest first; maybe none.

    The same bytes are looked for first, then the same pixels, then likeness: at least half of the
    textured blocks of the common part must correlate by more than 0.95 under one affine map.

    Raises:
        InputError: The picture cannot be read.
        MissingInputError: OpenCV is not installed (only needed for likeness).
    """
    same = _same(catalogue, "file", "p.sha256 = ?", sha256(path))
    if same:
        return same
    rgb = read_photograph(path).rgb
    same = _same(catalogue, "pixels", "p.pixels_sha256 = ?", pixels_digest(rgb))
    return same or _alike(grey(rgb), catalogue)


def find_facts(find: Find) -> dict[str, Any]:
    """A find, JSON-ready."""
    picture, how = find.picture, find.likeness
    return {
        "release": picture.release,
        "release_sha256": picture.release_digest,
        "title": picture.title,
        "publisher": picture.publisher,
        "status": picture.status,
        "simulated": picture.simulated,
        "path": picture.path,
        "role": picture.role,
        "date": picture.date,
        "how": find.how,
        "corners_colrow": [[round(v, 2) for v in corner] for corner in find.corners],
        "corners_lonlat": None
        if find.lonlat is None
        else [[round(v, 7) for v in corner] for corner in find.lonlat],
        "alike": None if how is None else round(how.alike, 4),
        "blocks": None if how is None else how.blocks,
        "correlation": None if how is None else round(how.correlation, 4),
        "points": None if how is None else how.points,
        "covered": None if how is None else round(find.covered, 4),
    }


def _same(catalogue: Catalogue, how: str, where: str, digest: str) -> tuple[Find, ...]:
    return tuple(
        Find(picture=picture, how=how, corners=_outline(*picture.shape))
        for picture in catalogue.pictures(where, digest)
    )


def _alike(plane: NDArray[np.uint8], catalogue: Catalogue) -> tuple[Find, ...]:
    pictures = {picture.key: picture for picture in catalogue.pictures()}
    coarse_first = sorted(views(plane), key=lambda view: -view.shrink)
    # The coarsest piece shows the whole query; finer ones are for a small picture in a large frame.
    for pieces in (coarse_first[:1], coarse_first[1 : 1 + _FINER_PIECES]):
        best: dict[int, Find] = {}
        for view in pieces:
            for known, found in _recognised(view, pictures, catalogue):
                find = _find(pictures[known.picture], known, view, found, plane.shape)
                rival = best.get(known.picture)
                if rival is None or _sureness(find) > _sureness(rival):
                    best[known.picture] = find
        if best:
            return tuple(sorted(best.values(), key=_sureness, reverse=True))
    return ()


def _candidates(
    described: Fingerprint, pictures: Mapping[int, KnownPicture], catalogue: Catalogue
) -> list[list[int]]:
    """Pieces worth a look in two rounds: of the likeliest pictures one each, then any."""
    keys, counts, weights = votes(described, catalogue.word)
    enough = np.flatnonzero(counts >= _LEAST_VOTES)
    ranked = keys[enough[np.argsort(-weights[enough], kind="stable")]].tolist()
    known = catalogue.pictures_of(ranked)
    likeliest: dict[int, int] = {}
    for key in ranked:
        likeliest.setdefault(known[key], key)
    placed = [key for picture, key in likeliest.items() if pictures[picture].crs is not None]
    # Several cuts of one image resemble a query alike; the image itself tells where it lies.
    first = list(dict.fromkeys([*list(likeliest.values())[:_FIRST], *placed[:_PLACED]]))
    then = [key for key in ranked if key not in first]
    return [first, then[:_THEN]]


def _recognised(
    view: View, pictures: Mapping[int, KnownPicture], catalogue: Catalogue
) -> Iterator[tuple[KnownView, Likeness]]:
    """Published pieces that a piece of the query was made from; the second round if need be."""
    described = fingerprint(view.grey)
    for keys in _candidates(described, pictures, catalogue):
        found = [each for key in keys if (each := _compared(described, key, catalogue)) is not None]
        yield from found
        if any(each.alike >= _SURE for _, each in found):
            return


def _compared(
    described: Fingerprint, key: int, catalogue: Catalogue
) -> tuple[KnownView, Likeness] | None:
    """A published piece and how the query lies in it; None where it does not."""
    known = catalogue.view(key)
    placed = place(described, known.described)
    if placed is None:
        return None
    found = likeness(placed, described.grey, catalogue.grey(key))
    return (known, found) if _convincing(found) else None


def _convincing(found: Likeness) -> bool:
    return found.blocks >= FEWEST_BLOCKS and found.alike >= LEAST_ALIKE


def _sureness(find: Find) -> tuple[float, float, int]:
    found = find.likeness
    if found is None:
        return (1.0, 1.0, 0)
    return (round(found.alike, 2), found.correlation, found.blocks)


def _find(
    picture: KnownPicture,
    known: KnownView,
    view: View,
    found: Likeness,
    shape: tuple[int, ...],
) -> Find:
    """The whole query's outline in the whole published picture."""
    a, b, c, d, e, f = found.matrix
    corners = []
    for col, row in _outline(*shape):
        x, y = (col - view.col) / view.shrink, (row - view.row) / view.shrink
        corners.append(
            (
                (a * x + b * y + c) * known.shrink + known.col,
                (d * x + e * y + f) * known.shrink + known.row,
            )
        )
    return Find(picture=picture, how="likeness", corners=tuple(corners), likeness=found)


def _outline(rows: int, cols: int) -> tuple[tuple[float, float], ...]:
    return ((0.0, 0.0), (float(cols), 0.0), (float(cols), float(rows)), (0.0, float(rows)))
