"""One scene through every flow, in turn, several times: ``make bench``.

    python benchmarks/bench.py [--runs 5] [--size-km 18] [--home .bench] [--json FILE] [--only NAME …]

Makes a simulated bundle once (uncompressed and tiled, the simplest that a flow can be given), finds
the peers, runs each flow as whole processes, interleaved, and prints medians and ratios with the floors
of the same rounds. A ratio holds for this codec, this machine and these versions, which it prints.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import rasterio
from flows import CODEC, Flow, Scene, gdal, orthority, otb, satdesk
from processes import Cost, Failed, run_all

SATDESK = [sys.executable, "-m", "satdesk"]
ROOT = Path(__file__).parent.parent


def main() -> None:
    chosen = arguments()
    home = chosen.home
    home.mkdir(exist_ok=True)
    scene = scene_of(chosen.bundle or bundle_in(home, chosen.size_km), home)
    flows = [f for f in flows_of(scene, home) if not chosen.only or f.name in chosen.only]
    taken, floors, failed = rounds(flows, scene, chosen.runs, chosen.slow_runs)
    figures = {
        "about": about(scene, chosen.runs),
        "flows": {name: median(costs) for name, costs in taken.items() if costs},
        "failed": failed,
        "floors": {
            n: {k: statistics.median(f[k] for f in t) for k in t[0]} for n, t in floors.items()
        },
        "every_run": {name: [asdict(cost) for cost in costs] for name, costs in taken.items()},
    }
    figures["agreement"] = agreement(flows, scene)
    print(table(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, default=1, help="of peers that take minutes")
    parser.add_argument("--size-km", type=float, default=18)
    parser.add_argument("--home", type=Path, default=ROOT / ".bench")
    parser.add_argument("--bundle", type=Path, help="a folder that satdesk simulate bench wrote")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    return parser.parse_args()


def bundle_in(home: Path, size_km: float) -> Path:
    folder = home / f"scene_{size_km:g}km"
    if not folder.exists():
        size = ["--size-km", f"{size_km:g}", "--uncompressed", "--out", str(folder)]
        subprocess.run([*SATDESK, "simulate", "bench", *size], check=True)
    return folder


def scene_of(folder: Path, home: Path) -> Scene:
    """The largest rectangle of the default grid on whole tiles of 6 m, so that MS and PAN share it."""
    bundle = next(p for p in folder.iterdir() if p.is_dir() and p.name.startswith("SIMULATED"))
    dem = next(p for p in (folder / "dem_egm96.tif", folder / "dem.tif") if p.exists())
    pan, ms = (next(bundle.glob(f"IMG_SIMULATED_{k}_*/IMG_*.TIF")) for k in ("P", "MS"))
    told = home / "probe.tif"
    probe = [*SATDESK, "ortho", str(bundle), "--dem", str(dem), "--product", "ms", "--gsd", "6",
             "--out", str(told), "--overwrite", "--json"]  # fmt: skip
    answer = subprocess.run(probe, check=True, capture_output=True, text=True).stdout
    grid = json.loads(answer)["grid"]
    rows, cols = grid["shape"]
    return Scene(
        bundle=bundle, pan=dimap(pan), ms=dimap(ms), dem=dem, crs=grid["crs"],
        bounds=tuple(grid["bounds"]), shape=(rows * 4, cols * 4),
    )  # fmt: skip


def dimap(image: Path) -> Path:
    """The DIM document beside an image: what GDAL opens to find the RPC."""
    return next(image.parent.glob("DIM_*.XML"))


def flows_of(scene: Scene, home: Path) -> list[Flow]:
    flows = [satdesk(scene, home), satdesk(scene, home, threads=1)]
    if shutil.which("gdalwarp") and shutil.which("gdal_pansharpen.py"):
        flows += [gdal(scene, home), gdal(scene, home, exact=True), gdal(scene, home, ms_pixel=1.5)]
    if (oty := shutil.which("oty", path=str(home / "orthority-venv" / "bin"))) is not None:
        flows.append(orthority(scene, home, Path(oty)))
    if shutil.which("otbcli_OrthoRectification"):
        flows.append(otb(scene, home))
    return flows


def rounds(
    flows: list[Flow], scene: Scene, runs: int, slow_runs: int
) -> tuple[dict[str, list[Cost]], dict[str, list[dict]], dict[str, str]]:
    taken: dict[str, list[Cost]] = {flow.name: [] for flow in flows}
    floors: dict[str, list[dict]] = {"codec alone, 2 threads": [], "copying alone": []}
    failed: dict[str, str] = {}
    for number in range(runs):
        for flow in flows:
            if flow.name in failed or (flow.slow and number >= slow_runs):
                continue
            try:
                taken[flow.name].append(run_all(flow.commands, flow.environment))
            except Failed as error:
                failed[flow.name] = str(error)
            else:
                print(
                    f"{number + 1}/{runs} {flow.name}: {taken[flow.name][-1].wall_s:.1f} s",
                    flush=True,
                )
        floors["codec alone, 2 threads"].append(floor("codec", flows[0].out, "2"))
        sources = [str(next(p.parent.glob("IMG_*.TIF"))) for p in (scene.pan, scene.ms)]
        floors["copying alone"].append(floor("copy", flows[0].out, *sources))
    return taken, floors, failed


def floor(*what: object) -> dict:
    """In a process of its own, so that no flow pays for its memory."""
    command = [sys.executable, str(Path(__file__).parent / "floors.py"), *map(str, what)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def median(costs: list[Cost]) -> dict[str, float]:
    every = [asdict(cost) for cost in costs]
    return {key: statistics.median(cost[key] for cost in every) for key in every[0]} | {
        "runs": len(costs)
    }


def agreement(flows: list[Flow], scene: Scene) -> dict[str, dict[str, float]]:
    """Differences in counts from ours over the middle 4096 pixels, all bands."""
    rows, cols = scene.shape
    window = rasterio.windows.Window(cols // 2 - 2048, rows // 2 - 2048, 4096, 4096)
    told = {}
    with rasterio.open(flows[0].out) as ours:
        names = ours.descriptions
        mine = ours.read(window=window).astype(float)
    for flow in flows[2:]:
        if not flow.out.exists():
            continue
        with rasterio.open(flow.out) as theirs:
            if theirs.shape != scene.shape or theirs.count != 4:
                continue
            order = [("R", "G", "B", "NIR").index(n) + 1 for n in names]  # as in the bundle
            other = theirs.read(order, window=window).astype(float)
        both = (mine > 0).all(axis=0) & (other > 0).all(axis=0)
        off = (other - mine)[:, both]
        told[flow.name] = {
            "mean_absolute": float(abs(off).mean()),
            "root_mean_square": float((off**2).mean() ** 0.5),
        }
    return told


def about(scene: Scene, runs: int) -> dict:
    def said(*command: str) -> str:
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return "not here"

    cpu = next(
        (line.split(":")[1].strip() for line in said("lscpu").splitlines() if "Model name" in line),
        "",
    )
    return {
        "commit": said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"), "gdal": said("gdalinfo", "--version"),
        "machine": f"{cpu or platform.machine()}, {said('nproc')} cores", "python": platform.python_version(),
        "runs": runs, "megapixels": round(scene.megapixels, 1), "codec": CODEC,
    }  # fmt: skip


def table(figures: dict) -> str:
    lines = [
        "| flow | wall s | CPU s | peak MB | written MB | × ours |",
        "|---|---|---|---|---|---|",
    ]
    ours = figures["flows"]["satdesk ortho"]["wall_s"]
    for name, cost in figures["flows"].items():
        numbers = f"{cost['wall_s']:.1f} | {cost['cpu_s']:.1f} | {cost['peak_mb']:.0f} | {cost['written_mb']:.0f}"
        lines.append(f"| {name} | {numbers} | {cost['wall_s'] / ours:.1f} |")
    for name, cost in figures["floors"].items():
        lines.append(
            f"| {name} | {cost['wall_s']:.1f} | {cost['cpu_s']:.1f} | | | {cost['wall_s'] / ours:.2f} |"
        )
    failed = [f"{name}: {why}" for name, why in figures["failed"].items()]
    told = [
        json.dumps(figures["about"]),
        "difference from ours: " + json.dumps(figures["agreement"]),
    ]
    return "\n".join([*lines, *failed, *told])


if __name__ == "__main__":
    main()
