"""PAN and MS of one scene laid on each other: measured on samples, corrected, recorded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.errors import DisjointInputError, LimitError, UndeclaredInputError
from satdesk.files.cores import usable_cores
from satdesk.files.decoded import DecodedBlocks
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.affine import Adjusted, fitted, mapped
from satdesk.geometry.alignment import (
    Alignment,
    AlignmentPair,
    measure_alignment,
    residual_error,
)
from satdesk.geometry.frames import from_lonlat, lonlat_of_grid, on_terrain
from satdesk.geometry.grids import subgrid
from satdesk.products.calibrated import Calibrated
from satdesk.radiometry.clouds import bright_white, veil
from satdesk.radiometry.discs import around
from satdesk.radiometry.snow import white_ground
from satdesk.release.acceptance import Acceptance
from satdesk.release.content import Notice
from satdesk.release.ground import source_gsd_m
from satdesk.release.samples import Spread, sample_windows
from satdesk.release.scenes import Light, can_calibrate

__all__ = ["AlignedMs", "aligned_ms"]

_WINDOW_PX = 512
_MOST_WINDOWS = 9
_MARGIN_MS_PX = 12
_LEAST_CLOUD_M2 = 600.0
_VEILED_M = 120.0
_VEIL = 0.003
_VEIL_EDGE_M = 24.0
_LEAST_CLEAR = 0.1

Mapping = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedMs:
    """MS as it lies on PAN, with what was measured.

    Attributes:
        ms: Its model or its grid shifted where the images contradict the models.
        facts: What release.json says, JSON-ready.
        notices: What must stand on the product.
    """

    ms: SourceImage
    facts: dict[str, Any]
    notices: tuple[Notice, ...]


def aligned_ms(
    pan: SourceImage,
    ms: SourceImage,
    grid: GeoBox,
    terrain: Terrain | None,
    acceptance: Acceptance,
    blocks: DecodedBlocks,
    light: Light | None = None,
) -> AlignedMs:
    """Measure PAN against MS on samples under `grid` and shift MS where they differ.

    Clouds are left out where `light` lets them be told: they hang above the ground and move, and
    PAN and MS look at them from two places at two moments.

    Raises:
        LimitError: Nothing could be measured (``pan-ms-unmeasured``), or the pair does not fit
            after the correction (``pan-ms-residual``), and that is not accepted.
        DisjointInputError: PAN and MS do not show the place together.
    """
    fine, coarse = (ImageLayer(image=image, blocks=blocks) for image in (pan, ms))
    windows = _pan_windows(pan, grid, terrain)
    reflectance = _reflectance(ms, blocks, light)
    with ThreadPoolExecutor(usable_cores()) as pool:
        pairs = _pairs(fine, coarse, windows, _prediction(pan, ms, terrain), reflectance, pool.map)
        if not pairs:
            raise DisjointInputError(
                "PAN and MS have no common area in the output grid",
                subject=pan.id,
                remedy="check that both images belong to one scene, and the district lies in them",
            )
        alignment = measure_alignment(pairs, spread=pool.map)
    broken = _unmeasured(alignment, pan) or residual_error(alignment, subject=pan.id)
    notices = [] if broken is None else [acceptance.settle(broken)]
    if alignment.needs_correction:
        notices.append(_correction_notice(alignment))
    shifted = _shifted(ms, alignment.correction) if alignment.needs_correction else ms
    return AlignedMs(ms=shifted, facts=_facts(alignment), notices=tuple(notices))


def _unmeasured(alignment: Alignment, pan: SourceImage) -> LimitError | None:
    if alignment.reason is None:
        return None
    return LimitError(
        f"the alignment of PAN and MS cannot be measured: {alignment.reason}",
        rule="pan-ms-unmeasured",
        measured=100.0,
        limit=99.0,
        unit="% of samples without a measurement",
        found="no sample of the scene tells it",
        expected="one sample that does",
        remedy="choose an area with texture, or make PAN or MS alone",
        subject=pan.id,
    )


def _correction_notice(alignment: Alignment) -> Notice:
    dcol, drow = alignment.difference_px or (0.0, 0.0)
    by = f"{dcol:+.2f}, {drow:+.2f}".replace("-", "\N{MINUS SIGN}")
    text = (
        f"MS was shifted onto PAN by {by} PAN pixels (column, row) "
        "against the provider's models, as the images show."
    )
    return Notice(code="ms-shifted", text=text)


def _shifted(ms: SourceImage, correction: Affine) -> SourceImage:
    if ms.grid.crs is None:
        if ms.model is None:
            raise UndeclaredInputError("MS has no sensor model", subject=ms.id)
        return replace(ms, model=Adjusted(model=ms.model, matrix=correction))
    moved = ~correction @ ms.grid.affine
    return replace(ms, grid=GeoBox(ms.grid.shape, moved, ms.grid.crs))


def _reflectance(ms: SourceImage, blocks: DecodedBlocks, light: Light | None) -> Layer | None:
    """MS as reflectance; None where it cannot be computed or has too few bands to tell clouds."""
    names = {band.name for band in ms.bands}
    if light is None or ms.calibration is None or not {"B", "R"} <= names:
        return None
    if not can_calibrate(ms, light):
        return None
    return Calibrated(
        source=ImageLayer(image=ms, blocks=blocks),
        calibration=ms.calibration,
        sun_elevation_deg=light.elevation_deg,
        sun_distance_au=light.distance_au,
    )


def _pairs(
    pan: ImageLayer,
    ms: ImageLayer,
    windows: tuple[GeoBox, ...],
    predict: Mapping | None,
    reflectance: Layer | None,
    spread: Spread,
) -> list[AlignmentPair]:
    """The samples without their clouds; with them where nothing else is left."""

    def sample(sight: _Sight) -> tuple[AlignmentPair, AlignmentPair] | None:
        pair = _pair(pan, ms, sight)
        if pair is None or reflectance is None:
            return None if pair is None else (pair, pair)
        return pair, replace(pair, ms=_cloudless(pair.ms, reflectance, ms.image))

    found = [pairs for pairs in spread(sample, _sights(windows, predict)) if pairs is not None]
    clear = [bare for _, bare in found if bare.ms.valid.mean() > _LEAST_CLEAR]
    return clear if clear and reflectance is not None else [pair for pair, _ in found]


def _cloudless(coarse: Raster, reflectance: Layer, ms: SourceImage) -> Raster:
    """A sample whose clouds, and what lies near enough to be veiled by them, are not valid."""
    read = reflectance.read(coarse.grid)
    planes = {b.name: plane for b, plane in zip(read.bands, read.values, strict=True)}
    pixel_m = source_gsd_m(ms)
    # Small ones too: to leave a roof out costs nothing.
    white = bright_white(planes, read.valid, pixel_m, radius_m=0.0, area_m2=_LEAST_CLOUD_M2)
    clouds = white & ~white_ground(planes, white, pixel_m)
    if not clouds.any():
        return coarse
    veiled = veil(planes, clouds, read.valid, pixel_m) > _VEIL
    hidden = around(clouds, _VEILED_M / pixel_m) | around(veiled, _VEIL_EDGE_M / pixel_m)
    return coarse.with_values(coarse.values, valid=coarse.valid & ~hidden)


def _prediction(pan: SourceImage, ms: SourceImage, terrain: Terrain | None) -> Mapping | None:
    """From PAN's plane to MS's as the two models say; None where both lie on one map."""
    if pan.grid.crs is not None:
        return None
    if pan.model is None or ms.model is None or terrain is None:
        raise UndeclaredInputError(
            "PAN and MS need a sensor model each, and a terrain",
            subject=ms.id,
            found="no RPC of MS" if ms.model is None else "no terrain",
            remedy="name them with --rpc FILE, --ms-rpc FILE, --dem FILE",
        )
    models = (pan.model, ms.model)

    def predict(col: FloatArray, row: FloatArray) -> tuple[FloatArray, FloatArray]:
        lon, lat, height = on_terrain(models[0], col, row, terrain, start_m=_middle(models[0]))
        return models[1].project(lon, lat, height)

    return predict


def _middle(model: SensorModel) -> float:
    return float(getattr(model, "height_off", 0.0))


def _pan_windows(pan: SourceImage, grid: GeoBox, terrain: Terrain | None) -> tuple[GeoBox, ...]:
    """Windows of PAN spread over what `grid` shows of it."""
    lon, lat = lonlat_of_grid(_coarse(grid))
    col, row = _in_pan(pan, lon, lat, terrain)
    rows, cols = pan.grid.shape
    seen = np.isfinite(col) & (col > 0) & (col < cols) & (row > 0) & (row < rows)
    if not seen.any():
        return ()
    left, right = (int(v) for v in (np.floor(col[seen].min()), np.ceil(col[seen].max())))
    top, bottom = (int(v) for v in (np.floor(row[seen].min()), np.ceil(row[seen].max())))
    left, right = _at_least(left, right, cols)
    top, bottom = _at_least(top, bottom, rows)
    part = subgrid(pan.grid, top, left, (bottom - top, right - left))
    return sample_windows(part, size=_WINDOW_PX, most=_MOST_WINDOWS)


def _at_least(start: int, stop: int, size: int) -> tuple[int, int]:
    """The span widened about its middle to a window's length, as far as the image has it."""
    lacking = max(_WINDOW_PX - (stop - start), 0)
    start = max(min(start - lacking // 2, size - _WINDOW_PX), 0)
    return start, min(max(stop, start + _WINDOW_PX), size)


def _coarse(grid: GeoBox) -> GeoBox:
    """The same area in at most some 64 × 64 cells."""
    rows, cols = (min(size, 64) for size in grid.shape)
    scale = Affine.scale(grid.shape[1] / cols, grid.shape[0] / rows)
    return GeoBox((rows, cols), grid.affine @ scale, grid.crs)


def _in_pan(
    pan: SourceImage, lon: FloatArray, lat: FloatArray, terrain: Terrain | None
) -> tuple[FloatArray, FloatArray]:
    """``col, row`` in PAN's file of ground positions."""
    if pan.grid.crs is not None:
        plane = from_lonlat(str(pan.grid.crs), lon, lat)
    elif pan.model is not None and terrain is not None:
        plane = pan.model.project(lon, lat, terrain.height(lon, lat))
    else:
        raise UndeclaredInputError("PAN needs a sensor model and a terrain", subject=pan.id)
    return mapped(~pan.grid.affine, *plane)


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """A window of PAN, places ``(2, 25)`` of its plane spread over it, and where MS shows them."""

    window: GeoBox
    places: FloatArray
    found: FloatArray
    on_a_map: bool


def _sights(windows: tuple[GeoBox, ...], predict: Mapping | None) -> list[_Sight]:
    """All windows at once: following a camera onto the terrain takes long however few places."""
    if not windows:
        return []
    steps = np.stack([part.ravel() for part in np.meshgrid(*[np.linspace(0, 1, 5)] * 2)])
    places = np.stack([
        np.stack(mapped(window.affine, *(steps * np.array([window.shape[::-1]]).T)))
        for window in windows
    ], axis=1)  # fmt: skip
    found = places if predict is None else np.stack(predict(*places.reshape(2, -1)))
    found = found.reshape(places.shape)
    return [
        _Sight(window, places[:, n], found[:, n], predict is None)
        for n, window in enumerate(windows)
    ]


def _pair(pan: ImageLayer, ms: ImageLayer, sight: _Sight) -> AlignmentPair | None:
    """The sample under one window of PAN; None where MS does not reach it."""
    col, row = mapped(~ms.grid.affine, *sight.found)
    known = np.isfinite(col) & np.isfinite(row)
    if not known.all():
        return None
    left, top = int(col.min()) - _MARGIN_MS_PX, int(row.min()) - _MARGIN_MS_PX
    right, bottom = int(col.max()) + _MARGIN_MS_PX, int(row.max()) + _MARGIN_MS_PX
    if right <= 0 or bottom <= 0 or left >= ms.grid.shape[1] or top >= ms.grid.shape[0]:
        return None
    around = subgrid(ms.grid, top, left, (bottom - top, right - left))
    fine, coarse = pan.read(sight.window), ms.read(around)
    if not (fine.valid.any() and coarse.valid.any()):
        return None
    prediction = None if sight.on_a_map else fitted(sight.places, sight.found)
    return AlignmentPair(pan=fine, ms=coarse, predict=prediction)


def _facts(alignment: Alignment) -> dict[str, Any]:
    """JSON-ready; shifts are ``ratio × MS − PAN`` in PAN pixels, column before row."""
    return {
        "predicted_px": _rounded(alignment.predicted_shift_px),
        "measured_px": _rounded(alignment.measured_shift_px),
        "difference_px": _rounded(alignment.difference_px),
        "interval_95_px": _rounded(alignment.interval_95_px),
        "residual_px": None if alignment.residual_px is None else round(alignment.residual_px, 4),
        "check_px": _rounded(alignment.check_px),
        "check_interval_95_px": _rounded(alignment.check_interval_95_px),
        "r2_naive": round(alignment.r2_naive, 4),
        "r2_predicted": round(alignment.r2_predicted, 4),
        "r2_measured": None if alignment.r2_measured is None else round(alignment.r2_measured, 4),
        "corrected": alignment.needs_correction,
        "samples": len(alignment.windows),
        "reason": alignment.reason,
    }


def _rounded(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else [round(value, 4) for value in pair]
