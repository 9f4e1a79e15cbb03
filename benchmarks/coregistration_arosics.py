"""AROSICS on pairs of GeoTIFFs; runs under a Python of its own that has GDAL's binding.

    PYTHON coregistration_arosics.py FOLDER

For every ``NAME_fixed.tif`` with its ``NAME_moving.tif`` prints one line of JSON: the global shift,
the tie points of the local method, and the seconds that each took.
"""

import json
import sys
import time
from pathlib import Path

from arosics import COREG, COREG_LOCAL

QUIET = {"q": True, "progress": False, "CPUs": 1}
REASONABLE = {"max_shift": 24, "nodata": (0, 0)}


def whole(fixed, moving):
    start = time.perf_counter()
    try:
        found = COREG(fixed, moving, q=True, CPUs=1, **REASONABLE)
        found.calculate_spatial_shifts()
        shift = [float(found.x_shift_px), float(found.y_shift_px)]
    except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
        return {"shift": None, "error": str(error)[:200], "seconds": time.perf_counter() - start}
    return {"shift": shift, "seconds": time.perf_counter() - start}


def local(fixed, moving):
    start = time.perf_counter()
    try:
        found = COREG_LOCAL(fixed, moving, grid_res=40, **QUIET, **REASONABLE)
        table = found.CoRegPoints_table
        good = table[(table["OUTLIER"] == False) & (table["ABS_SHIFT"] >= 0)]  # noqa: E712 - pandas
        columns = ["X_IM", "Y_IM", "X_SHIFT_PX", "Y_SHIFT_PX"]
        points = good[columns].to_numpy(dtype=float).tolist()
    except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
        return {"points": None, "error": str(error)[:200], "seconds": time.perf_counter() - start}
    return {"points": points, "seconds": time.perf_counter() - start}


for path in sorted(Path(sys.argv[1]).glob("*_fixed.tif")):
    pair = str(path), str(path).replace("_fixed", "_moving")
    name = path.name.removesuffix("_fixed.tif")
    answer = {"name": name, "global": whole(*pair), "local": local(*pair)}
    print("RESULT " + json.dumps(answer), flush=True)
