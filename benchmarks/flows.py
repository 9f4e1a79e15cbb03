"""The flows that are compared: ours, and the best that a skilled user of each peer would run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rasterio

from satdesk.files.dem import open_terrain

CODEC = "ZSTD level 1, predictor 2"
OURS = "satdesk ortho"
_COG = ["-of", "COG", "-co", "COMPRESS=ZSTD", "-co", "LEVEL=1", "-co", "PREDICTOR=YES",
        "-co", "BIGTIFF=IF_SAFER", "-co", "NUM_THREADS=ALL_CPUS"]  # fmt: skip
_PLAIN = ["-co", "TILED=YES", "-co", "BLOCKXSIZE=512", "-co", "BLOCKYSIZE=512",
          "-co", "BIGTIFF=IF_SAFER"]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A simulated bundle, and the grid that every flow writes.

    `bounds` are of the UTM zone `crs`, `shape` counts pixels of 1.5 m.
    """

    bundle: Path
    pan: Path
    ms: Path
    dem: Path
    crs: str
    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]

    @property
    def megapixels(self) -> float:
        return self.shape[0] * self.shape[1] / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Commands in turn. `out` is the result; `least_runs` bounds the patience with slow peers."""

    name: str
    commands: tuple[Sequence[str], ...]
    out: Path
    environment: dict[str, str] = field(default_factory=dict)
    slow: bool = False


def satdesk(scene: Scene, home: Path, threads: int | None = None) -> Flow:
    out = home / f"satdesk{threads or ''}.tif"
    command = [sys.executable, "-m", "satdesk", "ortho", str(scene.bundle), "--dem", str(scene.dem),
               "--crs", scene.crs, "--gsd", "1.5", "--bounds", *map(str, scene.bounds), "--codec",
               "zstd:1", "--quantity", "counts", "--out", str(out), "--overwrite", "--json"]  # fmt: skip
    if threads:
        command = ["taskset", "-c", f"0-{threads - 1}", *command]
    name = OURS + (f", {threads} core" if threads else "")
    return Flow(name=name, commands=(command,), out=out)


def _warp(
    scene: Scene, heights: Path, image: Path, out: Path, pixel: float, *, exact: bool
) -> list[str]:
    return [
        "gdalwarp", "-q", "-overwrite", "-rpc", "-to", f"RPC_DEM={heights}", "-r", "cubic", "-t_srs", scene.crs,
        "-te", *map(str, scene.bounds), "-tr", str(pixel), str(pixel), "-wm", "1024", "-multi",
        "-wo", "NUM_THREADS=ALL_CPUS", "-srcnodata", "0", "-dstnodata", "0",
        *(["-et", "0"] if exact else []), *_PLAIN, str(image), str(out),
    ]  # fmt: skip


def gdal(scene: Scene, home: Path, *, exact: bool = False, ms_pixel: float = 6.0) -> Flow:
    """Warp PAN and MS, sharpen, compress: uncompressed between the steps, all cores everywhere.

    GDAL is given heights above the ellipsoid: it shifts others only where PROJ finds the geoid's
    grid, and says nothing where it does not.
    """
    heights = _ellipsoidal(scene.dem, home / "heights") / scene.dem.name
    name = "GDAL" + (", all at 1.5 m" if ms_pixel == 1.5 else "") + (", -et 0" if exact else "")
    stem = home / name.replace(" ", "_").replace(",", "").replace(".", "")
    pan, ms, sharp, out = (Path(f"{stem}_{what}.tif") for what in ("pan", "ms", "sharp", "out"))
    sharpen = ["gdal_pansharpen.py", "-q", "-r", "cubic", "-threads", "ALL_CPUS", "-nodata", "0",
               *_PLAIN, str(pan), str(ms), str(sharp)]  # fmt: skip
    return Flow(
        name=name,
        commands=(
            _warp(scene, heights, scene.pan, pan, 1.5, exact=exact),
            _warp(scene, heights, scene.ms, ms, ms_pixel, exact=exact),
            sharpen,
            ["gdal_translate", "-q", *_COG, str(sharp), str(out)],
        ),
        out=out,
        environment={"GDAL_CACHEMAX": "2048", "GDAL_NUM_THREADS": "ALL_CPUS"},
        slow=ms_pixel == 1.5,
    )


def orthority(scene: Scene, home: Path, oty: Path) -> Flow:
    """Orthorectify PAN and MS, sharpen. orthority has no ZSTD: DEFLATE."""
    folder = home / "orthority"
    folder.mkdir(exist_ok=True)
    pan, ms = (folder / f"{image.stem}_ORTHO.tif" for image in (scene.pan, scene.ms))
    out = folder / "sharp.tif"
    heights = _ellipsoidal(scene.dem, home / "heights") / scene.dem.name
    shared = ["-d", str(heights), "-c", scene.crs, "-o", "-od", str(folder), "-nbo"]
    return Flow(
        name="orthority (DEFLATE)",
        commands=(
            [str(oty), "rpc", *shared, "-r", "1.5", str(scene.pan)],
            [str(oty), "rpc", *shared, "-r", "6", str(scene.ms)],
            [str(oty), "sharpen", "-p", str(pan), "-ms", str(ms), "-of", str(out), "-o"],
        ),
        out=out,
        slow=True,
    )


def otb(scene: Scene, home: Path) -> Flow:
    """Orthorectify PAN and MS, sharpen; a tiled GeoTIFF, since OTB writes no COG.

    OTB 8 takes the RPC of a delivery that it does not know from a keyword list beside the image, and
    the degrees that GDAL reports for such a delivery for the place of its pixels; so it is given a
    VRT without them, which costs it nothing, and heights above the ellipsoid.
    """
    heights = _ellipsoidal(scene.dem, home / "heights")
    west, south, east, north = scene.bounds
    made = []
    for kind, image, pixel in (("pan", scene.pan, 1.5), ("ms", scene.ms, 6.0)):
        made.append([
            "otbcli_OrthoRectification", "-io.in", str(_plain_vrt(image, home / f"otb_in_{kind}.vrt")),
            "-io.out", str(home / f"otb_{kind}.tif"), "uint16", "-map", "epsg", "-map.epsg.code",
            scene.crs.split(":")[1], "-elev.dem", str(heights), "-interpolator", "bco",
            "-outputs.mode", "auto", "-outputs.ulx", str(west), "-outputs.uly", str(north),
            "-outputs.sizex", str(round((east - west) / pixel)), "-outputs.sizey",
            str(round((north - south) / pixel)), "-outputs.spacingx", str(pixel),
            "-outputs.spacingy", str(-pixel), "-opt.gridspacing", "24", "-opt.ram", "1024",
        ])  # fmt: skip
    out = home / "otb.tif"
    extended = (
        f"{out}?&gdal:co:COMPRESS=ZSTD&gdal:co:ZSTD_LEVEL=1&gdal:co:PREDICTOR=2&gdal:co:TILED=YES"
    )
    sharpen = ["otbcli_BundleToPerfectSensor", "-inp", str(home / "otb_pan.tif"), "-inxs",
               str(home / "otb_ms.tif"), "-out", extended, "uint16"]  # fmt: skip
    return Flow(name="OTB", commands=(*made, sharpen), out=out, slow=True)


def _ellipsoidal(dem: Path, folder: Path) -> Path:
    """A folder with the heights above the ellipsoid, so that no peer needs a geoid."""
    folder.mkdir(exist_ok=True)
    terrain = open_terrain([dem], vertical=None).terrain
    rows, cols = terrain.heights.shape
    with rasterio.open(
        folder / dem.name, "w", driver="GTiff", height=rows, width=cols, count=1, dtype="float32",
        crs=terrain.crs, transform=terrain.affine, tiled=True,
    ) as out:  # fmt: skip
        out.write(terrain.heights, 1)
    return folder


def _plain_vrt(image: Path, vrt: Path) -> Path:
    """The image without a reference system, its RPC as OTB's keyword list beside it."""
    subprocess.run(["gdal_translate", "-q", "-of", "VRT", str(image), str(vrt)], check=True)
    kept = re.sub(r"<SRS.*?</SRS>|<GeoTransform>.*?</GeoTransform>", "", vrt.read_text())
    vrt.write_text(kept)
    told = subprocess.run(
        ["gdalinfo", "-json", str(image)], check=True, capture_output=True, text=True
    )
    lines = ["polynomial_format:  B"]
    for name, text in json.loads(told.stdout)["metadata"]["RPC"].items():
        key = name.lower()
        if key.endswith("_coeff"):
            lines += [f"{key}_{k:02d}:  {number}" for k, number in enumerate(text.split())]
        elif key.endswith(("_off", "_scale")):
            lines.append(f"{key}:  {text}")
    vrt.with_suffix(".geom").write_text("\n".join(lines) + "\n")
    return vrt
