"""Make ``src/satdesk/data/world_{countries,land}.geojson``: outlines for the locator of a plate.

Run from the root of the checkout; needs npm, which fetches the package by its name::

    python tools/make_world.py

The package world-atlas carries Natural Earth 4.1.0 (public domain) as quantised TopoJSON. Countries
come at 1:50 million, land at 1:110 million; coordinates are rounded to 0.01°.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from itertools import accumulate
from pathlib import Path
from typing import Any

from shapely import MultiPolygon, Polygon, get_parts, make_valid
from shapely.geometry import mapping, shape

PACKAGE = "world-atlas@2.0.2"
DATA = Path("src/satdesk/data")
DECIMALS = 2


def main() -> None:
    """Fetch, decode, write both files."""
    with tempfile.TemporaryDirectory() as folder:
        package = fetch(PACKAGE, Path(folder))
        countries = json.loads((package / "countries-50m.json").read_text("utf-8"))
        land = json.loads((package / "land-110m.json").read_text("utf-8"))
    write(DATA / "world_countries.geojson", features(countries, "countries"))
    write(DATA / "world_land.geojson", features(land, "land"))


def fetch(package: str, folder: Path) -> Path:
    """Folder of an npm package's files, fetched by name into `folder`."""
    subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def features(topology: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """GeoJSON features of the collection `name`; only ``name`` and the numeric code are kept."""
    arcs = [decode(arc, topology["transform"]) for arc in topology["arcs"]]
    return [
        {
            "type": "Feature",
            "properties": dict(item.get("properties", {}), code=item.get("id")),
            "geometry": geometry(item, arcs),
        }
        for item in topology["objects"][name]["geometries"]
    ]


def decode(arc: list[list[int]], transform: dict[str, list[float]]) -> list[list[float]]:
    """Positions of a delta-encoded, quantised arc (TopoJSON specification, 2.1.4)."""
    (kx, ky), (dx, dy) = transform["scale"], transform["translate"]
    xs = accumulate(step[0] for step in arc)
    ys = accumulate(step[1] for step in arc)
    return [
        [round(x * kx + dx, DECIMALS), round(y * ky + dy, DECIMALS)]
        for x, y in zip(xs, ys, strict=True)
    ]


def geometry(item: dict[str, Any], arcs: list[list[list[float]]]) -> dict[str, Any]:
    """The item as a valid MultiPolygon; what rounding collapsed is left out."""
    polygons = item["arcs"] if item["type"] == "MultiPolygon" else [item["arcs"]]
    rings = [[ring(indices, arcs) for indices in polygon] for polygon in polygons]
    kept = [[r for r in polygon if len(r) > 3] for polygon in rings if len(polygon[0]) > 3]
    sound = make_valid(shape({"type": "MultiPolygon", "coordinates": kept}))
    parts = [p for p in get_parts(get_parts(sound)) if isinstance(p, Polygon)]
    return dict(mapping(MultiPolygon(parts)))


def ring(indices: list[int], arcs: list[list[list[float]]]) -> list[list[float]]:
    """One closed ring; a negative index ``~i`` runs arc i backwards; repeated points go."""
    points: list[list[float]] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(point for point in arc if not points or point != points[-1])
    return points


def write(path: Path, items: list[dict[str, Any]]) -> None:
    """Compact, one feature a line, so that differences read well."""
    lines = ",\n".join(json.dumps(i, ensure_ascii=False, separators=(",", ":")) for i in items)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8")
    print(f"{path}: {len(items)} features, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
