"""The dialects in which an RPC is written: each turns a file's text into numbers of its own count.

| profile | written as | first pixel's centre counts as |
|---|---|---|
| ``PHR_SENSOR``, ``S6_SENSOR``, ``S7_SENSOR`` and other DIMAP v2 | DIMAP XML, inverse model | 1 |
| ``PNEO_SENSOR`` | DIMAP XML, ground-to-image values | 0 |
| ``rpc-text`` | ``_RPC.TXT`` (IKONOS, Planet, OrbView, GDAL) | 0 |
| ``rpb`` | DigitalGlobe's ``.RPB`` | 0 |
| ``worldview-xml`` | DigitalGlobe's XML with an ``RPB`` block | 0 |
| ``ossim-geom`` | OSSIM keyword list, polynomial format B | 0 |
| ``gdal-pam`` | GDAL's ``.aux.xml`` beside an image whose format keeps no tags | 0 |
| ``tags`` | GeoTIFF's RPCCoefficientTag, NITF's RPC00B, as GDAL reports them | 0 |

Sources: STDI-0002 (NITF), appendix E, for RPC00B: pixel (0, 0) is the *centre* of the first pixel.
The Pléiades and the SPOT 6/7 Imagery User Guides: DIMAP v2 counts the first centre as (1, 1).
GDAL issue 5716 carries Airbus's own word that Pléiades Neo counts it as (0, 0).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from satdesk.errors import BrokenInputError
from satdesk.files.xml import Node
from satdesk.geometry.rpc import RPC, Domain

__all__ = [
    "PAM_RPC",
    "Written",
    "from_dimap",
    "from_keywords",
    "from_ossim",
    "from_pam",
    "from_rpb",
    "from_worldview",
]

PAM_RPC = ".//Metadata[@domain='RPC']"
"""Where GDAL's ``.aux.xml`` holds an RPC."""

_OFFSETS = {
    "line_off": "LINE_OFF",
    "samp_off": "SAMP_OFF",
    "lat_off": "LAT_OFF",
    "lon_off": "LONG_OFF",
    "height_off": "HEIGHT_OFF",
    "line_scale": "LINE_SCALE",
    "samp_scale": "SAMP_SCALE",
    "lat_scale": "LAT_SCALE",
    "lon_scale": "LONG_SCALE",
    "height_scale": "HEIGHT_SCALE",
}
_CUBICS = {
    "line_num": "LINE_NUM_COEFF",
    "line_den": "LINE_DEN_COEFF",
    "samp_num": "SAMP_NUM_COEFF",
    "samp_den": "SAMP_DEN_COEFF",
}
_FROM_ZERO = "0"
_FROM_ONE = "1"
_SHIFT = {_FROM_ZERO: 0.5, _FROM_ONE: -0.5}
"""What turns a file's count into ours, whose first centre is 0.5."""

Number = Callable[[str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A model as one dialect wrote it, in our count.

    Attributes:
        model: Offsets from the outer corner of the first pixel.
        profile: See the table above.
        counts_from: How the file counts its first pixel's centre: ``"0"`` or ``"1"``.
        notices: What had to be set right or left out, as sentences.
    """

    model: RPC
    profile: str
    counts_from: str
    notices: tuple[str, ...] = ()


def from_dimap(root: Node) -> Written:
    """DIMAP XML of SPOT 6/7, Pléiades and Pléiades Neo.

    The 2013 SPOT 6 files write OFF = LAST/2 where Pléiades writes (FIRST + LAST)/2. OFF is where
    the polynomial is centred, not the image's middle: both are taken as they stand, in the count
    from 1 that the format declares.
    """
    profile = root.text("Metadata_Identification/METADATA_PROFILE") or "DIMAP"
    values = root.find(".//GroundtoImage_Values") or root.find(".//Inverse_Model")
    validity = root.find(".//RFM_Validity")
    if values is None or validity is None:
        raise BrokenInputError(
            "the DIMAP file holds no ground-to-image model",
            subject=root.path,
            expected="Inverse_Model or GroundtoImage_Values, and RFM_Validity",
        )
    counts_from = _FROM_ZERO if profile.startswith("PNEO") else _FROM_ONE
    numbers = {name: validity.required_number(key) for name, key in _OFFSETS.items()}
    cubics = {
        name: tuple(values.required_number(f"{key}_{i}") for i in range(1, 21))
        for name, key in _CUBICS.items()
    }
    domain, notices = _dimap_domain(validity, numbers)
    model = _model(root.path, numbers, cubics, _SHIFT[counts_from], domain)
    notices += _off_center(validity, numbers)
    return Written(model=model, profile=profile, counts_from=counts_from, notices=notices)


def from_keywords(path: Path, keywords: Mapping[str, str], profile: str) -> Written:
    """``LINE_OFF`` … ``SAMP_DEN_COEFF_20`` (or lists of 20), with or without units."""
    number = _reader(path, keywords)
    numbers = {name: number(key) for name, key in _OFFSETS.items()}
    cubics = {name: _listed_or_numbered(path, keywords, key) for name, key in _CUBICS.items()}
    edges = [keywords.get(key) for key in ("MIN_LONG", "MAX_LONG", "MIN_LAT", "MAX_LAT")]
    domain: Domain | None = None
    notices: tuple[str, ...] = ()
    if all(edge is not None for edge in edges):
        bounds = tuple(_float(path, key, edge) for key, edge in zip("WESN", edges, strict=True))
        domain, notices = _domain(bounds, numbers)
    model = _model(path, numbers, cubics, _SHIFT[_FROM_ZERO], domain)
    return Written(model=model, profile=profile, counts_from=_FROM_ZERO, notices=notices)


def from_pam(root: Node) -> Written:
    """GDAL's ``.aux.xml``: the keywords of the tags that it could not write into the image."""
    items = ((item.attribute("key"), item.text()) for item in root.all(f"{PAM_RPC}/MDI"))
    keywords = {key.upper(): text for key, text in items if key and text}
    return from_keywords(root.path, keywords, "gdal-pam")


def from_ossim(path: Path, keywords: Mapping[str, str]) -> Written:
    """OSSIM's keyword list; its offsets are one less than those of the DIMAP it was made from."""
    polynomial = keywords.get("POLYNOMIAL_FORMAT", "B").strip('"')
    moved = [
        key
        for key, value in keywords.items()
        if re.fullmatch(r"ADJUSTMENT_\d+\.ADJ_PARAM_\d+\.PARAMETER", key)
        and _float(path, key, value) != 0
    ]
    if polynomial != "B" or moved:
        raise BrokenInputError(
            "the OSSIM model is of a kind that is not read here",
            subject=path,
            found=f"polynomial format {polynomial}, adjusted {', '.join(moved) or 'nowhere'}",
            expected="polynomial_format B without adjustments",
            remedy="give the provider's own RPC with --rpc",
        )
    number = _reader(path, keywords)
    numbers = {name: number(key) for name, key in _OFFSETS.items()}
    cubics = {
        name: tuple(number(f"{key}_{i:02d}") for i in range(20)) for name, key in _CUBICS.items()
    }
    model = _model(path, numbers, cubics, _SHIFT[_FROM_ZERO], None)
    return Written(model=model, profile="ossim-geom", counts_from=_FROM_ZERO)


_RPB_NAMES = {
    "line_off": "lineOffset",
    "samp_off": "sampOffset",
    "lat_off": "latOffset",
    "lon_off": "longOffset",
    "height_off": "heightOffset",
    "line_scale": "lineScale",
    "samp_scale": "sampScale",
    "lat_scale": "latScale",
    "lon_scale": "longScale",
    "height_scale": "heightScale",
}
_RPB_CUBICS = {
    "line_num": "lineNumCoef",
    "line_den": "lineDenCoef",
    "samp_num": "sampNumCoef",
    "samp_den": "sampDenCoef",
}


def from_rpb(path: Path, text: str) -> Written:
    """DigitalGlobe's ``.RPB``: ``lineOffset = 123;`` and ``lineNumCoef = ( …, … );``."""
    pairs = {k.lower(): v for k, v in re.findall(r"(\w+)\s*=\s*(\([^)]*\)|[^;\n]*);", text)}
    notices = _check_rpc00b(path, pairs.get("specid"))
    number = _reader(path, pairs)
    numbers = {name: number(key.lower()) for name, key in _RPB_NAMES.items()}
    cubics = {
        name: _listed(path, key, pairs.get(key.lower(), "").strip("()").replace(",", " "))
        for name, key in _RPB_CUBICS.items()
    }
    model = _model(path, numbers, cubics, _SHIFT[_FROM_ZERO], None)
    return Written(model=model, profile="rpb", counts_from=_FROM_ZERO, notices=notices)


def from_worldview(root: Node) -> Written:
    """DigitalGlobe's XML: the ``RPB/IMAGE`` block beside the image's metadata."""
    block = root.find(".//RPB")
    image = None if block is None else block.find("IMAGE")
    if block is None or image is None:
        raise BrokenInputError(
            "the XML holds no RPB/IMAGE block", subject=root.path, expected="an RPC"
        )
    _check_rpc00b(root.path, block.text("SPECID"))
    numbers = {name: image.required_number(key.upper()) for name, key in _RPB_NAMES.items()}
    cubics = {
        name: _listed(root.path, key, image.required(f"{key.upper()}List/{key.upper()}"))
        for name, key in _RPB_CUBICS.items()
    }
    model = _model(root.path, numbers, cubics, _SHIFT[_FROM_ZERO], None)
    return Written(model=model, profile="worldview-xml", counts_from=_FROM_ZERO)


def _model(
    path: Path,
    numbers: Mapping[str, float],
    cubics: Mapping[str, tuple[float, ...]],
    shift: float,
    domain: Domain | None,
) -> RPC:
    values = dict(numbers)
    values["line_off"] += shift
    values["samp_off"] += shift
    try:
        return RPC(**values, **cubics, domain=domain)  # type: ignore[arg-type]  # keys are the fields
    except BrokenInputError as error:
        raise BrokenInputError(
            error.what,
            subject=path,
            found=error.found,
            expected=error.expected,
            remedy="ask the provider for the RPC again, or give another with --rpc",
        ) from error


def _dimap_domain(
    validity: Node, numbers: Mapping[str, float]
) -> tuple[Domain | None, tuple[str, ...]]:
    node = validity.find("GroundtoImage_Validity_Domain")
    if node is None:
        node = validity.find("Inverse_Model_Validity_Domain")
    if node is None:
        return None, ()
    edges = tuple(
        node.required_number(key) for key in ("FIRST_LON", "LAST_LON", "FIRST_LAT", "LAST_LAT")
    )
    return _domain(edges, numbers)


def _off_center(validity: Node, numbers: Mapping[str, float]) -> tuple[str, ...]:
    """A notice where OFF is LAST/2, not the middle of the declared FIRST … LAST."""
    node = validity.find("Direct_Model_Validity_Domain")
    if node is None:
        return ()
    for axis, key in (("COL", "samp_off"), ("ROW", "line_off")):
        first, last = node.number(f"FIRST_{axis}"), node.number(f"LAST_{axis}")
        if first is not None and last is not None and first != 0 and numbers[key] == last / 2:
            middle = (first + last) / 2
            notice = (
                f"the offset {numbers[key]:g} is LAST/2 where the middle of the declared "
                f"{first:g} to {last:g} is {middle:g}; it is taken as it stands, counted from 1, "
                "as the format declares"
            )
            return (notice,)
    return ()


def _domain(
    edges: tuple[float, ...], numbers: Mapping[str, float]
) -> tuple[Domain | None, tuple[str, ...]]:
    """The declared domain, or None and a notice where it cannot hold the model's own centre.

    The 2013 SPOT 6 files write latitudes under LON and longitudes under LAT. They are not put
    right here by guess: the model then stands on offset ± scale, and the notice says so.
    """
    west, east = edges[:2]
    south, north = sorted(edges[2:])
    # Either order of the longitudes is met; a span over 180° means across the antimeridian.
    west, east = min(west, east), max(west, east)
    if east - west > 180:
        west, east = east, west
    lon, lat = numbers["lon_off"], numbers["lat_off"]
    around = (lon - west) % 360 <= (east - west) % 360 and south <= lat <= north
    if not around or south == north or west == east:
        notice = (
            f"the declared validity domain (longitude {west:g} to {east:g}, latitude {south:g} to "
            f"{north:g}) does not hold the model's own centre {lon:g}, {lat:g}; offset ± scale is "
            "used instead"
        )
        return None, (notice,)
    half = abs(numbers["height_scale"])
    return (
        Domain(
            lon_min=west,
            lon_max=east,
            lat_min=south,
            lat_max=north,
            height_min=numbers["height_off"] - half,
            height_max=numbers["height_off"] + half,
        ),
        (),
    )


def _reader(path: Path, keywords: Mapping[str, str]) -> Number:
    def number(key: str) -> float:
        value = keywords.get(key)
        if value is None:
            raise BrokenInputError(f"the RPC lacks {key}", subject=path, expected="a number")
        return _float(path, key, value)

    return number


def _float(path: Path, key: str, text: str | None) -> float:
    """The first word as a number; units may follow it."""
    words = (text or "").strip().strip('"').split()
    try:
        return float(words[0].replace("D", "E").replace("d", "e"))
    except (IndexError, ValueError):
        raise BrokenInputError(
            f"the RPC's {key} is not a number", subject=path, found=repr(text), expected="a number"
        ) from None


def _listed(path: Path, key: str, text: str) -> tuple[float, ...]:
    return tuple(_float(path, key, word) for word in text.split())


def _listed_or_numbered(path: Path, keywords: Mapping[str, str], key: str) -> tuple[float, ...]:
    if key in keywords:
        return _listed(path, key, keywords[key])
    number = _reader(path, keywords)
    return tuple(number(f"{key}_{i}") for i in range(1, 21))


def _check_rpc00b(path: Path, spec: str | None) -> tuple[str, ...]:
    """RPC00A orders its 20 terms otherwise; reading it as RPC00B would be off by kilometres.

    Gaofen's and VRSS's ``.rpb`` leave the kind open (``SpecId = "XXX"``): they are read as RPC00B,
    as every reader of them does, with a notice.
    """
    kind = "RPC00B" if spec is None else spec.strip().strip('"').strip().upper()
    if kind == "RPC00B":
        return ()
    if kind.strip("X"):
        raise BrokenInputError(
            "the RPC is of another kind", subject=path, found=kind[:40], expected="RPC00B"
        )
    return (f"the file leaves open which kind of RPC it holds ({kind!r}); it is read as RPC00B",)
