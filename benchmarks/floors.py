"""The floors of a written image: its codec alone, and copying alone.

    python benchmarks/floors.py codec IMAGE THREADS
    python benchmarks/floors.py copy IMAGE SOURCE…

Prints one JSON document. The codec's floor compresses every block of the image and its overviews again,
as they are stored, from memory, on so many threads; reading and decoding them is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio

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


if __name__ == "__main__":
    what, image, *rest = sys.argv[1:]
    told = (
        codec(Path(image), int(rest[0]))
        if what == "codec"
        else copy(Path(image), [*map(Path, rest)])
    )
    print(json.dumps(told))
