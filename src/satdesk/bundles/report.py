"""A scene as the JSON document that ``satdesk inspect --json`` prints (``inspect.schema.json``)."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from satdesk.core.bands import Band
from satdesk.core.scene import (
    Acquisition,
    Angles,
    BandCalibration,
    ImageTile,
    MaskFile,
    Problem,
    Scene,
    SourceImage,
)
from satdesk.geometry.rpc import RPC

__all__ = ["acquisition_facts", "report"]

_EMPTY_BYTES = 1
"""Deliveries without pixels carry images of nought or one byte."""

_RPC_FACTS = (
    "line_off", "samp_off", "lat_off", "lon_off", "height_off",
    "line_scale", "samp_scale", "lat_scale", "lon_scale", "height_scale",
)  # fmt: skip


def report(scene: Scene, folder: Path | None = None) -> dict[str, Any]:
    """Every fact of `scene`, JSON-ready; paths relative to `folder` where they lie inside it."""
    taken = scene.acquisition
    return {
        "id": scene.id,
        "mission": scene.mission,
        "instrument": scene.instrument,
        "profile": scene.profile,
        "level": scene.level,
        "acquisition": None if taken is None else acquisition_facts(taken),
        "credit": scene.credit,
        "cloud_percent": scene.cloud_percent,
        "snow_percent": scene.snow_percent,
        "simulated": scene.simulated,
        "images": [_image(image, folder) for image in scene.images],
        "angles": [_angles(angles) for angles in scene.angles],
        "masks": [_mask(mask, folder) for mask in scene.masks],
        "facts": dict(scene.facts),
        "problems": [_problem(problem) for problem in scene.problems],
    }


def acquisition_facts(taken: Acquisition) -> dict[str, Any]:
    """``precision, day, instant``; a null instant means that the day alone is known."""
    instant = None if taken.instant is None else _utc(taken.instant.isoformat())
    return {"precision": taken.precision.value, "day": taken.day.isoformat(), "instant": instant}


def _utc(text: str) -> str:
    return text.replace("+00:00", "Z")


def _name(path: Path, folder: Path | None) -> str:
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.name


def _image(image: SourceImage, folder: Path | None) -> dict[str, Any]:
    rows, cols = image.grid.shape
    crs = image.grid.crs
    return {
        "id": image.id,
        "files": [_file(tile, folder) for tile in image.tiles],
        "cols": int(cols),
        "rows": int(rows),
        "origin": [image.grid.affine.c, image.grid.affine.f],
        "crs": None if crs is None else str(crs),
        "affine": list(image.grid.affine)[:6],
        "geometry": "sensor" if crs is None else "ground",
        "dtype": image.dtype,
        "bits": image.bits,
        "bands": [_band(image, index, band) for index, band in enumerate(image.bands)],
        "quantity": image.quantity.value,
        "nodata": _finite(image.nodata),
        "saturated": _finite(image.saturated),
        "gsd_m": None if image.gsd_m is None else list(image.gsd_m),
        "native_gsd_m": image.native_gsd_m,
        "rpc": _rpc(image, folder),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _file(tile: ImageTile, folder: Path | None) -> dict[str, Any]:
    named = {"path": _name(tile.path, folder)}
    try:
        size = tile.path.stat().st_size
    except OSError:
        return {**named, "state": "absent", "bytes": None}
    return {**named, "state": "empty" if size <= _EMPTY_BYTES else "present", "bytes": size}


def _band(image: SourceImage, index: int, band: Band) -> dict[str, Any]:
    calibration = image.calibration[index] if image.calibration else None
    wavelengths = None if band.wavelength_nm is None else list(band.wavelength_nm)
    return {
        "name": band.name,
        "provider_id": band.provider_id,
        "common_name": band.common_name,
        "wavelength_nm": wavelengths,
        **_calibration(calibration),
    }


def _calibration(calibration: BandCalibration | None) -> dict[str, float | None]:
    names = [field.name for field in fields(BandCalibration)]
    return {name: None if calibration is None else getattr(calibration, name) for name in names}


def _rpc(image: SourceImage, folder: Path | None) -> dict[str, Any] | None:
    if not isinstance(image.model, RPC):
        return None
    source = None if image.model_source is None else _name(image.model_source, folder)
    return {"file": source, **{name: getattr(image.model, name) for name in _RPC_FACTS}}


def _angles(angles: Angles) -> dict[str, Any]:
    facts = {field.name: getattr(angles, field.name) for field in fields(Angles)}
    return {**facts, "time": None if angles.time is None else _utc(angles.time.isoformat())}


def _mask(mask: MaskFile, folder: Path | None) -> dict[str, Any]:
    return {
        "kind": mask.kind,
        "path": _name(mask.path, folder),
        "image_id": mask.image_id,
        "features": mask.features,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {field.name: getattr(problem, field.name) for field in fields(Problem)}
