"""How buildings look in a picture: their walls and roofs, laid over the light of the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.light import DIRECT_SHARE, towards_sun
from satdesk.simulate.rays import RayField
from satdesk.simulate.scene_map import PAN_SHARES
from satdesk.simulate.standing import GROUND, ROOF, WALLS, Entry, Solid, entered
from satdesk.simulate.sun import Sun

__all__ = ["Site", "raise_building"]

Floats = NDArray[np.floating]
Places = NDArray[np.float64]
Spectrum = tuple[float, float, float, float]

WALL: Spectrum = (0.235, 0.235, 0.230, 0.245)
ROOFS: tuple[Spectrum, ...] = (
    (0.075, 0.085, 0.205, 0.24),
    (0.255, 0.262, 0.268, 0.28),
    (0.120, 0.115, 0.125, 0.15),
    (0.400, 0.410, 0.415, 0.42),
    (0.250, 0.205, 0.120, 0.20),
    (0.460, 0.465, 0.460, 0.45),
)
_GABLE = 0.28
_BRIGHTEST_WALL = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A building in a picture.

    Attributes:
        box: The building.
        row: Where its top's middle is imaged, from the first pixel's centre of the block.
        col: Likewise.
        lit: Share of the sun's disc that the relief leaves to it.
    """

    box: Solid
    row: float
    col: float
    lit: float


def raise_building(
    light: Floats, site: Site, field: RayField, plane: int, sun: Sun, rays: int
) -> None:
    """Lay a building over the light of a block of pixels, in place.

    Every pixel is divided into ``rays × rays``: what they meet is averaged, the rest of the pixel
    keeps the ground's light.

    Args:
        light: ``(y, x)`` reflectance of the ground under the date's light.
        site: The building.
        field: The pixels' rays.
        plane: Of the ground's map: 0 … 3 = B, G, R, NIR; −1 = PAN.
        sun: Where it stands.
        rays: On a pixel's side.
    """
    window = _window(light.shape, site, field)
    if window is None:
        return
    rows, cols = window
    x, y, lean = _finer(field, window, site.box.top_m, rays)
    entry = entered(site.box, x, y, lean)
    seen = _looks(entry, site, plane, sun)
    shape = (rows.stop - rows.start, rays, cols.stop - cols.start, rays)
    hidden = (entry.face != GROUND).reshape(shape).mean(axis=(1, 3))
    light[window] = light[window] * (1 - hidden) + seen.reshape(shape).mean(axis=(1, 3))


def _window(shape: tuple[int, ...], site: Site, field: RayField) -> tuple[slice, slice] | None:
    """Pixels that the building may reach into; None where the block holds none of them."""
    building = site.box.building
    row, col = (
        int(np.clip(v, 1, size - 2)) for v, size in zip((site.row, site.col), shape, strict=True)
    )
    pixel = max(
        np.hypot(
            field.x[0, row, col + 1] - field.x[0, row, col],
            field.y[0, row, col + 1] - field.y[0, row, col],
        ),
        1.0,
    )
    lean = np.hypot(field.x[1, row, col], field.y[1, row, col]) / field.reach_m
    metres = np.hypot(building.length_m, building.width_m) / 2 + 2 * building.height_m * (
        lean + 0.1
    )
    reach = int(metres / pixel) + 3
    top, left = max(0, int(site.row) - reach), max(0, int(site.col) - reach)
    bottom = min(shape[0], int(site.row) + reach + 1)
    right = min(shape[1], int(site.col) + reach + 1)
    if top >= bottom or left >= right:
        return None
    return slice(top, bottom), slice(left, right)


def _finer(
    field: RayField, window: tuple[slice, slice], height: float, rays: int
) -> tuple[Places, Places, tuple[Places, Places]]:
    """``x``, ``y`` at a height and the lean of rays through parts of pixels, ``(y, x)`` each."""
    rows, cols = window
    # The rays' middle pixel and its neighbours: over a building they are a straight bundle.
    row = int(np.clip((rows.start + rows.stop) // 2, 1, field.x.shape[1] - 2))
    col = int(np.clip((cols.start + cols.stop) // 2, 1, field.x.shape[2] - 2))
    t = (height - field.middle_m) / field.reach_m
    part = (np.arange(rays) + 0.5) / rays - 0.5
    down = (np.arange(rows.start, rows.stop)[:, None] + part - row).reshape(-1, 1)
    right = (np.arange(cols.start, cols.stop)[:, None] + part - col).reshape(1, -1)
    places = []
    leans = []
    for bent in (field.x, field.y):
        near = bent[:, row - 1 : row + 2, col - 1 : col + 2]
        at = near[0] + t * (near[1] + t * near[2])
        by_row, by_col = (at[2, 1] - at[0, 1]) / 2, (at[1, 2] - at[1, 0]) / 2
        places.append(at[1, 1] + by_row * down + by_col * right)
        lean = -(near[1, 1, 1] + 2 * t * near[2, 1, 1]) / field.reach_m
        leans.append(np.full_like(places[-1], lean))
    return places[0], places[1], (leans[0], leans[1])


def _looks(entry: Entry, site: Site, plane: int, sun: Sun) -> Floats:
    """Reflectance of what the rays meet, 0 where they pass by."""
    building = site.box.building
    east, north, up = towards_sun(sun)
    along, across = site.box.axes(np.array(east), np.array(north))
    seen = np.zeros(entry.face.shape)
    gable = 1 + _GABLE * float(across) * np.sign(entry.across)
    roof = _reflected(ROOFS[building.roof], site.lit, 1.0, plane)
    seen += np.where(entry.face == ROOF, roof * gable, 0.0)
    normals = (float(along), -float(along), float(across), -float(across))
    for face, facing in zip(WALLS, normals, strict=True):
        direct = site.lit * min(max(facing, 0.0) / up, _BRIGHTEST_WALL)
        seen += np.where(entry.face == face, _reflected(WALL, direct, 0.5, plane), 0.0)
    return seen


def _reflected(color: Spectrum, direct: float, diffuse: float, plane: int) -> float:
    """Reflectance of a colour under direct and diffuse light, relative to a level surface."""
    bands = [
        value * (share * direct + (1 - share) * diffuse)
        for value, share in zip(color, DIRECT_SHARE.tolist(), strict=True)
    ]
    if plane >= 0:
        return float(bands[plane])
    return float(np.dot(PAN_SHARES, bands))
