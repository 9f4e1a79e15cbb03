"""Write a sensor-geometry delivery in DIMAP v2's layout, and rasters that go with it.

For pictures of our own making only: no mission other than SIMULATED is written. Pixels come in
blocks, so that a picture of any size is written in bounded memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.features import shapes

from satdesk.errors import MachineError, UsageError
from satdesk.files.dimap_documents import (
    dim_document,
    mask_document,
    rpc_document,
    volume_document,
)
from satdesk.files.dimap_values import CREDIT, MISSION, BandStatistics, DimapImage, DimapProduct

__all__ = [
    "DimapTarget",
    "RasterTarget",
    "open_dimap",
    "raster_target",
    "write_dimap",
    "write_height_rows",
    "write_heights",
]

_TILE_PX = 400
_CACHE_BYTES = 200_000_000
"""Of GDAL, whose own default grows with the machine."""
Polygon = list[list[tuple[float, float]]]


@dataclass(slots=True, kw_only=True, eq=False)
class _Tally:
    """Exact sums of one band's counts, whatever the order in which blocks come."""

    low: int = 65535
    high: int = 0
    number: int = 0
    total: int = 0
    squares: int = 0

    def add(self, counts: NDArray[np.uint16]) -> None:
        wide = counts.astype(np.uint64)
        self.low, self.high = min(self.low, int(counts.min())), max(self.high, int(counts.max()))
        self.number += counts.size
        self.total += int(wide.sum())
        self.squares += int((wide * wide).sum())

    @property
    def statistics(self) -> BandStatistics:
        """Mean and standard deviation over all counts, 0 without any."""
        number = max(self.number, 1)
        variance = (self.squares * number - self.total**2) / number**2
        return BandStatistics(
            low=self.low,
            high=self.high,
            mean=self.total / number,
            deviation=float(np.sqrt(max(variance, 0.0))),
        )


@dataclass(slots=True, kw_only=True, eq=False)
class DimapTarget:
    """A delivery that is being written; `open_dimap` gives one.

    Attributes:
        folder: Of the delivery.
        product: What it is.
        files: By an image's kind, those of the delivery.
        rasters: By an image's kind, open for writing.
        tallies: By an image's kind, one a band.
        clouds: By an image's kind, polygons of its cloud mask; see `cover`.
    """

    folder: Path
    product: DimapProduct
    files: dict[str, dict[str, Path]]
    rasters: dict[str, RasterTarget]
    tallies: dict[str, list[_Tally]]
    clouds: dict[str, list[Polygon]] = field(default_factory=dict)

    def put(self, kind: str, row: int, col: int, counts: NDArray[np.uint16]) -> None:
        """Write a block of an image; always in the same order, for the same bytes.

        Args:
            kind: ``P`` or ``MS``.
            row: Of the block's first pixel.
            col: Likewise.
            counts: ``(band, y, x)`` uint16.

        Raises:
            UsageError: Other counts than the image has.
        """
        tallies = self.tallies[kind]
        if counts.dtype != np.uint16 or counts.shape[0] != len(tallies):
            raise UsageError(
                "an image needs uint16 counts, one plane a band",
                subject=kind,
                found=f"{counts.dtype} {counts.shape}",
                expected=f"{len(tallies)} planes",
            )
        for tally, plane in zip(tallies, counts, strict=True):
            tally.add(plane)
        self.rasters[kind].put(row, col, counts)

    def cover(self, kind: str, row: int, col: int, mask: NDArray[np.bool_], step: int) -> None:
        """Add where clouds hide a block of an image to its GML mask.

        Args:
            kind: ``P`` or ``MS``.
            row: Of the block's first pixel.
            col: Likewise.
            mask: ``(y, x)`` True = cloud, one value for `step` pixels each way.
            step: As above.
        """
        found = self.clouds.setdefault(kind, [])
        place = Affine.translation(col, row) @ Affine.scale(step)
        for shape, _ in shapes(mask.astype(np.uint8), mask=mask, transform=place):
            found.append([[(x, y) for x, y in ring] for ring in shape["coordinates"]])


@contextmanager
def open_dimap(
    folder: Path, product: DimapProduct, *, compressed: bool = True
) -> Iterator[DimapTarget]:
    """Write a product into a folder that is there and empty; its documents come last.

    Args:
        folder: Becomes the delivery.
        product: What to write.
        compressed: Deflate the pixels; either way they are tiled.

    Raises:
        UsageError: The mission is not SIMULATED, or the name is not a plain one.
    """
    _check(product)
    with ExitStack() as opened:
        files = {image.kind: _files(folder, product, image) for image in product.images}
        target = DimapTarget(
            folder=folder,
            product=product,
            files=files,
            rasters={
                image.kind: opened.enter_context(
                    raster_target(
                        files[image.kind]["tiff"],
                        (len(image.bands), *image.shape),
                        "uint16",
                        compressed=compressed,
                    )
                )
                for image in product.images
            },
            tallies={image.kind: [_Tally() for _ in image.bands] for image in product.images},
        )
        yield target
    _write_documents(target)


def write_dimap(
    folder: Path, product: DimapProduct, counts: Mapping[str, NDArray[np.uint16]]
) -> tuple[Path, ...]:
    """Write a product whose pixels are in memory.

    Args:
        folder: That is there and empty; becomes the delivery.
        product: What to write.
        counts: By an image's kind, ``(band, y, x)`` uint16.

    Returns:
        Every file written, the volume first.

    Raises:
        UsageError: As `open_dimap` and `DimapTarget.put`.
    """
    with open_dimap(folder, product) as target:
        for image in product.images:
            target.put(image.kind, 0, 0, counts[image.kind])
    written = [
        path
        for files in target.files.values()
        for path in (files["dim"], files["rpc"], files["tiff"])
    ]
    return (folder / _VOLUME, *written)


@dataclass(frozen=True, slots=True, eq=False)
class RasterTarget:
    """A GeoTIFF that is being written; `raster_target` gives one."""

    raster: Any

    def put(self, row: int, col: int, values: NDArray[Any]) -> None:
        """Write a block ``(band, y, x)``; always in the same order, for the same bytes."""
        self.raster.write(values, window=_window(row, col, values.shape))


@contextmanager
def raster_target(
    path: Path, shape: tuple[int, int, int], dtype: str, *, compressed: bool = True
) -> Iterator[RasterTarget]:
    """A tiled GeoTIFF in an image's own pixels, open for writing blocks.

    The place of its pixels is in the RPC document, as in a real delivery.
    """
    bands, rows, cols = shape
    packing = {"compress": "deflate", "predictor": 2, "zlevel": 1} if compressed else {}
    with warnings.catch_warnings():
        # Expected: a picture in sensor geometry has no geotransform.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with (
            _whole(path),
            rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES),
            rasterio.open(
                path,
                "w",
                driver="GTiff",
                height=rows,
                width=cols,
                count=bands,
                dtype=dtype,
                tiled=True,
                blockxsize=_TILE_PX,
                blockysize=_TILE_PX,
                photometric="MINISBLACK",
                bigtiff="IF_SAFER",
                **packing,
            ) as target,
        ):
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=CREDIT, TIFFTAG_SOFTWARE="satdesk")
            target.update_tags(SIMULATED="YES", MISSION=MISSION)
            yield RasterTarget(target)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """A disk that is full ends the block with MachineError: GDAL tells of it by words on stderr."""
    try:
        yield
        _read_again(path)
    except RasterioError as error:
        raise _not_whole(path, str(error)) from error


def _read_again(path: Path) -> None:
    """Every block has a place and can be decoded; one without would be read as zeros."""
    with rasterio.open(path) as made:
        for (row, col), window in made.block_windows(1):
            name = f"BLOCK_OFFSET_{col}_{row}"
            if any(made.get_tag_item(name, "TIFF", bidx=band) is None for band in made.indexes):
                raise _not_whole(path, f"no block {row}, {col}")
            made.read(window=window)


def _not_whole(path: Path, found: str) -> MachineError:
    return MachineError(
        "could not be written whole",
        subject=path,
        found=found,
        remedy="free space or choose another place, then run it again; nothing was left behind",
    )


def write_heights(path: Path, heights: NDArray[np.floating], affine: Affine, vertical: str) -> None:
    """Write a DEM on longitude and latitude with its vertical datum declared in a tag.

    Args:
        path: GeoTIFF to write.
        heights: ``(y, x)`` metres.
        affine: Outer corner of the first cell and the cell's size, degrees.
        vertical: ``EGM96`` … as `files.dem.open_terrain` takes it.
    """
    write_height_rows(path, heights.shape, [heights], affine, vertical)


def write_height_rows(
    path: Path,
    shape: tuple[int, ...],
    strips: Iterable[NDArray[np.floating]],
    affine: Affine,
    vertical: str,
) -> None:
    """As `write_heights`, for heights that come as strips of whole rows, from the north."""
    rows, cols = shape
    with (
        _whole(path),
        rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=rows,
            width=cols,
            count=1,
            dtype="float32",
            crs="EPSG:4326",
            transform=affine,
            compress="deflate",
            predictor=3,
            zlevel=1,
            tiled=True,
            blockxsize=_TILE_PX,
            blockysize=_TILE_PX,
        ) as target,
    ):
        target.update_tags(VERTICAL_DATUM=vertical, UNITS="m", SOURCE=CREDIT)
        row = 0
        for strip in strips:
            target.write(strip.astype(np.float32)[None], window=_window(row, 0, (1, *strip.shape)))
            row += strip.shape[0]


_VOLUME = "VOL_SIMULATED.XML"


def _check(product: DimapProduct) -> None:
    if product.mission != MISSION:
        raise UsageError(
            "only simulated pictures are written as a bundle",
            found=product.mission,
            expected=MISSION,
        )
    if not product.name.replace("-", "").replace("_", "").isalnum():
        raise UsageError("a product's name is not plain", found=repr(product.name))


def _files(folder: Path, product: DimapProduct, image: DimapImage) -> dict[str, Path]:
    """Where the files of an image go; its folder is made."""
    stem = f"SIMULATED_{image.kind}_{product.name}_SEN_1"
    place = folder / f"IMG_SIMULATED_{image.kind}_001"
    place.mkdir()
    return {
        "tiff": place / f"IMG_{stem}_R1C1.TIF",
        "rpc": place / f"RPC_{stem}.XML",
        "dim": place / f"DIM_{stem}.XML",
    }


def _write_documents(target: DimapTarget) -> None:
    references = []
    for image in target.product.images:
        files = target.files[image.kind]
        if image.kind in target.clouds:
            files["clouds"] = files["tiff"].parent / "MASKS" / f"CLD_{files['tiff'].stem[4:]}.GML"
            files["clouds"].parent.mkdir()
            mask = mask_document(target.clouds[image.kind], "CLOUD")
            files["clouds"].write_text(mask, encoding="utf-8")
        statistics = [tally.statistics for tally in target.tallies[image.kind]]
        files["rpc"].write_text(rpc_document(image), encoding="utf-8")
        dim = dim_document(target.product, image, files, statistics)
        files["dim"].write_text(dim, encoding="utf-8")
        references.append(f"{files['dim'].parent.name}/{files['dim'].name}")
    volume = volume_document(target.product, references)
    (target.folder / _VOLUME).write_text(volume, encoding="utf-8")


def _window(row: int, col: int, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - rasterio's
    return rasterio.windows.Window(col, row, shape[2], shape[1])
