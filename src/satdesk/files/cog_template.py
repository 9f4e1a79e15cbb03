"""What GDAL writes of one block: the fields that describe an image, and compressed bytes.

Whatever a file says of itself (CRS, names, colours, scale, metadata) is taken from a file of one
block that GDAL makes in memory, so that it is what GDAL's readers expect, for any CRS.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from rasterio import crs as gdal_crs
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.shutil import copy as gdal_copy

from satdesk.core.bands import Band
from satdesk.errors import MachineError
from satdesk.files.codecs import LEVELS, QUALITIES, Codec
from satdesk.files.tiff_tags import Tag, read_tags

__all__ = ["CogForm", "gdal_block", "image_tags"]

_OFFSETS, _COUNTS = 324, 325
_SOMEWHERE = Affine(1.0, 0.0, 1.0, 0.0, -1.0, 1.0)
"""rasterio warns of files without a place."""

_SAMPLE = 128
"""Edge of the image in memory; the least that the COG driver takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CogForm:
    """Everything about a COG except its pixels.

    Attributes:
        grid: Shape and place of the whole image.
        bands: Of the planes apart from alpha; their names become the descriptions.
        dtype: NumPy name of the stored type.
        nodata: The number that stands for "no data", in all planes alike; overviews average
            around it. None with `alpha`.
        codec: How blocks are compressed.
        tags: Metadata of the file; ``TIFFTAG_…`` names become TIFF's own tags.
        scale: Physical value = stored × scale + offset; None = not stated.
        offset: See `scale`.
        alpha: The last plane is opacity (0 = transparent); overviews average around it.
        colorinterp: One of GDAL's colour names a band (``red``, ``undefined`` …).
        palette: Red, green and blue, 0–255, of the numbers of the one band, which are classes.
        blocksize: Edge of a block in pixels, a multiple of 16.
        resampling: What overviews are made by: ``average`` or ``nearest``.
    """

    grid: GeoBox
    bands: tuple[Band, ...]
    dtype: str
    codec: Codec
    nodata: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    offset: float | None = None
    alpha: bool = False
    colorinterp: tuple[str, ...] | None = None
    palette: Mapping[int, tuple[int, int, int]] | None = None
    blocksize: int = 512
    resampling: str = "average"

    @property
    def planes(self) -> int:
        """Planes of the pixels that are written, alpha included."""
        return len(self.bands) + self.alpha


def image_tags(form: CogForm) -> dict[int, Tag]:
    """The fields of the directory of an image of one block, as GDAL's COG driver writes them.

    Raises:
        MachineError: GDAL cannot look the CRS up: PROJ's database is not the one that it needs.
    """
    _require_code(form.grid.crs)
    with MemoryFile() as plain, MemoryFile() as whole, warnings.catch_warnings():
        # Expected: a picture in sensor geometry has no geotransform.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with plain.open(**_profile(form)) as dataset:
            _describe(dataset, form)
        gdal_copy(plain.name, whole.name, **_copy_options(form))
        return read_tags(whole.read())


def _require_code(crs: CRS | None) -> None:
    """Refuse a CRS that GDAL does not know by its code: it would be spelt out without a name."""
    if crs is None or crs.epsg is None:
        return
    try:
        gdal_crs.CRS.from_epsg(crs.epsg)
    except CRSError as error:
        raise MachineError(
            "GDAL cannot look up the coordinate system of the picture",
            subject=f"EPSG:{crs.epsg}",
            found=str(error),
            expected="the database that belongs to this GDAL's PROJ",
            remedy="unset PROJ_DATA and PROJ_LIB, which name that of another program",
        ) from error


def gdal_block(pixels: NDArray[Any], codec: Codec) -> bytes:
    """One whole block as GDAL compresses it.

    Args:
        pixels: ``(size, size, plane)``; with jpeg one or three planes.
        codec: Any.
    """
    size, _, planes = pixels.shape
    profile = _tiled(planes, str(pixels.dtype), size) | _codec_options(codec, planes, pixels.dtype)
    with MemoryFile() as memory:
        with memory.open(transform=_SOMEWHERE, **profile) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
        file = memory.read()
    tags = read_tags(file)
    start, count = (int.from_bytes(tags[code].data, "little") for code in (_OFFSETS, _COUNTS))
    return bytes(file[start : start + count])


def _tiled(planes: int, dtype: str, size: int) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "dtype": dtype,
        "count": planes,
        "height": size,
        "width": size,
        "tiled": True,
        "blockxsize": size,
        "blockysize": size,
        "interleave": "pixel",
    }


def _profile(form: CogForm) -> dict[str, Any]:
    crs = form.grid.crs
    # Pixels of a sensor have no place on a map: none is stated.
    place = {} if crs is None else {"transform": form.grid.affine, "crs": crs.to_wkt()}
    return _tiled(form.planes, form.dtype, _SAMPLE) | {"nodata": form.nodata, **place}


def _codec_options(codec: Codec, planes: int, dtype: np.dtype[Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"compress": codec.name}
    if codec.name in LEVELS:
        options[{"zstd": "zstd_level", "deflate": "zlevel"}[codec.name]] = codec.strength
    if codec.name == "jpeg":
        options |= {"jpeg_quality": codec.strength}
        options |= {"photometric": "ycbcr"} if planes == 3 else {}
    elif codec.name == "webp":
        options |= {"webp_level": codec.strength, "webp_lossless": codec.lossless}
    elif codec.name != "none":
        options |= {"predictor": 3 if dtype.kind == "f" else 2}
    return options


def _copy_options(form: CogForm) -> dict[str, str]:
    codec = form.codec
    options = {"driver": "COG", "COMPRESS": codec.name.upper(), "BLOCKSIZE": str(_SAMPLE)}
    if codec.name in LEVELS:
        options["LEVEL"] = str(codec.strength)
    if codec.name in QUALITIES:
        options["QUALITY"] = str(codec.strength)
    elif codec.name != "none":
        options["PREDICTOR"] = "YES"  # 2 for integers, 3 for floating point
    return options


def _describe(dataset: Any, form: CogForm) -> None:  # noqa: ANN401 - rasterio is untyped
    names = form.colorinterp or ("undefined",) * len(form.bands)
    colours = [ColorInterp[name] for name in names] + [ColorInterp.alpha] * form.alpha
    if form.palette is None:
        dataset.colorinterp = colours
    else:
        dataset.write_colormap(1, {k: (*rgb, 255) for k, rgb in form.palette.items()})
    dataset.descriptions = [band.name for band in form.bands] + ["alpha"] * form.alpha
    dataset.update_tags(**dict(sorted(form.tags.items())))
    for index, band in enumerate(form.bands, start=1):
        dataset.update_tags(index, **_band_tags(band))
    if form.scale is not None:
        dataset.scales = (form.scale,) * dataset.count
    if form.offset is not None:
        dataset.offsets = (form.offset,) * dataset.count


def _band_tags(band: Band) -> dict[str, str]:
    tags = {}
    if band.provider_id is not None:
        tags["PROVIDER_BAND"] = band.provider_id
    if band.wavelength_nm is not None:
        tags["WAVELENGTH_NM"] = "{:g}-{:g}".format(*band.wavelength_nm)
    return tags
