"""satdesk: scenes of a satellite go in, issued images of a named district come out.

The names below are the public ones; each is loaded when it is first asked for, so that importing
satdesk costs next to nothing. `desk.places` and `desk.simulate` are not among them: a package of
the same name would take the function's place as soon as it is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from satdesk._version import __version__

if TYPE_CHECKING:
    from satdesk.bundles.formats import open_bundle, open_images
    from satdesk.core.bands import Band
    from satdesk.core.layer import Layer
    from satdesk.core.lineage import Lineage, lineage
    from satdesk.core.place import District, Site
    from satdesk.core.raster import Raster
    from satdesk.core.scene import Acquisition, Scene, SourceImage
    from satdesk.core.sensor import SensorModel, Terrain
    from satdesk.core.units import Quantity
    from satdesk.desk import inspect, issue, locate, ortho, project
    from satdesk.errors import InputError, LimitError, MachineError, SatdeskError, UsageError
    from satdesk.geometry.rpc import RPC
    from satdesk.release.recipe import Recipe, load_recipe

_HOMES = {
    "satdesk.bundles.formats": ("open_bundle", "open_images"),
    "satdesk.core.bands": ("Band",),
    "satdesk.core.layer": ("Layer",),
    "satdesk.core.lineage": ("Lineage", "lineage"),
    "satdesk.core.place": ("District", "Site"),
    "satdesk.core.raster": ("Raster",),
    "satdesk.core.scene": ("Acquisition", "Scene", "SourceImage"),
    "satdesk.core.sensor": ("SensorModel", "Terrain"),
    "satdesk.core.units": ("Quantity",),
    "satdesk.desk": ("inspect", "issue", "locate", "ortho", "project"),
    "satdesk.errors": ("InputError", "LimitError", "MachineError", "SatdeskError", "UsageError"),
    "satdesk.geometry.rpc": ("RPC",),
    "satdesk.release.recipe": ("Recipe", "load_recipe"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "RPC",
    "Acquisition",
    "Band",
    "District",
    "InputError",
    "Layer",
    "LimitError",
    "Lineage",
    "MachineError",
    "Quantity",
    "Raster",
    "Recipe",
    "SatdeskError",
    "Scene",
    "SensorModel",
    "Site",
    "SourceImage",
    "Terrain",
    "UsageError",
    "__version__",
    "inspect",
    "issue",
    "lineage",
    "load_recipe",
    "locate",
    "open_bundle",
    "open_images",
    "ortho",
    "project",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'satdesk' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
