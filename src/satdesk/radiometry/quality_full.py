"""How good a sharpened picture is without a reference: D_λ, D_S and HQNR, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.radiometry.lowpass import low_pass, mtf_taps
from satdesk.radiometry.quality import blocks_of, hypercomplex_quality, usable_blocks

__all__ = ["FullBlocks", "full_blocks", "universal_quality"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FullBlocks:
    """Indices of blocks, from which the scores of any selection of blocks follow.

    Attributes:
        consistency: ``(block,)`` Q2n of MS and the picture blurred to it.
        high: ``(block, band)`` Q of each sharpened band and PAN.
        low: ``(block, band)`` Q of each band of MS and PAN blurred.
    """

    consistency: FloatArray
    high: FloatArray
    low: FloatArray

    def d_lambda(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - any numpy index
        """Spectral distortion by Khan's protocol, ``1 − Q2n``; 0 = perfect.

        Source: M. M. Khan, L. Alparone, J. Chanussot, IEEE Trans. Geosci. Remote Sens. 47 (2009)
        3880–3891.

        Args:
            chosen: Which blocks: an index whose last axis is averaged over.
        """
        return np.asarray(1 - self.consistency[chosen].mean(-1))

    def d_s(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - as above
        """Spatial distortion: how far each band's likeness to PAN changed; 0 = perfect.

        Source: L. Alparone et al., Photogramm. Eng. Remote Sens. 74 (2008) 193–200, exponent 1.
        """
        return np.asarray(abs(self.high[chosen].mean(-2) - self.low[chosen].mean(-2)).mean(-1))

    def hqnr(self, chosen: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - as above
        """``(1 − D_λ) (1 − D_S)``; 1 = perfect.

        Source: B. Aiazzi et al., IEEE Trans. Geosci. Remote Sens. 52 (2014) (hybrid QNR).
        """
        return (1 - self.d_lambda(chosen)) * (1 - self.d_s(chosen))


def full_blocks(
    sharpened: NDArray[Any],
    ms: NDArray[Any],
    pan: NDArray[Any],
    pan_blurred: NDArray[Any],
    *,
    gains: Sequence[float],
    ratio: float,
    block: int,
) -> FullBlocks:
    """Judge `sharpened` by PAN and MS; NaN = not usable.

    Args:
        sharpened: ``(band, y, x)``.
        ms: ``(band, y, x)`` MS interpolated to the same grid.
        pan: ``(y, x)``.
        pan_blurred: ``(y, x)`` PAN reduced to MS's pixel and interpolated back.
        gains: Transfer of each band at MS's Nyquist frequency.
        ratio: PAN pixels along the edge of an MS pixel.
        block: Edge of a block, pixels.
    """
    blurred = [
        low_pass(band, mtf_taps(gain, ratio)) for band, gain in zip(sharpened, gains, strict=True)
    ]
    stacked = (sharpened, ms, pan[None], pan_blurred[None], np.array(blurred))
    fused, coarse, fine, smooth, again = usable_blocks(*(blocks_of(p, block) for p in stacked))
    return FullBlocks(
        consistency=hypercomplex_quality(coarse, again),
        high=universal_quality(fused, fine),
        low=universal_quality(coarse, smooth),
    )


def universal_quality(first: FloatArray, second: FloatArray) -> FloatArray:
    """``(block, band)`` universal quality index Q of ``(block, band, pixel)``; 1 = alike.

    ``4 σ_xy x̄ ȳ / ((σ_x² + σ_y²)(x̄² + ȳ²))``; two constant blocks have the part of the means.

    Source: Z. Wang, A. C. Bovik, IEEE Signal Process. Lett. 9 (2002) 81–84.
    """
    known = np.asarray(np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1))
    pixels = np.maximum(known.sum(axis=1), 2).astype(np.float64)[:, None]
    x, y = (_centred(values, known, pixels) for values in (first, second))
    covariance = np.einsum("bkp,bkp->bk", x[1], np.broadcast_to(y[1], x[1].shape)) / (pixels - 1)
    variance = (x[2] + y[2]) / (pixels - 1)
    bias = 2 * x[0] * y[0] / np.maximum(x[0] ** 2 + y[0] ** 2, 1e-300)
    ratio = np.where(variance > 0, 2 * covariance / np.where(variance > 0, variance, 1.0), 1.0)
    return np.asarray(bias * ratio)


def _centred(
    values: FloatArray, known: NDArray[np.bool_], pixels: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means ``(block, band)``, what differs from them, and the sum of its squares."""
    zeroed = values if known.all() else np.where(known[:, None], values, 0.0)
    mean = zeroed.sum(axis=2) / pixels
    off = zeroed - mean[..., None]
    if not known.all():
        off[~np.broadcast_to(known[:, None], off.shape)] = 0.0
    return mean, off, np.einsum("bkp,bkp->bk", off, off)
