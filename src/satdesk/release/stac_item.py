"""One date of a release as a STAC item, a plain dictionary.

Fields follow STAC 1.1.0 and the extensions named in `EXTENSIONS`; what none of them has is stated
under our own prefix ``satdesk:`` (see ``docs/reference/stac.md``).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import shapely
from odc.geo.geobox import GeoBox
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from satdesk.core.scene import Acquisition, Angles
from satdesk.core.sighting import State
from satdesk.core.units import REFLECTANCE_SCALE, Quantity
from satdesk.errors import UsageError
from satdesk.files.digests import sha256
from satdesk.geometry.frames import crs_of, to_lonlat
from satdesk.release.cloud_figures import cloud_figure
from satdesk.release.content import Content, DatedImage, Notice, Status
from satdesk.release.descriptions import accuracy_facts

__all__ = [
    "EXTENSIONS",
    "STAC_VERSION",
    "interval",
    "item",
    "item_id",
    "notices",
    "providers",
    "titled",
]

STAC_VERSION = "1.1.0"
EXTENSIONS = {
    "eo": "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "file": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "processing": "https://stac-extensions.github.io/processing/v1.0.0/schema.json",
    "projection": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "raster": "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    "view": "https://stac-extensions.github.io/view/v1.0.0/schema.json",
}
"""Prefix → the version whose schema lies in ``schemas/stac``."""

_EDGE_POINTS = 128
_EDGE_TOLERANCE_DEG = 1e-6
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_REFLECTANCE: dict[str, Any] = {"data_type": "uint16", "nodata": 0, "scale": 1 / REFLECTANCE_SCALE}
_STORED: dict[Quantity, dict[str, Any]] = {
    Quantity.TOA: {**_REFLECTANCE, "offset": 0},
    Quantity.BOA: {**_REFLECTANCE, "offset": 0},
    Quantity.COUNTS: {"data_type": "uint16", "nodata": 0},
    Quantity.RADIANCE: {"data_type": "float32", "nodata": "nan", "unit": "W·m⁻²·sr⁻¹·μm⁻¹"},
}
"""How `release.cog` stores each quantity in ``image.tif``."""


def item(content: Content, image: DatedImage, folder: Path, home: Path) -> dict[str, Any]:
    """The item of one date.

    Args:
        content: The release.
        image: One of its dates.
        folder: The release's folder; files outside it are not public and become no assets.
        home: Folder of the item's own file, to which its links are relative.
    """
    geometry = _geometry(content, image)
    assets = _assets(image, folder, home)
    properties = _properties(content, image)
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": _extensions(properties, assets),
        "id": item_id(content, image),
        "collection": content.id,
        "geometry": _rounded(mapping(geometry)),
        "bbox": [round(value, 7) for value in geometry.bounds],
        "properties": properties,
        "assets": assets,
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../collection.json", "type": "application/json"},
            {"rel": "collection", "href": "../collection.json", "type": "application/json"},
            {"rel": "status", "href": "../../status.json", "type": "application/json"},
        ],
    }


def item_id(content: Content, image: DatedImage) -> str:
    """Unique among all releases of a publisher who names them apart."""
    return f"{content.id}-{image.id}"


def interval(acquisition: Acquisition) -> tuple[str, str]:
    """First and last instant that an acquisition may mean, RFC 3339 in UTC."""
    if acquisition.instant is not None:
        return (_rfc3339(acquisition.instant),) * 2
    start = datetime.combine(acquisition.day, time.min, UTC)
    end = datetime.combine(acquisition.day, time(23, 59, 59), UTC)
    return _rfc3339(start), _rfc3339(end)


def titled(content: Content, title: str, *, simulated: bool) -> str:
    """`title` with what nobody may overlook before it."""
    marks = ("SIMULATED" if simulated else None, _draft(content), title)
    return " – ".join(mark for mark in marks if mark)


def notices(values: tuple[Notice, ...]) -> list[dict[str, str]]:
    """JSON-ready notices."""
    return [{"code": notice.code, "text": notice.text} for notice in values]


def _draft(content: Content) -> str | None:
    return "DRAFT" if content.status is Status.DRAFT else None


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _geometry(content: Content, image: DatedImage) -> BaseGeometry:
    """Where usable pixels lie; without that the grid's outline."""
    if image.footprint_wkt is not None:
        return shapely.force_2d(shapely.from_wkt(image.footprint_wkt))
    return _outline(content.grid)


def _outline(grid: GeoBox) -> BaseGeometry:
    """The grid's outer edge in longitude/latitude, bent where the projection bends it."""
    bounds = grid.boundingbox
    edge = shapely.box(bounds.left, bounds.bottom, bounds.right, bounds.top)
    x, y = shapely.get_coordinates(edge.segmentize(edge.length / _EDGE_POINTS)).T
    lon, lat = to_lonlat(crs_of(grid), x, y)
    return shapely.Polygon(list(zip(lon, lat, strict=True))).simplify(_EDGE_TOLERANCE_DEG)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - a nested GeoJSON geometry
    """Positions to 7 places, about a centimetre."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return round(value, 7) if isinstance(value, float) else value


def _properties(content: Content, image: DatedImage) -> dict[str, Any]:
    return {
        **_time(image.acquisition),
        **_instrument(image),
        **_view(image.angles),
        **_projection(content.grid),
        **_cloud(image),
        "title": titled(content, f"{content.title} ({image.id})", simulated=image.simulated),
        "gsd": image.gsd_m,
        "license": "other",
        "providers": providers(content),
        "processing:lineage": _sentence(image),
        "processing:software": {"satdesk": content.version},
        **_own(content, image),
    }


def _cloud(image: DatedImage) -> dict[str, Any]:
    """Cloud as measured over the picture, else as the provider states it; by whom is said."""
    figure, stated = cloud_figure(image), image.cloud_percent
    if figure is None:
        return {}
    provider = {} if stated is None else {"satdesk:provider_cloud_cover": stated}
    return {
        "eo:cloud_cover": figure.percent,
        "satdesk:cloud_cover_source": figure.source,
        **provider,
    }


def _time(acquisition: Acquisition) -> dict[str, Any]:
    """An instant; or null with the day's ends, as STAC has it for what took a while."""
    start, end = interval(acquisition)
    if acquisition.instant is not None:
        return {"datetime": start}
    return {"datetime": None, "start_datetime": start, "end_datetime": end}


def _instrument(image: DatedImage) -> dict[str, Any]:
    stated: dict[str, Any] = {}
    if image.mission is not None:
        stated["platform"] = image.mission
    if image.instrument is not None:
        stated["instruments"] = [image.instrument]
    return stated


def _view(angles: Angles | None) -> dict[str, float]:
    if angles is None:
        return {}
    stated = {
        "view:incidence_angle": angles.incidence_deg,
        "view:off_nadir": None if angles.viewing_deg is None else abs(angles.viewing_deg),
        "view:azimuth": _circle(angles.view_azimuth_deg),
        "view:sun_azimuth": _circle(angles.sun_azimuth_deg),
        "view:sun_elevation": angles.sun_elevation_deg,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _circle(angle: float | None) -> float | None:
    return None if angle is None else angle % 360


def _projection(grid: GeoBox) -> dict[str, Any]:
    if grid.crs is None:
        raise UsageError("a release's grid needs a coordinate system", found="none")
    code = grid.crs.to_epsg()
    rows, cols = grid.shape
    bounds = grid.boundingbox
    stated: dict[str, Any] = {
        "proj:code": None if code is None else f"EPSG:{code}",
        "proj:shape": [int(rows), int(cols)],
        "proj:transform": [float(value) for value in list(grid.affine)[:6]],
        "proj:bbox": [bounds.left, bounds.bottom, bounds.right, bounds.top],
    }
    return stated if code is not None else {**stated, "proj:wkt2": grid.crs.to_wkt()}


def providers(content: Content) -> list[dict[str, Any]]:
    """The publisher. A credit line is no organisation and stands in ``satdesk:credit``."""
    return [{"name": content.publisher, "roles": ["processor", "host"]}]


def _sentence(image: DatedImage) -> str:
    """The steps in the order in which they were done; parameters stand in ``satdesk:lineage``."""
    steps: list[str] = []

    def walk(node: Any) -> None:  # noqa: ANN401 - core.lineage.Lineage, recursive
        for before in node.inputs:
            walk(before)
        steps.append(node.step)

    walk(image.lineage)
    return " → ".join(dict.fromkeys(steps))


def _own(content: Content, image: DatedImage) -> dict[str, Any]:
    return {
        "satdesk:simulated": image.simulated,
        "satdesk:status": content.status.value,
        "satdesk:scenes": list(image.scene_ids),
        "satdesk:time_precision": image.acquisition.precision.value,
        "satdesk:relation_to_event": None if image.relation is None else image.relation.value,
        "satdesk:product": image.product,
        "satdesk:quantity": image.quantity.value,
        "satdesk:native_gsd_m": image.native_gsd_m,
        "satdesk:seen_share": image.seen_share,
        "satdesk:credit": image.credit,
        "satdesk:licence": image.licence.name,
        "satdesk:notices": notices((*content.notices, *image.notices)),
        "satdesk:accuracy": accuracy_facts(image),
        "satdesk:facts": {name: value for name, value in image.facts if name != "accuracy"},
        "satdesk:lineage": image.lineage.to_dict(),
        "satdesk:lineage_sha256": image.lineage.digest,
    }


def _assets(image: DatedImage, folder: Path, home: Path) -> dict[str, Any]:
    visual = _asset(image.visual, folder, home)
    measured = None if image.image is None else _asset(image.image, folder, home)
    assets: dict[str, Any] = {}
    if visual is not None:
        assets["visual"] = visual | {
            "title": "For eyes: 8-bit sRGB with alpha",
            "roles": ["visual"],
            "data_type": "uint8",
            "bands": [{"name": name} for name in ("red", "green", "blue", "alpha")],
        }
    if measured is not None:
        assets["image"] = measured | _measured(image)
    source = None if image.source is None else _asset(image.source, folder, home)
    if source is not None:
        assets["source"] = source | _source(image)
    return assets


def _source(image: DatedImage) -> dict[str, Any]:
    """Band 1 numbers `image.scene_ids` from 1; band 2 is `core.sighting.State`."""
    scenes = ", ".join(f"{number} {name}" for number, name in enumerate(image.scene_ids, start=1))
    states = ", ".join(f"{state.value} {state.name.lower().replace('_', ' ')}" for state in State)
    return {
        "title": "Which scene gave each pixel, and how it was seen",
        "description": f"source: 0 none, {scenes}. state: {states}.",
        "roles": ["metadata", "source"],
        "data_type": "uint8",
        "bands": [{"name": "source"}, {"name": "state"}],
    }


def _asset(path: Path, folder: Path, home: Path) -> dict[str, Any] | None:
    """Place, type, size and digest of a file of the release; None for one that lies outside."""
    if not path.resolve().is_relative_to(folder.resolve()):
        return None
    return {
        "href": Path(os.path.relpath(path.resolve(), home.resolve())).as_posix(),
        "type": _COG,
        "file:size": path.stat().st_size,
        # multihash: 0x12 = SHA-256, 0x20 = 32 bytes
        "file:checksum": f"1220{sha256(path)}",
    }


def _measured(image: DatedImage) -> dict[str, Any]:
    stored = _STORED.get(image.quantity, {})
    role = "reflectance" if image.quantity in {Quantity.TOA, Quantity.BOA} else image.quantity.value
    described = [_eo_band(band.name, band.common_name, band.wavelength_nm) for band in image.bands]
    return {
        "title": f"For measuring: {image.quantity.value}",
        "roles": ["data", role],
        "bands": [{"name": band.name} for band in image.bands],
        "eo:bands": described,
        "raster:bands": [stored | {"spatial_resolution": image.gsd_m} for _ in image.bands],
    }


def _eo_band(
    name: str, common_name: str | None, wavelength_nm: tuple[float, float] | None
) -> dict[str, Any]:
    band: dict[str, Any] = {"name": name}
    if common_name is not None:
        band["common_name"] = common_name
    if wavelength_nm is not None:
        low, high = wavelength_nm
        band["center_wavelength"] = round((low + high) / 2000, 6)  # micrometres
        band["full_width_half_max"] = round((high - low) / 1000, 6)
    return band


def _extensions(properties: dict[str, Any], assets: dict[str, Any]) -> list[str]:
    """The extensions of which a field is used, in alphabetical order."""
    fields = {name for asset in assets.values() for name in asset} | set(properties)
    used = {name.partition(":")[0] for name in fields if ":" in name}
    prefixes = used | ({"projection"} if "proj" in used else set())
    return [uri for prefix, uri in sorted(EXTENSIONS.items()) if prefix in prefixes]
