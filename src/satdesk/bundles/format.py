"""The contract of a provider's format, and what every format needs to keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from satdesk.core.scene import Scene
from satdesk.errors import UnsafeInputError

__all__ = ["Format", "inside", "relative_name"]


@runtime_checkable
class Format(Protocol):
    """One provider's way of delivering a scene. Adding a format is one file that has this."""

    @property
    def name(self) -> str:
        """Short name, for `inspect` and for errors."""

    def matches(self, path: Path) -> bool:
        """Whether `path` (a folder or metadata file) is of this format; cheap, never raises."""

    def open(self, path: Path) -> Scene:
        """Describe the scene without reading pixels.

        What is wrong with the delivery becomes `Scene.problems`; errors are raised only where the
        metadata itself cannot be read.
        """


def inside(root: Path, base: Path, reference: str) -> Path:
    """The file that metadata in folder `base` refers to; it must lie inside `root`.

    Raises:
        UnsafeInputError: The reference leaves the delivery, by ``..``, a link or absolutely.
    """
    path = base / reference.replace("\\", "/")
    if "\0" in reference or not path.resolve().is_relative_to(root.resolve()):
        raise UnsafeInputError(
            "the metadata refers to a file outside its own delivery",
            subject=base,
            found=repr(reference[:200]),
            expected="a path inside the delivery",
            remedy="do not trust this delivery; ask the provider for the original",
        )
    return path


def relative_name(root: Path, path: Path) -> str:
    """`path` relative to the delivery where it lies inside, with forward slashes."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name
