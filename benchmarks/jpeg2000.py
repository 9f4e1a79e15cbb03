"""From JPEG 2000 sources against decoding them: ``make bench-jpeg2000``.

    python benchmarks/jpeg2000.py [--rounds 5] [--size-km 14] [--home .bench] [--json FILE] [--peer-rounds 1]
                                  [--write PAGE]

Writes the images of the bundle of `bench.py` as lossless JPEG 2000 of 12 bits in tiles of 2,048
pixels, as DIMAP is delivered, pixels only. In each round, in turn: decoding every tile of PAN and MS
once in two ways (threads with handles of their own, the largest tiles first; one thread and GDAL's own
threads), `satdesk ortho` from those files and from the uncompressed ones, and GDAL's flow from
the JPEG 2000. A round's floor is the faster way of decoding. The two pictures of satdesk must be the
same to the byte.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import rasterio
from bench import ROOT, bundle_in, floor, scene_of
from bench_page import medians, put, row, told_of
from flows import Flow, Scene, gdal, satdesk
from processes import run_all
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from satdesk.files.digests import sha256

BEGIN, END = "<!-- jpeg2000: written by make bench-jpeg2000 -->", "<!-- jpeg2000: end -->"
TILE = 2048
WAYS = {"decoding alone, a thread a tile": "tiles", "decoding alone, GDAL's threads": "rows"}
PACKED, PLAIN = "satdesk ortho, JPEG 2000", "satdesk ortho, uncompressed"
PEER = "GDAL, JPEG 2000"


def main() -> None:
    chosen = arguments()
    home = chosen.home
    home.mkdir(exist_ok=True)
    plain = bundle_in(home, chosen.size_km)
    scenes = {PLAIN: scene_of(plain, home), PACKED: scene_of(packed(plain, home), home)}
    flows = [named(PACKED, satdesk(scenes[PACKED], within(home, "jp2"))),
             named(PLAIN, satdesk(scenes[PLAIN], within(home, "tif")))]  # fmt: skip
    here = shutil.which("gdalwarp") and shutil.which("gdal_pansharpen.py")
    peer = [named(PEER, gdal(scenes[PACKED], within(home, "jp2")))] if here else []
    figures = {"about": told_of(scenes[PACKED], ROOT), "runs": {}}
    for number in range(chosen.rounds):
        others = [] if number >= chosen.peer_rounds else peer
        one_round(figures["runs"], [*flows, *others], scenes[PACKED])
        require_same(flows)
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    text = table(figures)
    print(text)
    if chosen.write:
        put(chosen.write, text, BEGIN, END)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size-km", type=float, default=14)
    parser.add_argument("--home", type=Path, default=ROOT / ".bench")
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "jpeg2000.json")
    parser.add_argument(
        "--peer-rounds", type=int, default=1, help="with GDAL's flow, which is slow"
    )
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


def within(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir(exist_ok=True)
    return folder


def named(name: str, flow: Flow) -> Flow:
    return replace(flow, name=name)


def packed(plain: Path, home: Path) -> Path:
    """The same bundle with its images in JPEG 2000, made once."""
    folder = home / f"{plain.name}_jp2"
    if folder.exists():
        return folder
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(plain, making, ignore=shutil.ignore_patterns("*.TIF", "truth*", "dsm*"))
    for source in plain.rglob("*.TIF"):
        target = making / source.relative_to(plain).with_suffix(".JP2")
        in_jpeg2000(source, target)
        (document,) = target.parent.glob("DIM_*.XML")
        told = document.read_text().replace(source.name, target.name)
        document.write_text(told.replace("image/tiff", "image/jp2"))
    making.rename(folder)
    return folder


def in_jpeg2000(source: Path, target: Path) -> None:
    """Pixels only: RPC and the rest stand in the bundle's own documents."""
    warnings.simplefilter("ignore", NotGeoreferencedWarning)  # images in sensor geometry have none
    with rasterio.open(source) as given:
        profile = {key: given.profile[key] for key in ("width", "height", "count", "dtype")}
        with rasterio.open(
            target, "w", driver="JP2OpenJPEG", REVERSIBLE="YES", QUALITY="100", NBITS="12",
            blockxsize=TILE, blockysize=TILE, **profile,
        ) as taken:  # fmt: skip
            for top in range(0, given.height, TILE):
                strip = Window(0, top, given.width, min(TILE, given.height - top))
                taken.write(given.read(window=strip), window=strip)


def one_round(runs: dict, flows: list[Flow], scene: Scene) -> None:
    pan, ms = (next(image.parent.glob("IMG_*.JP2")) for image in (scene.pan, scene.ms))
    for name, way in WAYS.items():
        os.sync()  # what was left to be written before is not this one's
        keep(runs, name, floor("decode", pan, way, ms))
    for flow in flows:
        os.sync()
        keep(runs, flow.name, asdict(run_all(flow.commands, flow.environment)))


def keep(runs: dict, name: str, cost: dict) -> None:
    runs.setdefault(name, []).append(cost)
    print(f"{name}: {cost['wall_s']:.1f} s, {cost['cpu_s']:.1f} s of processors", flush=True)


def require_same(flows: list[Flow]) -> None:
    digests = {flow.name: sha256(flow.out) for flow in flows}
    if len(set(digests.values())) != 1:
        raise SystemExit(f"the same samples gave different pictures: {digests}")


def table(figures: dict) -> str:
    about, runs = figures["about"], figures["runs"]
    floors = [min(times) for times in zip(*(walls(runs, name) for name in WAYS), strict=True)]
    lines = [row(("what", "runs", "wall s", "CPU s", "peak MB", "× decoding")), row(["---"] * 6)]
    for name, taken in runs.items():
        cost = medians(taken)
        # The peer runs in the first rounds alone.
        share = statistics.median(w / f for w, f in zip(walls(runs, name), floors, strict=False))
        peak = f"{cost['peak_mb']:.0f}" if "peak_mb" in cost else ""
        numbers = (f"{cost['wall_s']:.1f}", f"{cost['cpu_s']:.1f}", peak)
        lines.append(row((name, len(taken), *numbers, f"{share:.2f}")))
    told = (
        f'\nMedians, at commit `{about["commit"]}`; "× decoding": the median of each round\'s share; '
        f"{about['megapixels']:.0f} megapixels of canvas, {about['codec']}; {about['machine']}; "
        f"rasterio's GDAL {rasterio.__gdal_version__} for decoding and satdesk, {about['gdal']} "
        "for GDAL's flow."
    )
    return "\n".join([*lines, told])


def walls(runs: dict, name: str) -> list[float]:
    return [run["wall_s"] for run in runs[name]]


if __name__ == "__main__":
    main()
