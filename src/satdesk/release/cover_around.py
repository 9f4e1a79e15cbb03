"""The cover of a grid, told from the scene on it and around it: clouds there throw shadows too."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk.core.cover import Cover
from satdesk.core.scene import SourceImage
from satdesk.radiometry.picture import Picture, ProvedHeight
from satdesk.release.composition import Parts
from satdesk.release.cover_halo import HIGHEST_M, Halo, Looked
from satdesk.release.cover_picture import picture_of
from satdesk.release.cover_sources import ToldCover, told_cover
from satdesk.release.ground import Ground, grid_outline, ground_under
from satdesk.release.recipe import TerrainChoice

__all__ = ["told_around"]

_MUCH_MORE = 1.3
"""Where all that could throw a shadow is no more than this, nobody asks how high clouds are."""
_FIRST_RISE_M = 4000.0
"""Of the clouds that are looked for where a first look would be too coarse; few cumulus top it."""
_HIGHER_M = 400.0
"""Beyond the height that was found: a first look finds it on wide cells."""
_EVERYWHERE = (slice(None), slice(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who is asked of which image."""

    image: SourceImage
    parts: Parts
    ground: Ground
    methods: tuple[str, ...]
    proved: ProvedHeight | None = None

    def told(self, looked: Looked, *, wide: bool = False) -> tuple[ToldCover, float | None]:
        """What is told, and how high the clouds hang above the district's lowest ground.

        `wide` tells of all that is looked at, else of the district.
        """
        picture = picture_of(self.image, self.parts, looked.grid, self.ground)
        picture = replace(picture, proved=self.proved)
        told = told_cover(
            picture, self.methods, image=self.image, parts=self.parts, cells=looked.grid,
            ground=self.ground, kept=_EVERYWHERE if wide else looked.kept,
        )  # fmt: skip
        return told, _rise(told, picture, looked)


def told_around(
    image: SourceImage,
    parts: Parts,
    grid: GeoBox,
    ground: Ground,
    methods: tuple[str, ...],
    terrain: TerrainChoice | None,
) -> tuple[ToldCover, Looked]:
    """The cover of a scene on blocks of `grid`, and what was looked at for it.

    Args:
        image: The multispectral one.
        parts: Of the scene.
        grid: Where the cover is wanted.
        ground: Under `grid`.
        methods: Of `cover_sources.METHODS`. Without the rules no shadow is told by its cloud, and
            nothing around is looked at.
        terrain: That was named; None = an image in sensor geometry is looked at on `grid` alone.

    Raises:
        UsageError, InputError: No method could tell anything.
    """
    halo = Halo.of(parts.scene, image, grid)
    asked = _Asked(image=image, parts=parts, ground=ground, methods=methods)
    alone, whole = halo.up_to(0.0), halo.up_to(HIGHEST_M)
    known = ground.terrain is None or terrain is not None
    if "classical" not in methods or not known or whole.grid == alone.grid:
        return asked.told(alone)[0], alone
    if ground.terrain is not None:
        around = ground_under(_outline(halo, whole), terrain, (image,), wanted=True)
        asked = replace(asked, ground=around)
    if math.prod(whole.grid.shape) <= _MUCH_MORE * math.prod(alone.grid.shape):
        return asked.told(whole)[0], whole
    first = halo.first()
    if first is None:
        return _as_high_as_found(asked, halo, _FIRST_RISE_M)
    asked, rise_m = _after(first, asked)
    return _as_high_as_found(asked, halo, rise_m)


def _outline(halo: Halo, whole: Looked) -> BaseGeometry:
    first = halo.first()
    outline = grid_outline(whole.grid)
    return outline if first is None else outline.union(grid_outline(first.grid))


def _after(first: Looked, asked: _Asked) -> tuple[_Asked, float]:
    """Who is asked after a first look, and how high above the ground clouds are looked for.

    Not at all where it sees none; where it sees some and no height fits, as high as any may be.
    """
    quick = tuple(name for name in asked.methods if name != "learned")
    told, height = replace(asked, methods=quick).told(first, wide=True)
    asked = replace(asked, proved=told.proved)
    if not (told.answer.flags & Cover.CLOUD).any():
        return asked, 0.0
    return asked, HIGHEST_M if height is None else min(height + _HIGHER_M, HIGHEST_M)


def _as_high_as_found(asked: _Asked, halo: Halo, rise_m: float) -> tuple[ToldCover, Looked]:
    """Look as far as clouds `rise_m` high reach; farther where higher ones are found so."""
    while True:
        looked = halo.up_to(rise_m)
        told, height = asked.told(looked)
        if height is None or height <= looked.rise_m or looked.rise_m < rise_m:
            return told, looked
        rise_m = min(height + _HIGHER_M, HIGHEST_M)


def _rise(told: ToldCover, picture: Picture, looked: Looked) -> float | None:
    """Metres from the lowest ground that is kept to the clouds; None = no height was found."""
    if told.proved is None or picture.sighting is None:
        return None
    kept = picture.valid[looked.kept]
    heights = picture.sighting.heights[looked.kept]
    lowest = float(heights[kept].min()) if kept.any() else picture.sighting.level_m
    return told.proved.height_m - lowest
