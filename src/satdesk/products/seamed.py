"""Scenes put together along seams: each pixel as one scene measured it, clear ground first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.cover import Cover
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sighting import Doubt, State
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.seam_map import SeamMap

__all__ = ["Choice", "Seamed", "Sighted"]

Bools = NDArray[np.bool_]
Pixels = tuple[NDArray[Any], Bools]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """A scene with what hides its ground.

    Attributes:
        layer: The scene's picture.
        cover: Flags of `core.cover.Cover` on the same grid; None = nobody looked for clouds.
        doubt: On the same grid, one band of `core.sighting.Doubt`: where another scene contradicts
            this one as a cloud or its shadow does; None = none does, or nobody compared.

    Raises:
        UsageError: The cover or the doubt lies on another grid.
    """

    layer: Layer
    cover: Layer | None = None
    doubt: Layer | None = None

    def __post_init__(self) -> None:
        for each in (self.cover, self.doubt):
            if each is not None and each.grid != self.layer.grid:
                raise UsageError(
                    "the cover of a scene must lie on its grid",
                    found=str(each.grid),
                    expected=str(self.layer.grid),
                )

    @property
    def grid(self) -> GeoBox:
        """The picture's."""
        return self.layer.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The picture's."""
        return self.layer.bands

    @property
    def quantity(self) -> Quantity:
        """The picture's."""
        return self.layer.quantity

    def read(self, grid: GeoBox) -> Raster:
        """The picture, whatever hides the ground."""
        return self.layer.read(grid)

    def states(self, grid: GeoBox, valid: Bools) -> NDArray[np.uint8]:
        """`State` of each pixel of which `valid` says whether there is one."""
        return self.sight(grid, valid)[0]

    def sight(self, grid: GeoBox, valid: Bools) -> tuple[NDArray[np.uint8], Bools]:
        """`State` of each pixel, and whether nothing speaks against it.

        What another scene contradicts is not told, and the last to be shown, as hidden ground is.
        """
        state = self._told(grid, valid)
        clear = (state != State.CLOUD) & (state != State.SHADOW) & (state != State.NOT_IMAGED)
        if self.doubt is None:
            return state, clear
        doubt = self.doubt.read(grid).values[0]
        state[(doubt != Doubt.NONE) & (state == State.CLEAR)] = State.NOT_TOLD
        return state, clear & (doubt != Doubt.AVOIDED)

    def doubted(self, grid: GeoBox) -> Bools:
        """Where another scene contradicts this one, whatever else is told there."""
        if self.doubt is None:
            return np.zeros(tuple(grid.shape), np.bool_)
        return np.asarray(self.doubt.read(grid).values[0] != Doubt.NONE)

    def _told(self, grid: GeoBox, valid: Bools) -> NDArray[np.uint8]:
        if self.cover is None:
            return np.where(valid, State.NOT_TOLD, State.NOT_IMAGED).astype(np.uint8)
        found = self.cover.read(grid)
        flags = found.values[0]
        state = np.full(valid.shape, State.CLEAR, np.uint8)
        state[(flags & Cover.SHADOW_NOT_TOLD) != 0] = State.NOT_TOLD
        state[(flags & Cover.CLOUD_SHADOW) != 0] = State.SHADOW
        state[(flags & Cover.CLOUD) != 0] = State.CLOUD
        state[~found.valid] = State.NOT_TOLD
        state[~valid] = State.NOT_IMAGED
        return state


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What was chosen for the pixels of a grid.

    Attributes:
        values: ``(y, x, band)``, as the chosen scenes have them; 0 where none has.
        source: ``(y, x)`` uint8, number of the scene from 1; 0 = none.
        state: ``(y, x)`` uint8 of `State`.
    """

    values: NDArray[Any]
    source: NDArray[np.uint8]
    state: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seamed:
    """Several scenes as one picture; nothing is blended, every pixel is one scene's.

    A pixel is taken from the scene that the map wants if that sees clear ground there and no other
    contradicts it; else from the first in order that does; else, under a cloud in all of them, from
    the wanted one, else from the first that has a pixel at all, and `State` says so. A scene is
    only read where it may be needed.

    Attributes:
        scenes: In order; at least one, at most 255; one grid, bands, quantity.
        seams: Which scene is wanted where.

    Raises:
        UsageError: None, too many, or scenes that differ.
    """

    scenes: tuple[Sighted, ...]
    seams: SeamMap

    def __post_init__(self) -> None:
        if not 1 <= len(self.scenes) <= np.iinfo(np.uint8).max:
            raise UsageError("a mosaic has 1 to 255 scenes", found=str(len(self.scenes)))
        for number, scene in enumerate(self.scenes, start=1):
            for what in ("grid", "bands", "quantity"):
                if getattr(scene, what) != getattr(self.scenes[0], what):
                    raise UsageError(
                        f"the scenes of a mosaic must share one {what}",
                        subject=f"scene {number}",
                        found=str(getattr(scene, what)),
                        expected=str(getattr(self.scenes[0], what)),
                    )

    @property
    def grid(self) -> GeoBox:
        """The scenes'."""
        return self.scenes[0].grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The scenes'."""
        return self.scenes[0].bands

    @property
    def quantity(self) -> Quantity:
        """The scenes'."""
        return self.scenes[0].quantity

    def read(self, grid: GeoBox) -> Raster:
        """The chosen pixels of `grid`."""
        return self.raster_of(self.chosen(grid, self.pixels(grid)), grid)

    def pixels(self, grid: GeoBox) -> Callable[[int], Pixels]:
        """Gives the pixels of a scene as it measured them, for `chosen`."""

        def read(number: int) -> Pixels:
            raster = self.scenes[number - 1].read(grid)
            return np.moveaxis(raster.values, 0, -1), raster.valid

        return read

    def raster_of(self, choice: Choice, grid: GeoBox) -> Raster:
        """A choice among measured pixels as a raster."""
        return Raster(
            values=np.ascontiguousarray(np.moveaxis(choice.values, -1, 0)),
            valid=choice.source > 0,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )

    def chosen(self, grid: GeoBox, pixels: Callable[[int], Pixels]) -> Choice:
        """Choose among the pixels of the scenes.

        Args:
            grid: On the lattice of the mosaic.
            pixels: Gives ``(y, x, band)`` and ``(y, x)`` usability of the scene of a number, in
                whatever form they are to be chosen; asked at most once a scene.
        """
        work = _Choosing(self, grid, pixels)
        wanted = self.seams.at(grid)
        numbers = [int(number) for number in np.unique(wanted) if number]
        everywhere = np.ones(wanted.shape, bool)
        for clear in (True, False):
            for number in numbers:
                work.take(number, wanted == number, clear=clear)
            for number in range(1, len(self.scenes) + 1):
                work.take(number, everywhere, clear=clear)
        return work.choice()


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A scene's pixels of a grid, and how they see the ground."""

    values: NDArray[Any]
    valid: Bools
    state: NDArray[np.uint8]
    clear: Bools


class _Choosing:
    """The pixels of one grid while they are filled."""

    def __init__(self, mosaic: Seamed, grid: GeoBox, pixels: Callable[[int], Pixels]) -> None:
        self._mosaic, self._grid, self._pixels = mosaic, grid, pixels
        shape = tuple(int(size) for size in grid.shape)
        self._source = np.zeros(shape, np.uint8)
        self._state = np.zeros(shape, np.uint8)
        self._values: NDArray[Any] | None = None
        self._read: dict[int, _Seen] = {}

    def take(self, number: int, where: Bools, *, clear: bool) -> None:
        """Fill what is open in `where` from a scene, as far as it sees clear ground or at all."""
        open_ = where & (self._source == 0)
        if not open_.any():
            return
        scene = self._scene(number)
        filled = open_ & (scene.clear if clear else scene.valid)
        self._put(scene.values, filled)
        self._source[filled] = number
        self._state[filled] = scene.state[filled]

    def _put(self, values: NDArray[Any], filled: Bools) -> None:
        if self._values is None:
            self._values = np.zeros(values.shape, values.dtype)
        if self._values.dtype != values.dtype:
            raise UsageError(
                "the scenes of a mosaic must share one number type",
                found=str(values.dtype),
                expected=str(self._values.dtype),
            )
        np.copyto(self._values, values, where=filled[..., np.newaxis])

    def _scene(self, number: int) -> _Seen:
        if number not in self._read:
            values, valid = self._pixels(number)
            state, clear = self._mosaic.scenes[number - 1].sight(self._grid, valid)
            self._read[number] = _Seen(values, valid, state, clear)
        return self._read[number]

    def choice(self) -> Choice:
        """What has been filled."""
        if self._values is None:
            raise AssertionError("the first scene is read wherever something is open")
        return Choice(values=self._values, source=self._source, state=self._state)
