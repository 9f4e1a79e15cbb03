"""PAN against MS: what the models predict, what the images show, what to do about it.

Sign: a shift is ``ratio × (position in MS) − (position in PAN)`` of one and the same thing, both
counted from the outer corner of the full image, in PAN pixels. It is zero where one MS pixel covers
exactly the block of PAN pixels that a naive division by the ratio gives it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from satdesk.core.raster import Raster
from satdesk.core.sensor import FloatArray
from satdesk.errors import DisjointInputError, LimitError, UsageError
from satdesk.geometry.affine import fitted, mapped
from satdesk.geometry.alignment_fit import Fit, PairArrays, fit_pair, r_squared, robust_mean

__all__ = [
    "CORRECT_ABOVE_PX",
    "RESIDUAL_LIMIT_PX",
    "Alignment",
    "AlignmentPair",
    "WindowAlignment",
    "measure_alignment",
    "residual_error",
]

CORRECT_ABOVE_PX = 0.3
"""MS is shifted where measurement and prediction differ by more than this, PAN pixels."""
RESIDUAL_LIMIT_PX = 0.3
"""A pair that differs by more than this after the correction is refused, PAN pixels."""

Mapping = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
Pixels = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignmentPair:
    """One sample: a window of PAN and the window of MS that shows the same ground.

    A raster's *plane* is what its grid's affine leads to: the full image's pixels for a crop in
    sensor geometry, map coordinates for a georeferenced image.

    Attributes:
        pan: One band.
        ms: Its bands; should reach some MS pixels beyond `pan` on every side.
        predict: ``col, row`` in PAN's plane to ``col, row`` in MS's plane, as the models say
            (arrays in, arrays out), or the affine that does so; None for two rasters on one map.
    """

    pan: Raster
    ms: Raster
    predict: Affine | Mapping | None = None

    def __post_init__(self) -> None:
        if len(self.pan.bands) != 1:
            raise UsageError("PAN must have one band", found=str(len(self.pan.bands)))
        if (self.pan.grid.crs is None) != (self.ms.grid.crs is None):
            raise UsageError("PAN and MS must both lie on a map, or neither")
        if self.predict is None and self.pan.grid.crs != self.ms.grid.crs:
            raise UsageError("PAN and MS lie on two maps", found=str(self.ms.grid.crs))
        if self.predict is None and self.pan.grid.crs is None:
            raise UsageError("a pair in sensor geometry needs the models' prediction")


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAlignment:
    """What one sample says; pixels are PAN's, pairs are ``col, row``.

    Attributes:
        center: Middle of the sample in PAN's plane.
        predicted_shift_px: As the module says.
        measured_shift_px: None where it could not be measured.
        interval_95_px: Half-widths of the 95 % intervals; None likewise.
        check_px: What independent matching of the aligned pair still finds; None where it failed.
        check_interval_95_px: Half-widths of its 95 % intervals.
        r2: Of PAN on MS: naive blocks, predicted, measured (the last None where not measured).
        psf_sigma_px: Point spread of MS that explained PAN best.
        reason: Why it could not be measured.
    """

    center: Pixels
    predicted_shift_px: Pixels
    measured_shift_px: Pixels | None = None
    interval_95_px: Pixels | None = None
    check_px: Pixels | None = None
    check_interval_95_px: Pixels | None = None
    r2: tuple[float, float, float | None] = (0.0, 0.0, None)
    psf_sigma_px: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """PAN against MS over a scene; pixels are PAN's, pairs are ``col, row``.

    Attributes:
        ratio: PAN pixels along an MS pixel.
        predicted_shift_px: As the models say, mean of the samples.
        measured_shift_px: As the images say; None where nothing could be measured.
        difference_px: Measured minus predicted; None likewise.
        interval_95_px: Half-widths of the 95 % intervals of the two above; None likewise.
        r2_naive: R² of PAN on the MS bands by naive blocks; median of the samples.
        r2_predicted: The same as the models say.
        r2_measured: The same as measured; None likewise.
        residual_px: Length of what independent matching still finds after the correction, or the
            typical distance of a sample from the common shift, whichever is larger; the
            length of `interval_95_px` stands in where a sample is too small to be matched. None
            where nothing could be measured.
        check_px: What independent matching still finds, ``col, row``.
        check_interval_95_px: Half-widths of its 95 % intervals.
        spread_px: Typical distance of a sample from the common shift; 0 for a single one.
        trend_px: Change of the shift per 1000 PAN pixels: ``d col / d col, d col / d row,
            d row / d col, d row / d row``; None with fewer than four samples.
        ms_plane_shift: The difference in units of MS's plane (pixels, or the map's), ``x, y``.
        windows: The samples.
        reason: Why nothing could be measured; None where it was.
    """

    ratio: float
    predicted_shift_px: Pixels
    r2_naive: float
    r2_predicted: float
    windows: tuple[WindowAlignment, ...]
    measured_shift_px: Pixels | None = None
    difference_px: Pixels | None = None
    interval_95_px: Pixels | None = None
    r2_measured: float | None = None
    residual_px: float | None = None
    check_px: Pixels | None = None
    check_interval_95_px: Pixels | None = None
    spread_px: float | None = None
    trend_px: tuple[float, float, float, float] | None = None
    ms_plane_shift: Pixels | None = None
    reason: str | None = None

    @property
    def needs_correction(self) -> bool:
        """Whether the images contradict the models by more than `CORRECT_ABOVE_PX`."""
        return self.difference_px is not None and math.hypot(*self.difference_px) > CORRECT_ABOVE_PX

    @property
    def correction(self) -> Affine:
        """What `geometry.affine.Adjusted` puts after the MS model to lay MS onto PAN.

        The identity where no correction is needed.
        """
        if self.ms_plane_shift is None or not self.needs_correction:
            return Affine.identity()
        return Affine.translation(*self.ms_plane_shift)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scale:
    """How a sample's pixels lie on each other: as `PairArrays` has it."""

    ratio: float
    to_pan: FloatArray


def residual_error(alignment: Alignment, *, subject: str | None = None) -> LimitError | None:
    """The refusal (rule ``pan-ms-residual``) that the caller raises or settles; None if it fits."""
    if alignment.residual_px is None or alignment.residual_px <= RESIDUAL_LIMIT_PX:
        return None
    return LimitError(
        "PAN and MS do not fit after the correction",
        rule="pan-ms-residual",
        measured=alignment.residual_px,
        limit=RESIDUAL_LIMIT_PX,
        unit="PAN px",
        remedy="check that PAN and MS belong together, or make the MS image alone",
        subject=subject,
    )


def measure_alignment(
    pairs: Sequence[AlignmentPair],
    *,
    max_shift_px: int = 8,
    spread: Callable[..., Iterable[Any]] = map,
) -> Alignment:
    """Measure PAN against MS on one or several samples spread over a scene.

    Samples that say nothing (water, cloud, no texture) take no part; the others are combined
    robustly, weighted by their intervals.

    Args:
        pairs: At least one. A sample of 400 × 400 PAN pixels and more measures well.
        max_shift_px: Largest difference from the prediction that is looked for, PAN pixels.
        spread: Applies a function to each sample, in order; ``ThreadPoolExecutor.map`` does so on
            several cores.

    Returns:
        The alignment; with a `reason` instead of a measurement where no sample says anything.

    Raises:
        UsageError: No pair.
        DisjointInputError: A prediction does not lead from PAN to MS.
    """
    if not pairs:
        raise UsageError("alignment needs at least one sample")
    found = list(spread(lambda pair: _window(pair, *_arrays(pair, max_shift_px)), pairs))
    return _combined([window for window, _ in found], pairs[0], found[0][1])


def _matrix(affine: Affine) -> FloatArray:
    return np.array(tuple(affine)[:9], dtype=np.float64).reshape(3, 3)


def _arrays(pair: AlignmentPair, max_shift: int) -> tuple[PairArrays, FloatArray]:
    """The numbers of a pair with the predicted and the naive mapping, MS array → PAN array."""
    pan_plane, ms_plane = _matrix(pair.pan.grid.affine), _matrix(pair.ms.grid.affine)
    predicted = _linear(pair)
    ms_of_pan = np.linalg.inv(ms_plane) @ predicted @ pan_plane
    ratio = 1 / math.sqrt(abs(np.linalg.det(ms_of_pan[:2, :2])))
    naive = np.eye(3)
    if pair.pan.grid.crs is None:
        naive = np.diag([1 / _nominal(ratio), 1 / _nominal(ratio), 1.0])
    naive_of_pan = np.linalg.inv(ms_plane) @ naive @ pan_plane
    pan_values = pair.pan.values[0].astype(np.float64)
    arrays = PairArrays(
        pan=pan_values,
        pan_valid=pair.pan.valid & np.isfinite(pan_values),
        ms=pair.ms.values.astype(np.float64),
        ms_valid=pair.ms.valid,
        to_pan=_inverse(ms_of_pan),
        ratio=ratio,
        max_shift=max_shift,
    )
    return arrays, _inverse(naive_of_pan)


def _inverse(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _nominal(ratio: float) -> float:
    """The whole number that the ratio stands for, if it stands for one."""
    whole = round(ratio)
    return float(whole) if whole and abs(ratio / whole - 1) < 0.02 else ratio


def _linear(pair: AlignmentPair) -> FloatArray:
    """The prediction as an affine over the sample, PAN's plane to MS's."""
    if pair.predict is None:
        return np.eye(3)
    if isinstance(pair.predict, Affine):
        return _matrix(pair.predict)
    rows, cols = pair.pan.grid.shape
    corner = np.stack([g.ravel() for g in np.meshgrid([0, 0.5, 1], [0, 0.5, 1])])
    plane = np.stack(mapped(pair.pan.grid.affine, *(corner * [[cols], [rows]])))
    col, row = pair.predict(plane[0], plane[1])
    if not (np.isfinite(col).all() and np.isfinite(row).all()):
        raise DisjointInputError(
            "the models do not lead from PAN to MS here",
            found="NaN",
            expected="a position in MS for every position in the sample",
        )
    return _matrix(fitted(plane, np.stack([col, row])))


def _window(
    pair: AlignmentPair, arrays: PairArrays, naive: FloatArray
) -> tuple[WindowAlignment, _Scale]:
    rows, cols = pair.pan.grid.shape
    middle = np.array([cols / 2, rows / 2, 1.0])
    center = _matrix(pair.pan.grid.affine) @ middle
    # where the two mappings place the sample's middle in MS, in PAN pixels
    apart = np.linalg.inv(arrays.to_pan) @ middle - np.linalg.inv(naive) @ middle
    predicted = apart[:2] * arrays.ratio
    scale = _Scale(ratio=arrays.ratio, to_pan=arrays.to_pan)
    fit = fit_pair(arrays)
    window = WindowAlignment(center=_pixels(center[:2]), predicted_shift_px=_pixels(predicted))
    if isinstance(fit, str):
        return replace(window, reason=fit), scale
    judged = replace(arrays, ms_valid=fit.used)
    moved = _moved(arrays.to_pan, fit.shift)
    r2 = r_squared(judged, (naive, arrays.to_pan, moved), fit.spline)
    check, half = _checked(fit, arrays.ratio)
    measured = replace(
        window,
        measured_shift_px=_pixels(predicted + fit.shift),
        interval_95_px=_pixels(fit.half_95),
        check_px=check,
        check_interval_95_px=half,
        r2=(r2[0], r2[1], r2[2]),
        psf_sigma_px=fit.psf_px,
    )
    return measured, scale


def _moved(to_pan: FloatArray, shift: FloatArray) -> FloatArray:
    moved = to_pan.copy()
    moved[:2, 2] -= shift
    return moved


def _checked(fit: Fit, ratio: float) -> tuple[Pixels | None, Pixels | None]:
    check = fit.check
    if check.dcol is None or check.drow is None or check.interval_95_px is None:
        return None, None
    half = check.interval_95_px
    return (check.dcol * ratio, check.drow * ratio), (half[0] * ratio, half[1] * ratio)


def _pixels(pair: FloatArray) -> Pixels:
    return float(pair[0]), float(pair[1])


def _combined(windows: list[WindowAlignment], pair: AlignmentPair, scale: _Scale) -> Alignment:
    good = [w for w in windows if w.measured_shift_px is not None]
    predicted = np.mean([w.predicted_shift_px for w in good or windows], axis=0)
    known = Alignment(
        ratio=scale.ratio,
        predicted_shift_px=_pixels(predicted),
        r2_naive=float(np.median([w.r2[0] for w in good or windows])),
        r2_predicted=float(np.median([w.r2[1] for w in good or windows])),
        windows=tuple(windows),
        reason=None if good else windows[0].reason,
    )
    if not good:
        return known
    offsets = np.array([w.measured_shift_px for w in good])
    offsets -= [w.predicted_shift_px for w in good]
    difference, half, spread = robust_mean(offsets, np.array([w.interval_95_px for w in good]))
    check, check_half = _check_of(good)
    # where the second method finds too little to match, the first one's doubt stands in for it
    left = math.hypot(*(half if check is None else check))
    to_ms = np.linalg.inv(scale.to_pan)[:2, :2]
    return replace(
        known,
        measured_shift_px=_pixels(predicted + difference),
        difference_px=_pixels(difference),
        interval_95_px=_pixels(half),
        r2_measured=float(np.median([w.r2[2] for w in good])),
        residual_px=max(left, spread),
        check_px=check,
        check_interval_95_px=check_half,
        spread_px=spread,
        trend_px=_trend(good, offsets),
        ms_plane_shift=_pixels(_matrix(pair.ms.grid.affine)[:2, :2] @ to_ms @ difference),
    )


def _check_of(good: list[WindowAlignment]) -> tuple[Pixels | None, Pixels | None]:
    found = [w for w in good if w.check_px is not None and w.check_interval_95_px is not None]
    if not found:
        return None, None
    offsets = np.array([w.check_px for w in found])
    mean, half, _ = robust_mean(offsets, np.array([w.check_interval_95_px for w in found]))
    return _pixels(mean), _pixels(half)


def _trend(
    good: list[WindowAlignment], offsets: FloatArray
) -> tuple[float, float, float, float] | None:
    """Slope of the shift over PAN's plane, per 1000 units; None where samples do not spread."""
    centers = np.array([w.center for w in good]) / 1000
    centers = centers - centers.mean(axis=0)
    if len(good) < 4 or np.linalg.matrix_rank(centers, tol=1e-9) < 2:
        return None
    slope: NDArray[np.float64] = np.linalg.lstsq(
        centers, offsets - offsets.mean(axis=0), rcond=None
    )[0]
    return (
        float(slope[0, 0]),
        float(slope[1, 0]),
        float(slope[0, 1]),
        float(slope[1, 1]),
    )
