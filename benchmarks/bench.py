"""One scene through every flow, in turn, several times: ``make bench``.

    python benchmarks/bench.py [--rounds 5] [--size-km 18] [--home .bench] [--json FILE] [--fresh]
                               [--only NAME …] [--slow-rounds 1] [--compare] [--write PAGE]

Makes a simulated bundle once (uncompressed and tiled, the simplest that a flow can be given), finds
the peers, runs each flow as whole processes, interleaved, with the floors of the same round, and
adds what it measured to the JSON file; so a long comparison can be run in pieces. ``--compare``
measures how far the written pictures lie from the definition and from ours. Prints medians and
ratios of all that the file holds, and with ``--write`` puts them between the marks of a page. A
ratio holds for this codec, this machine and these versions, which are told with it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from agreement import comparable, counts, exact_windows, geometric_error
from bench_page import put, table, told_of
from flows import OURS, Flow, Scene, gdal, orthority, otb, satdesk
from processes import Failed, run_all

SATDESK = [sys.executable, "-m", "satdesk"]
ROOT = Path(__file__).parent.parent
COPY_FLOOR = "copying alone"
CODEC_FLOOR = "codec alone, 2 threads"


def main() -> None:
    chosen = arguments()
    home = chosen.home
    home.mkdir(exist_ok=True)
    scene = scene_of(chosen.bundle or bundle_in(home, chosen.size_km), home)
    every = flows_of(scene, home)
    flows = [flow for flow in every if not chosen.only or flow.name in chosen.only]
    figures = (
        {} if chosen.fresh or not chosen.json.exists() else json.loads(chosen.json.read_text())
    )
    figures["about"] = told_of(scene, ROOT)
    for number in range(chosen.rounds):
        one_round(figures, flows, scene, slow=number < chosen.slow_rounds)
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    if chosen.compare:
        compare(figures, every, scene)
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    text = table(figures)
    print(text)
    if chosen.write:
        put(chosen.write, text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=1, help="with peers that take minutes")
    parser.add_argument("--size-km", type=float, default=18)
    parser.add_argument("--home", type=Path, default=ROOT / ".bench")
    parser.add_argument("--bundle", type=Path, help="a folder that satdesk simulate bench wrote")
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "bench.json")
    parser.add_argument("--fresh", action="store_true", help="forget what the file holds")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


def bundle_in(home: Path, size_km: float) -> Path:
    folder = home / f"scene_{size_km:g}km"
    if not folder.exists():
        size = ["--size-km", f"{size_km:g}", "--uncompressed", "--out", str(folder)]
        subprocess.run([*SATDESK, "simulate", "bench", *size], check=True)
    return folder


def scene_of(folder: Path, home: Path) -> Scene:
    """The default grid on whole tiles of 6 m, so that MS and PAN share it."""
    bundle = next(p for p in folder.iterdir() if p.is_dir() and p.name.startswith("SIMULATED"))
    dem = next(p for p in (folder / "dem_egm96.tif", folder / "dem.tif") if p.exists())
    pan, ms = (next(bundle.glob(f"IMG_SIMULATED_{k}_*/IMG_*_R1C1.*")) for k in ("P", "MS"))
    kept = home / f"{folder.name}.grid.json"
    if not kept.exists():
        told = home / "probe.tif"
        probe = [*SATDESK, "ortho", str(bundle), "--dem", str(dem), "--product", "ms", "--gsd", "6",
                 "--out", str(told), "--overwrite", "--json"]  # fmt: skip
        answer = subprocess.run(probe, check=True, capture_output=True, text=True).stdout
        kept.write_text(json.dumps(json.loads(answer)["grid"]))
        told.unlink()
    grid = json.loads(kept.read_text())
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


def one_round(figures: dict, flows: list[Flow], scene: Scene, *, slow: bool) -> None:
    runs, failed = figures.setdefault("runs", {}), figures.setdefault("failed", {})
    for flow in flows:
        if flow.slow and not slow:
            continue
        flow.out.unlink(missing_ok=True)
        os.sync()  # what the flow before has left to be written is not this one's
        try:
            cost = run_all(flow.commands, flow.environment)
        except Failed as error:
            failed[flow.name] = str(error)
            print(f"{flow.name} failed: {error}", flush=True)
            continue
        failed.pop(flow.name, None)
        runs.setdefault(flow.name, []).append(asdict(cost))
        print(f"{flow.name}: {cost.wall_s:.1f} s, {cost.cpu_s:.1f} s of processors", flush=True)
    if any(flow.name == OURS for flow in flows):
        floors(figures, next(flow.out for flow in flows if flow.name == OURS), scene)


def floors(figures: dict, written: Path, scene: Scene) -> None:
    kept = figures.setdefault("floors", {})
    sources = [str(next(p.parent.glob("IMG_*.TIF"))) for p in (scene.pan, scene.ms)]
    for name, what in {
        CODEC_FLOOR: ("codec", written, "2"),
        COPY_FLOOR: ("copy", written, *sources),
    }.items():
        os.sync()
        kept.setdefault(name, []).append(floor(*what))


def floor(*what: object) -> dict:
    """In a process of its own, so that no flow pays for its memory."""
    command = [sys.executable, str(Path(__file__).parent / "floors.py"), *map(str, what)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(figures: dict, flows: list[Flow], scene: Scene) -> None:
    """Of each picture that lies there on the grid that was asked for."""
    windows = exact_windows(scene)
    ours = flows[0].out
    geometry, apart = {}, {}
    for flow in flows:
        if not comparable(flow.out, scene):
            continue
        geometry[flow.name] = geometric_error(flow.out, windows)
        if not flow.name.startswith(OURS) and ours.exists():
            apart[flow.name] = counts(flow.out, ours, scene)
    figures["geometry"] = figures.get("geometry", {}) | geometry
    figures["counts"] = figures.get("counts", {}) | apart


if __name__ == "__main__":
    main()
