"""Loose raster files: images with an RPC, and images that somebody has georeferenced already.

Nothing is invented. Bands are known where the caller names them, a plane's description or colour
does, or an OSSIM ``.geom`` beside the file lists them; a date only where a tag or the ``.geom``
states it.

**Positional lists.** An OSSIM ``.geom`` made from Pléiades lists ``band_name_list`` in the order of
the file's planes (``B2 B1 B0 B3``), but ``physical_gain``, ``physical_bias`` and
``solar_irradiance`` in the order of ids, B0 B1 B2 B3, as the DIMAP lists them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from satdesk.bundles.checks import different_acquisitions, image_problems
from satdesk.bundles.format import relative_name
from satdesk.bundles.map_or_model import Placed, place_problems, placed
from satdesk.core.bands import Band
from satdesk.core.scene import (
    Acquisition,
    Angles,
    BandCalibration,
    ImageTile,
    Problem,
    Scene,
    SourceImage,
)
from satdesk.errors import BrokenInputError, UndeclaredInputError, UsageError
from satdesk.files.rasters import FileFacts, describe_file
from satdesk.files.rpcs import RpcFile
from satdesk.files.xml import read_bounded

__all__ = ["GeoTiff", "Loose", "open_loose"]

_SUFFIXES = {".tif", ".tiff", ".jp2", ".ntf", ".nitf", ".vrt", ".img", ".png"}
_BAND_NAMES = {
    "b": "B",
    "blue": "B",
    "g": "G",
    "green": "G",
    "r": "R",
    "red": "R",
    "n": "NIR",
    "nir": "NIR",
    "nir1": "NIR",
    "nearinfrared": "NIR",
    "p": "PAN",
    "pan": "PAN",
    "panchromatic": "PAN",
    # Sentinel-2's own ids
    "b02": "B",
    "b03": "G",
    "b04": "R",
    "b08": "NIR",
}
_AIRBUS_IDS = ("B0", "B1", "B2", "B3")
_AIRBUS_NAMES = {"b0": "B", "b1": "G", "b2": "R", "b3": "NIR"}
"""Only where B0 is among them: Landsat and Sentinel-2 count from B1 and mean other bands by B2."""
_COLOURS = {"red": "R", "green": "G", "blue": "B"}
_TRANSPARENCY = re.compile(r"(?i)\ba\b|alpha|mask|opaci|transparen")
_SAME_ACQUISITION_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """What a caller states about loose files; None = let the files say.

    Attributes:
        rpc: RPC of the PAN or only image.
        ms_rpc: RPC of the MS image.
        bands: Names in the order of the planes (of the MS or only image).
        nodata: The count that means "no data".
        acquisition: When it was taken.
        mission: Satellite.
        credit: Copyright line.
        geometry: ``map`` or ``model``, where an image has a map and an RPC.
    """

    rpc: Path | None = None
    ms_rpc: Path | None = None
    bands: tuple[str, ...] | None = None
    nodata: float | None = None
    acquisition: Acquisition | None = None
    mission: str | None = None
    credit: str | None = None
    geometry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoTiff:
    """One raster file, or a folder that holds a single one."""

    name: str = "geotiff"

    def matches(self, path: Path) -> bool:
        """Whether `path` is a raster by its name, or a folder with exactly one at its top."""
        return self.raster(path) is not None

    def raster(self, path: Path) -> Path | None:
        """The raster that `path` is, or the only one at a folder's top; else None."""
        return _only_raster(path)

    def open(self, path: Path) -> Scene:
        """Describe the scene of one raster file."""
        file = _only_raster(path)
        if file is None:
            raise UsageError("not a single raster file", subject=path)
        return open_loose({"image": file}, Loose())


def open_loose(files: Mapping[str, Path], stated: Loose) -> Scene:
    """A scene from files named by role: ``pan`` and ``ms``, or ``image``.

    Raises:
        InputError: A file is absent, unreadable or contradicts itself, or two RPCs disagree.
        UndeclaredInputError: The bands of a file are told by nobody.
    """
    parts = [
        _part(role, path, stated, stated.ms_rpc if role == "ms" else stated.rpc)
        for role, path in files.items()
    ]
    first = parts[0]
    root = first.facts.path.parent
    acquisition = stated.acquisition or next((p.acquisition for p in parts if p.acquisition), None)
    mission = stated.mission or first.support.get("SUPPORT_DATA.SENSORID") or _satellite(first)
    problems = [problem for part in parts for problem in image_problems(root, part.image)]
    problems += _pairing(root, parts)
    problems += [_model_missing(root, part) for part in parts if _lacks_model(part)]
    for part in parts:
        problems += place_problems(part.place, relative_name(root, part.facts.path))
    problems += [
        _domain_problem(root, part.rpc, text)
        for part in parts
        if part.rpc is not None
        for text in part.rpc.notices
    ]
    return Scene(
        id=first.facts.path.stem,
        mission=None if mission is None else _mission(mission),
        instrument=first.support.get("SUPPORT_DATA.INSTRUMENT"),
        profile="GeoTIFF + RPC" if first.rpc is not None else "GeoTIFF",
        level=first.support.get("SUPPORT_DATA.PROCESSING_LEVEL"),
        acquisition=acquisition,
        images=tuple(part.image for part in parts),
        angles=_angles(first.support),
        credit=stated.credit or _tag(first.facts, "TIFFTAG_COPYRIGHT"),
        facts=tuple(fact for part in parts for fact in _facts(part)),
        problems=tuple(problems),
        simulated=any(_simulated(part) for part in parts) or "SIMULATED" in (mission or "").upper(),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    image: SourceImage
    facts: FileFacts
    place: Placed
    rpc: RpcFile | None
    support: Mapping[str, str]
    acquisition: Acquisition | None
    files: tuple[Path, ...]


def _part(role: str, path: Path, stated: Loose, rpc_file: Path | None) -> _Part:
    facts = describe_file(path)
    geom = path.with_suffix(".geom")
    support = _geom(geom) if geom.is_file() else {}
    place = placed(facts, rpc_file, stated.geometry)
    rpc = place.rpc
    bands = _bands(role, facts, support, stated.bands if role != "pan" else None)
    image = SourceImage(
        id=_id(role, bands),
        tiles=(ImageTile(path=path, shape=facts.shape),),
        grid=place.grid,
        bands=bands,
        dtype=facts.dtype,
        model=None if rpc is None else rpc.model,
        model_source=None if rpc is None else rpc.path,
        calibration=_calibration(bands, support, geom),
        nodata=_nodata(facts, stated),
        gsd_m=_gsd(support),
        native_gsd_m=None,
    )
    sources = [] if rpc is None else [rpc.path]
    files = [path, *facts.siblings, *sources, *([geom] if support else [])]
    return _Part(
        image=image,
        facts=facts,
        place=place,
        rpc=rpc,
        support=support,
        acquisition=_acquisition(facts, support),
        files=tuple(dict.fromkeys(files)),
    )


def _nodata(facts: FileFacts, stated: Loose) -> float | None:
    """Stated, else declared; NaN needs no declaration, for it is never a measurement."""
    nodata = stated.nodata if stated.nodata is not None else facts.nodata
    return None if nodata is None or math.isnan(nodata) else nodata


def _only_raster(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in _SUFFIXES else None
    if not path.is_dir():
        return None
    shown = (entry for entry in sorted(path.iterdir()) if not entry.name.startswith("."))
    rasters = [entry for entry in shown if entry.suffix.lower() in _SUFFIXES]
    return rasters[0] if len(rasters) == 1 and rasters[0].is_file() else None


def _id(role: str, bands: tuple[Band, ...]) -> str:
    if role != "image":
        return role
    return "pan" if len(bands) == 1 and bands[0].name == "PAN" else "ms"


def _bands(
    role: str, facts: FileFacts, support: Mapping[str, str], stated: tuple[str, ...] | None
) -> tuple[Band, ...]:
    """Stated names, else the ``.geom``'s list, else descriptions, else colours."""
    if "palette" in facts.colours:
        raise BrokenInputError(
            "the image holds indices into a palette, not measurements",
            subject=facts.path,
            found=f"planes of {', '.join(facts.colours)}",
            expected="counts or reflectance",
            remedy="expand it (gdal_translate -expand rgb), or take the image it was made from",
        )
    alpha = sum(colour == "alpha" for colour in facts.colours)
    count = facts.count - alpha
    if stated is not None:
        if len(stated) not in {count, facts.count}:
            raise UsageError(
                "the number of band names is not that of the planes",
                subject=facts.path,
                found=f"{len(stated)} names ({', '.join(stated)})",
                expected=f"{count} names",
            )
        return _named(facts.path, stated)
    listed = _words(support.get("SUPPORT_DATA.BAND_NAME_LIST"))
    if len(listed) == facts.count:
        return _named(facts.path, listed)
    every = [text for text in facts.descriptions if text]
    if alpha and len(every) == facts.count and not _TRANSPARENCY.search(every[-1]):
        # GDAL takes the fourth plane of bytes for transparency; its own name says what it is.
        return _named(facts.path, every)
    described = [text for text in facts.descriptions[:count] if text]
    if len(described) == count:
        return _named(facts.path, described)
    coloured = [_COLOURS.get(colour) for colour in facts.colours[:count]]
    if count == 3 and set(coloured) == {"R", "G", "B"}:
        return tuple(Band(name=name) for name in coloured if name is not None)
    if count == 1 and role in {"pan", "image"}:
        return (Band(name="PAN"),) if role == "pan" else (Band(name="gray"),)
    raise UndeclaredInputError(
        "nobody says which bands the image has",
        subject=facts.path,
        found=f"{facts.count} plane(s), described as {', '.join(map(str, facts.descriptions))}",
        expected="a name for every plane",
        remedy='name them in the order of the planes, such as bands = ["B", "G", "R", "NIR"]',
    )


def _named(path: Path, texts: Sequence[str]) -> tuple[Band, ...]:
    """Bands by our names where the words are known ones, else by the provider's."""
    words = [re.sub(r"[^a-z0-9]", "", text.lower()) for text in texts]
    known = _BAND_NAMES | (_AIRBUS_NAMES if "b0" in words else {})
    names = [known.get(word, text.strip()) for word, text in zip(words, texts, strict=True)]
    if len(set(names)) != len(names):
        raise BrokenInputError(
            "two planes of the image bear one name",
            subject=path,
            found=", ".join(texts),
            expected="another name for every plane",
            remedy="name the planes in their order with --bands",
        )
    return tuple(
        Band(name=name, provider_id=None if text.strip() == name else text.strip())
        for name, text in zip(names, texts, strict=True)
    )


def _calibration(
    bands: tuple[Band, ...], support: Mapping[str, str], geom: Path
) -> tuple[BandCalibration, ...] | None:
    gains = _numbers(geom, support, "PHYSICAL_GAIN")
    biases = _numbers(geom, support, "PHYSICAL_BIAS")
    suns = _numbers(geom, support, "SOLAR_IRRADIANCE")
    ids = tuple(band.provider_id or band.name for band in bands)
    # One value alone belongs to the only band; four stand in the order of ids (see above).
    order = ids if len(ids) == 1 else _AIRBUS_IDS
    if len(gains) != len(order) or set(ids) != set(order):
        return None
    by_id = {
        name: BandCalibration(
            gain=gains[i],
            bias=biases[i] if len(biases) == len(order) else 0.0,
            irradiance=suns[i] if len(suns) == len(order) else None,
        )
        for i, name in enumerate(order)
    }
    return tuple(by_id[name] for name in ids)


def _acquisition(facts: FileFacts, support: Mapping[str, str]) -> Acquisition | None:
    """From the ``.geom``, or from what GDAL knows of the acquisition (not the file's making)."""
    known = dict(facts.imagery).get("ACQUISITIONDATETIME")
    in_utc = None if known is None else f"{known}Z"
    text = support.get("SUPPORT_DATA.IMAGE_DATE") or in_utc
    if text is None:
        return None
    shorter = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", shorter):
            return Acquisition.on(date.fromisoformat(shorter))
        instant = datetime.fromisoformat(shorter)
    except ValueError:
        raise BrokenInputError(
            "a time in the metadata does not exist", subject=facts.path, found=repr(text[:60])
        ) from None
    if instant.tzinfo is None:
        # A .geom copies DIMAP's time, which may lack the Z.
        return Acquisition.on(instant.date())
    return Acquisition.at(instant.astimezone(UTC))


def _angles(support: Mapping[str, str]) -> tuple[Angles, ...]:
    """The centre's angles; azimuth_angle and elevation_angle of a ``.geom`` are the sun's."""
    names = ("AZIMUTH_ANGLE", "ELEVATION_ANGLE", "INCIDENT_ANGLE", "VIEWING_ANGLE")
    listed = {name: _words(support.get(f"SUPPORT_DATA.{name}")) for name in names}
    middle = {
        name: float(words[len(words) // 2])
        for name, words in listed.items()
        if words and all(map(_is_number, words))
    }
    if not middle:
        return ()
    return (
        Angles(
            where="center",
            incidence_deg=middle.get("INCIDENT_ANGLE"),
            viewing_deg=middle.get("VIEWING_ANGLE"),
            sun_elevation_deg=middle.get("ELEVATION_ANGLE"),
            sun_azimuth_deg=middle.get("AZIMUTH_ANGLE"),
        ),
    )


def _facts(part: _Part) -> list[tuple[str, str]]:
    prefix = f"{part.image.id}."
    facts = [(f"{prefix}driver", part.facts.driver), (f"{prefix}file", part.facts.path.name)]
    if part.rpc is not None:
        facts += [
            (f"{prefix}rpc_profile", part.rpc.profile),
            (f"{prefix}rpc_counts_from", part.rpc.counts_from),
            (f"{prefix}rpc_file", part.rpc.path.name),
        ]
    if part.place.chosen is not None:
        facts.append((f"{prefix}geometry_chosen", part.place.chosen))
    if part.place.map_height_m is not None:
        left = f"{part.facts.crs} at {part.place.map_height_m:.0f} m above the ellipsoid"
        facts.append((f"{prefix}map_left_aside", left))
    if part.image.calibration is not None:
        facts.append((f"{prefix}calibration_source", part.facts.path.with_suffix(".geom").name))
    facts += [
        (f"{prefix}{key}", value)
        for key, value in part.facts.tags
        if len(value) <= 200 and key.startswith("TIFFTAG_")
    ]
    return facts


def _pairing(root: Path, parts: list[_Part]) -> list[Problem]:
    """PAN and MS must be of one moment where both state one."""
    problems = []
    for other in parts[1:]:
        one, two = parts[0].acquisition, other.acquisition
        if one is None or two is None:
            continue
        apart = 0.0
        if one.instant is not None and two.instant is not None:
            apart = abs((two.instant - one.instant).total_seconds())
        elif one.day != two.day:
            apart = 86400.0
        if apart > _SAME_ACQUISITION_S:
            told, wanted = (str(a.instant or a.day) for a in (two, one))
            problems.append(different_acquisitions(root, other.facts.path, told, wanted))
    return problems


def _lacks_model(part: _Part) -> bool:
    return part.image.grid.crs is None and part.image.model is None


def _model_missing(root: Path, part: _Part) -> Problem:
    return Problem(
        code="model-missing",
        file=relative_name(root, part.facts.path),
        found=(
            f"{part.facts.gcps} ground control points alone, which are not used here"
            if part.facts.gcps
            else "neither a CRS nor an RPC, in the image or beside it under its own name"
        ),
        expected="an image on a map, or one with an RPC",
        remedy="name the RPC with --rpc FILE",
        blocks=True,
    )


def _domain_problem(root: Path, rpc: RpcFile, text: str) -> Problem:
    return Problem(
        code="rpc-notice",
        file=relative_name(root, rpc.path),
        found=text,
        expected="an RPC that states its offset and domain plainly",
        remedy="check one known place with satdesk project",
    )


def _geom(path: Path) -> dict[str, str]:
    """OSSIM's keyword list; lists stand between triple quotes."""
    text = read_bounded(path, 4 * 1024 * 1024).decode("latin-1")
    pairs = re.findall(r"^([\w.]+):\s*(.*?)\s*$", text, re.MULTILINE)
    return {key.upper(): value.strip('"').strip() for key, value in pairs}


def _words(text: str | None) -> list[str]:
    return [] if text is None else text.split()


def _numbers(path: Path, support: Mapping[str, str], name: str) -> list[float]:
    words = _words(support.get(f"SUPPORT_DATA.{name}"))
    if not all(_is_number(word) for word in words):
        raise BrokenInputError(
            f"{name.lower()} is not a list of numbers", subject=path, found=" ".join(words)[:100]
        )
    return [float(word) for word in words]


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", word) is not None


def _gsd(support: Mapping[str, str]) -> tuple[float, float] | None:
    x, y = support.get("METERS_PER_PIXEL_X"), support.get("METERS_PER_PIXEL_Y")
    if x is None or y is None or not (_is_number(x) and _is_number(y)):
        return None
    return float(x), float(y)


def _tag(facts: FileFacts, name: str) -> str | None:
    return dict(facts.tags).get(name)


def _satellite(part: _Part) -> str | None:
    return dict(part.facts.imagery).get("SATELLITEID")


def _mission(text: str) -> str:
    """``PHR 1B`` as the register of satellites writes it."""
    return re.sub(r"^PHR\b", "Pléiades", text.strip('"'))


def _simulated(part: _Part) -> bool:
    told = (*part.support.values(), *(value for _, value in part.facts.tags))
    return any("SIMULATED" in value.upper() for value in told) or "SIMULATED" in (
        part.facts.path.stem.upper()
    )
