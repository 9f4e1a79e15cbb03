"""Raster files as layers.

Which pixels are not valid, whatever the file:

* all that lie outside the file;
* where the file carries a mask of its own, or an alpha plane *beside* the declared bands, what is
  masked there (a fourth band that JPEG 2000 flags as alpha is near infrared, not a mask);
* floats that are NaN or infinite in any band;
* with a declared nodata of 0 and all bands in one file: pixels that are 0 in **every** band, for a
  dark pixel may well count 0 in one of them;
* with any other nodata, or one file a band (Sentinel-2): pixels that carry it in **any** band, for
  such a number must never travel as a measurement.

Saturated counts stay valid; `saturated_share` counts them.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError

from satdesk.core.bands import Band
from satdesk.core.raster import Raster
from satdesk.core.scene import ImageTile, Scene, SourceImage
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError, MissingInputError, UnreadableInputError
from satdesk.files.ahead import Wanted
from satdesk.files.decoded import DecodedBlocks, OpenedFile, opening
from satdesk.geometry.grids import offset

__all__ = [
    "FileFacts",
    "ImageLayer",
    "describe_file",
    "image_state",
    "opened_raster",
    "require_pixels",
    "saturated_share",
]

EMPTY_BYTES = 1
"""Files of at most this size are placeholders: some archives replace images by one byte."""


_FOREIGN = "not recognized as being in a supported file format"
_NOWHERE = ("LOCAL_CS[", "ENGCRS[", "ENGINEERINGCRS[")
"""CRSs of an engineer's own axes, which are not tied to the Earth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a raster file says of itself.

    Attributes:
        path: The file.
        driver: GDAL's name of the format.
        shape: ``rows, cols``.
        count: Planes, alpha included.
        dtype: NumPy name of the sample type of all planes.
        affine: Pixel to `crs`, outer corner; identity where the file has none.
        crs: WKT or ``EPSG:n``; None where the file has none, or one that lies nowhere on Earth, as
            GDAL writes into JPEG 2000 without a georeference.
        descriptions: One a plane; None = not described.
        colours: GDAL's colour interpretation, one a plane (``red``, ``alpha``, ``undefined``).
        nodata: Declared; None = none.
        tags: The file's own tags.
        imagery: What GDAL knows of the acquisition, from the provider's files beside the image:
            ``SATELLITEID``, ``ACQUISITIONDATETIME`` (UTC, by GDAL's definition) …
        band_tags: The tags of each plane.
        gcps: Number of ground control points.
        siblings: Files beside it from which GDAL takes a part of this: a world file, ``.aux.xml``,
            an external mask or overviews, the provider's RPC or metadata.
    """

    path: Path
    driver: str
    shape: tuple[int, int]
    count: int
    dtype: str
    affine: Affine
    crs: str | None
    descriptions: tuple[str | None, ...]
    colours: tuple[str, ...]
    nodata: float | None
    tags: tuple[tuple[str, str], ...]
    imagery: tuple[tuple[str, str], ...]
    band_tags: tuple[tuple[tuple[str, str], ...], ...]
    gcps: int = 0
    siblings: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLayer:
    """A `SourceImage` as a layer: counts as the provider delivered them.

    It may be read from many threads and pickles by its description alone.

    Attributes:
        image: What to read. Its tiles' origins count from the first pixel of its grid.
        blocks: Holds files open and blocks decoded between reads; None = each read opens its files
            and closes them again. It changes no pixel and is no part of what the layer means.
    """

    image: SourceImage
    blocks: DecodedBlocks | None = field(default=None, compare=False, repr=False)

    @property
    def grid(self) -> GeoBox:
        """The image's grid."""
        return self.image.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The image's bands, in its order."""
        return self.image.bands

    @property
    def quantity(self) -> Quantity:
        """What the file's numbers are."""
        return self.image.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`, which is shifted against the image's by whole pixels.

        Raises:
            MissingInputError: A file is absent.
            UnreadableInputError: A file is empty, truncated or foreign.
            BrokenInputError: A file has another shape, sample type or number of planes than
                declared.
        """
        row, col = offset(self.image.grid, grid)
        rows, cols = grid.shape
        wanted = (col, row, cols, rows)
        read = ((t, _read_tile(self.image, k, wanted, self.blocks))
                for k, t in enumerate(self.image.tiles))  # fmt: skip
        pieces = [(tile, piece) for tile, piece in read if piece is not None]
        target, covered = _joined(pieces, (len(self.bands), rows, cols), self.image)
        usable = _data(target, self.image, covered)
        return Raster(
            values=target, valid=usable, grid=grid, bands=self.bands, quantity=self.quantity
        )

    def wanted(self, window: tuple[int, int, int, int]) -> Iterator[Wanted]:
        """What a read of ``left, top, right, bottom`` of the image's grid asks of which file."""
        left, top, right, bottom = window
        for index, tile in enumerate(self.image.tiles):
            x, y = tile.origin
            rows, cols = self.image.grid.shape if tile.shape is None else tile.shape
            box = (max(left - x, 0), max(top - y, 0), min(right - x, cols), min(bottom - y, rows))
            if box[0] < box[2] and box[1] < box[3]:
                yield Wanted(path=tile.path, bands=len(_planes(self.image, index)), box=box)


@contextmanager
def opened_raster(path: Path, *, siblings: bool = True, driver: str | None = None) -> Iterator[Any]:
    """Open a raster for reading, errors turned into ours.

    Args:
        path: The file.
        siblings: False hides every other file of the folder from GDAL, so that what is read
            stands in the file itself.
        driver: GDAL's name of the one format that it may be; None = any. Some formats name other
            files, which a stranger's file must not.

    Raises:
        MissingInputError: Absent.
        UnreadableInputError: Empty, truncated, no raster, or not of `driver`.
    """
    _require_file(path)
    hidden = (
        {} if siblings else {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
    )
    with _told(path), rasterio.Env(**hidden):
        with opening, warnings.catch_warnings():
            # Images in sensor geometry have no georeference; that is no news here.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path, driver=driver)
        with dataset:
            yield dataset


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of decoding turned into ours."""
    try:
        yield
    except (RasterioIOError, RasterioError) as error:
        found = _reason(error)
        foreign = _FOREIGN in found
        raise UnreadableInputError(
            "the file is no image" if foreign else "the image cannot be decoded",
            subject=path,
            found=found,
            expected="GeoTIFF, JPEG 2000 or another raster" if foreign else "a whole raster file",
            remedy="check the path, or copy the file again from its source"
            if foreign
            else "copy the file again from its source; its end may be missing",
        ) from error


def describe_file(path: Path) -> FileFacts:
    """Everything that a raster file says of itself, without reading pixels.

    Raises:
        MissingInputError: Absent.
        UnreadableInputError: Empty, truncated or no raster.
        BrokenInputError: Planes of several sample types, or of complex numbers.
    """
    with opened_raster(path) as dataset:
        dtypes = sorted(set(dataset.dtypes))
        if len(dtypes) != 1:
            raise BrokenInputError(
                "the planes of one file differ in sample type",
                subject=path,
                found=", ".join(dtypes),
            )
        if dtypes[0].startswith("complex"):
            raise BrokenInputError(
                "the samples are complex numbers",
                subject=path,
                found=dtypes[0],
                expected="integers or floats",
                remedy="take the amplitude first; radar is not rectified here",
            )
        return FileFacts(
            path=path,
            driver=dataset.driver,
            shape=(dataset.height, dataset.width),
            count=dataset.count,
            dtype=dtypes[0],
            affine=dataset.transform,
            crs=_crs(dataset.crs),
            descriptions=tuple(dataset.descriptions),
            colours=tuple(colour.name for colour in dataset.colorinterp),
            nodata=dataset.nodata,
            tags=tuple(sorted(dataset.tags().items())),
            imagery=tuple(sorted(dataset.tags(ns="IMAGERY").items())),
            band_tags=tuple(
                tuple(sorted(dataset.tags(plane).items())) for plane in range(1, dataset.count + 1)
            ),
            gcps=len(dataset.gcps[0]),
            siblings=_siblings(path, dataset.files),
        )


def _siblings(path: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The plain files of `names` in the file's own folder, but itself."""
    beside = sorted({path.parent / Path(name).name for name in names} - {path})
    return tuple(file for file in beside if file.is_file())


def _crs(found: Any) -> str | None:  # noqa: ANN401 - rasterio has no types
    if found is None or found.to_wkt().startswith(_NOWHERE):
        return None
    return str(found.to_string())


def image_state(path: Path) -> str:
    """``absent``, ``empty`` (0 or 1 byte) or ``present``."""
    if not path.is_file():
        return "absent"
    return "empty" if path.stat().st_size <= EMPTY_BYTES else "present"


def require_pixels(source: Scene | SourceImage) -> None:
    """Refuse what has no pixels to process.

    Raises:
        BrokenInputError: The scene has a problem that blocks, other than a missing image.
        MissingInputError: A file of an image is absent.
        UnreadableInputError: A file of an image is empty.
    """
    images = source.images if isinstance(source, Scene) else (source,)
    for image in images:
        for tile in image.tiles:
            _require_file(tile.path)
    for problem in source.problems if isinstance(source, Scene) else ():
        if problem.blocks:
            raise BrokenInputError(
                f"the delivery cannot be processed ({problem.code})",
                subject=problem.file,
                found=problem.found,
                expected=problem.expected,
                remedy=problem.remedy,
            )


def saturated_share(raster: Raster, saturated: float | None) -> float | None:
    """Share of the valid pixels, 0–1, whose count reaches `saturated` in any band.

    Counts above the declared code occur (SPOT 7: code 4095, maximum 4182), so "reaches" it is.
    None where no code is declared or no pixel is valid.
    """
    total = int(raster.valid.sum())
    if saturated is None or total == 0:
        return None
    reached = (raster.values >= saturated).any(axis=0) & raster.valid
    return float(reached.sum() / total)


def _require_utf8(path: Path) -> None:
    """Refuse a path that holds bytes which are no UTF-8: GDAL is given text."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnreadableInputError(
            "the raster cannot be opened by its path, which is no UTF-8",
            subject=path,
            found=repr(os.fsencode(path)),
            expected="a path in UTF-8",
            remedy="rename it, or make a link to its folder (ln -s) and name that",
        ) from error


def _require_file(path: Path) -> None:
    _require_utf8(path)
    state = image_state(path)
    if path.is_dir():
        raise UnreadableInputError(
            "the raster is no file",
            subject=path,
            found="a folder",
            expected="an image",
            remedy="name the image in it; a delivery is named as a whole, without --pan and --ms",
        )
    if state == "absent":
        raise MissingInputError(
            "the raster is absent",
            subject=path,
            found="no such file",
            expected="the file that the call or the metadata names",
            remedy="check the path, or copy the delivery again from its source",
        )
    if state == "empty":
        raise UnreadableInputError(
            "the raster is empty",
            subject=path,
            found=f"{path.stat().st_size} byte(s)",
            expected="pixels",
            remedy="copy the file again from its source",
        )


_Piece = tuple[NDArray[Any], NDArray[np.bool_], tuple[int, ...], tuple[slice, slice]]


def _read_tile(
    image: SourceImage,
    index: int,
    wanted: tuple[int, int, int, int],
    blocks: DecodedBlocks | None,
) -> _Piece | None:
    """The part of one tile that lies in ``col, row, cols, rows`` of the image, or None."""
    tile = image.tiles[index]
    col, row = wanted[:2]
    if tile.shape is not None and _overlap(tile.origin, tile.shape, wanted) is None:
        _require_file(tile.path)
        return None
    _require_file(tile.path)
    blocks = DecodedBlocks(0) if blocks is None else blocks
    with _told(tile.path):
        file = blocks.file(tile.path)
        planes = _planes(image, index)
        _check_file(image, tile, file, planes)
        common = _overlap(tile.origin, file.shape, wanted)
        if common is None:
            return None
        left, top, right, bottom = common
        inner = (left - tile.origin[0], top - tile.origin[1])
        box = (*inner, inner[0] + right - left, inner[1] + bottom - top)
        values, valid = blocks.read(file, len(planes), box)
    inside = (slice(top - row, bottom - row), slice(left - col, right - col))
    return values, valid, planes, inside


def _joined(
    pieces: list[tuple[ImageTile, _Piece]], shape: tuple[int, int, int], image: SourceImage
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """``(band, y, x)`` out of the parts of tiles, and ``(y, x)`` where every band is known."""
    if len(pieces) == 1 and pieces[0][1][0].shape == shape:
        values, valid, planes, _ = pieces[0][1]
        if planes == tuple(range(shape[0])):
            return values, valid
    dtype = pieces[0][1][0].dtype if pieces else np.dtype(image.dtype or "uint16")
    target, covered = np.zeros(shape, dtype), np.zeros(shape, np.bool_)
    for tile, (values, valid, planes, window) in pieces:
        if values.dtype != dtype:
            raise BrokenInputError(
                "the tiles of one image differ in sample type",
                subject=tile.path,
                found=str(values.dtype),
                expected=str(dtype),
            )
        for plane, band in enumerate(planes):
            target[band][window] = values[plane]
            covered[band][window] = valid
    return target, np.asarray(covered.all(axis=0))


def _planes(image: SourceImage, index: int) -> tuple[int, ...]:
    """Which band of the image each plane of a tile carries."""
    declared = image.tiles[index].bands
    if declared is not None:
        return declared
    return (index,) if image.band_files else tuple(range(len(image.bands)))


def _overlap(
    origin: tuple[int, int], shape: tuple[int, int], wanted: tuple[int, int, int, int]
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what tile and window share; None if nothing."""
    col, row, cols, rows = wanted
    left, top = max(origin[0], col), max(origin[1], row)
    right, bottom = min(origin[0] + shape[1], col + cols), min(origin[1] + shape[0], row + rows)
    return None if left >= right or top >= bottom else (left, top, right, bottom)


def _check_file(
    image: SourceImage, tile: ImageTile, file: OpenedFile, planes: tuple[int, ...]
) -> None:
    shape = file.shape
    alone = len(image.tiles) == 1 or image.band_files
    expected = (
        tile.shape if tile.shape is not None else (tuple(image.grid.shape) if alone else None)
    )
    if expected is not None and shape != expected:
        raise BrokenInputError(
            "the image has another size than its metadata says",
            subject=tile.path,
            found=f"{shape[1]} × {shape[0]} pixels",
            expected=f"{expected[1]} × {expected[0]} pixels",
            remedy="ask the provider which of the two is right",
        )
    if file.count < len(planes):
        raise BrokenInputError(
            "the image has fewer planes than its metadata names bands",
            subject=tile.path,
            found=str(file.count),
            expected=str(len(planes)),
        )


def _data(values: NDArray[Any], image: SourceImage, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the numbers are measurements; the rule stands at the top of this module."""
    usable = known
    if np.issubdtype(values.dtype, np.floating):
        usable = usable & np.isfinite(values).all(axis=0)
    if image.nodata is None or math.isnan(image.nodata):
        return usable
    if image.nodata == 0 and values.dtype.kind == "u" and values.size and values.min() > 0:
        return usable  # the commonest, told without arrays in between
    missing = values == image.nodata
    together = image.nodata == 0 and not image.band_files
    gone: NDArray[np.bool_] = missing.all(axis=0) if together else missing.any(axis=0)
    return usable & ~gone


def _reason(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(cause)[:300]
