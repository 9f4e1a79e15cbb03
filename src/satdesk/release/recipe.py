"""The recipe: the frozen settings of one release, from TOML.

The shape is fixed by ``schemas/recipe.schema.json`` and described in ``docs/reference/recipe.md``;
an unknown key is an error. Paths are relative to the recipe's folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from satdesk.core.arguments import door
from satdesk.errors import BrokenInputError, MissingInputError, UsageError
from satdesk.files.toml import parsed_toml
from satdesk.release.choices import (
    DisplayChoice,
    DistrictChoice,
    GridChoice,
    HoldsChoice,
    MasksChoice,
    MosaicChoice,
    RegistrationChoice,
    SceneChoice,
    SitesChoice,
    StatedAccuracy,
    StatementsChoice,
    TerrainChoice,
)
from satdesk.release.content import Event, Licence
from satdesk.release.outputs import OutputsChoice, outputs_of, require_within
from satdesk.release.schema import check, stringified
from satdesk.release.statements import load_statements, statements_of
from satdesk.release.times import parse_acquisition, parse_zone

__all__ = [
    "DistrictChoice",
    "GridChoice",
    "HoldsChoice",
    "MasksChoice",
    "MosaicChoice",
    "OutputsChoice",
    "Recipe",
    "RegistrationChoice",
    "SceneChoice",
    "SitesChoice",
    "StatedAccuracy",
    "StatementsChoice",
    "TerrainChoice",
    "load_recipe",
    "recipe_of",
]

_MAX_BYTES = 1_000_000
_OUTPUTS = OutputsChoice()
_SITES = SitesChoice()
_GRID = GridChoice()
_MASKS = MasksChoice()
_REGISTRATION = RegistrationChoice()
_MOSAIC = MosaicChoice()
_DISPLAY = DisplayChoice()
_HOLDS = HoldsChoice()
_STATEMENTS = StatementsChoice()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The frozen settings of one release; see ``docs/reference/recipe.md``.

    Attributes:
        sha256: Of the recipe file's bytes (hex).
        path: The recipe file itself; no result may replace it. None = made in memory.
        languages: Tags of all languages of the captions, `language` first; empty = that one alone.
        address: Of the release's folder on the web; None = not told.
        accept: ``(rule, reason)`` pairs.
        embargo: Nobody may publish before; None = no embargo.
        outputs: House style, sizes of plates, films, press kits.
    """

    id: str
    title: str
    publisher: str
    district: DistrictChoice
    scenes: tuple[SceneChoice, ...]
    sha256: str
    path: Path | None = None
    contact: str | None = None
    language: str = "en"
    languages: tuple[str, ...] = ()
    time_zone: str | None = None
    assertion: str | None = None
    revision: int = 1
    copyright: str | None = None
    usage_terms: str | None = None
    instructions: str | None = None
    address: str | None = None
    keywords: tuple[str, ...] = ()
    sites: SitesChoice = _SITES
    grid: GridChoice = _GRID
    terrain: TerrainChoice | None = None
    masks: MasksChoice = _MASKS
    registration: RegistrationChoice = _REGISTRATION
    mosaic: MosaicChoice = _MOSAIC
    display: DisplayChoice = _DISPLAY
    event: Event | None = None
    accept: tuple[tuple[str, str], ...] = ()
    holds: HoldsChoice = _HOLDS
    embargo: datetime | None = None
    statements: StatementsChoice = _STATEMENTS
    outputs: OutputsChoice = _OUTPUTS


@door
def load_recipe(path: Path) -> Recipe:
    """Read and check the recipe at `path`.

    Raises:
        MissingInputError: There is no such file.
        BrokenInputError: It is not TOML, or too large to be a recipe.
        UsageError: It does not follow the schema; the message names the key.
        UnsafeInputError: A house style outside the recipe's folder.
    """
    raw = _bytes_of(path)
    document = parsed_toml(raw, what="recipe", subject=path)
    check(stringified(document), "recipe", subject=path)
    made = recipe_of(document, folder=path.parent, sha256=hashlib.sha256(raw).hexdigest())
    require_within(path.parent, made.outputs)
    return replace(made, path=path)


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise MissingInputError(
            "there is no such recipe", subject=path, expected="a TOML file", remedy="check the path"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise BrokenInputError(
            "too large to be a recipe",
            subject=path,
            found=f"{path.stat().st_size} bytes",
            expected=f"at most {_MAX_BYTES}",
        )
    return path.read_bytes()


def recipe_of(document: Mapping[str, Any], *, folder: Path, sha256: str) -> Recipe:
    """The recipe of a document that follows the schema; its paths are relative to `folder`."""
    release = document["release"]
    zone = release.get("time_zone")
    spoken = _languages(release)
    return Recipe(
        id=release["id"],
        title=release["title"],
        publisher=release["publisher"],
        contact=release.get("contact"),
        language=spoken[0],
        languages=spoken if len(spoken) > 1 else (),
        time_zone=None if zone is None else parse_zone(zone),
        assertion=release.get("assertion"),
        revision=release.get("revision", 1),
        copyright=release.get("copyright"),
        usage_terms=release.get("usage_terms"),
        instructions=release.get("instructions"),
        address=release.get("address"),
        keywords=tuple(release.get("keywords", ())),
        district=_district(document["district"], folder),
        sites=_sites(document.get("sites", {}), folder),
        grid=GridChoice(**document.get("grid", {})),
        terrain=_terrain(document.get("terrain"), folder),
        masks=MasksChoice(**document.get("masks", {})),
        registration=RegistrationChoice(**document.get("registration", {})),
        mosaic=_mosaic(document.get("mosaic", {})),
        display=DisplayChoice(**document.get("display", {})),
        event=_event(document.get("event")),
        scenes=tuple(_scene(scene, folder) for scene in document["scenes"]),
        accept=tuple(sorted(document.get("accept", {}).items())),
        holds=HoldsChoice(**document.get("holds", {})),
        embargo=_embargo(release.get("embargo")),
        statements=_statements(document.get("statements"), folder),
        outputs=outputs_of(document, folder),
        sha256=sha256,
    )


def _languages(release: Mapping[str, Any]) -> tuple[str, ...]:
    """Tags of the release's languages, the first of which plates and press images speak."""
    from satdesk.release.language import language  # noqa: PLC0415 - loads Babel, and few verbs ask

    listed = tuple(release.get("languages", ()))
    first = release.get("language", listed[0] if listed else "en")
    if listed and first not in listed:
        raise UsageError(
            "release.language is none of release.languages",
            found=repr(first),
            expected=", ".join(listed),
        )
    tags = (first, *(tag for tag in listed if tag != first))
    return tuple(language(tag).tag for tag in tags)


def _embargo(value: str | datetime | None) -> datetime | None:
    if value is None:
        return None
    found = parse_acquisition(value, what="release.embargo").instant
    if found is None:
        raise UsageError(
            "an embargo ends at an instant",
            found=str(value),
            expected="a date with a time and its offset, such as 2026-12-01T06:00:00Z",
        )
    return found


def _inside(folder: Path, value: str | None) -> Path | None:
    return None if value is None else _placed(folder, value)


def _placed(folder: Path, value: str) -> Path:
    """A path as the recipe states it: relative to its folder, absolute, or from ``~/``."""
    if not value.startswith("~/"):
        return folder / value
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise UsageError(
            "this user has no home folder", found=value, remedy="write the whole path"
        ) from error


def _district(table: Mapping[str, Any], folder: Path) -> DistrictChoice:
    box = table.get("box")
    if box is not None and not (-180 <= box[0] < box[2] <= 360 and -90 <= box[1] < box[3] <= 90):
        raise UsageError(
            "district.box is not a box",
            found=str(box),
            expected="west < east and south < north, in degrees",
        )
    stated = {key: value for key, value in table.items() if key not in {"file", "box"}}
    return DistrictChoice(
        file=_inside(folder, table.get("file")),
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        **stated,
    )


def _sites(table: Mapping[str, Any], folder: Path) -> SitesChoice:
    include = table.get("include")
    return SitesChoice(
        register=_inside(folder, table.get("register")),
        include=None if include is None else tuple(include),
        none=table.get("none", False),
    )


def _statements(table: Mapping[str, Any] | None, folder: Path) -> StatementsChoice:
    """From a file, or from the recipe itself, as in the public recipe."""
    if table is None:
        return StatementsChoice()
    file = _inside(folder, table.get("file"))
    if file is None:
        return StatementsChoice(listed=statements_of(table["statement"]))
    return StatementsChoice(file=file, listed=load_statements(file))


def _mosaic(table: Mapping[str, Any]) -> MosaicChoice:
    stated = {key: value for key, value in table.items() if key != "order"}
    if "order" not in table:
        return MosaicChoice(**stated)
    return MosaicChoice(order=tuple(table["order"]), **stated)


def _terrain(table: Mapping[str, Any] | None, folder: Path) -> TerrainChoice | None:
    if table is None:
        return None
    le90_m, source = table.get("accuracy_le90_m"), table.get("accuracy_source", "")
    return TerrainChoice(
        dem=tuple(_placed(folder, tile) for tile in table.get("dem", ())),
        vertical=table.get("vertical"),
        geoid=_inside(folder, table.get("geoid")),
        height_m=table.get("height_m"),
        accuracy=None if le90_m is None else StatedAccuracy(le90_m=le90_m, source=source),
    )


def _event(table: Mapping[str, Any] | None) -> Event | None:
    if table is None:
        return None
    return Event(
        name=table["name"],
        at=parse_acquisition(table["at"], what="event.at"),
        time_zone=parse_zone(table["time_zone"]),
        source=table["source"],
    )


def _scene(table: Mapping[str, Any], folder: Path) -> SceneChoice:
    at, bands = table.get("at"), table.get("bands")
    return SceneChoice(
        bundle=_inside(folder, table.get("bundle")),
        pan=_inside(folder, table.get("pan")),
        ms=_inside(folder, table.get("ms")),
        image=_inside(folder, table.get("image")),
        rpc=_inside(folder, table.get("rpc")),
        ms_rpc=_inside(folder, table.get("ms_rpc")),
        at=None if at is None else parse_acquisition(at, what="scenes.at"),
        bands=None if bands is None else tuple(bands),
        mission=table.get("mission"),
        instrument=table.get("instrument"),
        credit=table.get("credit"),
        counts_per_reflectance=table.get("counts_per_reflectance"),
        nodata=table.get("nodata"),
        refinement=_inside(folder, table.get("refinement")),
        group=table.get("group"),
        geometry=table.get("geometry"),
        licence=Licence(**table.get("licence", {})),
    )
