"""How far a picture is from its reference: SAM, ERGAS and Q2n, block by block.

Blocks are what intervals are made of: neighbouring pixels are not independent, so a bootstrap
draws whole blocks. Pixels that are NaN in any band of either picture take no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = [
    "ReferenceBlocks",
    "blocks_of",
    "hypercomplex_quality",
    "reference_blocks",
    "usable_blocks",
]

_LEAST_SHARE = 0.5
"""Usable share of a block below which it takes no part."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceBlocks:
    """Sums over blocks, from which the scores of any selection of blocks follow.

    Attributes:
        angle: ``(block,)`` sum of the spectral angles, radians.
        count: ``(block,)`` usable pixels.
        squares: ``(block, band)`` sum of squared differences.
        sums: ``(block, band)`` sum of the reference.
        quality: ``(block,)`` Q2n.
        ratio: Fine pixels along the edge of a coarse one.
    """

    angle: FloatArray
    count: FloatArray
    squares: FloatArray
    sums: FloatArray
    quality: FloatArray
    ratio: float

    def sam_deg(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - any numpy index
        """Mean spectral angle, degrees; 0 = perfect.

        Source: R. H. Yuhas, A. F. H. Goetz, J. W. Boardman, Proc. AVIRIS Workshop (1992) 147–149.

        Args:
            chosen: Which blocks: an index whose last axis is summed over.
        """
        return np.asarray(np.degrees(self.angle[chosen].sum(-1) / self.count[chosen].sum(-1)))

    def ergas(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - as above
        """``100 / ratio · √(mean of (RMSE / mean)²)``; 0 = perfect.

        Source: L. Wald, Data Fusion (2002), Presses de l'École des Mines.
        """
        count = self.count[chosen].sum(-1)[..., None]
        mean_square = self.squares[chosen].sum(-2) / count
        mean = self.sums[chosen].sum(-2) / count
        return np.asarray(100 / self.ratio * np.sqrt((mean_square / mean**2).mean(-1)))

    def q2n(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - as above
        """Mean of the blocks' Q2n (Q4 for four bands); 1 = perfect."""
        return np.asarray(self.quality[chosen].mean(-1))


def reference_blocks(
    reference: NDArray[Any], picture: NDArray[Any], *, block: int, ratio: float
) -> ReferenceBlocks:
    """Compare `picture` with `reference`, both ``(band, y, x)``; NaN = not usable.

    Args:
        reference: What is true.
        picture: What is judged.
        block: Edge of a block, pixels; what does not fill one at the right and the bottom is left.
        ratio: Of PAN to MS, for ERGAS.
    """
    if reference.shape != picture.shape:
        raise UsageError(
            "pictures to compare must agree",
            found=str(picture.shape),
            expected=str(reference.shape),
        )
    true, judged = blocks_of(reference, block), blocks_of(picture, block)
    true, judged = usable_blocks(true, judged)
    known = np.asarray(np.isfinite(true).all(axis=1))
    zeroed = [np.where(known[:, None], values, 0.0) for values in (true, judged)]
    return ReferenceBlocks(
        angle=_angles(*zeroed).sum(axis=1),
        count=known.sum(axis=1).astype(np.float64),
        squares=((zeroed[1] - zeroed[0]) ** 2).sum(axis=2),
        sums=zeroed[0].sum(axis=2),
        quality=hypercomplex_quality(true, judged),
        ratio=ratio,
    )


def blocks_of(planes: NDArray[Any], block: int) -> FloatArray:
    """``(block, band, pixel)`` of planes ``(band, y, x)``."""
    bands, rows, cols = planes.shape
    down, across = rows // block, cols // block
    kept = np.asarray(planes[:, : down * block, : across * block], dtype=np.float64)
    cut = kept.reshape(bands, down, block, across, block).transpose(1, 3, 0, 2, 4)
    return np.asarray(cut.reshape(down * across, bands, block * block))


def usable_blocks(*pictures: FloatArray) -> tuple[FloatArray, ...]:
    """The same blocks of each picture, NaN wherever any is; half unusable ones are left."""
    known = np.logical_and.reduce([np.isfinite(each).all(axis=1) for each in pictures])
    kept = known.mean(axis=1) >= _LEAST_SHARE
    mask = np.asarray(known[kept][:, None])
    return tuple(np.where(mask, blocks[kept], np.nan) for blocks in pictures)


def _angles(first: FloatArray, second: FloatArray) -> FloatArray:
    """``(block, pixel)`` radians; 0 where either vector is zero."""
    dot = (first * second).sum(axis=1)
    norm = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    cosine = np.where(norm > 0, dot / np.where(norm > 0, norm, 1.0), 1.0)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))


def hypercomplex_quality(reference: FloatArray, picture: FloatArray) -> FloatArray:
    """Q2n of each block; 1 = perfect.

    Bands are the parts of one hypercomplex number (zeros fill up to a power of two). In each block
    they are scaled by mean and deviation of the reference's band, as in the authors' toolbox, so
    that no band weighs more than another. For four bands it is Q4.

    Source: L. Alparone, S. Baronti, A. Garzelli, F. Nencini, IEEE Geosci. Remote Sens. Lett. 1
    (2004) 313–317; A. Garzelli, F. Nencini, the same 6 (2009) 662–665.

    Args:
        reference: ``(block, band, pixel)``; NaN = not usable.
        picture: The same shape, NaN at the same pixels.
    """
    if not reference.size:
        return np.zeros(reference.shape[0])
    pixels = np.isfinite(reference[:, :1]).sum(axis=2, keepdims=True).astype(np.float64)
    first, second = _standardised(reference, picture, pixels)
    size = 1 << (first.shape[1] - 1).bit_length()
    fill = ((0, 0), (0, size - first.shape[1]), (0, 0))
    # a band of nothing becomes constant 1 by the scaling
    first = np.pad(first, fill, constant_values=1.0)
    second = np.pad(second, fill, constant_values=1.0)
    known = np.isfinite(first).all(axis=1, keepdims=True)
    if not known.all():
        first, second = np.where(known, first, 0.0), np.where(known, second, 0.0)
    return _quality(first, _conjugate(second), pixels[:, 0, 0])


def _standardised(
    reference: FloatArray, picture: FloatArray, pixels: FloatArray
) -> tuple[FloatArray, FloatArray]:
    mean = np.nansum(reference, axis=2, keepdims=True) / pixels
    spread = np.nansum((reference - mean) ** 2, axis=2, keepdims=True) / np.maximum(pixels - 1, 1)
    deviation = np.maximum(np.sqrt(spread), np.finfo(np.float64).eps)
    return (reference - mean) / deviation + 1, (picture - mean) / deviation + 1


def _quality(first: FloatArray, second: FloatArray, pixels: FloatArray) -> FloatArray:
    """The index from ``(block, part, pixel)``; `second` is conjugated already."""
    means = [values.sum(axis=2) / pixels[:, None] for values in (first, second)]
    norms = [(mean**2).sum(axis=1) for mean in means]
    powers = [np.einsum("bkp,bkp->b", v, v) / pixels for v in (first, second)]
    bessel = pixels / np.maximum(pixels - 1, 1)
    spread = bessel * (powers[0] + powers[1] - norms[0] - norms[1])
    # the product is linear in both: the sum over pixels follows from the sums of all pairs of parts
    moments = first @ second.transpose(0, 2, 1) / pixels[:, None, None]
    moments -= means[0][:, :, None] * means[1][:, None, :]
    covariance = bessel * np.einsum("ijk,bij->kb", _table(first.shape[1]), moments)
    bias = 2 * np.sqrt(norms[0] * norms[1]) / (norms[0] + norms[1])
    constant = spread <= 0
    ratio = 2 * np.sqrt((covariance**2).sum(axis=0)) / np.where(constant, 1.0, spread)
    return np.asarray(np.where(constant, bias, bias * ratio))


def _table(size: int) -> FloatArray:
    """``[i, j, k]``: how much of part k the product of the units i and j has."""
    one = np.repeat(np.eye(size)[:, :, None], size, axis=2)
    other = np.repeat(np.eye(size)[:, None, :], size, axis=1)
    return _product(one, other).transpose(1, 2, 0)


def _conjugate(values: FloatArray) -> FloatArray:
    return np.concatenate([values[:, :1], -values[:, 1:]], axis=1)


def _conjugate_parts(parts: FloatArray) -> FloatArray:
    return np.concatenate([parts[:1], -parts[1:]])


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    """Cayley–Dickson product of hypercomplex numbers, parts along the first axis."""
    size = len(one)
    if size == 1:
        return one * other
    a, b = one[: size // 2], _conjugate_parts(one[size // 2 :])
    c, d = other[: size // 2], _conjugate_parts(other[size // 2 :])
    real = _product(a, c) - _product(d, _conjugate_parts(b))
    rest = _product(_conjugate_parts(a), d) + _product(c, b)
    return np.concatenate([real, rest])
