"""Write simulated bundles, the DEM of their world, and the truth beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from affine import Affine

from satdesk.files.dimap_documents import DimapProduct
from satdesk.files.dimap_writer import write_dimap, write_heights
from satdesk.files.geoid import open_geoid
from satdesk.files.store import new_folder
from satdesk.simulate.kit import write_kit
from satdesk.simulate.relief import NODE_M
from satdesk.simulate.scenarios import INSTRUMENT, Scenario, scenarios_of
from satdesk.simulate.take import demo_world, dimap_images, take
from satdesk.simulate.truth import Truth, changes, write_truth
from satdesk.simulate.world import World

__all__ = ["Simulation", "simulate", "simulate_all"]

STRIP_LEAD_S = 2.4
"""The strip began this long before the middle of the product, as in real deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """What `simulate_all` wrote.

    Attributes:
        folder: Of everything.
        truths: One for each picture, in the scenario's order.
        dem: The world's relief as heights above EGM96.
        changes: What changes between before and after, GeoJSON.
    """

    folder: Path
    truths: tuple[Truth, ...]
    dem: Path
    changes: Path


def simulate(scenario: Scenario, out_folder: Path, seed: int = 1) -> Truth:
    """Take one picture and write it as a DIMAP v2 bundle.

    Every bundle says SIMULATED in its mission, its names, its metadata and its pixels.

    Args:
        scenario: What to simulate.
        out_folder: There; receives ``SIMULATED_…`` (the bundle) and ``truth_….json`` beside it.
        seed: Of the world and of the noise; the same seed gives the same bytes.
    """
    world = demo_world(seed)
    picture = take(scenario, world, seed)
    stamp = scenario.instant.strftime("%Y%m%d%H%M%S")
    bundle = out_folder / f"SIMULATED_{scenario.name}"
    bundle.mkdir()
    product = DimapProduct(
        name=f"SIMULATED_{stamp}_{scenario.name}",
        instrument=INSTRUMENT,
        strip_start=scenario.instant - timedelta(seconds=STRIP_LEAD_S),
        images=dimap_images(picture, scenario),
    )
    write_dimap(bundle, product)
    truth = Truth(scenario=scenario, world=world, picture=picture, bundle=bundle)
    write_truth(truth, out_folder / f"truth_{scenario.name}.json")
    return truth


def simulate_all(name: str, out: Path, seed: int = 1, *, overwrite: bool = False) -> Simulation:
    """Write the pictures of a named scenario, DEM, truth and recipe; all of it appears, or nothing.

    Args:
        name: ``demo``, ``test`` …
        out: Folder that must not exist unless `overwrite`.
        seed: Of the world and of the noise.
        overwrite: Replace a folder that is there.

    Raises:
        UnknownNameError: No such scenario.
        UsageError: As `files.store.new_folder`.
        MachineError: As `files.store.new_folder`.
    """
    wanted = scenarios_of(name)
    with new_folder(out, overwrite) as folder:
        truths = [simulate(scenario, folder, seed) for scenario in wanted]
        world = demo_world(seed)
        write_dem(world, folder / "dem_egm96.tif")
        text = json.dumps(changes(world)) + "\n"
        (folder / "changes.geojson").write_text(text, encoding="utf-8")
        write_kit(name, folder)
    return Simulation(
        folder=out,
        truths=tuple(
            Truth(scenario=t.scenario, world=t.world, picture=t.picture, bundle=out / t.bundle.name)
            for t in truths
        ),
        dem=out / "dem_egm96.tif",
        changes=out / "changes.geojson",
    )


def write_dem(world: World, path: Path) -> None:
    """The relief's nodes as a GeoTIFF: heights above EGM96, bilinear between cell centres.

    What a reader adds back is the same undulation, at the same nodes: the written DEM *is* the
    ground of the pictures.
    """
    relief = world.relief
    x, y = relief.axes
    lon, lat = relief.plane.to_lonlat(*np.meshgrid(x, y))
    undulation = open_geoid("EGM96").grid.undulation_m(lon, lat)
    east, north = relief.plane.metres_a_degree
    corner = Affine.translation(
        float(lon[0, 0]) - NODE_M / east / 2, float(lat[0, 0]) + NODE_M / north / 2
    )
    affine = corner @ Affine.scale(NODE_M / east, -NODE_M / north)
    write_heights(path, relief.heights - undulation, affine, "EGM96")
