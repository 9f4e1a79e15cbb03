"""What is known about a simulated picture: where its pixels are, and what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.camera import Camera
from satdesk.simulate.rays import ground_of
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.settle import Building, Road
from satdesk.simulate.standing import solid, surface_of
from satdesk.simulate.take import Shot
from satdesk.simulate.world import World

__all__ = ["Truth", "changes", "write_truth"]

Floats = NDArray[np.float64]

_GRID = 21


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The truth of one picture.

    Attributes:
        shot: Its scenario, cameras and RPCs as written.
        bundle: The delivery's folder.
    """

    shot: Shot
    bundle: Path

    @property
    def scenario(self) -> Scenario:
        """What was simulated."""
        return self.shot.scenario

    @property
    def world(self) -> World:
        """The ground; ``world.relief`` is a `core.sensor.Terrain`."""
        return self.shot.exposure.world

    def ground(self, image_id: str, col: Floats, row: Floats) -> tuple[Floats, Floats, Floats]:
        """``lon, lat, height`` of the ground at pixels of ``pan`` or ``ms`` (corner-based).

        As if no building stood there; `surface` tells what is seen first.
        """
        return ground_of(self.camera(image_id), self.world.relief, col, row)

    def surface(
        self, image_id: str, col: Floats, row: Floats
    ) -> tuple[Floats, Floats, Floats, NDArray[np.int8]]:
        """``lon, lat, height`` of what pixels see first, and the face that it is (`standing`)."""
        camera = self.camera(image_id)
        return surface_of(camera, self.world.relief, self.shot.exposure.solids, col, row)

    def camera(self, image_id: str) -> Camera:
        """The rigorous model of ``pan`` or ``ms``, a `core.sensor.SensorModel`."""
        return self.shot.cameras.pan if image_id == "pan" else self.shot.cameras.ms


def changes(world: World) -> dict[str, Any]:
    """What differs between the world's two states, and the buildings that stay, as GeoJSON."""
    features = [_house(world, b, "appears", world.hamlets[2].name) for b in world.new]
    features += [_house(world, b, "vanishes", world.hamlets[1].name) for b in world.lost]
    features += [_house(world, b, "stays", world.hamlets[0].name) for b in world.lasting]
    features.append(_road(world, world.new_road))
    return {"type": "FeatureCollection", "features": features}


def write_truth(truth: Truth, path: Path) -> None:
    """Write what can be said in a file: residuals of the RPCs and a grid of exact ground points."""
    bias = truth.scenario.rpc_bias
    document = {
        "SIMULATED": "no camera took these pictures",
        "scenario": truth.scenario.name,
        "bundle": truth.bundle.name,
        "rpc_residual_px": {
            "pan": {"rms": truth.shot.pan_rpc.rms_px, "worst": truth.shot.pan_rpc.worst_px},
            "ms": {"rms": truth.shot.ms_rpc.rms_px, "worst": truth.shot.ms_rpc.worst_px},
        },
        "rpc_bias_px": {
            "col": bias.col_px,
            "row": bias.row_px,
            "col_drift": bias.col_drift_px,
            "row_drift": bias.row_drift_px,
        },
        "landscape": truth.scenario.landscape.value,
        "places": [
            {"name": h.name, "lonlat": list(_lonlat(truth.world, h.x, h.y))}
            for h in truth.world.hamlets
        ],
        "ground": {name: _points(truth, name) for name in ("pan", "ms")},
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _points(truth: Truth, image_id: str) -> dict[str, list[float]]:
    camera = truth.camera(image_id)
    rows, cols = camera.shape
    col, row = np.meshgrid(np.linspace(0.5, cols - 0.5, _GRID), np.linspace(0.5, rows - 0.5, _GRID))
    lon, lat, height = truth.ground(image_id, col.ravel(), row.ravel())
    columns = {"col": col, "row": row, "lon": lon, "lat": lat, "height": height}
    return {name: np.ravel(values).tolist() for name, values in columns.items()}


def _house(world: World, building: Building, change: str, place: str) -> dict[str, Any]:
    c, s = np.cos(building.angle), np.sin(building.angle)
    ring = []
    for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)):
        along, across = u * building.length_m / 2, v * building.width_m / 2
        ring.append(
            _lonlat(world, building.x + along * c - across * s, building.y + along * s + across * c)
        )
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "what": "building",
            "change": change,
            "place": place,
            "height_m": building.height_m,
            "top_m": round(solid(building, world.relief).top_m, 3),
        },
    }


def _road(world: World, road: Road) -> dict[str, Any]:
    line = [_lonlat(world, x, y) for x, y in road.points]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": line},
        "properties": {"what": "road", "change": "appears", "width_m": road.width_m},
    }


def _lonlat(world: World, x: float, y: float) -> tuple[float, float]:
    lon, lat = world.relief.plane.to_lonlat(np.array(x), np.array(y))
    return float(lon), float(lat)
