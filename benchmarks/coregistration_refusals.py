"""How many of a thousand pairs that cannot be registered are accepted: at most one may be.

    python benchmarks/coregistration_refusals.py DATA [PAIRS]

DATA is the folder of test data (it has ``change/oscd`` and ``change/sztaki_airchange``). Five kinds
in turn: other places, no overlap (one place, parts far apart), cloud over one or both dates,
featureless ground, noise. The same numbers come out every time.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from satdesk.geometry.coregister import PicturePair, coregister, refusal

KINDS = ("other place", "no overlap", "cloud", "featureless", "noise")
SIZES = (256, 300, 352)
MAX_SHIFT = 24


def pictures(data: Path) -> dict[str, list[np.ndarray]]:
    """Pictures by place: those of one list show the same ground."""
    import rasterio  # noqa: PLC0415 - only where real pictures are used

    found: dict[str, list[np.ndarray]] = {}
    for folder in sorted((data / "change" / "oscd").iterdir()):
        for path in sorted(folder.glob("imgs_*.tif")):
            with rasterio.open(path) as file:
                bands = file.read([1, 3, 4]).astype(float)
            found.setdefault(folder.name, []).extend(bands)
    for folder in sorted((data / "change" / "sztaki_airchange").iterdir()):
        place = folder.name.replace("Archieve", "Szada_1")  # they show one place
        for path in sorted(folder.glob("im*.png")):
            grey = np.asarray(Image.open(path).convert("L"), dtype=float)
            found.setdefault(place, []).append(grey)
    return found


def crop(picture, size, rng):
    """A random square of `picture`."""
    row, col = (int(rng.integers(0, n - size + 1)) for n in picture.shape)
    return picture[row : row + size, col : col + size]


def any_of(group, size, rng):
    """A random square of a random picture of one place."""
    return crop(group[rng.integers(len(group))], size, rng)


def parts(group, size, rng):
    """Squares of two pictures of one place, each from its own half, and farther apart than looked."""
    one, other = (group[k] for k in rng.integers(len(group), size=2))
    if one.shape[0] < one.shape[1]:
        one, other = one.T, other.T
    middle = one.shape[0] // 2
    return crop(one[: middle - MAX_SHIFT], size, rng), crop(other[middle + MAX_SHIFT :], size, rng)


def clouds(size, rng):
    """Fractal white: 1/f amplitudes, a little noise."""
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]
    spectrum = np.fft.fft2(rng.normal(size=(size, size))) / (np.hypot(fy, fx) + 1 / size) ** 1.6
    field = np.fft.ifft2(spectrum).real
    return 3000 + 300 * field / field.std() + rng.normal(0, 8, (size, size))


def featureless(size, rng):
    """A plane with noise, as calm water or a salt flat."""
    y, x = np.mgrid[:size, :size] / size
    slope = rng.normal(0, 30, 2)
    return 500 + slope[0] * x + slope[1] * y + rng.normal(0, rng.uniform(0, 10), (size, size))


def noise(size, rng):
    """White or coloured, of any correlation length."""
    field = ndimage.gaussian_filter(rng.normal(size=(size, size)), rng.uniform(0, 4))
    return 500 + 100 * field / field.std()


def unregistrable(kind, places, rng):
    """A pair of one kind that shows nothing in common."""
    size, names = int(rng.choice(SIZES)), sorted(places)
    first, second = rng.choice(names, 2, replace=False)
    if kind == "other place":
        return any_of(places[first], size, rng), any_of(places[second], size, rng)
    if kind == "no overlap":
        large = [n for n in names if min(max(p.shape) for p in places[n]) >= 2 * SIZES[0] + 60]
        return parts(places[str(rng.choice(large))], SIZES[0], rng)
    made = {"cloud": clouds, "featureless": featureless, "noise": noise}[kind]
    ground = any_of(places[first], size, rng)
    return (ground if rng.random() < 0.5 else made(size, rng)), made(size, rng)


def accepted(fixed, moving):
    """Whether the pair would be laid on each other, and the measurement."""
    pair = PicturePair(
        fixed=fixed,
        moving=moving,
        fixed_usable=np.isfinite(fixed),
        moving_usable=np.isfinite(moving),
    )
    found = coregister([pair], max_shift=MAX_SHIFT)
    return refusal(found) is None, found


def main(data: str, pairs: str = "1000") -> None:
    """Print every false acceptance and the count."""
    places, wrong, nearest = pictures(Path(data)), Counter(), Counter()
    for number in range(int(pairs)):
        rng = np.random.default_rng(number)
        kind = KINDS[number % len(KINDS)]
        fixed, moving = unregistrable(kind, places, rng)
        good, found = accepted(fixed, moving)
        share = found.n_used / max(found.n_windows, 1)
        nearest[kind] = max(nearest[kind], share)
        if good:
            wrong[kind] += 1
            print(f"ACCEPTED {number} {kind}: {found}", flush=True)
    print(f"{sum(wrong.values())} of {pairs} accepted: {dict(wrong)}")
    print("largest share of windows that agreed:", {k: round(v, 3) for k, v in nearest.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
