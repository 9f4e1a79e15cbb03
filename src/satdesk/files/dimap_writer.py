"""Write a sensor-geometry delivery in DIMAP v2's layout, and a DEM that goes with it.

For pictures of our own making only: `write_dimap` refuses a mission other than SIMULATED.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from satdesk.errors import UsageError
from satdesk.files.dimap_documents import (
    CREDIT,
    MISSION,
    DimapImage,
    DimapProduct,
    dim_document,
    rpc_document,
    volume_document,
)

__all__ = ["write_dimap", "write_heights"]


def write_dimap(folder: Path, product: DimapProduct) -> tuple[Path, ...]:
    """Write a product into a folder that is there and empty.

    Args:
        folder: Becomes the delivery.
        product: What to write.

    Returns:
        Every file written, the volume first.

    Raises:
        UsageError: The mission is not SIMULATED, or the name is not a plain one.
    """
    if product.mission != MISSION:
        raise UsageError(
            "only simulated pictures are written as a bundle",
            found=product.mission,
            expected=MISSION,
        )
    if not product.name.replace("-", "").replace("_", "").isalnum():
        raise UsageError("a product's name is not plain", found=repr(product.name))
    written: list[Path] = []
    references: list[str] = []
    for image in product.images:
        stem = f"SIMULATED_{image.kind}_{product.name}_SEN_1"
        place = folder / f"IMG_SIMULATED_{image.kind}_001"
        place.mkdir()
        tiff, rpc, dim = (
            place / name for name in (f"IMG_{stem}_R1C1.TIF", f"RPC_{stem}.XML", f"DIM_{stem}.XML")
        )
        _write_tiff(tiff, image, product)
        rpc.write_text(rpc_document(image), encoding="utf-8")
        dim.write_text(dim_document(product, image, tiff, rpc), encoding="utf-8")
        written += [dim, rpc, tiff]
        references.append(f"{place.name}/{dim.name}")
    volume = folder / "VOL_SIMULATED.XML"
    volume.write_text(volume_document(product, references), encoding="utf-8")
    return (volume, *written)


def write_heights(path: Path, heights: NDArray[np.floating], affine: Affine, vertical: str) -> None:
    """Write a DEM on longitude and latitude with its vertical datum declared in a tag.

    Args:
        path: GeoTIFF to write.
        heights: ``(y, x)`` metres.
        affine: Outer corner of the first cell and the cell's size, degrees.
        vertical: ``EGM96`` … as `files.dem.open_terrain` takes it.
    """
    rows, cols = heights.shape
    with rasterio.open(
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
    ) as target:
        target.write(heights.astype(np.float32), 1)
        target.update_tags(VERTICAL_DATUM=vertical, UNITS="m", SOURCE=CREDIT)


def _write_tiff(path: Path, image: DimapImage, product: DimapProduct) -> None:
    """Pixels without a place: the place is in the RPC document, as in a real delivery."""
    bands, rows, cols = image.counts.shape
    with warnings.catch_warnings():
        # Expected: a picture in sensor geometry has no geotransform.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=rows,
            width=cols,
            count=bands,
            dtype="uint16",
            compress="deflate",
            predictor=2,
            zlevel=1,
            tiled=True,
            blockxsize=512,
            blockysize=512,
            photometric="MINISBLACK",
        ) as target:
            target.write(image.counts)
            target.update_tags(TIFFTAG_IMAGEDESCRIPTION=CREDIT, TIFFTAG_SOFTWARE="satdesk")
            target.update_tags(SIMULATED="YES", MISSION=product.mission)
