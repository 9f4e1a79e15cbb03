"""The one door: the verbs that the command line and the web server call.

Every function takes values and returns JSON-ready answers that follow the schemas in
``satdesk/schemas``; nothing here prints, asks or exits. Each verb imports what it needs when it is
called: a plate's fonts and a refinement's statistics would cost an orthoimage a second.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from satdesk.core.arguments import door, points_of
from satdesk.files.cores import usable_cores
from satdesk.release.acceptance import reasons_of
from satdesk.release.reading_steps import answer_statements, open_answers, statements
from satdesk.release.signing import Desk, Signing, clearance_of, record_of, seal_of
from satdesk.release.standing import correct, log, review, sign_off, status, withdraw

if TYPE_CHECKING:
    from satdesk.core.sensor import FloatArray
    from satdesk.release.adjustment import BlockWish
    from satdesk.release.change_wish import AreaWish
    from satdesk.release.mask_image import MaskWish
    from satdesk.release.pictures import Progress
    from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
    from satdesk.release.refinement import PointsChoice, RefinementWish
    from satdesk.scale.run import Executor
    from satdesk.simulate.variation import Variation

__all__ = [
    "Desk",
    "Signing",
    "adjust",
    "answer_statements",
    "area",
    "catalogue",
    "correct",
    "identify",
    "inspect",
    "issue",
    "keys",
    "locate",
    "log",
    "mask",
    "named",
    "open_answers",
    "ortho",
    "places",
    "project",
    "refine",
    "report",
    "reproduce",
    "review",
    "sign_off",
    "simulate",
    "statements",
    "status",
    "verify",
    "withdraw",
]


@door
def inspect(choice: SceneChoice) -> dict[str, Any]:
    """Every fact of a delivery and what is wrong with it (``inspect.schema.json``).

    Raises:
        InputError: The metadata itself cannot be read.
    """
    from satdesk.bundles.report import report as delivery_report
    from satdesk.release.scenes import open_scene

    folder = choice.bundle if choice.bundle is not None and choice.bundle.is_dir() else None
    return delivery_report(open_scene(choice), folder)


@door
def locate(
    source: Path,
    points: FloatArray,
    *,
    image_id: str | None = None,
    rpc: Path | None = None,
    geometry: str | None = None,
) -> FloatArray:
    """``(n, 3)`` lon, lat, height of ``(n, 3)`` col, row, height; NaN outside the domain.

    Args:
        source: Bundle, image, or bare RPC file.
        points: Columns and rows from the outer corner of the file's first pixel; heights in
            metres above the WGS 84 ellipsoid.
        image_id: Which image of a bundle; None = PAN, else the first.
        rpc: An RPC file that goes before every other source of one.
        geometry: ``map`` or ``model``, where an image has a map and an RPC.
    """
    from satdesk.release.aim import aim

    looking = aim(source, image_id=image_id, rpc=rpc, geometry=geometry)
    return looking.locate(points_of(points, "points"))


@door
def project(
    source: Path,
    points: FloatArray,
    *,
    image_id: str | None = None,
    rpc: Path | None = None,
    geometry: str | None = None,
) -> FloatArray:
    """``(n, 2)`` col, row of ``(n, 3)`` lon, lat, height; NaN outside the domain; see `locate`."""
    from satdesk.release.aim import aim

    looking = aim(source, image_id=image_id, rpc=rpc, geometry=geometry)
    return looking.project(points_of(points, "points"))


def named(point: FloatArray, names: Sequence[str]) -> dict[str, float | None]:
    """One point as JSON: every number by its name, all null where any is not known."""
    known = bool(np.isfinite(point).all())
    return {name: float(value) if known else None for name, value in zip(names, point, strict=True)}


@door
def ortho(  # noqa: PLR0913 - the wishes of one job, keyword-only
    choice: SceneChoice,
    out: Path,
    *,
    grid: GridChoice,
    terrain: TerrainChoice,
    bounds: tuple[float, float, float, float] | None = None,
    accept: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    checksum: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Orthorectify one scene into a COG at `out` (``ortho.schema.json``).

    With `checksum` the answer has the file's SHA-256.

    Raises:
        UsageError: `out` exists without `overwrite`, or the scene lacks what is wished.
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that is not accepted.
    """
    from satdesk.release.inputs import choice_paths
    from satdesk.release.orthoimage import write_ortho
    from satdesk.release.scenes import open_scene

    return write_ortho(
        open_scene(choice),
        out,
        wish=grid,
        terrain=terrain,
        bounds=bounds,
        reasons=reasons_of(accept),
        overwrite=overwrite,
        checksum=checksum,
        executor=executor or _all_cores(),
        given=choice_paths(choice),
        refinement=choice.refinement,
        progress=progress,
    )


@door
def mask(
    choice: SceneChoice,
    out: Path,
    *,
    wish: MaskWish,
    terrain: TerrainChoice,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write what hides the ground of one scene as classes at `out` (``mask.schema.json``).

    Raises:
        UsageError: `out` exists without `overwrite`, or the scene lacks what the method needs.
        InputError: An input cannot be used.
    """
    from satdesk.release.inputs import choice_paths
    from satdesk.release.mask_image import write_mask
    from satdesk.release.scenes import open_scene

    return write_mask(
        open_scene(choice),
        out,
        wish=wish,
        terrain=terrain,
        overwrite=overwrite,
        given=choice_paths(choice),
    )


@door
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
    from satdesk.release.inputs import choice_paths
    from satdesk.release.refinement import named_planes, write_refinement
    from satdesk.release.scenes import open_scene

    return write_refinement(
        open_scene(named_planes(choice)),
        points,
        wish,
        terrain=terrain,
        reasons=reasons_of(accept),
        given=choice_paths(choice),
    )


@door
def adjust(
    choices: Sequence[SceneChoice],
    wish: BlockWish,
    *,
    terrain: TerrainChoice,
    accept: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Lay overlapping scenes on each other (``adjust.schema.json``).

    Raises:
        UsageError: A result exists without ``wish.overwrite``, or there are not two scenes.
        InputError: An input cannot be used, or a scene overlaps no other.
        LimitError: The ties are too few or do not fit, and that is not accepted.
    """
    from satdesk.release.adjustment import write_adjustment
    from satdesk.release.inputs import choice_paths
    from satdesk.release.refinement import named_planes
    from satdesk.release.scenes import open_scene

    return write_adjustment(
        [open_scene(named_planes(choice)) for choice in choices],
        wish,
        terrain=terrain,
        reasons=reasons_of(accept),
        given=tuple(path for choice in choices for path in choice_paths(choice)),
    )


@door
def places(query: str) -> dict[str, Any]:
    """Districts and sites by any of their names, or a code (``places.schema.json``).

    Raises:
        UnknownNameError: Nobody bears it; the nearest names are given.
    """
    from satdesk.core.place import District
    from satdesk.places.lookup import place_to_dict, search

    found = search(query)
    return {
        "query": query,
        "districts": [place_to_dict(p) for p in found if isinstance(p, District)],
        "sites": [place_to_dict(p) for p in found if not isinstance(p, District)],
    }


@door
def catalogue(path: Path, releases: Sequence[Path]) -> dict[str, Any]:
    """Add releases to the catalogue at `path` and list it (``catalogue.schema.json``).

    Raises:
        InputError: A folder is no whole release, or `path` is no catalogue.
        MissingInputError: OpenCV is not installed.
    """
    from satdesk.release.catalogue import add_release, opened_catalogue, release_facts

    with opened_catalogue(path, create=bool(releases)) as opened:
        added = {str(folder): add_release(opened, folder) for folder in releases}
        return {"path": str(path), "added": added, "releases": list(release_facts(opened))}


@door
def identify(image: Path, catalogue: Path) -> dict[str, Any]:
    """From which releases of a catalogue a picture comes (``identify.schema.json``).

    Raises:
        InputError: The picture or the catalogue cannot be read.
        MissingInputError: OpenCV is not installed.
    """
    from satdesk.release.catalogue import opened_catalogue
    from satdesk.release.identify import find_facts
    from satdesk.release.identify import identify as found_pictures

    with opened_catalogue(catalogue) as opened:
        found = found_pictures(image, opened)
    return {"path": str(image), "found": [find_facts(find) for find in found]}


@door
def report(
    recipe: Path, out: Path | None = None, *, masks: str | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """What the scenes of a recipe show of its district (``report.schema.json``).

    By outlines; and by what `masks`, or the recipe's own, find to hide the ground. With `out` maps
    and gaps are written there.

    Raises:
        UsageError: The recipe does not follow its schema, or `out` exists without `overwrite`.
        InputError: An input cannot be used.
    """
    from satdesk.release.footprints import district_report
    from satdesk.release.recipe import load_recipe

    answer = district_report(load_recipe(recipe), out, masks=masks, overwrite=overwrite)
    return {**answer, "path": None if out is None else str(out)}


@door
def area(
    before: Path,
    after: Path,
    out: Path | None,
    wish: AreaWish,
    *,
    accept: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
) -> dict[str, Any]:
    """Measure how much ground changed between two pictures (``area.schema.json``).

    Raises:
        UsageError: `out` exists without `overwrite`.
        InputError: An input cannot be used.
        LimitError: Most of the area changed, and that is not accepted.
    """
    from satdesk.release.change_area import measured_area

    return measured_area(before, after, out, wish, reasons=reasons_of(accept), overwrite=overwrite)


@door
def issue(
    recipe: Path,
    out: Path,
    *,
    accept: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    signing: Signing | None = None,
    desk: Desk | None = None,
) -> dict[str, Any]:
    """Issue the release of a recipe file into the folder `out` (``issue.schema.json``).

    With `signing` its pictures get C2PA credentials and its checksums a signature. It is issued if
    the log of `desk` holds its review and two sign-offs and nothing holds it back, else a DRAFT.

    Raises:
        UsageError: The recipe does not follow its schema, or `out` exists without `overwrite`.
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that is not accepted.
    """
    from satdesk.release.clearance import Uncleared
    from satdesk.release.issue import issue_release
    from satdesk.release.issued import issue_answer
    from satdesk.release.recipe import load_recipe

    loaded = load_recipe(recipe)
    accepted = tuple(sorted({**dict(loaded.accept), **reasons_of(accept)}.items()))
    now = datetime.now(UTC)
    seal = None if signing is None else seal_of(signing, loaded, out)
    clearance = Uncleared(now=now) if desk is None else clearance_of(desk, dict(accepted), out, now)
    issued = issue_release(
        replace(loaded, accept=accepted),
        out,
        executor=executor or _all_cores(),
        overwrite=overwrite,
        progress=progress,
        seal=seal,
        clearance=clearance,
    )
    facts = None if seal is None else seal.facts()
    if desk is not None:
        record_of(desk, issued, facts or {}, now)
    return issue_answer(issued, facts)


@door
def keys(folder: Path, *, name: str, days: int = 365, overwrite: bool = False) -> dict[str, Any]:
    """Make a local certificate authority and a signing key in `folder` (``keys.schema.json``).

    Raises:
        UsageError: `folder` exists without `overwrite`, or lies in a release; the extra
            ``satdesk[sign]`` is not installed.
    """
    from satdesk.provenance.extra import require_extra

    require_extra()
    from satdesk.provenance.keys import make_authority
    from satdesk.provenance.trust import authority_facts

    made = make_authority(folder, name=name, days=days, now=datetime.now(UTC), overwrite=overwrite)
    return authority_facts(folder, made.chain[0])


@door
def verify(path: Path, *, trust: Sequence[Path] = ()) -> dict[str, Any]:
    """Who released a release or a file, and whether it is unchanged (``verify.schema.json``).

    Args:
        path: A release's folder, or one file.
        trust: PEM files with the root certificates that the reader trusts.

    Raises:
        InputError: There is nothing to verify, or it is made to exhaust the machine.
        UsageError: The extra ``satdesk[sign]`` is not installed.
    """
    from satdesk.provenance.extra import require_extra

    require_extra()
    from satdesk.provenance.trust import load_trust
    from satdesk.release.verify import verify as verified

    return verified(path, load_trust(trust), at=datetime.now(UTC)).to_dict()


@door
def reproduce(
    release: Path,
    scenes: Path,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a release again from its public recipe and compare (``reproduce.schema.json``).

    Args:
        release: Its folder.
        scenes: Below it lie the files that the recipe names, found by their SHA-256.
        executor: How layers are evaluated.
        progress: Told each step.

    Raises:
        InputError: A file that it was made from is not there.
        VerificationError: Recipe and release contradict each other.
    """
    from satdesk.provenance.extra import require_extra

    require_extra()
    from satdesk.release.reproduce import reproduce_release

    with tempfile.TemporaryDirectory(prefix="satdesk-") as work:
        return reproduce_release(
            release, scenes, Path(work), executor=executor or _all_cores(), progress=progress
        ).to_dict()


@door
def simulate(
    scenario: str,
    out: Path,
    *,
    seed: int = 1,
    overwrite: bool = False,
    variation: Variation | None = None,
    compressed: bool = True,
    threads: int | None = None,
) -> dict[str, Any]:
    """Make the SIMULATED bundles of a scenario in the folder `out` (``simulate.schema.json``).

    Raises:
        UnknownNameError: No such scenario.
        UsageError: `out` exists without `overwrite`; a variation that cannot be.
    """
    from satdesk.simulate.write import Making, made_facts, simulate_all

    making = Making(compressed=compressed, threads=threads or usable_cores())
    made = simulate_all(
        scenario, out, seed, overwrite=overwrite, variation=variation, making=making
    )
    return made_facts(scenario, out, seed, made)


def _all_cores() -> Executor:
    from satdesk.scale.run import Threads

    return Threads(usable_cores())
