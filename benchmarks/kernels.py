"""What is done to every block of a written image, timed by pytest-benchmark:

pytest benchmarks/kernels.py --benchmark-only
"""

from __future__ import annotations

import numpy as np
import pytest
from fused import by_tiles
from fused import world as scene

from satdesk.files.blocks import BlockEncoder
from satdesk.files.codecs import parse_codec
from satdesk.files.predictor import predicted
from satdesk.files.reduction import halved, halved_by_numpy
from satdesk.products.fused import fused

SIZES = (1024, 4096)
BLOCK = 512


@pytest.fixture(params=SIZES, ids="{0}x{0}".format)
def world(request) -> np.ndarray:
    """Counts like a scene's: smooth ground, noise, a corner without data; ``(y, x, band)``."""
    rng = np.random.default_rng(1)
    size = request.param
    ground = np.cumsum(rng.normal(0, 4, (size, size, 1)), axis=1) + 1500
    counts = ground * [0.9, 1.0, 0.8, 1.4] + rng.normal(0, 12, (size, size, 4))
    counts = counts.clip(1, 4095).astype(np.uint16)
    counts[: size // 4, : size // 4] = 0
    return counts


def blocks(world: np.ndarray) -> list[np.ndarray]:
    steps = range(0, len(world), BLOCK)
    return [np.ascontiguousarray(world[r : r + BLOCK, c : c + BLOCK]) for r in steps for c in steps]


def test_predictor(benchmark, world):
    parts = blocks(world)
    benchmark(lambda: [predicted(part, BLOCK) for part in parts])


@pytest.mark.parametrize("how", [halved, halved_by_numpy])
def test_half_the_resolution(benchmark, world, how):
    parts = blocks(world)
    benchmark(lambda: [how(part, nodata=0) for part in parts])


@pytest.mark.parametrize("codec", ["zstd:1", "deflate:1", "deflate:6"])
def test_codec(benchmark, world, codec):
    parts = blocks(world)
    compress = BlockEncoder(codec=parse_codec(codec), size=BLOCK, nodata=0).compressor()
    benchmark.extra_info["bytes"] = sum(len(compress(part)) for part in parts)
    benchmark.pedantic(lambda: [compress(part) for part in parts], rounds=3)


@pytest.mark.parametrize("size", SIZES, ids="{0}x{0}".format)
def test_fused_pass(benchmark, size):
    layer = fused(scene(size))
    benchmark.pedantic(lambda: by_tiles(layer, 1024), rounds=5, warmup_rounds=1)


def test_composition(benchmark):
    layer = scene(SIZES[0])
    benchmark.pedantic(lambda: layer.read(layer.grid), rounds=3, warmup_rounds=1)
