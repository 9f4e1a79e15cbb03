"""A small map of a mosaic: which scene gave which part, what is cloud, what nobody saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from satdesk.core.sighting import State

__all__ = ["MapFacts", "write_source_map"]

_COLOURS = ("#4477aa", "#ccbb44", "#228833", "#aa3377", "#66ccee", "#ee6677")
"""Paul Tol's bright scheme, told apart with any colour vision; then they begin again."""
_NOT_IMAGED, _OUTSIDE, _CLOUD, _LINE = "#d8d8d8", "#ffffff", "#ffffff", "#222222"
_LONG_IN, _LEGEND_IN = 5.4, 0.18
_DPI = 150
_STEPS_KM = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFacts:
    """What stands beside the map.

    Attributes:
        title: Headline.
        scenes: For each scene by number, what is said of it.
        notes: Lines under the map.
        cell_m: Edge of a cell in metres.
    """

    title: str
    scenes: tuple[str, ...]
    notes: tuple[str, ...]
    cell_m: float


def write_source_map(path: Path, cells: NDArray[np.int64], facts: MapFacts) -> None:
    """Draw the map as PNG; the same input gives the same bytes.

    Args:
        path: Where.
        cells: ``(2, y, x)`` source and state, -1 outside the district.
        facts: What is said.
    """
    rows, cols = cells.shape[1:]
    longest = _LONG_IN / max(rows, cols)
    high, wide = rows * longest, max(cols * longest, 3.6)
    entries = _legend(cells, facts)
    below = _LEGEND_IN * (len(entries) + len(facts.notes)) + 0.42
    size = (wide + 0.4, high + below + 0.5)
    figure = Figure(figsize=size, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.2 / size[0], below / size[1], wide / size[0], high / size[1]))
    axes.imshow(_picture(cells), interpolation="nearest", aspect="equal")
    _draw_hidden(axes, cells)
    axes.set_axis_off()
    _scale_bar(axes, cells, facts.cell_m)
    figure.text(0.2 / size[0], 1 - 0.3 / size[1], facts.title, size=9, weight="bold")
    figure.legend(
        handles=entries,
        loc="lower left",
        bbox_to_anchor=(0.12 / size[0], (_LEGEND_IN * len(facts.notes) + 0.1) / size[1]),
        frameon=False,
        fontsize=7.5,
    )
    for k, note in enumerate(reversed(facts.notes)):
        figure.text(0.2 / size[0], (0.1 + _LEGEND_IN * k) / size[1], note, size=7.5)
    figure.savefig(path, format="png", metadata={"Software": None})


def _picture(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Colours of scenes; darker in shadow, paler under cloud, half as pale where it is not told."""
    table = [_NOT_IMAGED, *(_colour(number) for number in range(1, 256))]
    colours = np.array([to_rgb(colour) for colour in table])
    source, state = np.clip(cells[0], 0, 255), cells[1]
    rgb = colours[source]
    rgb = np.where((state == State.CLOUD)[..., None], 0.25 * rgb + 0.75, rgb)
    rgb = np.where((state == State.SHADOW)[..., None], 0.6 * rgb, rgb)
    rgb = np.where(_not_told(cells)[..., None], 0.6 * rgb + 0.4, rgb)
    return np.where((cells[0] < 0)[..., None], to_rgb(_OUTSIDE), rgb)


def _not_told(cells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where nobody can tell cloud, on a map on which it is told elsewhere."""
    told = np.isin(cells[1], (State.CLEAR, State.CLOUD, State.SHADOW)).any()
    return np.asarray((cells[1] == State.NOT_TOLD) & told)


def _colour(number: int) -> str:
    return _COLOURS[(number - 1) % len(_COLOURS)]


def _draw_hidden(axes: object, cells: NDArray[np.int64]) -> None:
    """Hatching over what was not imaged or told, outlines of clouds, the seams, the district."""
    hatched = (
        (cells[1] == State.NOT_IMAGED, "////"),
        (cells[1] == State.CLOUD, "...."),
        (_not_told(cells), "\\\\"),
    )
    for where, hatch in hatched:
        if where.any():
            axes.contourf(where, levels=(0.5, 1.5), colors="none", hatches=[hatch])  # type: ignore[attr-defined]  # matplotlib's Axes
    for number in np.unique(cells[0][cells[0] > 0]):
        axes.contour(cells[0] == number, levels=(0.5,), colors=_LINE, linewidths=0.5)  # type: ignore[attr-defined]  # likewise
    if (cells[0] < 0).any():
        axes.contour(cells[0] >= 0, levels=(0.5,), colors=_LINE, linewidths=1.0)  # type: ignore[attr-defined]  # likewise


def _legend(cells: NDArray[np.int64], facts: MapFacts) -> Sequence[Patch]:
    entries = [
        Patch(facecolor=_colour(number), edgecolor=_LINE, linewidth=0.5, label=text)
        for number, text in enumerate(facts.scenes, start=1)
    ]
    if (cells[1] == State.CLOUD).any():
        entries.append(
            Patch(facecolor=_CLOUD, edgecolor=_LINE, linewidth=0.5, hatch="....",
                  label="cloud in every scene: the ground was not seen")
        )  # fmt: skip
    if (cells[1] == State.SHADOW).any():
        entries.append(
            Patch(facecolor="#555555", edgecolor=_LINE, linewidth=0.5,
                  label="in the shadow of a cloud (the scene's colour, darker)")
        )  # fmt: skip
    if _not_told(cells).any():
        entries.append(
            Patch(facecolor="#a0a0a0", edgecolor=_LINE, linewidth=0.5, hatch="\\\\",
                  label="imaged, cloud or shadow not told (the scene's colour, paler)")
        )  # fmt: skip
    if (cells[1] == State.NOT_IMAGED).any():
        entries.append(
            Patch(facecolor=_NOT_IMAGED, edgecolor=_LINE, linewidth=0.5, hatch="////",
                  label="not imaged")
        )  # fmt: skip
    return entries


def _scale_bar(axes: object, cells: NDArray[np.int64], cell_m: float) -> None:
    rows, cols = cells.shape[1:]
    wanted = 0.25 * cols * cell_m / 1000
    length = max((step for step in _STEPS_KM if step <= wanted), default=_STEPS_KM[0])
    px = 1000 * length / cell_m
    at = rows * 1.03
    axes.plot([0, px], [at, at], color=_LINE, linewidth=1.5, clip_on=False)  # type: ignore[attr-defined]  # matplotlib's Axes
    label = f"{length:g} km" if length >= 1 else f"{1000 * length:g} m"
    axes.text(px + 0.01 * cols, at, f"{label}; north is up", size=7, va="center", clip_on=False)  # type: ignore[attr-defined]  # likewise
