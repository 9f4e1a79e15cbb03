"""Residuals as a picture: an arrow at each point, bad points named."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from satdesk.core.scene import SourceImage
from satdesk.core.sensor import FloatArray
from satdesk.geometry.refine import Refinement
from satdesk.release.refinement_points import Observed

__all__ = ["residual_png"]

_GOOD, _BAD, _INK = "#1b5e8c", "#c0392b", "#222222"
_DPI = 110
_ARROW_SHARE = 0.09
"""Length of a typical arrow as a share of the image's longer side."""
_MOST_NAMES = 40


def residual_png(
    document: Mapping[str, Any], observed: Observed, fitted: Refinement, image: SourceImage
) -> bytes:
    """The residuals of a refinement over the image's frame, as a PNG; the same bytes each time."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 9, "path.simplify": False}):
        figure = Figure(figsize=(8.4, 8.8), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.09, 0.13, 0.86, 0.70))
        unit_px = _unit(fitted)
        _frame(axes, image)
        _arrows(axes, observed, fitted, image, unit_px)
        _key(axes, image, unit_px)
        _words(figure, document)
        target = io.BytesIO()
        figure.savefig(target, format="png", dpi=_DPI, metadata={"Software": None})
    return target.getvalue()


def _unit(fitted: Refinement) -> float:
    """The residual in pixels that the arrow of the key stands for: a round number."""
    typical = max(fitted.rms_px if fitted.used.any() else 1.0, 1e-3)
    power = 10.0 ** math.floor(math.log10(typical))
    return next((n * power for n in (1, 2, 5) if n * power >= typical), 10 * power)


def _per_pixel(image: SourceImage, unit_px: float) -> float:
    """Image pixels that an arrow is long for one pixel of residual."""
    return _ARROW_SHARE * max(image.grid.shape) / unit_px


def _frame(axes: Axes, image: SourceImage) -> None:
    rows, cols = image.grid.shape
    margin = 0.08 * max(rows, cols)
    axes.set(xlim=(-margin, cols + margin), ylim=(rows + margin, -margin), aspect="equal")
    axes.set(xlabel="column in the image file, pixels", ylabel="row, pixels")
    axes.add_patch(Rectangle((0, 0), cols, rows, fill=False, edgecolor=_INK, linewidth=1))
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def _arrows(
    axes: Axes, observed: Observed, fitted: Refinement, image: SourceImage, unit_px: float
) -> None:
    good, bad = fitted.used, ~fitted.used
    scale = _per_pixel(image, unit_px)
    longest = 0.13 * max(image.grid.shape)
    vectors = fitted.residuals_px * scale
    length = np.hypot(*vectors.T)
    cut = length > longest
    vectors = vectors * np.where(cut, longest / np.maximum(length, 1e-9), 1.0)[:, None]
    for chosen, colour in ((good, _GOOD), (bad, _BAD)):
        _draw(axes, observed.colrow[chosen], vectors[chosen], colour)
    quiet = good.sum() > _MOST_NAMES
    for n in np.flatnonzero(good & ~quiet).tolist():
        name = observed.ids[n].removeprefix("window ")
        _name(axes, observed.colrow[n], vectors[n], name, _INK)
    for n in np.flatnonzero(bad).tolist()[:_MOST_NAMES]:
        size = math.hypot(*fitted.residuals_px[n])
        _name(axes, observed.colrow[n], vectors[n], f"{observed.ids[n]}: {size:.1f} px", _BAD)


def _draw(axes: Axes, at: FloatArray, vectors: FloatArray, colour: str) -> None:
    axes.plot(at[:, 0], at[:, 1], "o", color=colour, markersize=3.5)
    if len(at):
        axes.quiver(
            at[:, 0], at[:, 1], vectors[:, 0], vectors[:, 1],
            angles="xy", scale_units="xy", scale=1, color=colour, width=0.0035, zorder=3,
        )  # fmt: skip


def _name(axes: Axes, at: FloatArray, vector: FloatArray, text: str, colour: str) -> None:
    """`text` beside a point, on the side that its arrow leaves free; rows count downwards."""
    left, below = bool(vector[0] > 0), bool(vector[1] < 0)
    axes.annotate(
        text,
        (float(at[0]), float(at[1])),
        xytext=(-4 if left else 4, -3 if below else 3),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top" if below else "bottom",
        color=colour,
        fontsize=7,
        clip_on=True,
    )


def _key(axes: Axes, image: SourceImage, unit_px: float) -> None:
    """The arrow's scale, in a corner below the frame."""
    rows, cols = image.grid.shape
    length = _per_pixel(image, unit_px) * unit_px
    y = rows + 0.05 * max(rows, cols)
    axes.quiver(
        [0], [y], [length], [0], angles="xy", scale_units="xy", scale=1, color=_INK, width=0.0035
    )
    axes.annotate(f"  {unit_px:g} px", (length, y), va="center", fontsize=8, color=_INK)


def _words(figure: Figure, document: Mapping[str, Any]) -> None:
    model = document["model"]
    named = f"Residuals of {document['scene']}, image {model['image']}"
    figure.text(0.09, 0.955, named, fontsize=11, weight="bold", color=_INK)
    used = f"{document['points_used']} of {len(document['points'])}"
    lines = [
        f"model: {model['kind']}; points: {document['source']['file']}; used {used}",
        f"rms before {_px(document['before_rms_px'])}, after {_px(document['rms_px'])}",
        document["accuracy"] or _unchecked(document),
    ]
    if document["simulated"]:
        lines.insert(0, "SIMULATED: no camera took this picture")
    wrapped = [part for line in lines for part in textwrap.wrap(line, 105)]
    for number, line in enumerate(wrapped):
        figure.text(0.09, 0.935 - 0.02 * number, line, fontsize=8.5, color=_INK)
    figure.text(0.09, 0.055, "●", fontsize=9, color=_GOOD)
    figure.text(0.11, 0.055, "used: measured minus corrected model", fontsize=8, color=_INK)
    figure.text(0.09, 0.03, "●", fontsize=9, color=_BAD)
    figure.text(
        0.11, 0.03, "bad: not used, with its residual; long arrows are cut", fontsize=8, color=_INK
    )


def _unchecked(document: Mapping[str, Any]) -> str:
    if document["source"]["kind"] == "block":
        return "ties between scenes tell nothing of where the scenes lie: the error was not checked"
    return "no point could be left out: the error was not checked"


def _px(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f} px"
