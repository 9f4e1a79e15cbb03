"""Make ``src/satdesk/data/egm96_15.tif``: the EGM96 geoid at 15′, from Debian's proj-data.

Run once, from the root of the checkout, on a machine with the package ``proj-data``::

    python tools/make_egm96.py [/usr/share/proj/egm96_15.gtx]

The source holds float32 metres of the geoid above the WGS 84 ellipsoid (NGA 1996). Rounded to whole
millimetres, 300 times finer than the model is good for, they deflate from 4 to 1.6 MB.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import rasterio

SOURCE = Path("/usr/share/proj/egm96_15.gtx")
TARGET = Path("src/satdesk/data/egm96_15.tif")
TAGS = {
    "GEOID": "EGM96",
    "SOURCE": "NGA, EGM96 15-minute geoid heights (1996), from Debian proj-data; public domain",
    "UNITS": "m",
}


def main(source: Path) -> None:
    """Read `source`, write the extract, print its digest."""
    with rasterio.open(source) as grid:
        values = grid.read(1)
        profile = {"crs": "EPSG:4326", "transform": grid.transform}
    if values.shape != (721, 1440) or abs(values).max() > 110:
        sys.exit(f"{source} is not the 15-minute grid of EGM96")
    with rasterio.open(
        TARGET,
        "w",
        driver="GTiff",
        height=721,
        width=1440,
        count=1,
        dtype="int32",
        compress="deflate",
        zlevel=9,
        predictor=2,
        blockysize=103,
        **profile,
    ) as out:
        out.write(np.round(values * 1000.0).astype(np.int32), 1)
        out.scales = (0.001,)
        out.update_tags(**TAGS)
    print(TARGET.stat().st_size, hashlib.sha256(TARGET.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)
