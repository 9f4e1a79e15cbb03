"""The floors of a written image: its codec alone, copying alone, and decoding its sources alone.

    python benchmarks/floors.py codec IMAGE THREADS
    python benchmarks/floors.py copy IMAGE SOURCE…
    python benchmarks/floors.py decode SOURCE tiles|rows SOURCE…

Prints one JSON document. The codec's floor compresses every block of the image and its overviews again,
as they are stored, from memory, on so many threads; reading and decoding them is not counted.
Decoding takes every block of the sources once: by as many threads as there are cores, each with
handles of its own and GDAL's threads off (``tiles``), or row of blocks by row of blocks by
GDAL's own threads (``rows``).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from satdesk.files.blocks import BlockEncoder
from satdesk.files.cog import parse_codec

_SIZE = 512


def blocks_of(path: Path) -> list[np.ndarray]:
    with rasterio.open(path) as dataset:
        levels = [None, *range(len(dataset.overviews(1)))]
    blocks = []
    for level in levels:
        options = {} if level is None else {"overview_level": level}
        with rasterio.open(path, num_threads=2, **options) as dataset:
            windows = [window for _, window in dataset.block_windows(1)]
            blocks += [np.moveaxis(dataset.read(window=w), 0, -1).copy() for w in windows]
    return blocks


def codec(path: Path, threads: int) -> dict:
    blocks = blocks_of(path)
    encoder = BlockEncoder(codec=parse_codec("zstd:1"), size=_SIZE, nodata=0)

    def work(part: list[np.ndarray]) -> int:
        compress = encoder.compressor()
        return sum(len(compress(block)) for block in part)

    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        size = sum(pool.map(work, [blocks[n::threads] for n in range(threads)]))
    return {
        "wall_s": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "mb": size / 1e6,
    }


def copy(path: Path, sources: list[Path]) -> dict:
    target = path.with_suffix(".copy")
    buffer = memoryview(bytearray(1 << 20))
    start, cpu = time.perf_counter(), time.process_time()
    for source in sources:
        with source.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    with path.open("rb", buffering=0) as file, target.open("wb", buffering=0) as out:
        while count := file.readinto(buffer):
            out.write(buffer[:count])
    told = {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
    target.unlink()
    return told


def decode(sources: list[Path], way: str) -> dict:
    warnings.simplefilter("ignore", NotGeoreferencedWarning)  # images in sensor geometry have none
    threads = (os.cpu_count() or 1) if way == "tiles" else 1
    os.environ["GDAL_NUM_THREADS"] = "1" if way == "tiles" else "ALL_CPUS"
    parts = [(source, window) for source in sources for window in windows_of(source, way)]
    handles = threading.local()

    def work(part: tuple[Path, Window]) -> int:
        source, window = part
        opened = handles.__dict__.setdefault(source, None) or rasterio.open(source)
        handles.__dict__[source] = opened
        return opened.read(window=window).size

    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        samples = sum(pool.map(work, parts))
    return {
        "wall_s": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "megasamples": samples / 1e6,
    }


def windows_of(source: Path, way: str) -> list[Window]:
    """Blocks, or whole rows of them; the large ones first, so that no core waits at the end."""
    with rasterio.open(source) as image:
        if way == "rows":
            high = image.block_shapes[0][0]
            tops = range(0, image.height, high)
            return [Window(0, y, image.width, min(high, image.height - y)) for y in tops]
        blocks = [window for _, window in image.block_windows(1)]
    return sorted(blocks, key=lambda window: -window.width * window.height)


FLOORS = {
    "codec": lambda image, rest: codec(image, int(rest[0])),
    "copy": lambda image, rest: copy(image, [*map(Path, rest)]),
    "decode": lambda image, rest: decode([*map(Path, rest[1:]), image], rest[0]),
}

if __name__ == "__main__":
    what, image, *rest = sys.argv[1:]
    print(json.dumps(FLOORS[what](Path(image), rest)))
