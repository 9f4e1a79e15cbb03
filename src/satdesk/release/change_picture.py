"""A picture of a measured change: the second date in natural colours with the change outlined."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.files.pictures import read_values
from satdesk.files.rasters import FileFacts
from satdesk.geometry.frames import pixel_size_m
from satdesk.radiometry.tone import fit_tone
from satdesk.release.change_map import CHANGED, UNKNOWN, ChangeMap

__all__ = ["PictureWords", "write_change_picture"]

_LONG_IN, _DPI, _MOST_CELLS = 5.4, 200, 1080
_LINE_LETTERS = 62
_EDGE, _LINE = "#ff00c8", "#222222"
_STEPS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWords:
    """What stands on the picture.

    Attributes:
        title: Headline.
        outlined: What the outline means, with its figure.
        notes: Lines below.
        simulated: Says SIMULATED over the picture.
    """

    title: str
    outlined: str
    notes: tuple[str, ...]
    simulated: bool


def write_change_picture(
    path: Path, file: FileFacts, grid: GeoBox, found: ChangeMap, words: PictureWords
) -> None:
    """Draw the picture as PNG; the same input gives the same bytes.

    Args:
        path: Where.
        file: The second date.
        grid: Of `found`.
        found: The change.
        words: What is said.
    """
    cell = max(1, math.ceil(max(grid.shape) / _MOST_CELLS))
    small = grid.zoom_out(cell) if cell > 1 else grid
    rows, cols = (int(size) for size in small.shape)
    longest = _LONG_IN / max(rows, cols)
    high, wide = rows * longest, cols * longest
    below = 0.17 * (len(words.notes) + _wrapped(words.outlined).count("\n")) + 0.85
    size = (max(wide, 4.2) + 0.4, high + below + 0.5)
    figure = Figure(figsize=size, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.2 / size[0], below / size[1], wide / size[0], high / size[1]))
    axes.imshow(_shown(file, small), interpolation="nearest", extent=(0, cols, rows, 0))
    _outlined(axes, found, cell)
    if words.simulated:
        _mark(axes, rows, cols)
    axes.set_axis_off()
    _scale_bar(axes, small)
    _say(figure, size, found, words)
    figure.savefig(path, format="png", metadata={"Software": None})


def _shown(file: FileFacts, grid: GeoBox) -> NDArray[np.uint8]:
    names = ("R", "G", "B") if {"R", "G", "B"} <= set(file.descriptions) else ("NIR", "R", "G")
    values, valid = read_values(file.path, grid)
    chosen = values[[file.descriptions.index(n) if n in file.descriptions else 0 for n in names]]
    if not valid.any():
        return np.full((*valid.shape, 3), 216, np.uint8)
    rgb = np.moveaxis(fit_tone([(chosen, valid)]).apply(chosen), 0, -1)
    return np.where(valid[..., None], rgb, np.uint8(216))


def _outlined(axes: Any, found: ChangeMap, cell: int) -> None:  # noqa: ANN401 - matplotlib's Axes
    rows, cols = found.classes.shape
    part = found.classes[cell // 2 :: cell, cell // 2 :: cell]
    x = (np.arange(part.shape[1]) * cell + cell // 2 + 0.5) / cell
    y = (np.arange(part.shape[0]) * cell + cell // 2 + 0.5) / cell
    changed, unknown = part == CHANGED, part == UNKNOWN
    if changed.any() and not changed.all() and min(part.shape) > 1:
        axes.contour(x, y, changed, levels=(0.5,), colors=_EDGE, linewidths=0.9)
    if unknown.any() and min(part.shape) > 1:
        axes.contourf(x, y, unknown, levels=(0.5, 1.5), colors="none", hatches=["////"])
    axes.set_xlim(0, cols / cell)
    axes.set_ylim(rows / cell, 0)


def _mark(axes: Any, rows: int, cols: int) -> None:  # noqa: ANN401 - as above
    for share in (0.25, 0.75):
        axes.text(cols / 2, rows * share, "SIMULATED", color="white", alpha=0.75, size=26,
                  weight="bold", ha="center", va="center", rotation=20)  # fmt: skip


def _scale_bar(axes: Any, grid: GeoBox) -> None:  # noqa: ANN401 - as above
    rows, cols = (int(size) for size in grid.shape)
    pixel_m = math.sqrt(math.prod(pixel_size_m(grid)))
    wanted = 0.3 * cols * pixel_m
    length = max((step for step in _STEPS_M if step <= wanted), default=_STEPS_M[0])
    at, px = rows * 1.025, length / pixel_m
    axes.plot([0, px], [at, at], color=_LINE, linewidth=1.5, clip_on=False)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length} m"
    axes.text(px + 0.015 * cols, at, f"{label}; the grid's north is up", size=7, va="center",
              clip_on=False)  # fmt: skip


def _wrapped(text: str) -> str:
    """In lines that end within the narrowest picture."""
    return "\n".join(textwrap.wrap(text, _LINE_LETTERS))


def _say(figure: Figure, size: tuple[float, float], found: ChangeMap, words: PictureWords) -> None:
    handles: list[Any] = [
        Line2D([], [], color=_EDGE, linewidth=1.4, label=_wrapped(words.outlined))
    ]
    if (found.classes == UNKNOWN).any():
        handles.append(
            Patch(facecolor="white", edgecolor=_LINE, hatch="////", linewidth=0.5,
                  label="not told: outside the area, or not usable on both dates")
        )  # fmt: skip
    figure.text(0.2 / size[0], 1 - 0.3 / size[1], words.title, size=9, weight="bold")
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.12 / size[0], (0.17 * len(words.notes) + 0.1) / size[1]),
        frameon=False,
        fontsize=7.5,
    )
    for k, note in enumerate(reversed(words.notes)):
        figure.text(0.2 / size[0], (0.1 + 0.17 * k) / size[1], note, size=7)
