"""The job of ``satdesk refine``: points, a correction that fits them, what it is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from satdesk.core.scene import Scene, SourceImage
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.files.digests import sha256
from satdesk.files.gcps import LoadedPoints, read_gcps
from satdesk.files.rasters import describe_file, require_pixels
from satdesk.files.store import new_file
from satdesk.geometry.refine import Refinement, fit_refinement, refinement_problems
from satdesk.release.acceptance import Acceptance
from satdesk.release.content import Notice
from satdesk.release.ground import Ground, ground_under, image_outline
from satdesk.release.inputs import scene_files, terrain_files
from satdesk.release.recipe import SceneChoice, TerrainChoice
from satdesk.release.refinement_checks import check_facts, held_out
from satdesk.release.refinement_document import extent_of, refinement_document
from satdesk.release.refinement_match import open_reference, reference_points
from satdesk.release.refinement_picture import residual_png
from satdesk.release.refinement_points import Observed, control_points, model_of
from satdesk.release.refinement_use import accuracy_statement
from satdesk.release.scenes import pan_and_ms
from satdesk.release.schema import check

__all__ = [
    "PointsChoice",
    "RefinementWish",
    "image_to_refine",
    "named_planes",
    "write_refinement",
]

_SINGLE = {".tif", ".tiff", ".jp2", ".ntf", ".nitf", ".img", ".vrt"}

LIMITS_PX = {"gcps": 2.0, "reference": 1.0}
"""Root mean square residual that is let pass: points are set by hand, matches by machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsChoice:
    """Where points come from: a file of them, or a reference orthoimage; exactly one.

    Attributes:
        gcps: CSV or GeoJSON; see `files.gcps`.
        crs: Of x and y in that file.
        vertical: Datum of the heights in that file.
        geoid: File of the geoid for that datum.
        reference: A georeferenced orthoimage.
        check: More points, written like those of `gcps`, that are not fitted but check the fit.
        hold_out: Share of the points, 0–0.5, that is not fitted but checks the fit; 0 = none.
    """

    gcps: Path | None = None
    crs: str | None = None
    vertical: str = "ellipsoid"
    geoid: Path | None = None
    reference: Path | None = None
    check: Path | None = None
    hold_out: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.hold_out <= 0.5:
            raise UsageError(
                "a share held out leaves most points to fit",
                found=f"{self.hold_out:g}",
                expected="0 to 0.5",
            )
        if (self.gcps is None) == (self.reference is None):
            raise UsageError(
                "a refinement needs one source of points",
                found="neither" if self.gcps is None else "both",
                expected="--gcps FILE or --reference ORTHO",
            )

    @property
    def file(self) -> Path:
        """The file that was named."""
        named = self.gcps or self.reference
        if named is None:
            raise UsageError("a refinement needs points")
        return named

    @property
    def kind(self) -> str:
        """``gcps`` or ``reference``."""
        return "reference" if self.gcps is None else "gcps"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinementWish:
    """What is to be fitted, and what is to be written.

    Attributes:
        kind: ``shift``, ``drift`` or ``affine``.
        image_id: The image; None = PAN, else the first.
        out: The refinement as JSON, for ``satdesk ortho --refinement``; None = not written.
        report: Residual vectors as a PNG; None = not drawn.
        overwrite: Replace what is there.
    """

    kind: str = "shift"
    image_id: str | None = None
    out: Path | None = None
    report: Path | None = None
    overwrite: bool = False


def named_planes(choice: SceneChoice) -> SceneChoice:
    """`choice` with its planes numbered where it is one file whose planes nobody names.

    Where an image lies does not depend on what its planes show.
    """
    file = choice.bundle
    if choice.bands is not None or file is None or file.suffix.lower() not in _SINGLE:
        return choice
    facts = describe_file(file)
    count = facts.count - sum(colour == "alpha" for colour in facts.colours)
    if count == 1 or all(facts.descriptions[:count]):
        return choice
    names = tuple(f"plane {number}" for number in range(1, count + 1))
    return replace(choice, bundle=None, image=file, bands=names)


def write_refinement(
    scene: Scene,
    points: PointsChoice,
    wish: RefinementWish,
    *,
    terrain: TerrainChoice,
    reasons: Mapping[str, str],
    given: tuple[Path, ...] = (),
) -> dict[str, Any]:
    """Fit, judge, write, and answer as ``refine.schema.json`` says.

    Raises:
        UsageError: A result exists without `overwrite`, or the scene has no such image.
        InputError: An input cannot be used.
        LimitError: ``refine-too-few-points``, ``refine-spread`` or ``refine-residual``, not
            accepted; nothing is written then.
    """
    image = image_to_refine(scene, wish.image_id)
    every, ground = _observed(image, points, terrain)
    observed, held = held_out(every, points.hold_out)
    given_checks = None if points.check is None else _checks(image, points, terrain, ground)
    acceptance = Acceptance(reasons=reasons)
    fitted = fit_refinement(observed.predicted, observed.measured, wish.kind)
    problems = refinement_problems(fitted, extent_of(image), LIMITS_PX[points.kind])
    notices = [*ground.notices, *(acceptance.settle(problem) for problem in problems)]
    source = {"kind": points.kind, "file": points.file.name, "sha256": sha256(points.file)}
    document = refinement_document(scene, image, source, observed, fitted, notices)
    if given_checks is not None and points.check is not None:
        document["check"] = check_facts(image, fitted, given_checks, points.check)
    if held is not None:
        document["held_out"] = check_facts(image, fitted, held, None)
    document["accuracy"] = accuracy_statement(document)
    files = (points.file, *(() if points.check is None else (points.check,)))
    inputs = (*scene_files(scene), *terrain_files(terrain), *files, *given)
    _write(document, wish, inputs, (observed, fitted, image))
    return document


def image_to_refine(scene: Scene, image_id: str | None) -> SourceImage:
    """The image that was named, else PAN, else the first.

    Raises:
        UsageError: There is no such image.
        UndeclaredInputError: It has no model.
    """
    pan, ms = pan_and_ms(scene)
    if image_id is None:
        image = pan or ms
    else:
        image = {"pan": pan, "ms": ms}.get(image_id) or scene.image(image_id)
    if image is None:
        raise UsageError("the scene has no image to refine", subject=scene.id)
    model_of(image)
    return image


def _observed(
    image: SourceImage, points: PointsChoice, terrain: TerrainChoice
) -> tuple[Observed, Ground]:
    if points.gcps is None:
        reference = open_reference(points.file)
        require_pixels(image)
        ground = ground_under(image_outline(image, None), terrain, (image,))
        if ground.terrain is None:
            raise UndeclaredInputError("matching a reference needs a terrain", subject=image.id)
        return reference_points(image, reference, ground.terrain), ground
    loaded = _read(points.gcps, points)
    notices = tuple(Notice(code="terrain", text=text) for text in loaded.notices)
    ground = Ground(terrain=None, notices=notices)
    lacking = any(point.height_m is None for point in loaded.points)
    if lacking and (terrain.dem or terrain.height_m is not None):
        below = ground_under(image_outline(image, None), terrain, (image,))
        ground = Ground(terrain=below.terrain, notices=(*notices, *below.notices))
    return control_points(loaded.points, image, ground.terrain, points.gcps), ground


def _read(file: Path, points: PointsChoice) -> LoadedPoints:
    return read_gcps(file, crs=points.crs, vertical=points.vertical, geoid=points.geoid)


def _checks(
    image: SourceImage, points: PointsChoice, terrain: TerrainChoice, ground: Ground
) -> Observed:
    """The points that only check, with heights of the terrain where they have none."""
    file = points.check or points.file
    loaded = _read(file, points)
    below = ground.terrain
    lacking = any(point.height_m is None for point in loaded.points)
    if below is None and lacking and (terrain.dem or terrain.height_m is not None):
        below = ground_under(image_outline(image, None), terrain, (image,)).terrain
    return control_points(loaded.points, image, below, file)


def _write(
    document: dict[str, Any],
    wish: RefinementWish,
    inputs: tuple[Path, ...],
    shown: tuple[Observed, Refinement, SourceImage],
) -> None:
    check(document, "refine")
    if wish.out is not None and wish.report is not None and wish.out == wish.report:
        raise UsageError("model and picture need a file each", found=str(wish.out))
    if wish.report is not None:
        picture = residual_png(document, *shown)
        with new_file(wish.report, wish.overwrite, inputs=inputs) as path:
            path.write_bytes(picture)
    if wish.out is not None:
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        with new_file(wish.out, wish.overwrite, inputs=inputs) as path:
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
