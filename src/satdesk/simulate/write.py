"""Write simulated bundles, the DEM of their world, and the truth beside them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from satdesk.errors import UsageError
from satdesk.files.dimap_values import DimapProduct
from satdesk.files.dimap_writer import DimapTarget, RasterTarget, open_dimap, raster_target
from satdesk.files.store import new_folder
from satdesk.simulate.heights import DemKind, write_dem, write_surface
from satdesk.simulate.kit import write_kit
from satdesk.simulate.render import CLOUD
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.scenarios import INSTRUMENT, scenarios_of
from satdesk.simulate.scene_map import MS_FACTOR
from satdesk.simulate.take import Shot, aimed, dimap_images, world_of
from satdesk.simulate.truth import Truth, changes, write_truth
from satdesk.simulate.variation import Variation

__all__ = [
    "Making",
    "Simulation",
    "made_facts",
    "simulate",
    "simulate_all",
    "simulate_pictures",
]

_GROUND = DemKind().file_name
STRIP_LEAD_S = 2.4
"""The strip began this long before the middle of the product, as in real deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a picture is made; none of it changes a count.

    Attributes:
        threads: At least 1.
        compressed: Deflate the pixels of the bundle.
    """

    threads: int = 1
    compressed: bool = True


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


def simulate(
    scenario: Scenario, out_folder: Path, seed: int = 1, making: Making | None = None
) -> Truth:
    """Take one picture and write it as a DIMAP v2 bundle.

    Every bundle says SIMULATED in its mission, its names, its metadata and its pixels.

    Args:
        scenario: What to simulate.
        out_folder: There; receives ``SIMULATED_…`` (the bundle), truth and masks beside it.
        seed: Of the world and of the noise; the same seed gives the same bytes.
        making: In how many threads, and how it is stored.
    """
    making = making or Making()
    shot = aimed(scenario, world_of(scenario, seed), seed)
    stamp = scenario.instant.strftime("%Y%m%d%H%M%S")
    bundle = out_folder / f"SIMULATED_{scenario.name}"
    bundle.mkdir()
    product = DimapProduct(
        name=f"SIMULATED_{stamp}_{scenario.name}",
        instrument=INSTRUMENT,
        strip_start=scenario.instant - timedelta(seconds=STRIP_LEAD_S),
        images=dimap_images(shot),
    )
    with ExitStack() as opened:
        target = opened.enter_context(open_dimap(bundle, product, compressed=making.compressed))
        masks = {
            kind: opened.enter_context(
                raster_target(
                    out_folder / f"truth_{scenario.name}_{name}_mask.tif",
                    (1, *image.shape),
                    "uint8",
                )
            )
            for name, kind, image in zip(("pan", "ms"), ("P", "MS"), product.images, strict=True)
        }
        _fill(target, masks, shot, making.threads)
    truth = Truth(shot=shot, bundle=bundle)
    write_truth(truth, out_folder / f"truth_{scenario.name}.json")
    return truth


def _fill(target: DimapTarget, masks: dict[str, RasterTarget], shot: Shot, threads: int) -> None:
    """Make the picture's blocks and write them where they belong."""
    for block, made in shot.developed(threads):
        for kind, factor, counts, mask in (
            ("P", 1, made.pan, made.pan_mask),
            ("MS", MS_FACTOR, made.ms, made.ms_mask),
        ):
            row, col = block.row // factor, block.col // factor
            target.put(kind, row, col, counts)
            masks[kind].put(row, col, mask[None])
            if shot.exposure.clouds is not None:
                step = MS_FACTOR // factor
                target.cover(kind, row, col, mask[::step, ::step] & CLOUD > 0, step)


def simulate_all(
    name: str,
    out: Path,
    seed: int = 1,
    *,
    overwrite: bool = False,
    variation: Variation | None = None,
    making: Making | None = None,
) -> Simulation:
    """Write the pictures of a named scenario, DEM, truth and recipe; all of it appears, or nothing.

    Args:
        name: ``demo``, ``test`` …
        out: Folder that must not exist unless `overwrite`.
        seed: Of the world and of the noise.
        overwrite: Replace a folder that is there.
        variation: What is wanted otherwise than the scenario has it.
        making: In how many threads, and how it is stored.

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
    return simulate_pictures(wanted, out, seed, overwrite=overwrite, kit=name, making=making)


def made_facts(scenario: str, out: Path, seed: int, made: Simulation) -> dict[str, Any]:
    """What ``satdesk simulate`` answers (``simulate.schema.json``)."""
    recipe = out / "recipe.toml"
    return {
        "path": str(out),
        "scenario": scenario,
        "seed": seed,
        "bundles": [str(truth.bundle) for truth in made.truths],
        "truth": str(out),
        "dem": str(made.dem),
        "recipe": str(recipe) if recipe.is_file() else None,
    }


def simulate_pictures(
    scenarios: tuple[Scenario, ...],
    out: Path,
    seed: int = 1,
    *,
    overwrite: bool = False,
    kit: str = "",
    making: Making | None = None,
) -> Simulation:
    """As `simulate_all`, for pictures of your own; the first says which world and DEM it is.

    Args:
        scenarios: At least one; all of one landscape.
        out: Folder that must not exist unless `overwrite`.
        seed: Of the world and of the noise.
        overwrite: Replace a folder that is there.
        kit: Named scenario whose recipe is laid beside the pictures.
        making: In how many threads, and how it is stored.

    Raises:
        UsageError: As `files.store.new_folder`; the pictures are not of one world.
        MachineError: As `files.store.new_folder`.
    """
    first = scenarios[0]
    world = world_of(first, seed)
    if any(world_of(other, seed) is not world for other in scenarios):
        raise UsageError("the pictures of a simulation must be of one world", subject=first.name)
    with new_folder(out, overwrite) as folder:
        truths = [simulate(scenario, folder, seed, making) for scenario in scenarios]
        write_dem(world.relief, folder / _GROUND)
        if first.dem != DemKind():
            write_dem(world.relief, folder / first.dem.file_name, first.dem)
        for scenario in scenarios:
            buildings = world.buildings(scenario.state)
            write_surface(world.relief, buildings, folder / f"dsm_{scenario.name}_egm96.tif")
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
