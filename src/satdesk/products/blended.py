"""A mosaic for eyes: its scenes balanced in brightness, and their seams feathered without ghosts.

Across a seam the two scenes are mixed over a narrow band, where both see clear ground and show the
same. Where they differ (the edge of a cloud, a thing that moved) the seam stays a hard cut: mixing
would show both halves of what is there once.

Only where one scene contradicts the other as a cloud or its shadow does (`core.sighting.Doubt`),
the light on the ground is taken out before they are compared: there, and nowhere else, it is known
to differ, and ground that differs in nothing but its light is mixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy.ndimage import correlate1d, distance_transform_edt

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sensor import FloatArray
from satdesk.core.sighting import State
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.seamed import Sighted

__all__ = ["Blended"]

Bools = NDArray[np.bool_]

_BLOCK = 128
"""Pixels a side of what is looked at as one beside a seam."""
_WINDOW = 5
"""Pixels over which two scenes are compared."""
_ALIKE, _APART = 0.08, 0.2
"""Relative difference up to which two scenes are mixed, and from which they are not at all."""
_LIGHT = 33
"""Pixels over which light and contrast of two scenes are evened before they are compared ..."""
_MOST_LIGHT = 4.0
"""... the contrast by no more than this factor."""
_OPPOSED = 0.3
"""Where one band is brighter by so much (of logarithms) and another darker, it is not the light."""
_EPS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Picture:
    """A scene about seams: balanced pixels, where they may be mixed, and where they are doubted."""

    values: FloatArray
    usable: Bools
    doubted: Bools

    def cut(self, part: tuple[slice, slice]) -> _Picture:
        return _Picture(
            values=self.values[(slice(None), *part)],
            usable=self.usable[part],
            doubted=self.doubted[part],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A part of a tile that a seam runs through, or past: its first row and column, its size."""

    first: tuple[int, int]
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blended:
    """`image` with gains, and feathered seams.

    Attributes:
        image: The mosaic as measured, each pixel one scene's.
        sightings: On the same grid, two bands: number of the scene from 1, and `State`.
        scenes: The scenes by number; only read beside seams.
        gains: For each scene, a factor for each band.
        feather_px: Half the width of the mixed band; 0 = none.

    Raises:
        UsageError: Another number of gains than of scenes or of bands, or another grid.
    """

    image: Layer
    sightings: Layer
    scenes: tuple[Sighted, ...]
    gains: tuple[tuple[float, ...], ...]
    feather_px: int = 8

    def __post_init__(self) -> None:
        if len(self.gains) != len(self.scenes) or any(
            len(gain) != len(self.image.bands) for gain in self.gains
        ):
            raise UsageError(
                "each scene needs a gain for each band",
                found=f"{len(self.gains)} gains",
                expected=f"{len(self.scenes)} scenes, {len(self.image.bands)} bands",
            )
        if self.sightings.grid != self.image.grid or len(self.sightings.bands) != 2:
            raise UsageError("the sightings of a mosaic lie on its grid and have two bands")

    @property
    def grid(self) -> GeoBox:
        """The image's."""
        return self.image.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The image's."""
        return self.image.bands

    @property
    def quantity(self) -> Quantity:
        """The image's."""
        return self.image.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`, float32 ``(band, y, x)``."""
        halo = self.feather_px + _WINDOW // 2 + 2 * (_LIGHT // 2) + 1
        wide = grid.pad(halo)
        sights = self.sightings.read(wide)
        source = np.where(sights.valid, sights.values[0], 0).astype(np.uint8)
        inner = np.s_[halo : halo + grid.shape[0], halo : halo + grid.shape[1]]
        image = self.image.read(grid)
        values = np.asarray(image.values * self._factors(source[inner]), np.float32)
        blocks = list(_blocks_at_seams(source, halo, self.feather_px))
        if blocks:
            self._feather(wide, source, blocks, halo, values)
        return image.with_values(values)

    def _factors(self, source: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32; 1 where no scene is."""
        table = np.ones((256, len(self.bands)), np.float32)
        table[1 : len(self.gains) + 1] = self.gains
        return np.asarray(np.moveaxis(table[source], -1, 0))

    def _feather(
        self,
        wide: GeoBox,
        source: NDArray[np.uint8],
        blocks: list[_Block],
        halo: int,
        values: NDArray[np.float32],
    ) -> None:
        """Mix `values`, which begin `halo` pixels inside of `wide`, beside seams."""
        top, left = (min(block.first[k] for block in blocks) for k in (0, 1))
        end, right = (max(block.first[k] + block.shape[k] for block in blocks) for k in (0, 1))
        place = np.s_[top : end + 2 * halo, left : right + 2 * halo]
        pictures = {
            int(n): self._picture(int(n), wide[place]) for n in np.unique(source[place]) if n
        }
        for block in blocks:
            down, across = block.first
            rows, cols = block.shape
            around = np.s_[down : down + rows + 2 * halo, across : across + cols + 2 * halo]
            within = np.s_[
                down - top : down - top + rows + 2 * halo,
                across - left : across - left + cols + 2 * halo,
            ]
            here = {
                n: picture.cut(within)
                for n, picture in pictures.items()
                if (source[around] == n).any()
            }
            target = values[:, down : down + rows, across : across + cols]
            target[...] = _feathered(here, source[around], self.feather_px, halo, target)

    def _picture(self, number: int, wide: GeoBox) -> _Picture:
        scene = self.scenes[number - 1]
        raster = scene.read(wide)
        states = scene.states(wide, raster.valid)
        gain = np.array(self.gains[number - 1])[:, None, None]
        usable = raster.valid & (states != State.CLOUD) & (states != State.SHADOW)
        return _Picture(values=raster.values * gain, usable=usable, doubted=scene.doubted(wide))


def _blocks_at_seams(source: NDArray[np.uint8], halo: int, reach: int) -> Iterator[_Block]:
    """The blocks of a tile in which a pixel may be `reach` pixels from one of another scene.

    Args:
        source: ``(y, x)`` numbers of scenes, 0 = none, of the tile and `halo` pixels around.
        halo: At least `reach`.
        reach: 0 = no block.
    """
    rows, cols = (size - 2 * halo for size in source.shape)
    if reach < 1 or not _several(source):
        return
    for row in range(0, rows, _BLOCK):
        for col in range(0, cols, _BLOCK):
            shape = min(_BLOCK, rows - row), min(_BLOCK, cols - col)
            near = np.s_[
                row + halo - reach : row + halo + reach + shape[0],
                col + halo - reach : col + halo + reach + shape[1],
            ]
            if _several(source[near]):
                yield _Block(first=(row, col), shape=shape)


def _several(source: NDArray[np.uint8]) -> bool:
    """Whether there is more than one scene."""
    highest = source.max()
    return bool(((source > 0) & (source < highest)).any())


def _feathered(
    pictures: dict[int, _Picture],
    source: NDArray[np.uint8],
    feather: int,
    halo: int,
    values: NDArray[np.float32],
) -> FloatArray:
    """`values` mixed beside seams; the other arrays reach `halo` pixels farther on all sides."""
    inner = np.s_[halo : source.shape[0] - halo, halo : source.shape[1] - halo]
    tight = np.s_[
        halo - feather : source.shape[0] - halo + feather,
        halo - feather : source.shape[1] - halo + feather,
    ]
    core = np.s_[feather : -feather or None, feather : -feather or None]
    near = _near_seams(source[tight], feather)[core]
    own, own_usable = _own(pictures, source)
    total, weight = np.zeros(values.shape), np.zeros(near.shape)
    for number, picture in pictures.items():
        share = _share(source[tight] == number, feather)[core] * picture.usable[inner]
        beyond = (share > 0) & (source[inner] != number)
        if beyond.any():
            alike = np.maximum(
                _alike(own, picture.values)[inner],
                _alike_in_light(pictures, source, number, feather + _LIGHT // 2, beyond)[inner],
            )
            share = np.where(beyond, share * alike, share)
        total += np.where(share > 0, picture.values[(slice(None), *inner)], 0) * share
        weight += share
    mixed = near & own_usable[inner] & (weight > _EPS)
    return np.where(mixed, total / np.where(mixed, weight, 1), values)


def _near_seams(source: NDArray[np.uint8], reach: int) -> Bools:
    """Pixels of a scene that are at most `reach` pixels from one of another scene."""
    near = np.zeros(source.shape, bool)
    for number in (int(n) for n in np.unique(source) if n):
        other = (source > 0) & (source != number)
        if other.any():
            near |= (source == number) & (distance_transform_edt(~other) <= reach)
    return near


def _own(pictures: dict[int, _Picture], source: NDArray[np.uint8]) -> tuple[FloatArray, Bools]:
    """The picture that is shown, as far as it is one of `pictures`, and where it is usable."""
    own: FloatArray = np.zeros_like(next(iter(pictures.values())).values)
    seen = np.zeros(source.shape, bool)
    for number, picture in pictures.items():
        here = source == number
        np.copyto(own, picture.values, where=here)
        seen |= here & picture.usable
    return own, seen


def _alike_in_light(
    pictures: dict[int, _Picture],
    source: NDArray[np.uint8],
    number: int,
    reach: int,
    wanted: Bools,
) -> FloatArray:
    """How like a picture is to the one that is shown, if both had the same light.

    Told where it is `wanted`, in the middle of the rest. 0 farther than `reach` pixels from where
    one of them is doubted. There, what counts is what they show, not how much light lies on it nor
    how much haze: the thin rim of a cloud or the edge of its shadow changes mean and contrast over
    many pixels alike, and mixing makes no ghost of that.
    Whole pictures are compared: what is shown jumps where a seam runs.
    """
    alike, second = np.zeros(source.shape), pictures[number]
    halo = (source.shape[0] - wanted.shape[0]) // 2
    asked = np.pad(wanted, halo)
    for other, first in pictures.items():
        lit = asked & (source == other)
        if other == number or not lit.any():
            continue
        lit &= _within(first.doubted | second.doubted, reach)
        if lit.any():
            evened, same = _evened(second.values, first.values)
            np.copyto(alike, _alike(first.values, evened), where=lit & same)
    return alike


def _within(region: Bools, reach: int) -> Bools:
    """Pixels at most `reach` pixels from `region`."""
    if not region.any():
        return region
    return np.asarray(distance_transform_edt(~region) <= reach)


def _share(region: Bools, reach: int) -> FloatArray:
    """0.5 on the border of `region`, 1 from `reach` pixels inside on, 0 from as many outside on."""
    if region.all() or not region.any():
        return region.astype(np.float64)
    inside, outside = distance_transform_edt(region), distance_transform_edt(~region)
    signed = np.where(region, inside - 0.5, 0.5 - outside)
    return np.asarray(np.clip(0.5 + signed / (2 * reach), 0.0, 1.0))


def _alike(first: FloatArray, second: FloatArray) -> FloatArray:
    """1 where two pictures show the same around a pixel, 0 where they differ."""
    apart = _around(np.abs(first - second).mean(axis=0), _WINDOW)
    level = _around((np.abs(first) + np.abs(second)).mean(axis=0) / 2, _WINDOW)
    alike = (_APART - apart / np.maximum(level, _EPS)) / (_APART - _ALIKE)
    return np.asarray(np.clip(alike, 0.0, 1.0))


def _evened(values: FloatArray, like: FloatArray) -> tuple[FloatArray, Bools]:
    """`values` with the mean and the deviation that `like` has in the window about each pixel.

    Returns:
        Them, and where that can be light or haze: no band is brighter there as another is darker.
    """
    middles = [_around(each, _LIGHT) for each in (values, like)]
    spreads = [
        np.sqrt(np.maximum(_around((each - middle) ** 2, _LIGHT), _EPS**2))
        for each, middle in zip((values, like), middles, strict=True)
    ]
    contrast = np.clip(spreads[1] / spreads[0], 1 / _MOST_LIGHT, _MOST_LIGHT)
    change = np.log(np.maximum(middles[1], _EPS)) - np.log(np.maximum(middles[0], _EPS))
    same = (change.max(axis=0) < _OPPOSED) | (change.min(axis=0) > -_OPPOSED)
    return np.asarray(middles[1] + contrast * (values - middles[0])), np.asarray(same)


def _around(values: FloatArray, size: int) -> FloatArray:
    """Mean of the window about each pixel; the same sums in whichever tile."""
    kernel = np.full(size, 1 / size)
    rows = correlate1d(values.astype(np.float64), kernel, axis=-2, mode="nearest")
    return np.asarray(correlate1d(rows, kernel, axis=-1, mode="nearest"))
