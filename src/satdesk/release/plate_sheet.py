"""A sheet of paper in millimetres, drawn by matplotlib: the one surface of plates and press images.

The origin is the lower left corner. Every text that is set is recorded with the box that it takes,
so that a test can hold all of them to the sheet and apart from each other.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from satdesk.release.direction import LTR, RTL, marked
from satdesk.release.setting import Setting
from satdesk.release.typography import Face, clean, measure

__all__ = ["MM_PER_INCH", "Rect", "Sheet", "TextBox", "drawing_style"]

MM_PER_INCH = 25.4
_PLAIN = Setting()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """An upright rectangle in millimetres; `x`, `y` are its lower left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.y + self.height

    @property
    def center(self) -> tuple[float, float]:
        """Middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def inset(self, by: float) -> Rect:
        """The rectangle shrunk by `by` on every side (grown where it is negative)."""
        return Rect(
            x=self.x + by, y=self.y + by, width=self.width - 2 * by, height=self.height - 2 * by
        )

    def mirrored(self, within: Rect) -> Rect:
        """The same rectangle with left and right of `within` exchanged."""
        return replace(self, x=within.x + within.right - self.right)

    def holds(self, other: Rect, slack: float = 0.0) -> bool:
        """Whether `other` lies inside, give or take `slack`."""
        return (
            other.x >= self.x - slack
            and other.y >= self.y - slack
            and other.right <= self.right + slack
            and other.top <= self.top + slack
        )

    def meets(self, other: Rect) -> bool:
        """Whether the two share area."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.top
            and other.y < self.top
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """One line of text on the sheet and the room that it takes."""

    text: str
    rect: Rect


class Sheet:
    """A figure that is addressed in millimetres.

    Attributes:
        rect: The whole sheet.
        dpi: Pixels an inch of its picture.
        direction: ``ltr`` or ``rtl``: where lines begin.
        setting: Its type and colours.
        boxes: Every line of text set so far.
    """

    def __init__(
        self,
        *,
        pixels: tuple[int, int],
        dpi: int,
        direction: str = LTR,
        paper: str | None = None,
        setting: Setting = _PLAIN,
    ) -> None:
        width, height = (count / dpi * MM_PER_INCH for count in pixels)
        self.rect = Rect(x=0, y=0, width=width, height=height)
        self.dpi = dpi
        self.direction = direction
        self.setting = setting
        ground = setting.palette.paper if paper is None else paper
        self.boxes: list[TextBox] = []
        self._pixels = pixels
        self._figure = Figure(figsize=(pixels[0] / dpi, pixels[1] / dpi), dpi=dpi, facecolor=ground)
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, width), ylim=(0, height), autoscale_on=False)
        self._axes.set_axis_off()

    def pixel_aligned(self, rect: Rect) -> Rect:
        """`rect` shrunk to whole pixels, so that a picture in it is not resampled again."""
        unit = MM_PER_INCH / self.dpi
        left, low = np.ceil(rect.x / unit - 1e-6), np.ceil(rect.y / unit - 1e-6)
        right, top = np.floor(rect.right / unit + 1e-6), np.floor(rect.top / unit + 1e-6)
        return Rect(
            x=float(left * unit),
            y=float(low * unit),
            width=float((right - left) * unit),
            height=float((top - low) * unit),
        )

    def pixel_shape(self, rect: Rect) -> tuple[int, int]:
        """``rows, cols`` of the picture that fills `rect`."""
        unit = MM_PER_INCH / self.dpi
        return round(rect.height / unit), round(rect.width / unit)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        face: Face,
        *,
        color: str,
        align: str = "left",
        upright: bool = True,
        order: float = 6,
    ) -> Rect:
        """Set one line with its baseline at `at`; returns the box that it takes.

        `align` is ``left``, ``center`` or ``right``; not `upright` turns it to read upwards.
        """
        line = clean(text)
        self._axes.text(
            *at,
            marked(line, self.direction),
            fontproperties=face.properties(line),
            color=color,
            ha=align,
            va="baseline",
            rotation=0 if upright else 90,
            rotation_mode="anchor",
            parse_math=False,
            zorder=order,
        )
        rect = _text_rect(at, measure(line, face), face, align, upright=upright)
        self.boxes.append(TextBox(text=line, rect=rect))
        return rect

    def begin(
        self, rect: Rect, y: float, text: str, face: Face, *, color: str, indent: float = 0.0
    ) -> Rect:
        """Set one line where lines begin in `rect`, `indent` further in."""
        if self.direction == RTL:
            return self.text((rect.right - indent, y), text, face, color=color, align="right")
        return self.text((rect.x + indent, y), text, face, color=color)

    def end(self, rect: Rect, y: float, text: str, face: Face, *, color: str) -> Rect:
        """Set one line so that it ends where lines end in `rect`."""
        if self.direction == RTL:
            return self.text((rect.x, y), text, face, color=color)
        return self.text((rect.right, y), text, face, color=color, align="right")

    def facing(self, rect: Rect, within: Rect) -> Rect:
        """`rect` as it lies `within`; its mirror image where lines run from right to left."""
        return rect.mirrored(within) if self.direction == RTL else rect

    def banner(self, rect: Rect, text: str, *, color: str, alpha: float, angle: float) -> None:
        """Write `text` large across `rect`, turned by `angle` degrees, see-through."""
        face = Face(size_pt=10, bold=True)
        width = measure(text, face)
        height = face.ascent_mm
        turn = np.radians(abs(angle))
        room_x = rect.width / (width * np.cos(turn) + height * np.sin(turn))
        room_y = rect.height / (width * np.sin(turn) + height * np.cos(turn))
        size = face.scaled(float(min(room_x, room_y)) * 0.9)
        self._axes.text(
            *rect.center,
            text,
            fontproperties=size.properties(text),
            color=color,
            alpha=alpha,
            ha="center",
            va="center",
            rotation=angle,
            rotation_mode="anchor",
            parse_math=False,
            zorder=4.8,
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        color: str,
        width_pt: float,
        dashes: tuple[float, ...] | None = None,
        alpha: float = 1.0,
        clip: Rect | None = None,
        order: float = 4,
    ) -> None:
        """A polyline through `points`."""
        xs, ys = zip(*points, strict=True)
        style: Any = "-" if dashes is None else (0, dashes)
        line = Line2D(
            xs,
            ys,
            color=color,
            linewidth=width_pt,
            linestyle=style,
            alpha=alpha,
            zorder=order,
            solid_capstyle="butt",
            solid_joinstyle="round",
        )
        self._axes.add_line(line)
        self._clip(line, clip)

    def box(
        self,
        rect: Rect,
        *,
        fill: str | None = None,
        edge: str | None = None,
        width_pt: float = 0.5,
        alpha: float = 1.0,
        order: float = 3,
    ) -> None:
        """An upright rectangle."""
        self._axes.add_patch(
            Rectangle(
                (rect.x, rect.y),
                rect.width,
                rect.height,
                facecolor=fill or "none",
                edgecolor=edge or "none",
                linewidth=width_pt if edge else 0,
                alpha=alpha,
                zorder=order,
                joinstyle="miter",
            )
        )

    def shape(  # noqa: PLR0913 - every one of them is a property of a drawn shape
        self,
        geometry: BaseGeometry,
        *,
        fill: str | None = None,
        edge: str | None = None,
        width_pt: float = 0.5,
        dashes: tuple[float, ...] | None = None,
        hatch: str | None = None,
        alpha: float = 1.0,
        clip: Rect | None = None,
        order: float = 3,
    ) -> None:
        """Polygons (holes stay holes) or lines, in millimetres."""
        outline = _outline(geometry)
        if outline is None:
            return
        patch = PathPatch(
            outline,
            facecolor=fill or "none",
            edgecolor=edge or "none",
            linewidth=width_pt,
            linestyle="-" if dashes is None else (0, dashes),
            hatch=hatch,
            alpha=alpha,
            zorder=order,
        )
        self._axes.add_patch(patch)
        self._clip(patch, clip)

    def image(self, rgba: NDArray[np.uint8], rect: Rect, *, order: float = 2) -> None:
        """A picture ``(y, x, 3 or 4)`` that fills `rect`."""
        self._axes.imshow(
            rgba,
            extent=(rect.x, rect.right, rect.y, rect.top),
            interpolation="none",
            aspect="auto",
            zorder=order,
        )
        self._axes.set(xlim=(0, self.rect.width), ylim=(0, self.rect.height))

    def pixels(self) -> NDArray[np.uint8]:
        """The finished sheet as ``(y, x, 3)`` sRGB."""
        canvas = FigureCanvasAgg(self._figure)
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's canvas is not annotated
        width, height = self._pixels
        buffer = canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # as above
        rgba = np.asarray(buffer).reshape(height, width, 4)
        return np.ascontiguousarray(rgba[..., :3])

    def picture(self) -> Image.Image:
        """The finished sheet as an RGB picture."""
        return Image.fromarray(self.pixels())

    def pdf(self, facts: dict[str, str]) -> bytes:
        """The finished sheet as PDF with real text; no clock enters it."""
        target = io.BytesIO()
        metadata = {"CreationDate": None, "ModDate": None, **facts}
        self._figure.savefig(target, format="pdf", dpi=self.dpi, metadata=metadata)
        return target.getvalue()

    def _clip(self, artist: Line2D | PathPatch, clip: Rect | None) -> None:
        if clip is not None:
            path = Outline(
                [
                    (clip.x, clip.y),
                    (clip.right, clip.y),
                    (clip.right, clip.top),
                    (clip.x, clip.top),
                    (clip.x, clip.y),
                ]
            )
            artist.set_clip_path(path, self._axes.transData)


def drawing_style() -> AbstractContextManager[None]:
    """Matplotlib's own defaults plus ours for the time of drawing.

    A reader's matplotlibrc must not reach a product, and ours must not reach the reader's figures.
    """
    ours = {"pdf.fonttype": 42, "text.hinting": "none", "hatch.linewidth": 0.35}
    context: AbstractContextManager[None] = matplotlib.style.context(["default", ours])
    return context


def _text_rect(
    at: tuple[float, float], width: float, face: Face, align: str, *, upright: bool
) -> Rect:
    before = {"left": 0.0, "center": width / 2, "right": width}[align]
    height = face.ascent_mm + face.descent_mm
    if upright:
        return Rect(x=at[0] - before, y=at[1] - face.descent_mm, width=width, height=height)
    return Rect(x=at[0] - face.ascent_mm, y=at[1] - before, width=height, height=width)


def _outline(geometry: BaseGeometry) -> Outline | None:
    """One compound path; rings alternate in direction so that holes are not filled.

    None where the geometry has neither polygons nor lines (two countries that touch in a point).
    """
    rings: list[Iterable[tuple[float, float]]] = []
    lines: list[Iterable[tuple[float, float]]] = []
    for part in getattr(geometry, "geoms", [geometry]):
        if part.geom_type == "Polygon" and not part.is_empty:
            turned = orient(part)
            rings += [turned.exterior.coords, *(ring.coords for ring in turned.interiors)]
        elif part.geom_type == "LineString":
            lines.append(part.coords)
    paths = [Outline(np.asarray(ring)[:, :2], closed=True) for ring in rings]
    paths += [Outline(np.asarray(line)[:, :2]) for line in lines]
    return Outline.make_compound_path(*paths) if paths else None
