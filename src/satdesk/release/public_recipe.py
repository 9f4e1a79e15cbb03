"""``recipe.json``: the recipe as the public may have it, and by which files it can be run again.

Paths become names; each named thing is described by the SHA-256 of its files, so that whoever has
them can find them again wherever they lie. What the public may not know is absent: sites that are
kept back, the register that may hold their positions (``sites.geojson`` takes its place), and rules
that were accepted but not broken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from satdesk.core.place import Site
from satdesk.core.scene import Acquisition, Scene
from satdesk.files.archives import is_archive
from satdesk.files.digests import sha256
from satdesk.release.choices import DisplayChoice, MasksChoice, SceneChoice
from satdesk.release.inputs import choice_paths, scene_files
from satdesk.release.outputs import outputs_table
from satdesk.release.recipe import Recipe
from satdesk.release.schema import check
from satdesk.release.statements import statement_facts
from satdesk.release.status_file import instant_text
from satdesk.release.style_folder import style_files

__all__ = ["RECIPE_NAME", "SCENE_PATHS", "SITES_NAME", "public_recipe", "write_public_recipe"]

RECIPE_NAME = "recipe.json"
SITES_NAME = "sites.geojson"
FORMAT = "satdesk-recipe/1"
SCENE_PATHS = ("bundle", "pan", "ms", "image", "rpc", "ms_rpc", "refinement")
"""Keys of a scene that name something on a disk."""
_IMAGES, _MODELS = ("pan", "ms", "image"), ("rpc", "ms_rpc", "refinement")
_SCENE_WORDS = (
    "mission", "instrument", "credit", "counts_per_reflectance", "nodata", "group", "geometry",
)  # fmt: skip


def write_public_recipe(document: Mapping[str, Any], folder: Path) -> Path:
    """Write ``recipe.json``, sorted and UTF-8, after checking it against its schemas."""
    check(document, "public_recipe")
    check(document["recipe"], "recipe")
    path = folder / RECIPE_NAME
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def public_recipe(
    recipe: Recipe,
    scenes: Sequence[Scene],
    *,
    shown_sites: Sequence[Site],
    accepted: Sequence[tuple[str, str]],
    version: str,
) -> dict[str, Any]:
    """The document.

    Args:
        recipe: The whole recipe.
        scenes: As `recipe.scenes` were opened, in their order.
        shown_sites: The sites that are published, made public.
        accepted: ``(rule, reason)`` of the rules that were broken and accepted.
        version: Of satdesk.
    """
    return {
        "format": FORMAT,
        "satdesk_version": version,
        "recipe": _document(recipe, shown_sites, accepted),
        "files": sorted(_files(recipe, scenes), key=_key),
    }


def _key(entry: Mapping[str, Any]) -> str:
    return str(entry["key"])


def _document(
    recipe: Recipe, shown_sites: Sequence[Site], accepted: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    whole = {
        "release": _release(recipe),
        "district": _stated(asdict(recipe.district)),
        "sites": _sites(shown_sites),
        "grid": _stated(asdict(recipe.grid)),
        "masks": _stated(asdict(recipe.masks)) if recipe.masks != MasksChoice() else None,
        "registration": _stated(asdict(recipe.registration)),
        "mosaic": _stated(asdict(recipe.mosaic)),
        "display": _stated(asdict(recipe.display)) if recipe.display != DisplayChoice() else None,
        "terrain": None if recipe.terrain is None else _stated(asdict(recipe.terrain)),
        "event": _event(recipe),
        "holds": _stated(asdict(recipe.holds)),
        "statements": _statements(recipe),
        **outputs_table(recipe.outputs),
        "accept": dict(accepted) or None,
        "scenes": [_scene(choice) for choice in recipe.scenes],
    }
    return {key: value for key, value in whole.items() if value is not None}


def _sites(shown: Sequence[Site]) -> dict[str, Any]:
    if not shown:
        return {"none": True}
    return {"register": SITES_NAME, "include": [site.id for site in shown]}


def _statements(recipe: Recipe) -> dict[str, Any] | None:
    listed = [statement_facts(each) for each in recipe.statements.listed]
    return {"statement": listed} if listed else None


def _release(recipe: Recipe) -> dict[str, Any]:
    names = (
        "id", "title", "publisher", "contact", "language", "languages", "time_zone",
        "assertion", "revision", "copyright", "usage_terms", "instructions", "address",
        "keywords",
    )  # fmt: skip
    stated = _stated({name: getattr(recipe, name) for name in names})
    embargo = {} if recipe.embargo is None else {"embargo": instant_text(recipe.embargo)}
    return {**stated, **embargo}


def _stated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated, JSON-ready; paths by name."""
    return {k: _plain(v) for k, v in facts.items() if v is not None and v != ()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a recipe
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _event(recipe: Recipe) -> dict[str, Any] | None:
    event = recipe.event
    if event is None:
        return None
    words = {"name": event.name, "time_zone": event.time_zone, "source": event.source}
    return {**words, "at": _when(event.at)}


def _when(acquisition: Acquisition) -> str:
    moment = acquisition.instant
    return acquisition.day.isoformat() if moment is None else moment.isoformat()


def _scene(choice: SceneChoice) -> dict[str, Any]:
    facts = {name: getattr(choice, name) for name in (*SCENE_PATHS, *_SCENE_WORDS)}
    facts["bands"] = choice.bands
    facts["at"] = None if choice.at is None else _when(choice.at)
    return {**_stated(facts), "licence": _stated(asdict(choice.licence))}


def _files(recipe: Recipe, scenes: Sequence[Scene]) -> Iterator[dict[str, Any]]:
    for number, (choice, scene) in enumerate(zip(recipe.scenes, scenes, strict=True)):
        for name in SCENE_PATHS:
            path = getattr(choice, name)
            if path is not None:
                yield _named(f"scenes.{number}.{name}", path, _belonging(name, choice, scene))
    if recipe.district.file is not None:
        yield _named("district.file", recipe.district.file, ())
    if recipe.terrain is not None:
        for number, tile in enumerate(recipe.terrain.dem):
            yield _named(f"terrain.dem.{number}", tile, ())
        if recipe.terrain.geoid is not None:
            yield _named("terrain.geoid", recipe.terrain.geoid, ())
    yield from _looks(recipe)


def _belonging(name: str, choice: SceneChoice, scene: Scene) -> tuple[Path, ...]:
    """What must lie beside the thing that `name` names, whatever else lies in its folder.

    Loose files may lie in one folder or in several: each takes along its own sidecars, and nothing
    that is another's or named for itself.
    """
    loose = {each for key in _IMAGES if (each := getattr(choice, key)) is not None}
    path: Path = getattr(choice, name)
    if name in _MODELS:
        return ()
    if path not in loose and not any(path == tile.path for i in scene.images for tile in i.tiles):
        return scene_files(scene)
    named = set(choice_paths(choice))
    owners = {i.model_source: tile.path for i in scene.images for tile in i.tiles}
    beside = (file for file in scene_files(scene) if file not in named)
    return tuple(file for file in beside if owners.get(file, _owner(file, loose or {path})) == path)


def _owner(file: Path, images: Iterable[Path]) -> Path | None:
    """The image that a sidecar is called after: the longest name that its own begins with."""
    fitting = [image for image in images if file.name.startswith(image.stem)]
    return max(fitting, key=lambda image: len(image.stem), default=None)


def _looks(recipe: Recipe) -> Iterator[dict[str, Any]]:
    style = recipe.outputs.style
    if style is not None:
        yield _named("style.folder", style, style_files(style))


def _named(key: str, path: Path, belonging: Iterable[Path]) -> dict[str, Any]:
    """One thing that the recipe names: a folder, or a file with what belongs to it beside it."""
    root = path if path.is_dir() else path.parent
    if path.is_file() and is_archive(path):
        inside = [path]
    else:
        own = [path, *_same_stem(path)] if path.is_file() else []
        inside = [*own, *(file for file in belonging if file.is_relative_to(root))]
    return {
        "key": key,
        "name": path.name,
        "value": path.relative_to(root).as_posix(),
        "files": [
            {
                "path": file.relative_to(root).as_posix(),
                "bytes": file.stat().st_size,
                "sha256": sha256(file),
            }
            for file in sorted(set(inside))
        ],
    }


def _same_stem(path: Path) -> list[Path]:
    """The other parts of a shapefile, which is one thing in several files."""
    if path.suffix.lower() != ".shp":
        return []
    parts = {".dbf", ".shx", ".prj", ".cpg"}
    siblings = path.parent.glob(f"{path.stem}.*")
    return [file for file in siblings if file.is_file() and file.suffix.lower() in parts]
