"""Where a source looks: its sensor model and the grid in which its file counts pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.bundles.formats import loose_image, open_bundle, unpacked
from satdesk.bundles.map_or_model import NAME_ONE, placed
from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import FloatArray, SensorModel
from satdesk.errors import BrokenInputError, UndeclaredInputError, UnreadableInputError, UsageError
from satdesk.files.rasters import describe_file
from satdesk.files.rpcs import read_rpc
from satdesk.geometry.affine import mapped
from satdesk.geometry.mapmodel import MapModel
from satdesk.release.scenes import pan_and_ms, with_rpc

__all__ = ["Aim", "aim"]

_RPC_SUFFIXES = {".txt", ".rpb", ".rpc", ".geom"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A camera and the file that it fills.

    Attributes:
        model: Counts in the full image (or in map coordinates).
        affine: From the file's ``col, row`` to the model's: a crop's origin, or a geotransform.
    """

    model: SensorModel
    affine: Affine

    def locate(self, points: FloatArray) -> FloatArray:
        """``(n, 3)`` lon, lat, height of ``(n, 3)`` col, row, height; NaN outside the domain."""
        col, row, height = points.T
        lon, lat = self.model.locate(*mapped(self.affine, col, row), height)
        return _columns(lon, lat, height)

    def project(self, points: FloatArray) -> FloatArray:
        """``(n, 2)`` col, row of ``(n, 3)`` lon, lat, height; NaN outside the domain."""
        lon, lat, height = points.T
        return _columns(*mapped(~self.affine, *self.model.project(lon, lat, height)))


def aim(
    source: Path,
    *,
    image_id: str | None = None,
    rpc: Path | None = None,
    geometry: str | None = None,
) -> Aim:
    """The aim of a bundle, an image, or a bare RPC file.

    Args:
        source: Folder, zip, metadata file, image, or RPC file.
        image_id: Which image of a bundle; None = PAN, else the first.
        rpc: An RPC file that goes before every other source of one.
        geometry: ``map`` or ``model``, where an image has a map and an RPC.

    Raises:
        UsageError: `geometry` is chosen of what is no image.
        InputError: It cannot be read, or has neither an RPC nor a CRS.
    """
    kind = source.suffix.lower()
    if source.is_dir() or kind == ".zip":
        place = unpacked(source)
        image = loose_image(place)
        if image is not None:
            if image_id is not None:
                open_bundle(place).image(image_id)  # which refuses an unknown one
            return _image_aim(image, rpc, geometry)
        _require_none(geometry, source)
        return _bundle_aim(open_bundle(place), image_id, rpc)
    if kind not in {".xml", *_RPC_SUFFIXES}:
        return _image_aim(source, rpc, geometry)
    _require_none(geometry, source)
    if kind == ".xml":
        return _xml_aim(source, image_id, rpc)
    return Aim(model=read_rpc(source).model, affine=Affine.identity())


def _require_none(geometry: str | None, source: Path) -> None:
    if geometry is not None:
        raise UsageError(
            "a geometry is chosen, and this is no image that could lie on a map and have an RPC",
            subject=source,
            found=geometry,
            remedy="leave --geometry out",
        )


def _xml_aim(source: Path, image_id: str | None, rpc: Path | None) -> Aim:
    """XML that holds an RPC is an RPC file; any other is a bundle's metadata."""
    try:
        return Aim(model=read_rpc(source).model, affine=Affine.identity())
    except UnreadableInputError:
        return _bundle_aim(open_bundle(source), image_id, rpc)


def _bundle_aim(scene: Scene, image_id: str | None, rpc: Path | None) -> Aim:
    if image_id is not None:
        return _described_aim(scene.image(image_id), rpc)
    pan, ms = pan_and_ms(scene)
    image = pan or ms
    if image is None:
        raise UnreadableInputError("the bundle describes no image", subject=scene.id)
    return _described_aim(image, rpc)


def _described_aim(image: SourceImage, rpc: Path | None) -> Aim:
    image = image if rpc is None else with_rpc(image, rpc)
    return _on_grid(image.grid, image.model, subject=image.id)


def _image_aim(path: Path, rpc: Path | None, geometry: str | None) -> Aim:
    place = placed(describe_file(path), rpc, geometry)
    if place.doubt is not None:
        raise BrokenInputError(
            "the image has a map and an RPC that contradict each other",
            subject=path,
            found=place.doubt,
            expected="a map alone, or the RPC of the picture as it lies on one height",
            remedy=NAME_ONE,
        )
    return _on_grid(place.grid, None if place.rpc is None else place.rpc.model, subject=path)


def _on_grid(grid: GeoBox, model: SensorModel | None, *, subject: str | Path) -> Aim:
    if grid.crs is not None:
        rows, cols = grid.shape
        center_x, _ = grid.affine @ (cols / 2, rows / 2)
        return Aim(model=MapModel(crs=str(grid.crs), center_x=center_x), affine=grid.affine)
    if model is None:
        raise UndeclaredInputError(
            "nothing says where this image looks",
            subject=subject,
            found="no RPC in its tags or beside it, and no CRS",
            expected="an RPC or georeferencing",
            remedy="name the RPC with --rpc FILE",
        )
    return Aim(model=model, affine=grid.affine)


def _columns(*arrays: FloatArray) -> FloatArray:
    return np.stack(arrays, axis=1)
