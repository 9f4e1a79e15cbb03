"""What a release was made from: every input file by name, size and SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from satdesk.core.scene import Scene
from satdesk.files.digests import sha256
from satdesk.release.recipe import Recipe, SceneChoice, TerrainChoice
from satdesk.release.style_folder import style_files

__all__ = [
    "choice_paths",
    "input_facts",
    "scene_files",
    "side_files",
    "terrain_files",
    "terrain_names",
]


def scene_files(scene: Scene) -> tuple[Path, ...]:
    """Every file that the scene depends on: metadata, models, images; each once, sorted."""
    named = {*scene.files, *(tile.path for image in scene.images for tile in image.tiles)}
    named |= {image.model_source for image in scene.images if image.model_source is not None}
    return tuple(sorted(path for path in named if path.is_file()))


def choice_paths(choice: SceneChoice) -> tuple[Path, ...]:
    """What the choice names: a delivery as a whole, or loose files."""
    images = (choice.bundle, choice.pan, choice.ms, choice.image)
    named = (*images, choice.rpc, choice.ms_rpc, choice.refinement)
    return tuple(path for path in named if path is not None)


def terrain_files(terrain: TerrainChoice | None) -> tuple[Path, ...]:
    """The terrain's tiles and its geoid, those that are there."""
    named = () if terrain is None else (*terrain.dem, terrain.geoid)
    return tuple(path for path in named if path is not None and path.is_file())


def terrain_names(terrain: TerrainChoice | None) -> str:
    """The terrain's tiles as a message names them."""
    tiles = () if terrain is None else terrain.dem
    return ", ".join(str(tile) for tile in tiles) or "the terrain"


def side_files(recipe: Recipe) -> tuple[Path, ...]:
    """Boundary, terrain, geoid, style: what a recipe names beside its scenes, and all may know.

    The register of sites is not among them: the digest of a file that holds a withheld position
    could be used to try positions until one fits. The public sites are in ``release.json`` whole.
    """
    boundary = recipe.district.file
    found = (boundary,) if boundary is not None and boundary.is_file() else ()
    style = recipe.outputs.style
    looks = () if style is None else style_files(style)
    return (*found, *terrain_files(recipe.terrain), *looks)


def input_facts(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """``name, bytes, sha256`` of files, in order; names without the folders of one machine."""
    return [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths
    ]
