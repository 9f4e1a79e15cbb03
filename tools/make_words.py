"""Make ``src/satdesk/data/words.npy``: the visual words by which pictures are looked up.

    python tools/make_words.py RELEASE …

RELEASE are folders of SIMULATED releases; beside their pictures stand invented textures. The words
are centres of a few rounds of k-means over described points, as uint8 square roots of shares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from satdesk.files.photographs import read_photograph
from satdesk.release.fingerprint import fingerprint, grey
from satdesk.release.views import views

WORDS, ROUNDS, TEXTURES = 2048, 6, 40
TARGET = Path(__file__).resolve().parent.parent / "src" / "satdesk" / "data" / "words.npy"


def pictures(releases: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """Grey pictures to take points from."""
    for release in releases:
        for path in sorted(release.glob("*/visual.tif")):
            yield grey(read_photograph(path).rgb)
    for seed in range(TEXTURES):
        yield texture(seed)


def texture(seed: int) -> NDArray[np.uint8]:
    """Noise of several scales, fields and roofs."""
    chance, shape = np.random.default_rng(seed), (768, 768)
    plane = np.zeros(shape)
    for sigma in (0.8, 1.5, 3, 7, 18):
        plane += gaussian_filter(chance.standard_normal(shape), sigma) * sigma
    for _ in range(400):
        row, col = chance.integers(0, 740, 2)
        height, width = chance.integers(3, 28, 2)
        plane[row : row + height, col : col + width] += chance.uniform(-2, 2)
    low, high = np.percentile(plane, [1, 99])
    return np.uint8(np.clip((plane - low) / (high - low), 0, 1) * 255)


def main() -> None:
    """Make the words of the releases that the command line names."""
    chance = np.random.default_rng(1)
    found = [
        fingerprint(view.grey).descriptors
        for picture in pictures([Path(name) for name in sys.argv[1:]])
        for view in views(picture)
    ]
    points = np.concatenate(found).astype(np.float32)
    points = points[chance.permutation(len(points))[:80_000]]
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    centres = points[:WORDS].copy()
    for _ in range(ROUNDS):
        nearest = (points @ centres.T).argmax(axis=1)
        for word in range(WORDS):
            own = points[nearest == word]
            if len(own):
                centre = own.mean(axis=0)
                centres[word] = centre / np.linalg.norm(centre)
    np.save(TARGET, np.clip(np.rint(centres * 255), 0, 255).astype(np.uint8))
    print(TARGET, len(points))


if __name__ == "__main__":
    main()
