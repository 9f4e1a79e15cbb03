"""The quality of pansharpening, measured on samples of the scene itself.

At reduced resolution by Wald's protocol: PAN and MS are made coarser by their ratio, sharpened,
and compared with MS as it was (SAM, ERGAS, Q2n). At full resolution, without a reference: D_λ by
Khan's protocol and D_S, which make HQNR. `Scores.composite` is the one number of the five by which
``auto`` chooses.

Source of the protocol: L. Wald, T. Ranchin, M. Mangolini, Photogramm. Eng. Remote Sens. 63 (1997)
691–699; filters as in G. Vivone et al., IEEE Geosci. Remote Sens. Mag. 9 (2021) 53–81.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import DisjointInputError
from satdesk.radiometry.lowpass import antialias_taps, decimated, mtf_taps, upsampled
from satdesk.radiometry.quality import ReferenceBlocks, reference_blocks
from satdesk.radiometry.quality_full import FullBlocks, full_blocks
from satdesk.radiometry.sharpen import SharpeningMethod
from satdesk.radiometry.sharpen_methods import fit_method
from satdesk.radiometry.sharpen_training import Training

__all__ = ["Bench", "FusionSample", "Scores", "composite", "measured_scores"]

_REPLICATES = 400
_BLOCKS = (32, 16, 8)
"""Edges of blocks, the first of which there are enough of is taken; 32 is the field's."""
_ENOUGH_BLOCKS = 9
_LEAST_BLOCKS = 2
_ANGLE_SCALE_DEG = 20.0
_ERGAS_SCALE = 20.0
_DARKEST_PERCENT = 1.0

T = TypeVar("T", ReferenceBlocks, FullBlocks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FusionSample:
    """A window of a scene; NaN = not usable.

    Attributes:
        pan: ``(y, x)``.
        ms: ``(band, y, x)`` MS interpolated onto PAN's grid, same quantity.
        native: ``(band, Y, X)`` MS in its own pixel; ``y = ratio · Y`` on the same ground.
    """

    pan: FloatArray
    ms: FloatArray
    native: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The five scores of one method, and the composite.

    Attributes:
        sam_deg: Spectral angle at reduced resolution, degrees; 0 = perfect.
        ergas: Relative error at reduced resolution; 0 = perfect.
        q2n: Q2n at reduced resolution (Q4 for four bands); 1 = perfect.
        d_lambda: Spectral distortion at full resolution; 0 = perfect.
        d_s: Spatial distortion at full resolution; 0 = perfect.
        hqnr: ``(1 − D_λ) (1 − D_S)``.
        composite: `composite` of the five; 1 = perfect.
        interval_95: Low and high of each of the seven by name (block bootstrap).
        blocks: Number of blocks at reduced and at full resolution.
        block_px: Edge of a block in pixels, likewise.
    """

    sam_deg: float
    ergas: float
    q2n: float
    d_lambda: float
    d_s: float
    hqnr: float
    composite: float
    interval_95: tuple[tuple[str, float, float], ...]
    blocks: tuple[int, int]
    block_px: tuple[int, int]


def composite(
    sam_deg: FloatArray, ergas: FloatArray, q2n: FloatArray, d_lambda: FloatArray, d_s: FloatArray
) -> FloatArray:
    """``exp(−mean(SAM / 20°, ERGAS / 20, −ln Q2n, −ln(1 − D_λ), −ln(1 − D_S)))``; 1 = perfect.

    A geometric mean of five numbers between 0 and 1. The two scales make an ordinary angle or
    error (2° or 2) weigh like an ordinary loss of the three others (0.1).
    """
    good = [np.maximum(part, 1e-6) for part in (q2n, 1 - d_lambda, 1 - d_s)]
    losses = sam_deg / _ANGLE_SCALE_DEG + ergas / _ERGAS_SCALE - sum(np.log(part) for part in good)
    return np.asarray(np.exp(-losses / 5))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """Samples of a scene on which methods are fitted and scored.

    Attributes:
        samples: At least one.
        bands: Our names of MS's bands.
        gains: Their transfer at MS's Nyquist frequency.
        pan_gain: PAN's at its own.
        ratio: PAN pixels along the edge of an MS pixel, at least 2.
        dark: As `Training` has it; None = from these samples.
        spread: Applies a function to each sample, in order; ``ThreadPoolExecutor.map`` does so on
            several cores, to the same figures.
    """

    samples: tuple[FusionSample, ...]
    bands: tuple[str, ...]
    gains: tuple[float, ...]
    pan_gain: float
    ratio: int
    dark: tuple[float, ...] | None = None
    spread: Callable[..., Iterable[Any]] = map

    def training(self) -> Training:
        """What methods are fitted on at full resolution.

        Raises:
            DisjointInputError: PAN and MS have hardly a usable pixel in common.
        """
        return self._trained([(sample.pan, sample.native) for sample in self.samples])

    def reduced(self) -> Bench:
        """The same scene `ratio` times coarser, by the filters of Wald's protocol.

        Each goes through the Gaussian of its own MTF, so that the coarse pictures are as sharp
        in their pixels as the fine ones are in theirs.
        """
        return Bench(
            samples=tuple(self.spread(self._reduced, self.samples)),
            bands=self.bands,
            gains=self.gains,
            pan_gain=self.pan_gain,
            ratio=self.ratio,
            dark=self._darkest(),
            spread=self.spread,
        )

    def _darkest(self) -> tuple[float, ...]:
        if self.dark is not None:
            return self.dark
        pixels = [s.native[:, np.isfinite(s.native).all(axis=0)] for s in self.samples]
        known = np.concatenate(pixels, axis=1)
        if not known.size:
            return (0.0,) * len(self.bands)
        return tuple(float(value) for value in np.percentile(known, _DARKEST_PERCENT, axis=1))

    def _reduced(self, sample: FusionSample) -> FusionSample:
        ratio, even = self.ratio, self.ratio % 2 == 0
        rows, cols = (size // ratio * ratio for size in sample.native.shape[1:])
        taps = mtf_taps(self.pan_gain, ratio, even=even)
        pan = decimated(sample.pan, taps, ratio)[:rows, :cols]
        native = np.array(
            [
                decimated(band[:rows, :cols], mtf_taps(gain, ratio, even=even), ratio)
                for band, gain in zip(sample.native, self.gains, strict=True)
            ]
        )
        ms = np.array([upsampled(band, ratio) for band in native])
        return FusionSample(pan=pan, ms=ms, native=native)

    def _trained(self, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> Training:
        typical = float(np.mean(self.gains))
        taps = mtf_taps(typical, self.ratio, even=self.ratio % 2 == 0)
        pan = np.concatenate([decimated(p, taps, self.ratio).ravel() for p, _ in pairs])
        ms = np.concatenate([m.reshape(len(self.bands), -1) for _, m in pairs], axis=1)
        known = np.isfinite(pan) & np.isfinite(ms).all(axis=0)
        return Training(
            pan_lowres=pan[known],
            ms=ms[:, known],
            bands=self.bands,
            gains=self.gains,
            ratio=float(self.ratio),
            dark=self._darkest(),
        )

    def reference_blocks(self, pictures: Sequence[NDArray[Any]]) -> tuple[ReferenceBlocks, int]:
        """Compare `pictures`, made at reduced resolution, with MS as it is.

        Returns:
            The blocks of all samples, and their edge in pixels.
        """
        edge = _block_edge([p.shape[1:] for p in pictures])

        def compared(sample: FusionSample, picture: NDArray[Any]) -> ReferenceBlocks:
            native = sample.native[:, : picture.shape[1], : picture.shape[2]]
            return reference_blocks(native, picture, block=edge, ratio=self.ratio)

        found = list(self.spread(compared, self.samples, pictures))
        return _joined(found), edge

    def full_blocks(self, pictures: Sequence[NDArray[Any]]) -> tuple[FullBlocks, int]:
        """Judge `pictures`, made at full resolution; as `reference_blocks`."""
        edge = _block_edge([sample.pan.shape for sample in self.samples])

        def judged(sample: FusionSample, picture: NDArray[Any]) -> FullBlocks:
            blurred = _blurred(sample.pan, self.ratio)
            return full_blocks(
                picture,
                sample.ms,
                sample.pan,
                blurred,
                gains=self.gains,
                ratio=self.ratio,
                block=edge,
            )

        found = list(self.spread(judged, self.samples, pictures))
        return _joined(found), edge


def _blurred(pan: FloatArray, ratio: int) -> FloatArray:
    """PAN at MS's resolution on its own grid, as D_S wants it."""
    return upsampled(decimated(pan, antialias_taps(ratio), ratio), ratio)


def _block_edge(shapes: Sequence[tuple[int, ...]]) -> int:
    for edge in _BLOCKS:
        if sum((rows // edge) * (cols // edge) for rows, cols in shapes) >= _ENOUGH_BLOCKS:
            return edge
    return _BLOCKS[-1]


def _joined(parts: Sequence[T]) -> T:
    first = parts[0]
    values: dict[str, Any] = {}
    for field in fields(first):
        each = [getattr(part, field.name) for part in parts]
        values[field.name] = each[0] if np.isscalar(each[0]) else np.concatenate(each)
    return type(first)(**values)


def sharpened(method: SharpeningMethod, bench: Bench) -> list[NDArray[np.float32]]:
    """What `method` makes of each sample, NaN where PAN or MS is not usable."""

    def made(sample: FusionSample) -> NDArray[np.float32]:
        known = np.isfinite(sample.pan) & np.isfinite(sample.ms).all(axis=0)
        picture = method.sharpen(
            np.where(known, sample.pan, np.nan), np.where(known, sample.ms, np.nan)
        )
        return np.where(known, picture, np.float32(np.nan))

    return list(bench.spread(made, bench.samples))


def measured_scores(
    name: str, method: SharpeningMethod, bench: Bench, reduced: Bench | None = None
) -> Scores:
    """Score `method`, fitted at full resolution; at reduced resolution it is fitted again.

    Args:
        name: The method's, by which it is fitted at reduced resolution.
        method: As it makes the product.
        bench: At full resolution.
        reduced: ``bench.reduced()`` where it is there already.

    Raises:
        DisjointInputError: The samples hold too few usable pixels to judge.
    """
    coarse = bench.reduced() if reduced is None else reduced
    again = sharpened(fit_method(name, coarse.training()), coarse)
    reference, edge = bench.reference_blocks(again)
    full, full_edge = bench.full_blocks(sharpened(method, bench))
    return summed_up(reference, full, (edge, full_edge))


def summed_up(reference: ReferenceBlocks, full: FullBlocks, block_px: tuple[int, int]) -> Scores:
    """The scores of all blocks, with intervals from a bootstrap over them.

    Raises:
        DisjointInputError: Fewer than two blocks at either resolution.
    """
    blocks = (len(reference.count), len(full.consistency))
    if min(blocks) < _LEAST_BLOCKS:
        raise DisjointInputError(
            "the samples are too small to score the sharpening",
            found=f"{blocks[0]} and {blocks[1]} usable blocks at reduced and full resolution",
            expected=f"at least {_LEAST_BLOCKS} blocks of {block_px[0]} and {block_px[1]} pixels",
        )
    generator = np.random.default_rng(0)  # a fixed seed: the same scene, the same interval
    draws = [generator.integers(0, size, (_REPLICATES, size)) for size in blocks]
    values = _seven(reference, full, slice(None), slice(None))
    spread = _seven(reference, full, draws[0], draws[1])
    low_high = {name: np.quantile(drawn, [0.025, 0.975]) for name, drawn in spread.items()}
    return Scores(
        **{name: float(value) for name, value in values.items()},
        interval_95=tuple((name, float(a), float(b)) for name, (a, b) in low_high.items()),
        blocks=blocks,
        block_px=block_px,
    )


def _seven(
    reference: ReferenceBlocks,
    full: FullBlocks,
    at_reduced: Any,  # noqa: ANN401 - any numpy index
    at_full: Any,  # noqa: ANN401 - as above
) -> dict[str, FloatArray]:
    five = {
        "sam_deg": reference.sam_deg(at_reduced),
        "ergas": reference.ergas(at_reduced),
        "q2n": reference.q2n(at_reduced),
        "d_lambda": full.d_lambda(at_full),
        "d_s": full.d_s(at_full),
    }
    hqnr = (1 - five["d_lambda"]) * (1 - five["d_s"])
    return {**five, "hqnr": hqnr, "composite": composite(**five)}
