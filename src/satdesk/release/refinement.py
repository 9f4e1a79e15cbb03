"""The job of ``satdesk refine``: points, a correction that fits them, what it is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.core.scene import Scene, SourceImage
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.files.digests import sha256
from satdesk.files.gcps import LoadedPoints, read_gcps
from satdesk.files.rasters import describe_file, require_pixels
from satdesk.files.store import new_file
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import ground_per_pixel, in_metres
from satdesk.geometry.refine import (
    Extent,
    Refinement,
    fit_refinement,
    independent_errors,
    noise_px,
    refinement_problems,
)
from satdesk.release.acceptance import Acceptance
from satdesk.release.content import Notice
from satdesk.release.document import notice_facts
from satdesk.release.ground import Ground, ground_under, image_outline
from satdesk.release.inputs import scene_files, terrain_files
from satdesk.release.recipe import SceneChoice, TerrainChoice
from satdesk.release.refinement_checks import check_facts, error_facts, held_out, known_pair
from satdesk.release.refinement_match import open_reference, reference_points
from satdesk.release.refinement_picture import residual_png
from satdesk.release.refinement_points import Observed, SetAside, control_points, model_of
from satdesk.release.refinement_use import FORMAT, accuracy_statement
from satdesk.release.scenes import pan_and_ms
from satdesk.release.schema import check

__all__ = [
    "PointsChoice",
    "RefinementWish",
    "image_to_refine",
    "named_planes",
    "point_facts",
    "rms_of",
    "write_refinement",
]

_SINGLE = {".tif", ".tiff", ".jp2", ".ntf", ".nitf", ".img", ".vrt"}

LIMITS_PX = {"gcps": 2.0, "reference": 1.0}
"""Root mean square residual that is let pass: points are set by hand, matches by machine."""

_CE90 = 2.1460
"""√(2 ln 10): standard deviations of one axis that 90 % of circular normal errors stay within."""
_ENDLESS_M = 1e5


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
    problems = refinement_problems(fitted, _extent(image), LIMITS_PX[points.kind])
    notices = [*ground.notices, *(acceptance.settle(problem) for problem in problems)]
    document = _document(scene, image, points, observed, fitted, notices)
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


def _extent(image: SourceImage) -> Extent:
    rows, cols = image.grid.shape
    x, y = mapped(image.grid.affine, np.array([0.0, cols]), np.array([0.0, rows]))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _document(
    scene: Scene,
    image: SourceImage,
    points: PointsChoice,
    observed: Observed,
    fitted: Refinement,
    notices: list[Notice],
) -> dict[str, Any]:
    per_pixel = ground_per_pixel(model_of(image), observed.predicted, observed.height_m)
    used = fitted.used
    left_out = independent_errors(fitted)
    document: dict[str, Any] = {
        "format": FORMAT,
        "scene": scene.id,
        "simulated": scene.simulated,
        "model": {
            "kind": fitted.kind,
            "image": image.id,
            "matrix": [float(number) for number in list(fitted.matrix)[:6]],
        },
        "source": {
            "kind": points.kind,
            "file": points.file.name,
            "sha256": sha256(points.file),
        },
        "points_used": int(used.sum()),
        "sigma_px": round(fitted.sigma_px, 4),
        "noise_ce90_m": _noise_m(fitted, image, per_pixel),
        "rms_px": round(fitted.rms_px, 4) if used.any() else None,
        "before_rms_px": rms_of(observed.residuals[used]),
        "leave_one_out": None if left_out is None else error_facts(left_out, per_pixel),
        "check": None,
        "held_out": None,
        "points": point_facts(
            observed, fitted, in_metres(per_pixel, fitted.residuals_px), left_out
        ),
        "notices": notice_facts(notices),
        "accuracy": None,
    }
    return document


def rms_of(offsets: Any) -> float | None:  # noqa: ANN401 - an array (n, 2)
    """Root mean square length, rounded for a document; None of nothing."""
    return round(float(np.sqrt((offsets**2).sum(axis=1).mean())), 4) if len(offsets) else None


def _noise_m(fitted: Refinement, image: SourceImage, per_pixel: Any) -> float | None:  # noqa: ANN401 - an array (n, 2, 2)
    """CE90 on the ground of what the points' noise does to the correction over the image."""
    if not fitted.used.any():
        return None
    metres = float(np.sqrt((per_pixel[fitted.used] ** 2).sum(axis=(1, 2)).mean() / 2))
    noise = _CE90 * noise_px(fitted, _extent(image)) * metres
    return round(noise, 4) if np.isfinite(noise) and noise < _ENDLESS_M else None


def point_facts(
    observed: Observed,
    fitted: Refinement,
    metres: Any,  # noqa: ANN401 - an array (n, 2)
    left_out: Any = None,  # noqa: ANN401 - an array (n, 2), or None
) -> list[dict[str, Any]]:
    """What a document says of each point; `metres` are its residuals east and north."""
    listed = []
    for n, name in enumerate(observed.ids):
        dcol, drow = (float(value) for value in fitted.residuals_px[n])
        used = bool(fitted.used[n])
        listed.append(
            {
                "id": name,
                "lon": float(observed.lonlat[n, 0]),
                "lat": float(observed.lonlat[n, 1]),
                "height": float(observed.height_m[n]),
                "col": float(observed.colrow[n, 0]),
                "row": float(observed.colrow[n, 1]),
                "residual_colrow": [round(dcol, 4), round(drow, 4)],
                "residual_px": round(float(np.hypot(dcol, drow)), 4),
                "residual_m": _metres(metres[n]),
                "left_out_colrow": None if left_out is None else known_pair(left_out[n]),
                "used": used,
                "reason": None if used else "it does not agree with the other points",
            }
        )
    return [*listed, *(_aside(point) for point in observed.aside)]


def _metres(east_north: Any) -> float | None:  # noqa: ANN401 - an array (2,)
    length = float(np.hypot(*east_north))
    return round(length, 4) if np.isfinite(length) else None


def _aside(point: SetAside) -> dict[str, Any]:
    return {
        "id": point.id,
        "lon": point.lonlat[0],
        "lat": point.lonlat[1],
        "height": point.height_m,
        "col": point.colrow[0],
        "row": point.colrow[1],
        "residual_colrow": None,
        "residual_px": None,
        "residual_m": None,
        "left_out_colrow": None,
        "used": False,
        "reason": point.reason,
    }


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
