"""The register of sites as files: CSV, GeoJSON and GeoPackage, in and out.

All three hold the same columns (`COLUMNS`); names and sources are JSON in one column each, so that
nothing is lost on the way. A hand-made file may be simpler: ``name`` and ``name:az`` columns in
place of ``names``, ``source`` in place of ``sources``, and everything but a name may be missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import Name, Publication, Site, Source
from satdesk.errors import BrokenInputError, SatdeskError
from satdesk.files.vector_output import write_features
from satdesk.files.vectors import Feature, read_features

__all__ = ["COLUMNS", "read_sites", "write_sites"]

COLUMNS = (
    "site",
    "kind",
    "uncertainty_m",
    "publication",
    "sensitivity",
    "coarse_m",
    "notes",
    "names",
    "sources",
)
"""``site`` is the id, whose own name GeoPackage keeps for its key."""


def write_sites(path: Path, sites: Sequence[Site]) -> None:
    """Write the whole register, exact positions included: this file is not for the public.

    Raises:
        UsageError: No site, or a suffix other than ``.csv``, ``.geojson``, ``.gpkg``.
        MachineError: The disk refuses.
    """
    write_features(path, [_feature(site) for site in sites])


def read_sites(path: Path) -> tuple[Site, ...]:
    """Read a register.

    A site that claims to be published must carry two sources, as everywhere; without a claim it is
    ``single-source``, and ``not-identified`` where it has no position.

    Raises:
        InputError: What `read_features` raises.
        BrokenInputError: A row is no site, or an id repeats; the row is named.
    """
    sites = tuple(_site(path, row, f) for row, f in enumerate(read_features(path), start=1))
    seen: set[str] = set()
    for site in sites:
        if site.id in seen:
            raise BrokenInputError(
                "an id of the register repeats", subject=path, found=site.id, expected="unique ids"
            )
        seen.add(site.id)
    return sites


def _feature(site: Site) -> Feature:
    values = {
        "site": site.id,
        "kind": site.kind,
        "uncertainty_m": site.uncertainty_m,
        "publication": site.publication.value,
        "sensitivity": site.sensitivity,
        "coarse_m": float(site.coarse_m),
        "notes": site.notes,
        "names": _json(site.names),
        "sources": _json(site.sources),
    }
    return Feature(id=site.id, properties=tuple(values.items()), geometry=site.geometry)


def _json(values: Sequence[Name] | Sequence[Source]) -> str:
    stated = [{k: v for k, v in asdict(value).items() if v is not None} for value in values]
    return json.dumps(stated, ensure_ascii=False)


def _site(path: Path, row: int, feature: Feature) -> Site:
    try:
        geometry = _geometry(feature)
        names = _names(feature)
        default = Publication.NOT_IDENTIFIED if geometry is None else Publication.SINGLE_SOURCE
        return Site(
            id=_text(feature, "site") or _text(feature, "id") or feature.id or f"row-{row}",
            names=names,
            kind=_text(feature, "kind") or "site",
            geometry=geometry,
            uncertainty_m=_number(feature, "uncertainty_m"),
            sources=_sources(feature),
            publication=Publication(_text(feature, "publication") or default.value),
            sensitivity=_text(feature, "sensitivity") or "public",
            coarse_m=_number(feature, "coarse_m") or 1000.0,
            notes=_text(feature, "notes"),
        )
    except (ValueError, TypeError, GEOSException, SatdeskError) as error:
        raise BrokenInputError(
            f"row {row} of the register is not a site", subject=path, found=str(error)
        ) from error


def _text(feature: Feature, name: str) -> str | None:
    value = feature.get(name)
    return None if value is None or not str(value).strip() else str(value)


def _number(feature: Feature, name: str) -> float | None:
    text = _text(feature, name)
    if text is None:
        return None
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} = {text}")
    return value


def _geometry(feature: Feature) -> BaseGeometry | None:
    wkt = _text(feature, "wkt")
    if feature.geometry is not None or wkt is None:
        return feature.geometry
    geometry = shapely.from_wkt(wkt)
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 360 and -90 <= south <= north <= 90):
        raise ValueError(f"wkt lies nowhere on earth: {wkt[:60]}")
    return geometry


def _names(feature: Feature) -> tuple[Name, ...]:
    """From ``names`` (JSON), else from ``name`` and every ``name:LANGUAGE``."""
    stated = _text(feature, "names")
    if stated is not None:
        return tuple(Name(**_fields(value)) for value in json.loads(stated))
    plain = [Name(text=text)] if (text := _text(feature, "name")) else []
    tagged = [
        Name(text=str(value), language=key.partition(":")[2])
        for key, value in feature.properties
        if key.casefold().startswith("name:") and value and str(value).strip()
    ]
    return (*plain, *tagged)


def _sources(feature: Feature) -> tuple[Source, ...]:
    stated = _text(feature, "sources")
    if stated is not None:
        return tuple(Source(**_fields(value)) for value in json.loads(stated))
    return tuple(Source(title=text) for text in (_text(feature, "source"),) if text)


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - decoded JSON
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise TypeError(f"expected an object of texts, found {value!r}")
    return value
