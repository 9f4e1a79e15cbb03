"""Geoid files: EGM96 that ships with the package, GTX, GeoTIFF and GeographicLib's PGM.

EGM2008 is too large to ship. It is taken from PROJ's own data folders where somebody put it there
(``pyproj sync --file us_nga_egm08_25``), over PROJ's network only where its user enabled that
(``PROJ_NETWORK=ON``), or from a file that is named. Else EGM96 stands in, and the record says so.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray
from pyproj import datadir, network
from pyproj.exceptions import ProjError
from rasterio.windows import Window

from satdesk.errors import BrokenInputError, MissingInputError, UnknownNameError, UnsafeInputError
from satdesk.files.rasters import opened_raster
from satdesk.geometry.geoid import GeoidGrid

__all__ = ["STAND_IN", "Bounds", "LoadedGeoid", "open_geoid"]

Bounds = tuple[float, float, float, float]

STAND_IN = (
    "The terrain's heights are above EGM2008, whose grid is not on this machine: EGM96 stood in. "
    "The two differ by about 0.5 m (rms over the Earth; up to about 10 m in a few places), which "
    "moves an image taken 30° off nadir by 0.58 m for each metre."
)
"""Figures: RMS and maximum of EGM96 against EGM2008 as the documentation of MICRODEM gives them."""

_EGM2008_FILES = ("us_nga_egm08_25.tif", "egm08_25.gtx")
_EGM2008_STEP = 2.5 / 60
_LARGEST_CELLS = 40_000_000
_SMALL_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedGeoid:
    """A geoid and where it came from.

    Attributes:
        grid: The undulations.
        source: File name, ``package`` or ``PROJ network``.
        stand_in: True where another geoid was asked for.
        statement: What that means for the result; None where it stands for itself.
    """

    grid: GeoidGrid
    source: str
    stand_in: bool = False
    statement: str | None = None


def open_geoid(name_or_path: str | Path, bounds: Bounds | None = None) -> LoadedGeoid:
    """Open a geoid by name (``EGM96``, ``EGM2008``) or file (``.gtx``, GeoTIFF, ``.pgm``).

    Args:
        name_or_path: A name is taken as such whatever lies in the working folder.
        bounds: ``lon_min, lat_min, lon_max, lat_max`` that are needed; of a large file no more
            than them is read.

    Raises:
        UnknownNameError: Neither a known name nor a file.
        MissingInputError: A path without a file.
        UnreadableInputError: The file cannot be decoded.
        BrokenInputError: It holds no undulations on longitude and latitude.
        UnsafeInputError: It would not fit into memory.
    """
    name = str(name_or_path).upper()
    if name == "EGM96":
        return LoadedGeoid(grid=_egm96(), source="package")
    if name == "EGM2008":
        return _egm2008(bounds)
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        raise UnknownNameError(
            f"unknown geoid {name_or_path}", nearest=("EGM96", "EGM2008"), remedy="name a file"
        )
    return LoadedGeoid(grid=_from_file(path, path.name, bounds), source=path.name)


def _egm96() -> GeoidGrid:
    shipped = resources.files("satdesk") / "data" / "egm96_15.tif"
    with resources.as_file(shipped) as path:
        return _from_file(path, "EGM96", None)


def _egm2008(bounds: Bounds | None) -> LoadedGeoid:
    user_folder = datadir.get_user_data_dir()  # type: ignore[attr-defined]  # lacks an __all__
    for folder in [*datadir.get_data_dir().split(os.pathsep), user_folder]:
        for name in _EGM2008_FILES:
            path = Path(folder) / name
            if path.is_file():
                return LoadedGeoid(grid=_from_file(path, "EGM2008", bounds), source=name)
    enabled = network.is_network_enabled()  # type: ignore[attr-defined]  # lacks an __all__
    if bounds is not None and enabled:
        grid = _over_network(_EGM2008_FILES[0], bounds)
        return LoadedGeoid(grid=grid, source="PROJ network")
    return LoadedGeoid(grid=_egm96(), source="package", stand_in=True, statement=STAND_IN)


def _over_network(name: str, bounds: Bounds) -> GeoidGrid:
    """Undulations at the posts of a PROJ grid around `bounds`, fetched by PROJ itself."""
    step = _EGM2008_STEP
    left, bottom = (int(np.floor(v / step)) - 1 for v in bounds[:2])
    right, top = (int(np.ceil(v / step)) + 1 for v in bounds[2:])
    lon, lat = np.meshgrid(np.arange(left, right + 1) * step, np.arange(top, bottom - 1, -1) * step)
    try:
        shift = pyproj.Transformer.from_pipeline(
            f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            f"+step +proj=vgridshift +grids={name} +multiplier=1"
        )
        _, _, undulation = shift.transform(lon, lat, np.zeros_like(lon), errcheck=True)
    except ProjError as error:
        raise MissingInputError(
            "PROJ's network is enabled but did not deliver the geoid",
            subject=name,
            found=str(error),
            remedy="name a geoid file with --geoid, or switch PROJ_NETWORK off",
        ) from error
    corner = Affine(step, 0, (left - 0.5) * step, 0, -step, (top + 0.5) * step)
    return GeoidGrid(name="EGM2008", undulation=undulation.astype(np.float32), affine=corner)


def _from_file(path: Path, name: str, bounds: Bounds | None) -> GeoidGrid:
    if path.suffix.lower() == ".pgm":
        return _from_pgm(path, name)
    with opened_raster(path) as data:
        if data.count < 1 or data.crs is None or not data.crs.is_geographic:
            raise BrokenInputError(
                "a geoid file must be a grid of longitude and latitude",
                subject=path,
                found=f"{data.count} band(s), CRS {data.crs}",
                expected="undulations in metres on WGS 84",
            )
        window = _window(data, bounds)
        _check_size(path, round(window.width) * round(window.height))
        raw = data.read(1, window=window, masked=True)
        undulation = raw.astype(np.float64) * data.scales[0] + data.offsets[0]
        values = np.asarray(np.ma.filled(undulation, np.nan), dtype=np.float32)
        corner = data.transform @ Affine.translation(window.col_off, window.row_off)
        return GeoidGrid(name=name, undulation=values, affine=corner)


def _window(data: Any, bounds: Bounds | None) -> Window:  # noqa: ANN401 - rasterio has no types
    """What is needed of a large grid; all of it where the bounds cross its seam."""
    whole = Window(0, 0, data.width, data.height)
    if bounds is None or data.width * data.height <= _SMALL_CELLS:
        return whole
    middle = data.transform.c + data.transform.a * data.width / 2
    turn = 360 * round((bounds[0] - middle) / 360)
    left, top = ~data.transform @ (bounds[0] - turn, bounds[3])
    right, bottom = ~data.transform @ (bounds[2] - turn, bounds[1])
    left, top = int(np.floor(left)) - 2, int(np.floor(top)) - 2
    right, bottom = int(np.ceil(right)) + 2, int(np.ceil(bottom)) + 2
    if left < 0 or right > data.width:
        return whole
    top, bottom = max(top, 0), min(bottom, data.height)
    return Window(left, top, right - left, bottom - top) if bottom > top else whole


def _from_pgm(path: Path, name: str) -> GeoidGrid:
    """GeographicLib's format: 16-bit, big-endian, posts from 90 N and 0 E, offset and scale."""
    if not path.is_file():
        raise MissingInputError("the file is not there", subject=path)
    with path.open("rb") as stream:
        head = stream.read(4096)
        found = re.match(rb"P5\s(?P<notes>(?:#[^\n]*\n)*)\s*(\d+)\s+(\d+)\s+65535\s", head)
        if found is None:
            raise BrokenInputError(
                "this PGM is no geoid of GeographicLib", subject=path, expected="a 16-bit P5 header"
            )
        cols, rows = int(found[2]), int(found[3])
        _check_size(path, cols * rows)
        offset, scale = (_note(path, found["notes"], key) for key in (b"Offset", b"Scale"))
        stream.seek(found.end())
        body = stream.read(2 * cols * rows)
        posts = np.frombuffer(body[: len(body) // 2 * 2], dtype=">u2")
    if posts.size != cols * rows or rows < 2:
        raise BrokenInputError(
            "the geoid file is truncated",
            subject=path,
            found=f"{posts.size} posts",
            expected=f"{cols} x {rows}",
        )
    return _pgm_grid(name, posts.reshape(rows, cols), offset, scale)


def _pgm_grid(name: str, posts: NDArray[Any], offset: float, scale: float) -> GeoidGrid:
    rows, cols = posts.shape
    d_lon, d_lat = 360 / cols, 180 / (rows - 1)
    return GeoidGrid(
        name=name,
        undulation=(offset + scale * posts).astype(np.float32),
        affine=Affine(d_lon, 0, -d_lon / 2, 0, -d_lat, 90 + d_lat / 2),
    )


def _note(path: Path, notes: bytes, key: bytes) -> float:
    found = re.search(rb"#\s*" + key + rb"\s+([-+.\deE]+)", notes)
    if found is None:
        raise BrokenInputError(
            f"this PGM does not state its {key.decode().lower()}",
            subject=path,
            expected="a geoid as GeographicLib writes it",
        )
    return float(found[1])


def _check_size(path: Path, cells: int) -> None:
    if cells > _LARGEST_CELLS:
        raise UnsafeInputError(
            "the geoid grid is too large",
            subject=path,
            found=f"{cells} posts",
            expected=f"at most {_LARGEST_CELLS}",
            remedy="take the grid of 2.5 minutes",
        )
