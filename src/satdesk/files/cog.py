"""Cloud Optimized GeoTIFF from a stream of tiles: the same input gives the same bytes.

Two passes keep memory bounded for any size: the tiles go once into a plain tiled TIFF beside the
target, then GDAL's COG driver copies it with fixed settings (overviews ahead of the full
resolution, which the plain TIFF driver cannot do in one pass). Nothing in the file depends on the
clock, on paths or on the number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.shutil import copy as gdal_copy
from rasterio.windows import Window

from satdesk.core.bands import Band
from satdesk.errors import MachineError, UsageError
from satdesk.files.store import check_target, scratch_beside

__all__ = ["Codec", "parse_codec", "write_cog"]

_LEVELS = {"zstd": range(1, 23), "deflate": range(1, 10)}
_QUALITIES = {"jpeg": range(1, 101), "webp": range(1, 101)}
_DEFAULTS = {"zstd": 1, "deflate": 6, "jpeg": 85, "webp": 90}
_PLAIN = ("lzw", "none")
_LOSSY_BANDS = {"jpeg": (1, 3), "webp": (3, 4)}
_CACHE_MB = 256
_TRAILER_BYTES = 4
"""GDAL repeats the last four bytes of each block behind it."""
_REMEDY = "free space or choose another place, then run it again; nothing was left behind"

Tiles = Iterable[tuple[tuple[int, int], NDArray[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How blocks are compressed.

    Attributes:
        name: ``zstd``, ``deflate``, ``lzw``, ``none``, ``jpeg`` or ``webp``.
        strength: Level of zstd and deflate, quality of jpeg and webp (100 makes webp lossless);
            None for the others.
    """

    name: str
    strength: int | None = None

    @property
    def lossless(self) -> bool:
        """Whether pixels come back as they were."""
        return self.name not in _QUALITIES or (self.name == "webp" and self.strength == 100)


def parse_codec(text: str) -> Codec:
    """Read ``zstd:1``, ``deflate:6``, ``lzw``, ``none``, ``jpeg:85``, ``webp:90``.

    Without a number zstd takes 1, deflate 6, jpeg 85 and webp 90.

    Raises:
        UsageError: An unknown name, or a number out of its range.
    """
    match = re.fullmatch(r"([a-z]+)(?::(\d{1,3}))?", text.strip().lower())
    name, number = match.groups() if match else ("", None)
    if name in _PLAIN and number is None:
        return Codec(name=name)
    allowed = (_LEVELS | _QUALITIES).get(name)
    if allowed is None:
        raise _codec_error(text, "zstd:N, deflate:N, lzw, none, jpeg:Q or webp:Q")
    strength = _DEFAULTS[name] if number is None else int(number)
    if strength not in allowed:
        raise _codec_error(text, f"{name}:{allowed.start} to {name}:{allowed.stop - 1}")
    return Codec(name=name, strength=strength)


def write_cog(  # noqa: PLR0913 - one file has that many properties, all by keyword
    path: Path,
    tiles: Tiles,
    *,
    grid: GeoBox,
    bands: tuple[Band, ...],
    dtype: str,
    nodata: float | None = None,
    codec: str = "zstd:1",
    tags: Mapping[str, str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    alpha: bool = False,
    colorinterp: tuple[str, ...] | None = None,
    blocksize: int = 512,
    overview_resampling: str = "average",
) -> Path:
    """Write a Cloud Optimized GeoTIFF that appears whole or not at all.

    Args:
        path: Where; must not be there, its folder must.
        tiles: ``(row0, col0), values`` with values ``(band, y, x)``; each pixel of `grid` once, in
            any order. With `alpha` the last plane is the opacity.
        grid: Shape and place of the whole image.
        bands: Of the planes apart from alpha; their names become the descriptions.
        dtype: NumPy name of the stored type.
        nodata: The number that stands for "no data", in all planes alike; overviews average
            around it. None with `alpha`.
        codec: As `parse_codec` reads it.
        tags: Metadata of the file; ``TIFFTAG_…`` names become TIFF's own tags.
        scale: Physical value = stored × scale + offset; None = not stated.
        offset: See `scale`.
        alpha: The last plane is opacity (0 = transparent); overviews average around it.
        colorinterp: One of GDAL's colour names a band (``red``, ``undefined`` …).
        blocksize: Edge of a block in pixels.
        overview_resampling: GDAL's name of the resampling.

    Returns `path`.

    Raises:
        UsageError: Unknown codec, or one that cannot hold these bands; `path` is there.
        MachineError: The disk is full or not writable; nothing is left.
    """
    wanted = parse_codec(codec)
    count = len(bands) + alpha
    _check_codec(wanted, count, alpha=alpha, dtype=dtype)
    target = check_target(path, overwrite=False, folder=False)
    profile = _profile(grid, count, dtype, nodata, blocksize)
    with scratch_beside(target) as scratch, rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
        plain, whole = scratch / "plain.tif", scratch / "whole.tif"
        _write_plain(plain, tiles, profile, target)
        with _gdal_errors(target):
            with rasterio.open(plain, "r+") as dataset:
                _describe(dataset, bands, tags or {}, colorinterp, alpha=alpha)
                _scale(dataset, scale, offset)
            gdal_copy(plain, whole, **_options(wanted, dtype, blocksize, overview_resampling))
            _check_end(whole, target)
        plain.unlink()
        whole.rename(path)
    return path


def _write_plain(plain: Path, tiles: Tiles, profile: dict[str, Any], target: Path) -> None:
    with _gdal_errors(target):
        dataset = rasterio.open(plain, "w", **profile)
    try:
        for (row, col), values in tiles:  # what the tiles raise is theirs and passes as it is
            window = Window(col, row, values.shape[2], values.shape[1])
            with _gdal_errors(target):
                dataset.write(values, window=window)
    except BaseException:
        with suppress(RasterioError, CPLE_BaseError):  # the first error is the one to tell
            dataset.close()
        raise
    with _gdal_errors(target):
        dataset.close()


def _check_end(whole: Path, target: Path) -> None:
    # GDAL only prints a write that fails while the file is closed; then its end is missing.
    with rasterio.open(whole) as dataset:
        rows, cols = (
            ceil(size / block)
            for size, block in zip(dataset.shape, dataset.block_shapes[0], strict=True)
        )
        last = f"{cols - 1}_{rows - 1}"
        start, size = (
            int(dataset.get_tag_item(f"BLOCK_{what}_{last}", "TIFF", bidx=1))
            for what in ("OFFSET", "SIZE")
        )
    if whole.stat().st_size < start + size + _TRAILER_BYTES:
        raise MachineError("could not be written to its end", subject=target, remedy=_REMEDY)


def _profile(
    grid: GeoBox, count: int, dtype: str, nodata: float | None, blocksize: int
) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "dtype": dtype,
        "count": count,
        "nodata": nodata,
        "height": grid.shape[0],
        "width": grid.shape[1],
        "transform": grid.affine,
        "crs": None if grid.crs is None else grid.crs.to_wkt(),
        "tiled": True,
        "blockxsize": blocksize,
        "blockysize": blocksize,
        "interleave": "pixel",
        "bigtiff": "IF_SAFER",
    }


def _describe(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    bands: tuple[Band, ...],
    tags: Mapping[str, str],
    colorinterp: tuple[str, ...] | None,
    *,
    alpha: bool,
) -> None:
    names = colorinterp or ("undefined",) * len(bands)
    colours = [ColorInterp[name] for name in names] + [ColorInterp.alpha] * alpha
    dataset.colorinterp = colours
    dataset.descriptions = [band.name for band in bands] + ["alpha"] * alpha
    dataset.update_tags(**dict(sorted(tags.items())))
    for index, band in enumerate(bands, start=1):
        dataset.update_tags(index, **_band_tags(band))


def _band_tags(band: Band) -> dict[str, str]:
    tags = {}
    if band.provider_id is not None:
        tags["PROVIDER_BAND"] = band.provider_id
    if band.wavelength_nm is not None:
        tags["WAVELENGTH_NM"] = "{:g}-{:g}".format(*band.wavelength_nm)
    return tags


def _scale(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    scale: float | None,
    offset: float | None,
) -> None:
    if scale is not None:
        dataset.scales = (scale,) * dataset.count
    if offset is not None:
        dataset.offsets = (offset,) * dataset.count


def _options(codec: Codec, dtype: str, blocksize: int, resampling: str) -> dict[str, str]:
    options = {
        "driver": "COG",
        "COMPRESS": codec.name.upper(),
        "BLOCKSIZE": str(blocksize),
        "BIGTIFF": "IF_SAFER",
        "OVERVIEWS": "IGNORE_EXISTING",
        "OVERVIEW_RESAMPLING": resampling.upper(),
        "NUM_THREADS": "ALL_CPUS",
    }
    if codec.name in _LEVELS:
        options["LEVEL"] = str(codec.strength)
    if codec.name in _QUALITIES:
        options["QUALITY"] = options["OVERVIEW_QUALITY"] = str(codec.strength)
    elif codec.name != "none":
        # Horizontal differences for integers (TIFF predictor 2), for floating point (3).
        options["PREDICTOR"] = "YES" if np.dtype(dtype).kind in "uif" else "NO"
    return options


def _check_codec(codec: Codec, count: int, *, alpha: bool, dtype: str) -> None:
    if codec.name not in _QUALITIES:
        return
    allowed = _LOSSY_BANDS[codec.name]
    if dtype != "uint8" or count - (alpha and codec.name == "jpeg") not in allowed:
        raise UsageError(
            f"{codec.name} cannot hold this image",
            found=f"{count} bands of {dtype}",
            expected=f"{' or '.join(map(str, allowed))} bands of uint8",
            remedy="use zstd or deflate",
        )


def _codec_error(text: str, expected: str) -> UsageError:
    return UsageError("unknown codec", subject=text, expected=expected)


@contextmanager
def _gdal_errors(target: Path) -> Iterator[None]:
    # GDAL tells a full disk in words only; what it is given was checked before, so what fails
    # here is the machine.
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        raise MachineError(
            "could not be written",
            subject=target,
            found=str(error.__cause__ or error) or type(error).__name__,
            remedy=_REMEDY,
        ) from error
