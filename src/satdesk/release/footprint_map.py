"""A map of the outlines of scenes over a district: what they cover, and what is left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from shapely.geometry.base import BaseGeometry

from satdesk.core.place import District

__all__ = ["write_footprint_map"]

_COLOURS = ("#4477aa", "#ccbb44", "#228833", "#aa3377", "#66ccee", "#ee6677")
"""Paul Tol's bright scheme, told apart with any colour vision; then they begin again."""
_LINE, _GAP = "#222222", "#d8d8d8"
_WIDE_IN, _MOST_HIGH_IN, _ENTRY_IN = 5.6, 6.5, 0.2
_DPI = 150


def write_footprint_map(
    path: Path,
    district: District,
    outlines: Sequence[tuple[str, BaseGeometry]],
    gaps: Sequence[BaseGeometry],
    *,
    title: str,
) -> None:
    """Draw the map as PNG: outlines one over the other, gaps hatched, the district's boundary.

    Args:
        path: Where.
        district: Its boundary is dashed where it is contested.
        outlines: What is said of each scene, and its outline, longitude/latitude.
        gaps: What no scene covers.
        title: Headline.
    """
    west, south, east, north = district.geometry.bounds
    stretch = 1 / math.cos(math.radians((south + north) / 2))
    high = min(_WIDE_IN * (north - south) * stretch / (east - west), _MOST_HIGH_IN)
    entries = _entries(outlines, gaps)
    below = _ENTRY_IN * len(entries) + 0.35
    size = (_WIDE_IN + 0.4, high + below + 0.45)
    figure = Figure(figsize=size, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.2 / size[0], below / size[1], _WIDE_IN / size[0], high / size[1]))
    for number, (_, outline) in enumerate(outlines):
        for patch in _patches(outline, facecolor=_colour(number), edgecolor=_LINE, alpha=0.55):
            axes.add_patch(patch)
    for gap in gaps:
        for patch in _patches(gap, facecolor=_GAP, edgecolor=_LINE, hatch="////"):
            axes.add_patch(patch)
    dash = "--" if district.contested else "-"
    for patch in _patches(district.geometry, facecolor="none", edgecolor=_LINE, linestyle=dash):
        patch.set_linewidth(1.2)
        axes.add_patch(patch)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(stretch)
    axes.set_axis_off()
    figure.text(0.2 / size[0], 1 - 0.28 / size[1], title, size=9, weight="bold")
    figure.legend(handles=entries, loc="lower left", frameon=False, fontsize=7.5,
                  bbox_to_anchor=(0.12 / size[0], 0.05 / size[1]))  # fmt: skip
    figure.savefig(path, format="png", metadata={"Software": None})


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _entries(
    outlines: Sequence[tuple[str, BaseGeometry]], gaps: Sequence[BaseGeometry]
) -> list[Patch]:
    made = [
        Patch(facecolor=_colour(number), edgecolor=_LINE, alpha=0.55, label=words)
        for number, (words, _) in enumerate(outlines)
    ]
    if gaps:
        made.append(Patch(facecolor=_GAP, edgecolor=_LINE, hatch="////", label="in no scene"))
    return made


def _patches(
    area: BaseGeometry,
    *,
    facecolor: str,
    edgecolor: str,
    alpha: float | None = None,
    hatch: str | None = None,
    linestyle: str = "-",
) -> Iterable[PathPatch]:
    for part in shapely.get_parts(area):
        if part.geom_type != "Polygon":
            continue
        rings = [np.asarray(ring.coords)[:, :2] for ring in (part.exterior, *part.interiors)]
        codes = [
            code
            for ring in rings
            for code in (Outline.MOVETO, *[Outline.LINETO] * (len(ring) - 2), Outline.CLOSEPOLY)
        ]
        outline = Outline(np.concatenate(rings), codes)
        yield PathPatch(
            outline, facecolor=facecolor, edgecolor=edgecolor, alpha=alpha, hatch=hatch,
            linestyle=linestyle, linewidth=0.6,
        )  # fmt: skip
