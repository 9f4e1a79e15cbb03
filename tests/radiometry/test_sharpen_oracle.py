"""Orfeo ToolBox makes the same RCS and LMVM."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter

from satdesk.radiometry.sharpen_local import LocalMeanVariance, RatioComponent

PROGRAM = "otbcli_Pansharpening"


def write(path, planes):
    bands, rows, cols = planes.shape
    size = {"count": bands, "height": rows, "width": cols, "dtype": "float32"}
    place = {"transform": Affine(1, 0, 500_000, 0, -1, 4_400_000), "crs": "EPSG:32638"}
    with rasterio.open(path, "w", driver="GTiff", **size, **place) as dataset:
        dataset.write(planes.astype(np.float32))


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("rcs", RatioComponent(window=7, floor=1.0)),
        ("lmvm", LocalMeanVariance(window=7, least_deviation=1e-3)),
    ],
)
def test_orfeo_toolbox_makes_the_same(tmp_path, name, method):
    if shutil.which(PROGRAM) is None:
        pytest.skip("Orfeo ToolBox is not installed (Debian: otb-bin)")
    generator = np.random.default_rng(8)
    pan = 800 + 800 * gaussian_filter(generator.normal(size=(96, 110)), 1.5)
    ms = np.array([400 + 900 * gaussian_filter(generator.normal(size=pan.shape), 4)] * 2)
    ms[1] *= 1.5
    write(tmp_path / "pan.tif", pan[None])
    write(tmp_path / "xs.tif", ms)
    files = ["-inp", "pan.tif", "-inxs", "xs.tif", "-out", "out.tif", "float"]
    call = [PROGRAM, *files, "-method", name]
    if name == "lmvm":
        call += ["-method.lmvm.radiusx", "3", "-method.lmvm.radiusy", "3"]
    subprocess.run(call, cwd=tmp_path, check=True, capture_output=True)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        theirs = dataset.read()
    ours = method.sharpen(pan.astype(np.float32), ms.astype(np.float32))
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(ours[inner], theirs[inner], rtol=1e-4 if name == "rcs" else 0.02)
