"""Districts by any of their names, by code, from a file or from a box.

The districts of Azerbaijan ship with the package (Natural Earth 1:10m, see ``data/SOURCES.md``).
Another source of the same district is another polygon: Who's On First's and Natural Earth's
Kalbajar share 87 % of their union, so what lies inside is a question to one polygon and never to a
name.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import shapely
from pyproj import Geod
from shapely.geometry import shape

from satdesk.core.place import District, Name, Site, Source
from satdesk.errors import BrokenInputError, UnknownNameError, UsageError
from satdesk.files.vectors import Feature, read_features
from satdesk.places.names import folded, matches, nearest

__all__ = [
    "contains",
    "district",
    "district_from_box",
    "district_from_file",
    "districts",
    "find_districts",
]

_NAME_COLUMNS = ("name", "wof:name", "name_1", "shapename", "admin2name", "title")
_CODE_COLUMNS = ("iso", "iso_3166_2", "code", "shapeiso", "wof:id")
_ISO_639 = {
    "aze": "az",
    "eng": "en",
    "hye": "hy",
    "kat": "ka",
    "rus": "ru",
    "tur": "tr",
    "fas": "fa",
}
"""Three-letter codes whose two-letter form BCP 47 wants."""
_SHIPPED = Source(
    title="Natural Earth 1:10m admin-1",
    licence="public domain",
    reference="npm @superset-ui/legacy-plugin-chart-country-map 0.20.3",
)
"""Its date, viewpoint and validity are not stated by the package: unknown."""


@cache
def districts() -> tuple[District, ...]:
    """Every district that ships, in the order of its source."""
    text = files("satdesk").joinpath("data/districts_az.geojson").read_text("utf-8")
    return tuple(_shipped(item) for item in json.loads(text)["features"])


def find_districts(query: str) -> tuple[District, ...]:
    """All shipped districts that bear the name, code or id `query`; may be several.

    Case, diacritics and apostrophes do not matter. A code (``AZ-KAL``) is compared as a whole.

    Raises:
        UnknownNameError: Nobody bears it; the nearest names are given.
    """
    found = tuple(d for d in districts() if matches(query, _labels(d)))
    if not found:
        raise UnknownNameError(
            f"no district is called {query!r}",
            nearest=nearest(query, (label for d in districts() for label in _labels(d))),
            remedy="give a file with the polygon, or a box",
        )
    return found


def district(query: str) -> District:
    """The one shipped district of that name, code or id.

    Raises:
        UnknownNameError: Nobody bears it (nearest names given), or several do (their ids given).
    """
    found = find_districts(query)
    if len(found) > 1:
        raise UnknownNameError(
            f"{len(found)} districts answer to {query!r}: "
            + "; ".join(_described(d) for d in found)
            + ". Ask for one of them by its id",
            nearest=tuple(d.id for d in found),
        )
    return found[0]


def contains(area: District, site: Site) -> bool:
    """Whether the site lies in this very polygon; False where the site has no geometry.

    A site on the boundary counts as inside. For a site with an extent the whole of it must lie
    inside. The site's uncertainty is not applied: ask `site.uncertainty_m`.
    """
    return site.geometry is not None and bool(area.geometry.covers(site.geometry))


def district_from_box(
    box: tuple[float, float, float, float], *, name: str, source: str | None = None
) -> District:
    """A district that is a box of meridians and parallels.

    Args:
        box: West, south, east, north in degrees; west above east = across the antimeridian.
        name: What it is called.
        source: Who chose it; the default says that it was chosen and never drawn as a boundary.
    """
    west, south, east, north = box
    if -180 <= east < 0 < west <= 180:
        east += 360
    if not (-180 <= west < east <= 360 and -90 <= south < north <= 90):
        raise UsageError(
            "not a box on earth",
            found=", ".join(f"{value:g}" for value in box),
            expected="west, south, east, north in degrees",
        )
    return District(
        id=f"box:{west:g},{south:g},{east:g},{north:g}",
        names=(Name(text=name),),
        geometry=shapely.box(west, south, east, north),
        source=Source(
            title=source or "a box chosen for this release; not an administrative border"
        ),
        contested=False,
    )


def district_from_file(  # noqa: PLR0913 - the facts that a boundary must carry, all by keyword
    path: Path,
    *,
    key: str | None = None,
    name: str | None = None,
    source: str | None = None,
    source_date: str | None = None,
    viewpoint: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    licence: str | None = None,
    contested: bool = True,
    country: str | None = None,
    time_zone: str | None = None,
) -> District:
    """A district from a polygon that somebody drew.

    Args:
        path: Anything that `files.vectors.read_features` reads.
        key: Which feature: its id, any property that equals it, or ``#3`` for the third. Needed
            where the file holds several polygons.
        name: What to call it; default: the feature's own name.
        source: Who drew it; default: the file's name.
        source_date: Date of that source; None = unknown, as for all that follow.
        viewpoint: Whose view of the boundary it is.
        valid_from: From when the boundary holds.
        valid_to: Until when.
        licence: Its terms.
        contested: True draws it dashed with a disclaimer.
        country: ISO 3166-1 alpha-2.
        time_zone: IANA name.

    Raises:
        InputError: What `read_features` raises.
        UnknownNameError: `key` fits no polygon or several, or is missing where there are several.
        BrokenInputError: The file holds no polygon.
        UsageError: The feature has no name and none was given.
    """
    feature = _chosen(path, _polygons(path), key)
    names = _required_names(path, feature, name)
    return District(
        id=f"{path.stem}:{_identity(feature) or key or names[0].text}",
        names=names,
        geometry=feature.geometry,
        source=Source(
            title=_with_repair(source or path.name, feature),
            licence=licence,
            date=source_date,
            viewpoint=viewpoint,
            valid_from=valid_from,
            valid_to=valid_to,
            reference=path.name,
        ),
        codes=tuple((column, code) for column, code in _own_codes(feature)),
        contested=contested,
        country=country,
        time_zone=time_zone,
    )


def _required_names(path: Path, feature: Feature, name: str | None) -> tuple[Name, ...]:
    names = _names(feature, name, path.name)
    if not names:
        raise UsageError(
            "the polygon has no name", subject=path, remedy="give one (title in the recipe)"
        )
    return names


def _shipped(item: dict) -> District:  # type: ignore[type-arg]  # a GeoJSON feature of ours
    return District(
        id=f"ne10m:{item['id']}",
        names=tuple(Name(**name) for name in item["properties"]["names"]),
        geometry=shape(item["geometry"]),
        source=_SHIPPED,
        codes=(("ISO 3166-2", item["properties"]["iso"]),),
        contested=True,
        country="AZ",
        time_zone="Asia/Baku",
    )


def _labels(area: District) -> tuple[str, ...]:
    codes = tuple(code for _, code in area.codes)
    return (*(name.text for name in area.names), *codes, area.id)


def _described(area: District) -> str:
    # the orientation of the rings decides the sign
    m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(area.geometry)[0])
    return f"{area.id} ({area.title}, {m2 / 1e6:.0f} km²)"


def _polygons(path: Path) -> dict[str, Feature]:
    """The polygons of the file by ``#number``, counted from 1 among all its features."""
    features = read_features(path)
    kinds = {one.geometry.geom_type for one in features if one.geometry is not None}
    polygons = {
        f"#{number}": feature
        for number, feature in enumerate(features, start=1)
        if feature.geometry is not None
        and feature.geometry.geom_type in {"Polygon", "MultiPolygon"}
    }
    if not polygons:
        raise BrokenInputError(
            "the file holds no polygon",
            subject=path,
            found=", ".join(sorted(kinds)) or "features without a geometry",
            expected="a polygon",
            remedy="close the line, or draw the area, in the program that wrote it",
        )
    return polygons


def _chosen(path: Path, polygons: dict[str, Feature], key: str | None) -> Feature:
    found = {n: f for n, f in polygons.items() if key is None or key == n or _answers(f, key)}
    if len(found) == 1:
        return next(iter(found.values()))
    labels = tuple(_label(number, feature) for number, feature in (found or polygons).items())
    if found:
        said = "the file has" if key is None else f"{key!r} fits"
        raise UnknownNameError(
            f"{said} {len(found)} polygons: choose one by its number, {', '.join(labels[:10])}",
            subject=path,
            nearest=tuple(found)[:10],
        )
    raise UnknownNameError(
        f"no polygon answers to {key!r}",
        subject=path,
        nearest=nearest(str(key), (n for f in polygons.values() for n in _own_names(f))),
        remedy="give the id, a name or the number of one feature, such as " + labels[0],
    )


def _answers(feature: Feature, key: str) -> bool:
    texts = (str(value) for _, value in feature.properties if isinstance(value, str | int))
    named = (*texts, *_own_names(feature))
    return key == feature.id or any(folded(key) == folded(text) for text in named)


def _label(number: str, feature: Feature) -> str:
    return f"{number} ({next(iter(_own_names(feature)), feature.id or 'without a name')})"


def _identity(feature: Feature) -> str | None:
    return feature.id or next((code for _, code in _own_codes(feature)), None)


def _names(feature: Feature, name: str | None, source: str) -> tuple[Name, ...]:
    """The given name first, then all of the feature's own."""
    tagged: dict[str, str | None] = {} if name is None else {name: None}
    for text, language in _tagged_names(feature):
        if tagged.get(text) is None:
            tagged[text] = language
    return tuple(Name(text=t, language=tag, source=source) for t, tag in tagged.items())


def _own_names(feature: Feature) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text, _ in _tagged_names(feature)))


def _tagged_names(feature: Feature) -> tuple[tuple[str, str | None], ...]:
    """Name and language: the usual columns, and Who's On First's ``name:LANGUAGE_x_KIND`` lists."""
    main = tuple((str(feature.get(c)), None) for c in _NAME_COLUMNS if feature.get(c))
    listed = (
        (text, key.removeprefix("name:").partition("_x_")[0])
        for key, values in feature.properties
        if key.startswith("name:") and isinstance(values, list)
        for text in values
        if isinstance(text, str) and text.strip()
    )
    return (*main, *((text, _ISO_639.get(code, code)) for text, code in listed))


def _own_codes(feature: Feature) -> tuple[tuple[str, str], ...]:
    return tuple((c, str(feature.get(c))) for c in _CODE_COLUMNS if feature.get(c) is not None)


def _with_repair(title: str, feature: Feature) -> str:
    return f"{title} (invalid polygon repaired)" if feature.repaired else title
