"""A chart of what sharpening gets wrong: bright edges on plants, and deep shade; the truth is known.

Strips of gravel and roofs of four colours lie on forest, grass and soil; half of the chart's lower
part lies in the shade of something, under blue skylight alone. `marks` says where rims and shade are, `colour_error`
how far a picture's colour lies from the truth there.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter
from sharpening_scenes import Scene, Sky, scene_of

from satdesk.simulate.light import DIRECT_SHARE
from satdesk.simulate.scene_map import MS_FACTOR, PAN_SHARES, PIXEL_M, SceneMap
from satdesk.simulate.sun import sun_at

GROUND = {  # B, G, R, NIR
    "forest": (0.025, 0.045, 0.03, 0.28),
    "grass": (0.045, 0.085, 0.07, 0.34),
    "soil": (0.08, 0.12, 0.16, 0.26),
    "gravel": (0.22, 0.26, 0.29, 0.33),
    "red roof": (0.08, 0.11, 0.26, 0.34),
    "blue roof": (0.26, 0.20, 0.13, 0.16),
    "white roof": (0.50, 0.52, 0.53, 0.54),
    "dark roof": (0.05, 0.05, 0.05, 0.06),
}
_WIDTHS_M = (3.0, 4.5, 6.0, 9.0, 15.0)
_INSTANT = datetime(2018, 9, 5, 7, 31, tzinfo=UTC)
_MARGIN = 64
Planes = NDArray[np.float32]
Mask = NDArray[np.bool_]


def _natural(size: int, chance: np.random.Generator) -> tuple[NDArray[np.intp], list[str]]:
    """Which ground lies where: bands of forest, grass and soil."""
    names = list(GROUND)
    rows = np.arange(size)[:, None] + gaussian_filter(chance.normal(size=(size, size)), 20) * 400
    return (rows // (size / 6)).astype(np.intp) % 3, names


def _built(size: int) -> NDArray[np.intp]:
    """Index into `GROUND` of what is built, 0 = nothing."""
    built = np.zeros((size, size), np.intp)
    row, col = np.indices((size, size))
    for number, width in enumerate(_WIDTHS_M):
        place = (number + 0.5) / len(_WIDTHS_M) * size
        built[np.abs(col - place) * PIXEL_M <= width / 2] = 3
        slanted = (row - 0.45 * col - place + 0.225 * size) / np.hypot(1, 0.45)
        built[np.abs(slanted) * PIXEL_M <= width / 2] = 3
    step = 61
    for count, (top, left) in enumerate(
        (r, c) for r in range(23, size - 30, step) for c in range(31, size - 30, step)
    ):
        edge = (5, 7, 10, 14)[count % 4]
        built[top : top + edge, left : left + edge + 3] = 4 + (count // 3) % 4
    return built


def chart(ms_px: int, haze: float = 0.0, seed: int = 1) -> tuple[Scene, dict[str, Mask]]:
    """The scene, and where its rims, roofs and shade are, ``(y, x)`` in PAN pixels."""
    size = ms_px * MS_FACTOR + 2 * _MARGIN
    chance = np.random.default_rng(seed)
    kind, names = _natural(size, chance)
    built = _built(size)
    kind = np.where(built > 0, built, kind)
    colours = np.array([GROUND[name] for name in names], np.float32)
    ground = np.moveaxis(colours[kind], -1, 0)
    rough = np.where(built > 0, 0.04, 0.22) * sum(
        gaussian_filter(chance.normal(size=(size, size)), s) * s * 1.6 for s in (1, 3)
    )
    ground = ground * np.clip(1 + rough, 0.3, 1.9).astype(np.float32)
    row, col = np.indices((size, size))
    shaded = ((row // 90) % 3 == 2) & ((col // 130) % 2 == 0)
    lit = 1 - gaussian_filter(shaded.astype(np.float32), 0.6)
    share = DIRECT_SHARE[:, None, None]
    fine = (ground * (share * lit + (1 - share))).astype(np.float32)
    small = size // MS_FACTOR
    drawn = SceneMap(
        west=0.0,
        north=size * PIXEL_M,
        pixel_m=PIXEL_M,
        pan=np.tensordot(np.array(PAN_SHARES, np.float32), fine, 1),
        bands=fine.reshape(4, small, MS_FACTOR, small, MS_FACTOR).mean(axis=(2, 4)),
        lit=lit[::MS_FACTOR, ::MS_FACTOR],
        fine=fine,
    )
    sky = Sky(sun=sun_at(_INSTANT, 46.0, 40.1), haze=haze, seed=seed)
    corner = (_MARGIN * PIXEL_M, (size - _MARGIN) * PIXEL_M)
    inner = (slice(_MARGIN, -_MARGIN),) * 2
    return scene_of(drawn, corner, ms_px, sky, "chart"), {
        name: mask[inner] for name, mask in _marks(built, shaded).items()
    }


def _marks(built: NDArray[np.intp], shaded: Mask) -> dict[str, Mask]:
    """Rims are natural ground within an MS pixel of something bright that is built."""
    bright = (built == 3) | (built == 6)
    coloured = (built == 4) | (built == 5)
    edge = binary_dilation(shaded, iterations=6) & ~shaded
    near = distance_transform_edt(~bright) <= MS_FACTOR
    beside = distance_transform_edt(~coloured) <= MS_FACTOR
    inside = distance_transform_edt(shaded) > 0
    return {
        "beside bright": near & (built == 0) & ~shaded & ~edge,
        "on bright": bright & ~shaded & ~edge,
        "on and beside coloured": (coloured | (beside & (built == 0))) & ~shaded & ~edge,
        "rim of shade": (distance_transform_edt(shaded) <= MS_FACTOR) & inside & (built == 0),
        "deep shade": (distance_transform_edt(shaded) > 2 * MS_FACTOR) & (built == 0),
    }
