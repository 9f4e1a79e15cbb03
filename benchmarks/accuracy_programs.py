"""The programs that lay an image onto a grid, each as whole processes, each as it comes."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Job", "gdal", "orthority", "ours", "refine_ours"]

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of each program.

    Attributes:
        image: With its RPC in the tags.
        dem: Heights; above the ellipsoid unless `vertical` says otherwise.
        vertical: What satdesk is told of the DEM; ``declared``: what the file says.
        bounds: xmin, ymin, xmax, ymax.
    """

    image: Path
    dem: Path
    vertical: str
    crs: str
    pixel_m: float
    bounds: tuple[float, float, float, float]


def ran(command: list[str], folder: Path) -> tuple[float, str | None]:
    """Seconds, and the last line of what went wrong."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    seconds = time.perf_counter() - start
    told = done.stderr.strip().splitlines()
    return seconds, None if done.returncode == 0 else (told or ["no message"])[-1][:200]


def ours(job: Job, out: Path, refinement: Path | None = None):
    command = [
        sys.executable, str(HERE / "accuracy_ours.py"), str(job.image), str(job.dem), job.vertical,
        job.crs, str(job.pixel_m), *map(str, job.bounds), str(out),
    ]  # fmt: skip
    return ran(command + ([] if refinement is None else [str(refinement)]), out.parent)


def gdal(job: Job, out: Path, *options: str):
    """XSCALE and YSCALE keep the kernel at the source's pixels: its widening is no question of place."""
    return ran(
        [
            "gdalwarp", "-q", "-overwrite", "-rpc", "-to", f"RPC_DEM={job.dem}", "-r", "bilinear",
            "-t_srs", job.crs, "-te", *map(str, job.bounds), "-tr", str(job.pixel_m), str(job.pixel_m),
            "-multi", "-wo", "NUM_THREADS=ALL_CPUS", "-wo", "XSCALE=1", "-wo", "YSCALE=1", *options,
            str(job.image), str(out),
        ],
        out.parent,
    )  # fmt: skip


def orthority(
    job: Job, out: Path, program: str, *, gcps: Path | None = None, method: str = "shift"
):
    """Bilinear in the DEM too: that is what the ground is between its nodes."""
    refine = [] if gcps is None else ["-gr", str(gcps), "-rm", method]
    seconds, wrong = ran(
        [
            program, "rpc", "-d", str(job.dem), "-c", job.crs, "-r", str(job.pixel_m), "-ap",
            "-i", "bilinear", "-di", "bilinear", "-dt", "float64", "-nbo", "-nwm", "-o", *refine,
            str(job.image),
        ],
        out.parent,
    )  # fmt: skip
    if wrong is None:
        (out.parent / f"{job.image.stem}_ORTHO.tif").replace(out)
    return seconds, wrong


def refine_ours(image: Path, gcps: Path, kind: str, out: Path):
    """``satdesk refine``."""
    return ran(
        [
            sys.executable, "-m", "satdesk", "refine", str(image), "--gcps", str(gcps),
            "--model", kind, "--out", str(out), "--overwrite",
        ],
        out.parent,
    )  # fmt: skip
