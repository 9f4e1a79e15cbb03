"""A refinement that was written to a file, put to use: every image of the scene moves alike.

The correction was fitted in the pixels of one image. For another image of the scene it is carried
over by the affine that takes the one image's pixels to the other's, as both models see the ground:
the same shift on the ground, in that image's own pixels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import SensorModel
from satdesk.errors import BrokenInputError, MissingInputError, UnreadableInputError, UsageError
from satdesk.geometry.affine import Adjusted, mapped
from satdesk.geometry.budget import LEAST_CHECKS
from satdesk.release.accuracy_words import checked_words
from satdesk.release.schema import check

__all__ = ["FORMAT", "accuracy_statement", "load_refinement", "refined"]

FORMAT = "satdesk-refinement/2"
"""Number 1 held no errors of points left out, which the budget of a picture is made from."""
_FAMILY = FORMAT.partition("/")[0]
_MAX_BYTES = 50_000_000
_NODES = 7


def load_refinement(path: Path) -> dict[str, Any]:
    """The document that ``satdesk refine --out`` wrote.

    Raises:
        MissingInputError: There is no such file.
        UnreadableInputError: It is not JSON.
        BrokenInputError: It is not a refinement, or its matrix moves nothing sensibly.
    """
    if not path.is_file():
        raise MissingInputError("there is no such refinement", subject=path)
    if path.stat().st_size > _MAX_BYTES:
        raise BrokenInputError("too large to be a refinement", subject=path)
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            "the refinement is not JSON", subject=path, found=str(error)[:200]
        ) from error
    _check_format(document, path)
    try:
        check(document, "refine", subject=path)
    except UsageError as error:
        raise BrokenInputError(
            "the file is not a refinement",
            subject=path,
            found=error.what,
            expected="what satdesk refine --out writes",
        ) from error
    return document


def _check_format(document: object, path: Path) -> None:
    """Refuse another number of the format, which has other contents."""
    named = document.get("format") if isinstance(document, dict) else None
    if isinstance(named, str) and named.startswith(f"{_FAMILY}/") and named != FORMAT:
        raise BrokenInputError(
            "the refinement was written by another version of satdesk",
            subject=path,
            found=named[:60],
            expected=FORMAT,
            remedy="make it again: satdesk refine … --out FILE",
        )


def refined(scene: Scene, path: Path) -> Scene:
    """`scene` with every image in sensor geometry corrected by the refinement at `path`.

    Raises:
        InputError: The file cannot be used, or belongs to another scene or image.
    """
    document = load_refinement(path)
    model = document["model"]
    if document["scene"] != scene.id:
        raise BrokenInputError(
            "the refinement belongs to another scene",
            subject=path,
            found=document["scene"],
            expected=scene.id,
            remedy="refine this scene",
        )
    seen = {image.id: image for image in scene.images}
    base = seen.get(model["image"])
    if base is None or base.model is None:
        raise BrokenInputError(
            "the refinement belongs to an image that the scene has no model of",
            subject=path,
            found=model["image"],
            expected=", ".join(seen),
        )
    matrix = _matrix(model["matrix"], path)
    images = tuple(_moved(image, base, base.model, matrix) for image in scene.images)
    return replace(scene, images=images, files=(*scene.files, path))


def _matrix(numbers: Sequence[float], path: Path) -> Affine:
    matrix = Affine(*numbers)
    if matrix.is_degenerate:
        raise BrokenInputError("the refinement's matrix is not one", subject=path)
    return matrix


def _moved(
    image: SourceImage, base: SourceImage, model: SensorModel, matrix: Affine
) -> SourceImage:
    if image.model is None or image.grid.crs is not None:
        return image
    if image.id == base.id:
        return replace(image, model=Adjusted(model=image.model, matrix=matrix))
    carried = _carried(base, model, image.model, matrix)
    return replace(image, model=Adjusted(model=image.model, matrix=carried))


def _carried(base: SourceImage, model: SensorModel, other: SensorModel, matrix: Affine) -> Affine:
    """`matrix` in the pixels of `other`: there, through the correction, and back."""
    rows, cols = base.grid.shape
    across, down = np.meshgrid(np.linspace(0, cols, _NODES), np.linspace(0, rows, _NODES))
    col, row = mapped(base.grid.affine, across.ravel(), down.ravel())
    height = np.full(col.shape, float(getattr(model, "height_off", 0.0)))
    there = np.column_stack(other.project(*model.locate(col, row, height), height))
    known = np.isfinite(there).all(axis=1)
    if known.sum() < _NODES:
        raise BrokenInputError(
            "the images of the scene do not look at the same ground",
            subject=base.id,
            remedy="check that their models belong to one acquisition",
        )
    middle = np.array([col.mean(), row.mean()])
    about = np.column_stack([col - middle[0], row - middle[1], np.ones_like(col)])
    fitted = np.linalg.lstsq(about[known], there[known], rcond=None)[0]
    (a, d), (b, e), (c, f) = fitted.tolist()
    across_images = Affine(a, b, c, d, e, f) @ Affine.translation(-middle[0], -middle[1])
    carried: Affine = across_images @ matrix @ ~across_images
    return carried


def accuracy_statement(document: Mapping[str, Any]) -> str | None:
    """One sentence on the error that independent points measured; None where none could.

    It speaks of the camera alone, at the heights of the points (their own, or the terrain's where
    they have none): a picture adds its terrain.
    """
    for how, key in _CHECKS:
        found = document[key]
        few = how != "leave-one-out" and document["leave_one_out"] is not None
        if found is None or (few and found["n"] < LEAST_CHECKS):
            continue
        low, high = found["interval_95_m"]
        against = "gcps" if how == "check-points" else document["source"]["kind"]
        words = checked_words(found["upper_m"], n=found["n"], how=how, against=against)
        return (
            f"{words}, at the points' heights; measured {found['ce90_m']:.2f} m, "
            f"95 % interval {low:.2f}–{high:.2f} m"
        )
    return None


_CHECKS = (
    ("check-points", "check"),
    ("held-out", "held_out"),
    ("leave-one-out", "leave_one_out"),
)
