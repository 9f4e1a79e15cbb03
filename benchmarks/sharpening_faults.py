"""A chart of what sharpening gets wrong: bright edges on plants, and deep shade; truth is known.

Strips of gravel and roofs of four colours lie on forest, grass and soil; a sixth of it lies in the
shade of something, under blue skylight alone. `chart` also says where rims and shade are,
`colour_off` how far a picture's colour lies from the truth there.
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
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
Planes = NDArray[np.float32]
Mask = NDArray[np.bool_]


def _natural(size: int, chance: np.random.Generator) -> NDArray[np.intp]:
    """Index into `GROUND` of what grows where: bands of forest, grass and soil."""
    rows = np.arange(size)[:, None] + gaussian_filter(chance.normal(size=(size, size)), 20) * 400
    return (rows // (size / 6)).astype(np.intp) % 3


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
    built = _built(size)
    ground = _ground(_natural(size, chance), built, chance)
    row, col = np.indices((size, size))
    shaded = ((row // 90) % 3 == 2) & ((col // 130) % 2 == 0)
    sky = Sky(sun=sun_at(_INSTANT, 46.0, 40.1), haze=haze, seed=seed)
    corner = (_MARGIN * PIXEL_M, (size - _MARGIN) * PIXEL_M)
    inner = (slice(_MARGIN, -_MARGIN),) * 2
    marks = {name: mask[inner] for name, mask in _marks(built, shaded).items()}
    return scene_of(_lit(ground, shaded), corner, ms_px, sky, "chart"), marks


def _ground(
    natural: NDArray[np.intp], built: NDArray[np.intp], chance: np.random.Generator
) -> Planes:
    """``(4, y, x)`` reflectance, with texture."""
    colours = np.array(list(GROUND.values()), np.float32)
    ground = np.moveaxis(colours[np.where(built > 0, built, natural)], -1, 0)
    grain = sum(gaussian_filter(chance.normal(size=built.shape), s) * s * 1.6 for s in (1, 3))
    rough = np.where(built > 0, 0.04, 0.22) * grain
    return (ground * np.clip(1 + rough, 0.3, 1.9)).astype(np.float32)


def _lit(ground: Planes, shaded: Mask) -> SceneMap:
    """The map of `ground` in sun and shade."""
    size, small = len(shaded), len(shaded) // MS_FACTOR
    lit = 1 - gaussian_filter(shaded.astype(np.float32), 0.6)
    share = DIRECT_SHARE[:, None, None]
    fine = (ground * (share * lit + (1 - share))).astype(np.float32)
    return SceneMap(
        west=0.0,
        north=size * PIXEL_M,
        pixel_m=PIXEL_M,
        pan=np.tensordot(np.array(PAN_SHARES, np.float32), fine, 1),
        bands=fine.reshape(4, small, MS_FACTOR, small, MS_FACTOR).mean(axis=(2, 4)),
        lit=lit[::MS_FACTOR, ::MS_FACTOR],
        fine=fine,
    )


def _marks(built: NDArray[np.intp], shaded: Mask) -> dict[str, Mask]:
    """Beside = natural ground within an MS pixel of what is built; all but shade lies in the sun."""
    bright, coloured = (built == 3) | (built == 6), (built == 4) | (built == 5)
    sunlit = ~binary_dilation(shaded, iterations=6)
    near, beside = (distance_transform_edt(~mask) <= MS_FACTOR for mask in (bright, coloured))
    depth = distance_transform_edt(shaded)
    natural = built == 0
    return {
        "beside bright": near & natural & sunlit,
        "coloured roofs": (coloured | (beside & natural)) & sunlit,
        "rim of shade": (depth > 0) & (depth <= MS_FACTOR) & natural,
        "deep shade": (depth > 2 * MS_FACTOR) & natural,
    }


def colour_off(picture: np.ndarray, truth: np.ndarray, where: Mask) -> tuple[float, float]:
    """Mean ΔC*ab, and the picture's mean C*ab over the truth's: 0 and 1 are perfect.

    Both pictures are brought to light in the same way: straight lines through 0.9 × the darkest
    half per cent and the brightest fiftieth of the truth's bands, which become black and 80 %.

    Source: CIE 15:2004 (L*a*b*), IEC 61966-2-1 (primaries, D65).
    """
    black = 0.9 * np.percentile(truth[:3], 0.5, axis=(1, 2))
    white = np.percentile(truth[:3], 98, axis=(1, 2))
    seen, true = (_ab(p[:3, where], black, white) for p in (picture, truth))
    off = float(np.hypot(*(seen - true)).mean())
    return off, float(np.hypot(*seen).mean() / np.hypot(*true).mean())


def _ab(bands: np.ndarray, black: np.ndarray, white: np.ndarray) -> np.ndarray:
    """``(2, n)`` a* and b* of ``(3, n)`` red, green, blue."""
    light = 0.8 * np.clip((bands - black[:, None]) / (white - black)[:, None], 0, 1.25)
    share = (_XYZ @ light) / _XYZ.sum(axis=1)[:, None]
    bent = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([500 * (bent[0] - bent[1]), 200 * (bent[1] - bent[2])])
