"""Write simulated bundles, the DEM of their world, and the truth beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from satdesk.errors import UsageError
from satdesk.files.dimap_documents import DimapProduct
from satdesk.files.dimap_writer import write_dimap
from satdesk.files.store import new_folder
from satdesk.simulate.heights import DemKind, write_dem
from satdesk.simulate.kit import write_kit
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.scenarios import INSTRUMENT, scenarios_of
from satdesk.simulate.take import dimap_images, take, world_of
from satdesk.simulate.truth import Truth, changes, write_truth
from satdesk.simulate.variation import Variation

__all__ = ["Simulation", "simulate", "simulate_all", "simulate_pictures"]

_GROUND = DemKind().file_name
STRIP_LEAD_S = 2.4
"""The strip began this long before the middle of the product, as in real deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """What `simulate_all` wrote.

    Attributes:
        folder: Of everything.
        truths: One for each picture, in the scenario's order.
        ground: DEM that is the ground of the pictures, heights above EGM96.
        dem: DEM that goes with the pictures: `ground`, or a worse one if the scenario says so.
        changes: What changes between before and after, GeoJSON.
    """

    folder: Path
    truths: tuple[Truth, ...]
    ground: Path
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
    world = world_of(scenario, seed)
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


def simulate_all(
    name: str,
    out: Path,
    seed: int = 1,
    *,
    overwrite: bool = False,
    variation: Variation | None = None,
) -> Simulation:
    """Write the pictures of a named scenario, DEM, truth and recipe; all of it appears, or nothing.

    Args:
        name: ``demo``, ``test`` …
        out: Folder that must not exist unless `overwrite`.
        seed: Of the world and of the noise.
        overwrite: Replace a folder that is there.
        variation: What is wanted otherwise than the scenario has it.

    Raises:
        UnknownNameError: No such scenario.
        UsageError: As `files.store.new_folder`; a variation that cannot be.
        MachineError: As `files.store.new_folder`.
    """
    wanted = scenarios_of(name)
    if variation is not None:
        if variation.instant is not None and len(wanted) > 1:
            raise UsageError(
                "one instant cannot be that of several pictures",
                subject=name,
                found=f"{len(wanted)} pictures",
                remedy="choose a scenario of one picture",
            )
        wanted = tuple(variation.applied(scenario) for scenario in wanted)
    return simulate_pictures(wanted, out, seed, overwrite=overwrite, kit=name)


def simulate_pictures(
    scenarios: tuple[Scenario, ...],
    out: Path,
    seed: int = 1,
    *,
    overwrite: bool = False,
    kit: str = "",
) -> Simulation:
    """As `simulate_all`, for pictures of your own; the first says which world and DEM it is.

    Args:
        scenarios: At least one; all of one landscape.
        out: Folder that must not exist unless `overwrite`.
        seed: Of the world and of the noise.
        overwrite: Replace a folder that is there.
        kit: Named scenario whose recipe is laid beside the pictures.

    Raises:
        UsageError: As `files.store.new_folder`; the pictures are not of one world.
        MachineError: As `files.store.new_folder`.
    """
    first = scenarios[0]
    world = world_of(first, seed)
    if any(world_of(other, seed) is not world for other in scenarios):
        raise UsageError("the pictures of a simulation must be of one world", subject=first.name)
    with new_folder(out, overwrite) as folder:
        truths = [simulate(scenario, folder, seed) for scenario in scenarios]
        write_dem(world.relief, folder / _GROUND)
        if first.dem != DemKind():
            write_dem(world.relief, folder / first.dem.file_name, first.dem)
        text = json.dumps(changes(world)) + "\n"
        (folder / "changes.geojson").write_text(text, encoding="utf-8")
        write_kit(kit, folder)
    return Simulation(
        folder=out,
        truths=tuple(replace(truth, bundle=out / truth.bundle.name) for truth in truths),
        ground=out / _GROUND,
        dem=out / first.dem.file_name,
        changes=out / "changes.geojson",
    )
