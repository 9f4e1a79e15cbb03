"""The formats that are known, and the two doors: `open_bundle` and `open_images`."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

from satdesk.bundles.dimap import Dimap
from satdesk.bundles.format import Format
from satdesk.bundles.geotiff import GeoTiff, Loose, open_loose
from satdesk.bundles.landsat import Landsat
from satdesk.bundles.sentinel2 import Sentinel2
from satdesk.core.arguments import door, path_of
from satdesk.core.scene import Acquisition, Scene, require_acquisition
from satdesk.errors import (
    MissingInputError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
)
from satdesk.files.archives import is_archive, unpacked_for_process

__all__ = ["FORMATS", "Formats", "loose_image", "open_bundle", "open_images", "unpacked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """Formats in the order in which they are asked. Registering returns a new registry.

    Attributes:
        formats: Most particular first.
    """

    formats: tuple[Format, ...]

    def registered(self, added: Format) -> Formats:
        """A registry in which `added` is asked first and replaces its namesake."""
        others = tuple(one for one in self.formats if one.name != added.name)
        return replace(self, formats=(added, *others))

    def named(self, name: str) -> Format:
        """The format called `name`; UnknownNameError names the nearest."""
        for one in self.formats:
            if one.name == name:
                return one
        names = [one.name for one in self.formats]
        raise UnknownNameError(
            "no such format", subject=name, nearest=tuple(difflib.get_close_matches(name, names))
        )

    def open(self, path: Path) -> Scene:
        """The scene of a folder, a zip or a single metadata or image file.

        A zip is unpacked into a temporary folder that lives until the process ends.

        Raises:
            MissingInputError: Nothing lies at `path`.
            UnreadableInputError: No format knows it, or its metadata cannot be read.
            UnsafeInputError: It would reach outside its folder or exhaust the machine.
        """
        path = path_of(path, "the delivery")
        if not path.exists():
            raise MissingInputError(
                "nothing lies there",
                subject=path,
                expected="a delivery's folder, zip or metadata file",
                remedy="check the path",
            )
        place = unpacked(path)
        for one in self.formats:
            if one.matches(place):
                return one.open(place)
        raise UnreadableInputError(
            "no format knows this delivery",
            subject=path,
            found=_contents(place),
            expected=", ".join(one.name for one in self.formats),
            remedy="name loose files with --pan and --ms",
        )


FORMATS = Formats(formats=(Sentinel2(), Landsat(), Dimap(), GeoTiff()))
"""The formats that ship with satdesk."""


def open_bundle(path: Path, formats: Formats = FORMATS) -> Scene:
    """Describe the scene of a delivery without reading pixels; see `Formats.open`."""
    return formats.open(path)


def unpacked(path: Path) -> Path:
    """`path`, or where the zip that it is was unpacked; that lives until the process ends."""
    return unpacked_for_process(path) if path.is_file() and is_archive(path) else path


def loose_image(path: Path, formats: Formats = FORMATS) -> Path | None:
    """The one raster that `path` is or holds, where no format knows more of it; else None."""
    known = next((one for one in formats.formats if one.matches(path)), None)
    return known.raster(path) if isinstance(known, GeoTiff) else None


@door
def open_images(  # noqa: PLR0913 - each is one thing that a caller may know of loose files
    *,
    pan: Path | None = None,
    ms: Path | None = None,
    image: Path | None = None,
    rpc: Path | None = None,
    ms_rpc: Path | None = None,
    bands: tuple[str, ...] | None = None,
    nodata: float | None = None,
    acquisition: Acquisition | None = None,
    mission: str | None = None,
    credit: str | None = None,
    geometry: str | None = None,
) -> Scene:
    """A scene from loose files: PAN and MS, either of them, or one image of any bands.

    Args:
        pan: Panchromatic image.
        ms: Multispectral image.
        image: One image, in sensor geometry or on a map.
        rpc: RPC of `pan` or `image` (of `ms` where it stands alone).
        ms_rpc: RPC of `ms`.
        bands: Names in the order of the planes of `ms` or `image`; None = let the file say.
        nodata: The count that means "no data"; None = let the file say.
        acquisition: When it was taken; None = let the file say.
        mission: Satellite; None = let the file say.
        credit: Copyright line; None = let the file say.
        geometry: Of images that lie on a map and have an RPC: ``map`` = they are orthorectified,
            ``model`` = the RPC is their camera; None = let the numbers tell.

    Raises:
        UsageError: No file, or `image` beside others.
        InputError: A file is absent, unreadable or contradicts itself, or two RPCs disagree.
        UndeclaredInputError: The bands of a file are told by nobody.
    """
    require_acquisition(acquisition)
    named = {"pan": pan, "ms": ms, "image": image}
    files = {role: path for role, path in named.items() if path is not None}
    if not files or (image is not None and len(files) > 1):
        raise UsageError(
            "name PAN and MS, one of them, or one image",
            found=", ".join(files) or "no file",
            expected="pan and ms, or image",
        )
    if set(files) == {"ms"} and ms_rpc is None:
        rpc, ms_rpc = None, rpc
    stated = Loose(
        rpc=rpc,
        ms_rpc=ms_rpc,
        bands=bands,
        nodata=nodata,
        acquisition=acquisition,
        mission=mission,
        credit=credit,
        geometry=geometry,
    )
    return open_loose(files, stated)


def _contents(path: Path) -> str:
    if path.is_file():
        return f"a file {path.name}"
    names = sorted(entry.name for entry in path.iterdir())
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "") if names else "an empty folder"
