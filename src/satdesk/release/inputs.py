"""What a release was made from: every input file by name, size and SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from satdesk.core.scene import Scene
from satdesk.files.digests import sha256

__all__ = ["input_facts", "scene_files"]


def scene_files(scene: Scene) -> tuple[Path, ...]:
    """Every file that the scene depends on: metadata, models, images; each once, sorted."""
    named = {*scene.files, *(tile.path for image in scene.images for tile in image.tiles)}
    named |= {image.model_source for image in scene.images if image.model_source is not None}
    return tuple(sorted(path for path in named if path.is_file()))


def input_facts(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """``name, bytes, sha256`` of files, in order; names without the folders of one machine."""
    return [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)} for path in paths
    ]
