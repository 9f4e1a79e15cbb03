"""Worlds whose truth is known, and the few readers that tests of geometry need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import PAN, Band
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.geometry.grids import offset
from satdesk.geometry.rpc import RPC

_NAMES = ("line_num", "line_den", "samp_num", "samp_den")


def made_up_rpc(**changes: Any) -> RPC:
    """An RPC of no real camera: off-nadir, rotated, curved, unlike in every axis.

    About 2000 × 1600 px of 1.5 m near 46 E 40 N; a metre of height moves the image by about
    0.37 px along and 0.21 px across the track.
    """
    parameters: dict[str, Any] = {
        "line_off": 803.5,
        "samp_off": 1002.5,
        "lat_off": 40.05,
        "lon_off": 46.1,
        "height_off": 1500.0,
        "line_scale": 803.0,
        "samp_scale": 1002.0,
        "lat_scale": 0.0121,
        "lon_scale": 0.0187,
        "height_scale": 1700.0,
        "line_num": _cubic(0.002, 0.11, -1.02, 0.79, 2e-3, -1e-3, 6e-4, 4e-4, -7e-4, 2e-4, 1e-5),
        "line_den": _cubic(1.0, 1e-3, -8e-4, 3e-4, 1e-5, -2e-5, 3e-5, 2e-6, 1e-6, -4e-6, 1e-7),
        "samp_num": _cubic(-0.004, 1.01, 0.12, -0.36, 1e-3, 8e-4, -5e-4, -3e-4, 2e-4, 3e-4, -2e-5),
        "samp_den": _cubic(1.0, -7e-4, 5e-4, 9e-4, -1e-5, 1e-5, 2e-5, -3e-6, 2e-6, 1e-6, 2e-7),
    }
    return RPC(**(parameters | changes))


def _cubic(*leading: float) -> tuple[float, ...]:
    tail = [3e-6 * (-1) ** k / (k + 1) for k in range(20 - len(leading))]
    return (*leading, *tail)


def read_dimap_rpc(path: Path) -> tuple[RPC, _Plain]:
    """``inverse, direct`` of a DIMAP RPC XML whose offsets count from 1 (first centre = 1).

    Both in the file's own count. The direct model's variables are column, row, height in the place
    of longitude, latitude, height.
    """
    text = path.read_text(encoding="latin-1")
    inverse, direct = (
        {
            name: _coefficients(re.search(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)[1], name)
            for name in _NAMES
        }
        for kind in ("Inverse_Model", "Direct_Model")
    )
    off, scale = _normalisation(text, "OFF"), _normalisation(text, "SCALE")
    normal = {
        **{f"{ours}_off": off[theirs] for ours, theirs in _AXES.items()},
        **{f"{ours}_scale": scale[theirs] for ours, theirs in _AXES.items()},
    }
    exchanged = {"samp": "LONG", "line": "LAT", "lon": "SAMP", "lat": "LINE", "height": "HEIGHT"}
    back = {
        **{f"{ours}_off": off[theirs] for ours, theirs in exchanged.items()},
        **{f"{ours}_scale": scale[theirs] for ours, theirs in exchanged.items()},
    }
    return RPC(**normal, **inverse), _Plain(back, direct)


_AXES = {"samp": "SAMP", "line": "LINE", "lon": "LONG", "lat": "LAT", "height": "HEIGHT"}


class _Plain:
    """A direct model, evaluated naively: 20 monomials, no domain. Independent of our RPC."""

    def __init__(self, normal: dict[str, float], cubics: dict[str, tuple[float, ...]]) -> None:
        self.normal, self.cubics = normal, cubics

    def __call__(self, col: Any, row: Any, height: Any) -> tuple[Any, Any]:
        n = self.normal
        L = (np.asarray(col) - n["lon_off"]) / n["lon_scale"]
        P = (np.asarray(row) - n["lat_off"]) / n["lat_scale"]
        H = (np.asarray(height) - n["height_off"]) / n["height_scale"]
        m = monomials(L, P, H)
        value = {
            name: sum(c * t for c, t in zip(cs, m, strict=True)) for name, cs in self.cubics.items()
        }
        lon = n["samp_off"] + n["samp_scale"] * value["samp_num"] / value["samp_den"]
        lat = n["line_off"] + n["line_scale"] * value["line_num"] / value["line_den"]
        return lon, lat


def monomials(L: Any, P: Any, H: Any) -> list[Any]:
    """The 20 terms in RPC00B order, spelled out."""
    return [
        L * 0 + 1, L, P, H, L * P, L * H, P * H, L * L, P * P, H * H,
        P * L * H, L**3, L * P * P, L * H * H, L * L * P, P**3, P * H * H, L * L * H, P * P * H,
        H**3,
    ]  # fmt: skip


def _coefficients(text: str, name: str) -> tuple[float, ...]:
    tag = name.upper() + "_COEFF_{}"
    return tuple(float(re.search(f"<{tag.format(k)}>(.*?)<", text)[1]) for k in range(1, 21))


def _normalisation(text: str, what: str) -> dict[str, float]:
    return {axis: float(re.search(f"<{axis}_{what}>(.*?)<", text)[1]) for axis in _AXES.values()}


def read_text_rpc(path: Path) -> RPC:
    """An ``_RPC.TXT`` whose offsets count from 0 at the first pixel's centre, in our count."""
    pairs = re.findall(r"^(\w+):\s*(\S+)", path.read_text(), re.MULTILINE)
    value = {key: float(number) for key, number in pairs}
    cubics = {n: tuple(value[f"{n.upper()}_COEFF_{k}"] for k in range(1, 21)) for n in _NAMES}
    normal = {
        f"{ours}_{part.lower()}": value[f"{theirs}_{part}"]
        + (0.5 if part == "OFF" and ours in {"samp", "line"} else 0)
        for ours, theirs in _AXES.items()
        for part in ("OFF", "SCALE")
    }
    return RPC(**normal, **cubics)


class Hills:
    """An invented terrain with slopes up to about 35°: 1500 m ± some 500 m, exact everywhere."""

    def height(self, lon: Any, lat: Any) -> Any:
        x, y = (np.asarray(lon) - 46.1) * 85_000, (np.asarray(lat) - 40.05) * 111_000
        return (
            1500
            + 300 * np.sin(x / 520 + 0.3) * np.cos(y / 700)
            + 90 * np.sin((x + 2 * y) / 310)
            + 0.05 * x
        )


def texture(lon: Any, lat: Any) -> Any:
    """What the ground looks like, 100–900: waves of 40–90 m that no axis is aligned with."""
    x, y = (np.asarray(lon) - 46.1) * 85_000, (np.asarray(lat) - 40.05) * 111_000
    return 500 + 200 * np.sin(x / 7 + y / 19) + 200 * np.cos(y / 9 - x / 31 + 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A layer held in memory."""

    values: Any
    valid: Any
    grid: GeoBox
    bands: tuple[Band, ...] = (PAN,)
    quantity: Quantity = Quantity.COUNTS

    def read(self, grid: GeoBox) -> Raster:
        row, col = offset(self.grid, grid)
        values = np.zeros((len(self.bands), *grid.shape), self.values.dtype)
        valid = np.zeros(tuple(grid.shape), dtype=bool)
        rows, cols = self.valid.shape
        top, left = max(row, 0), max(col, 0)
        bottom, right = min(row + grid.shape[0], rows), min(col + grid.shape[1], cols)
        if bottom > top and right > left:
            here = np.s_[top - row : bottom - row, left - col : right - col]
            values[(slice(None), *here)] = self.values[:, top:bottom, left:right]
            valid[here] = self.valid[top:bottom, left:right]
        return Raster(
            values=values, valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )

    def lineage_digest(self) -> str:
        return "picture"


def photographed(rpc: RPC, terrain: Any, window: tuple[int, int, int, int]) -> Picture:
    """The image that the camera takes of `texture` over `terrain`, in a window of its frame.

    `window` is ``row, col, rows, cols``: a crop, whose origin the grid's affine carries. Every
    pixel's ray is followed to the ground by iteration, exactly.
    """
    row, col, rows, cols = window
    c, r = np.meshgrid(np.arange(col, col + cols) + 0.5, np.arange(row, row + rows) + 0.5)
    height = np.full(c.shape, 1500.0)
    for _ in range(30):
        lon, lat = rpc.locate(c, r, height)
        height = height + 0.6 * (terrain.height(lon, lat) - height)
    lon, lat = rpc.locate(c, r, height)
    return Picture(
        values=texture(lon, lat)[None].astype(np.float32),
        valid=np.isfinite(lon),
        grid=GeoBox((rows, cols), Affine.translation(col, row), None),
    )
