"""What GDAL and Orfeo ToolBox make of the same arrays: by their own programs, in a folder in memory.

GDAL: a pansharpened VRT (weighted Brovey, its default of equal weights, cubic), read by rasterio.
OTB: ``otbcli_Pansharpening -method rcs|lmvm`` on MS that `satdesk` brought onto PAN's grid, so
that both start from the same interpolation. Files without a place lie in ``/dev/shm`` and vanish.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory is what is meant
_PROGRAM = "otbcli_Pansharpening"


def gdal_brovey(
    pan: np.ndarray, ms: np.ndarray, weights: tuple[float, ...] | None = None
) -> np.ndarray:
    """``(band, y, x)`` by GDAL's VRTPansharpenedDataset; None = equal weights, its default."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        ratio = pan.shape[0] // ms.shape[1]
        _write(folder / "pan.tif", pan[None], 1.0)
        _write(folder / "ms.tif", ms, float(ratio))
        path = folder / "sharp.vrt"
        path.write_text(_vrt(folder, weights or (1 / len(ms),) * len(ms)), encoding="utf-8")
        with rasterio.open(path) as dataset:
            return dataset.read().astype(np.float64)


def otb(method: str, pan: np.ndarray, on_pan: np.ndarray) -> np.ndarray | None:
    """``(band, y, x)`` by OTB's `method`; None where OTB is not installed."""
    if shutil.which(_PROGRAM) is None:
        return None
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        _write(folder / "pan.tif", pan[None], 1.0)
        _write(folder / "xs.tif", on_pan, 1.0)
        files = ["-inp", "pan.tif", "-inxs", "xs.tif", "-out", "out.tif", "float"]
        subprocess.run(
            [_PROGRAM, *files, "-method", method, "-ram", "1024"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        with rasterio.open(folder / "out.tif") as dataset:
            return dataset.read().astype(np.float64)


def _write(path: Path, planes: np.ndarray, pixel: float) -> None:
    bands, rows, cols = planes.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=bands,
            height=rows,
            width=cols,
            dtype="float32",
            transform=Affine(pixel, 0, 0, 0, -pixel, 0),
            crs="EPSG:32638",
        ) as dataset:
            dataset.write(planes.astype(np.float32))


def _vrt(folder: Path, weights: tuple[float, ...]) -> str:
    source = "<SourceFilename relativeToVRT='0'>{}</SourceFilename>"
    spectral = "".join(
        f"<SpectralBand dstBand='{i}'>{source.format(folder / 'ms.tif')}"
        f"<SourceBand>{i}</SourceBand></SpectralBand>"
        for i in range(1, len(weights) + 1)
    )
    return (
        "<VRTDataset subClass='VRTPansharpenedDataset'><PansharpeningOptions>"
        "<Algorithm>WeightedBrovey</Algorithm>"
        f"<AlgorithmOptions><Weights>{','.join(map(repr, weights))}</Weights></AlgorithmOptions>"
        "<Resampling>Cubic</Resampling>"
        f"<PanchroBand>{source.format(folder / 'pan.tif')}<SourceBand>1</SourceBand></PanchroBand>"
        f"{spectral}</PansharpeningOptions></VRTDataset>"
    )
