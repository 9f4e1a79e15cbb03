"""What is known about a simulated picture: where its pixels are, and what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import SensorModel
from satdesk.simulate.rays import ground_of
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.settle import Building, Road
from satdesk.simulate.take import Picture
from satdesk.simulate.world import World

__all__ = ["Truth", "changes", "write_truth"]

Floats = NDArray[np.float64]

_GRID = 21


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The truth of one picture.

    Attributes:
        scenario: What was simulated.
        world: The ground; ``world.relief`` is a `core.sensor.Terrain`.
        picture: Its cameras, RPCs and counts as written.
        bundle: The delivery's folder.
    """

    scenario: Scenario
    world: World
    picture: Picture
    bundle: Path

    def ground(self, image_id: str, col: Floats, row: Floats) -> tuple[Floats, Floats, Floats]:
        """``lon, lat, height`` of the ground at pixels of ``pan`` or ``ms`` (corner-based)."""
        camera = self.picture.cameras.pan if image_id == "pan" else self.picture.cameras.ms
        return ground_of(camera, self.world.relief, col, row)

    def camera(self, image_id: str) -> SensorModel:
        """The rigorous model of ``pan`` or ``ms``."""
        return self.picture.cameras.pan if image_id == "pan" else self.picture.cameras.ms


def changes(world: World) -> dict[str, Any]:
    """What differs between the world's two states, as a GeoJSON FeatureCollection."""
    features = [_house(world, b, "appears", world.hamlets[2].name) for b in world.new]
    features += [_house(world, b, "vanishes", world.hamlets[1].name) for b in world.lost]
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
            "pan": {"rms": truth.picture.pan_rpc.rms_px, "worst": truth.picture.pan_rpc.worst_px},
            "ms": {"rms": truth.picture.ms_rpc.rms_px, "worst": truth.picture.ms_rpc.worst_px},
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
    camera = truth.picture.cameras.pan if image_id == "pan" else truth.picture.cameras.ms
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
