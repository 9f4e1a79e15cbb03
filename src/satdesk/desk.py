"""The one door: the verbs that the command line and the web server call.

Every function takes values and returns JSON-ready answers that follow the schemas in
``satdesk/schemas``; nothing here prints, asks or exits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.bundles.report import report
from satdesk.core.place import District
from satdesk.core.sensor import FloatArray
from satdesk.places.lookup import place_to_dict, search
from satdesk.release.aim import aim
from satdesk.release.catalogue import add_release, opened_catalogue, release_facts
from satdesk.release.content import Artifact, Content
from satdesk.release.identify import find_facts
from satdesk.release.identify import identify as found_pictures
from satdesk.release.inputs import choice_paths
from satdesk.release.issue import issue_release
from satdesk.release.orthoimage import write_ortho
from satdesk.release.pictures import Progress
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice, load_recipe
from satdesk.release.refinement import (
    PointsChoice,
    RefinementWish,
    named_planes,
    write_refinement,
)
from satdesk.release.refinement_use import accuracy_of
from satdesk.release.scenes import open_scene
from satdesk.scale.run import Executor, Threads
from satdesk.simulate.write import simulate_all

__all__ = [
    "catalogue",
    "identify",
    "inspect",
    "issue",
    "locate",
    "named",
    "ortho",
    "places",
    "project",
    "refine",
    "simulate",
]


def inspect(choice: SceneChoice) -> dict[str, Any]:
    """Every fact of a delivery and what is wrong with it (``inspect.schema.json``).

    Raises:
        InputError: The metadata itself cannot be read.
    """
    folder = choice.bundle if choice.bundle is not None and choice.bundle.is_dir() else None
    return report(open_scene(choice), folder)


def locate(
    source: Path, points: FloatArray, *, image_id: str | None = None, rpc: Path | None = None
) -> FloatArray:
    """``(n, 3)`` lon, lat, height of ``(n, 3)`` col, row, height; NaN outside the domain.

    Args:
        source: Bundle, image, or bare RPC file.
        points: Columns and rows from the outer corner of the file's first pixel; heights in
            metres above the WGS 84 ellipsoid.
        image_id: Which image of a bundle; None = PAN, else the first.
        rpc: An RPC file that goes before every other source of one.
    """
    return aim(source, image_id=image_id, rpc=rpc).locate(np.asarray(points, dtype=np.float64))


def project(
    source: Path, points: FloatArray, *, image_id: str | None = None, rpc: Path | None = None
) -> FloatArray:
    """``(n, 2)`` col, row of ``(n, 3)`` lon, lat, height; NaN outside the domain; see `locate`."""
    return aim(source, image_id=image_id, rpc=rpc).project(np.asarray(points, dtype=np.float64))


def named(point: FloatArray, names: Sequence[str]) -> dict[str, float | None]:
    """One point as JSON: every number by its name, all null where any is not known."""
    known = bool(np.isfinite(point).all())
    return {name: float(value) if known else None for name, value in zip(names, point, strict=True)}


def ortho(  # noqa: PLR0913 - the wishes of one job, keyword-only
    choice: SceneChoice,
    out: Path,
    *,
    grid: GridChoice,
    terrain: TerrainChoice,
    bounds: tuple[float, float, float, float] | None = None,
    accept: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Orthorectify one scene into a COG at `out` (``ortho.schema.json``).

    Raises:
        UsageError: `out` exists without `overwrite`, or the scene lacks what is wished.
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that is not accepted.
    """
    accuracy = accuracy_of(choice.refinement)
    return write_ortho(
        open_scene(choice),
        out,
        wish=grid,
        terrain=terrain,
        bounds=bounds,
        reasons=_reasons(accept),
        overwrite=overwrite,
        executor=executor or _all_cores(),
        given=choice_paths(choice),
        facts=() if accuracy is None else (("accuracy", accuracy),),
        progress=progress,
    )


def refine(
    choice: SceneChoice,
    points: PointsChoice,
    wish: RefinementWish,
    *,
    terrain: TerrainChoice,
    accept: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Correct the model of one image of a scene by points (``refine.schema.json``).

    Raises:
        UsageError: A result exists without ``wish.overwrite``, or the scene lacks the image.
        InputError: An input cannot be used.
        LimitError: The points are too few, badly spread or do not fit, and that is not accepted.
    """
    return write_refinement(
        open_scene(named_planes(choice)),
        points,
        wish,
        terrain=terrain,
        reasons=_reasons(accept),
        given=choice_paths(choice),
    )


def places(query: str) -> dict[str, Any]:
    """Districts and sites by any of their names, or a code (``places.schema.json``).

    Raises:
        UnknownNameError: Nobody bears it; the nearest names are given.
    """
    found = search(query)
    return {
        "query": query,
        "districts": [place_to_dict(p) for p in found if isinstance(p, District)],
        "sites": [place_to_dict(p) for p in found if not isinstance(p, District)],
    }


def catalogue(path: Path, releases: Sequence[Path]) -> dict[str, Any]:
    """Add releases to the catalogue at `path` and list it (``catalogue.schema.json``).

    Raises:
        InputError: A folder is no whole release, or `path` is no catalogue.
        MissingInputError: OpenCV is not installed.
    """
    with opened_catalogue(path, create=bool(releases)) as opened:
        added = {str(folder): add_release(opened, folder) for folder in releases}
        return {"path": str(path), "added": added, "releases": list(release_facts(opened))}


def identify(image: Path, catalogue: Path) -> dict[str, Any]:
    """From which releases of a catalogue a picture comes (``identify.schema.json``).

    Raises:
        InputError: The picture or the catalogue cannot be read.
        MissingInputError: OpenCV is not installed.
    """
    with opened_catalogue(catalogue) as opened:
        found = found_pictures(image, opened)
    return {"path": str(image), "found": [find_facts(find) for find in found]}


def issue(
    recipe: Path,
    out: Path,
    *,
    accept: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Issue the release of a recipe file into the folder `out` (``issue.schema.json``).

    Raises:
        UsageError: The recipe does not follow its schema, or `out` exists without `overwrite`.
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that is not accepted.
    """
    loaded = load_recipe(recipe)
    accepted = tuple(sorted({**dict(loaded.accept), **_reasons(accept)}.items()))
    issued = issue_release(
        replace(loaded, accept=accepted),
        out,
        executor=executor or _all_cores(),
        overwrite=overwrite,
        progress=progress,
    )
    return _issue_answer(issued.path, issued.content, issued.artifacts)


def simulate(scenario: str, out: Path, *, seed: int = 1, overwrite: bool = False) -> dict[str, Any]:
    """Make the SIMULATED bundles of a scenario in the folder `out` (``simulate.schema.json``).

    Raises:
        UnknownNameError: No such scenario.
        UsageError: `out` exists without `overwrite`.
    """
    made = simulate_all(scenario, out, seed, overwrite=overwrite)
    return {
        "path": str(out),
        "scenario": scenario,
        "seed": seed,
        "bundles": [str(truth.bundle) for truth in made.truths],
        "truth": str(out),
        "recipe": str(out / "recipe.toml") if (out / "recipe.toml").is_file() else None,
    }


def _issue_answer(path: Path, content: Content, artifacts: Sequence[Artifact]) -> dict[str, Any]:
    page = path / "index.html"
    return {
        "path": str(path),
        "page": str(page) if page.is_file() else None,
        "release": content.id,
        "status": content.status.value,
        "draft_reasons": list(content.draft_reasons),
        "dates": [image.id for image in content.dates],
        "unpublished_sites": [
            {"site": site, "reason": reason} for site, reason in content.unpublished_sites
        ],
        "artifacts": len(artifacts) + 2,
        "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
    }


def _reasons(accept: Sequence[tuple[str, str]]) -> dict[str, str]:
    return dict(accept)


def _all_cores() -> Executor:
    return Threads(os.cpu_count() or 1)
