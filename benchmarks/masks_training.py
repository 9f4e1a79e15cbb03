"""Trains the small networks of `satdesk.radiometry.cover_trained` on simulated scenes.

    python benchmarks/masks_training.py [--scenes FOLDER] [--write src/satdesk/data/cover_networks.json]

The scenes are simulated by seeds that no published score uses (they are made in ``--scenes`` where
they do not lie there yet). Needs scikit-learn, which satdesk itself does not. Without ``--write``
other scenes are scored.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from masks import Case, made, pictured, scores
from sklearn.neural_network import MLPClassifier

from satdesk.radiometry.cover_features import MOST
from satdesk.radiometry.cover_found import find_cover, snow_and_cores
from satdesk.radiometry.cover_look import Look, asked_of
from satdesk.radiometry.cover_net import MOST_ANSWER, CoverNetworks, PixelNetwork
from satdesk.radiometry.cover_trained import first_look, next_look
from satdesk.radiometry.picture import Picture
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW

SAMPLES, UNITS, ROUNDS, PASSES = 16_000, 48, 20, 3
SPREAD, RAYLESS = 25.0, 0.15
CLEAR = 1.35
"""How much more clear ground counts than cloud, and than shadow."""
COARSER = (1, 3, 5)
"""Widths of pixels, in those of the scenes, at which they are trained on."""
GENTLE, PLAIN = "--terrain gentle", "--terrain plain"
OPTIONS = {
    9301: "--clouds 0.2 --season summer",
    9302: f"{GENTLE} --clouds 0.4 --cloud-height 1500 --roll -12 --at 2018-09-25T07:30:00Z "
    "--season autumn",
    9303: "--clouds 0.15 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    9305: f"{PLAIN} --clouds 0.3 --cloud-height 2000 --roll 8 --season summer",
    9401: "--clouds 0.2 --season summer",
    9402: f"{GENTLE} --clouds 0.4 --cloud-height 1500 --roll -12 --at 2018-09-25T07:30:00Z "
    "--season autumn",
    9403: "--clouds 0.15 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    9405: f"{PLAIN} --clouds 0.3 --cloud-height 2000 --roll 8 --season summer",
    9501: "--clouds 0.25 --season summer",
    9502: f"{GENTLE} --clouds 0.35 --cloud-height 1600 --roll 9 --at 2018-09-15T07:30:00Z "
    "--season autumn",
    9503: "--clouds 0.2 --snow-line 1700 --roll -6 --at 2018-03-28T07:30:00Z",
    9505: f"{PLAIN} --clouds 0.25 --cloud-height 1800 --roll -8 --season summer",
    9511: "--clouds 0.15 --season autumn --at 2018-10-05T07:30:00Z --roll 5",
    9513: "--clouds 0.25 --snow-line 2000 --roll 12 --at 2018-03-10T07:30:00Z",
    9601: "--clouds 0.12 --snow-line 1600 --roll 10 --at 2018-03-15T07:30:00Z",
    9602: f"{GENTLE} --clouds 0.45 --cloud-height 1400 --roll -10 --at 2018-09-20T07:30:00Z "
    "--season autumn",
    9603: "--clouds 0.3 --season summer --roll -10 --cloud-height 3000",
    9604: "--clouds 0.15 --snow-line 1900 --roll 5 --at 2018-04-05T07:30:00Z",
    9605: f"{PLAIN} --clouds 0.35 --cloud-height 2200 --roll 8 --season summer",
    9606: "--clouds 0.2 --snow-line 1500 --at 2018-12-05T07:30:00Z",
    9607: f"{GENTLE} --clouds 0.3 --cloud-height 1800 --season spring --at 2018-05-20T07:30:00Z "
    "--haze 0.15",
    9608: "--clouds 0.18 --season summer --roll 12",
    9609: "--clouds 0.2 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    9610: f"{GENTLE} --clouds 0.4 --cloud-height 1500 --roll -12 --at 2018-09-25T07:30:00Z "
    "--season autumn",
    9611: "--clouds 0.2 --season autumn --at 2018-10-15T07:30:00Z",
    9701: "--clouds 0.2 --season summer --roll 6 --at 2018-06-20T07:10:00Z",
    9702: "--clouds 0.15 --season summer --roll -14 --cloud-height 1800 --at 2018-07-25T07:30:00Z",
    9703: "--clouds 0.28 --season summer --roll 14 --at 2018-08-20T07:50:00Z",
    9704: "--clouds 0.2 --season spring --roll -5 --cloud-height 3200 --at 2018-05-28T07:30:00Z",
    9705: "--clouds 0.22 --season summer --cloud-height 2200 --at 2018-07-05T06:50:00Z",
    9706: f"{GENTLE} --clouds 0.38 --cloud-height 1500 --roll 11 --at 2018-09-22T07:30:00Z "
    "--season autumn",
    9707: "--clouds 0.15 --snow-line 1800 --roll -9 --at 2018-03-22T07:30:00Z",
    9708: f"{PLAIN} --clouds 0.3 --cloud-height 2100 --roll -6 --season summer",
    9709: "--clouds 0.3 --season autumn --roll -8 --at 2018-09-28T07:30:00Z",
    9710: "--clouds 0.18 --season summer --roll 3",
    9711: f"{GENTLE} --clouds 0.25 --season summer --cloud-height 2600 --roll -3",
    9712: "--clouds 0.2 --season summer --roll -10 --cloud-height 2700 --haze 0.1",
    9713: f"{GENTLE} --clouds 0.25 --cloud-height 1300 --haze 0.25 --season spring "
    "--at 2018-05-14T07:30:00Z",
    9714: f"{PLAIN} --clouds 0.2 --cloud-height 1500 --haze 0.15 --season summer --roll 5",
    9715: f"{GENTLE} --clouds 0.2 --season autumn --cloud-height 1100 --haze 0.1 --roll -8 "
    "--at 2018-10-10T07:30:00Z",
    9716: "--clouds 0.12 --season summer --roll 9",
}
"""Options of ``satdesk simulate mountain`` by seed."""
HELD_OUT = {
    9201: "--clouds 0.2 --season summer",
    9202: f"{GENTLE} --clouds 0.4 --cloud-height 1500 --roll -12 --at 2018-09-25T07:30:00Z "
    "--season autumn",
    9203: "--clouds 0.15 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    9205: f"{PLAIN} --clouds 0.3 --cloud-height 2000 --roll 8 --season summer",
    9206: f"{GENTLE} --clouds 0.25 --cloud-height 1200 --haze 0.2 --season spring "
    "--at 2018-05-10T07:30:00Z",
}
"""Of the scenes on which the training is watched; not trained on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A scene, its truth, and which pixels of it are taken."""

    seed: int
    picture: Picture
    bits: np.ndarray
    known: np.ndarray
    taken: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """Of the taken pixels: 0 clear, 1 cloud, 2 shadow of one."""
        bits = self.bits.ravel()[self.taken]
        return np.where(bits & CLOUD, 1, np.where(bits & CLOUD_SHADOW, 2, 0))


def samples_of(seed: int, folder: Path) -> list[Sample]:
    """A scene with its truth, at its own pixels and at wider ones; the same pixels every time."""
    case = Case(name=f"t{seed}", seed=seed, words="", options=(OPTIONS | HELD_OUT)[seed])
    picture, bits, known = pictured(made(case, folder))
    return [coarser_sample(seed, picture, bits, known & picture.valid, k) for k in COARSER]


def coarser_sample(
    seed: int, picture: Picture, bits: np.ndarray, known: np.ndarray, factor: int
) -> Sample:
    """Of a picture on blocks of ``factor × factor`` pixels, most of a block deciding."""
    if factor > 1:
        wide = partial(blocks, factor=factor)
        planes = {
            n: wide(np.where(picture.valid, p, 0)).mean((1, 3)) for n, p in picture.planes.items()
        }
        most = {bit: wide((bits & bit) > 0).mean((1, 3)) > 0.5 for bit in (CLOUD, CLOUD_SHADOW)}
        bits = sum(np.where(m, bit, 0) for bit, m in most.items())
        known = wide(known).all((1, 3))
        picture = replace(
            picture,
            planes={name: plane.astype(np.float32) for name, plane in planes.items()},
            valid=wide(picture.valid).all((1, 3)),
            pixel_m=picture.pixel_m * factor,
            saturated=None,
            shaded=None if picture.shaded is None else wide(picture.shaded).mean((1, 3)) > 0.5,
            sighting=replace(
                picture.sighting.thinned(factor),
                heights=wide(picture.sighting.heights).mean((1, 3)).astype(np.float32),
            ),
        )
    places = np.flatnonzero(known)
    count = min(SAMPLES // factor, len(places))
    taken = np.random.default_rng(seed).choice(places, count, replace=False)
    return Sample(seed=seed, picture=picture, bits=bits, known=known, taken=np.sort(taken))


def blocks(plane: np.ndarray, factor: int) -> np.ndarray:
    """``(y, factor, x, factor)`` of the whole blocks."""
    rows, cols = (size // factor for size in plane.shape)
    whole = plane[: rows * factor, : cols * factor]
    return whole.reshape(rows, factor, cols, factor)


def values_of(look: Look, names: Sequence[str], sample: Sample) -> np.ndarray:
    """``(pixel, name)`` codes of the taken pixels."""
    whole = slice(0, look.shape[0])
    columns = [look.asked(name, whole).ravel()[sample.taken] for name in names]
    return np.stack(columns, axis=-1)


def without_rays(values: np.ndarray, names: Sequence[str], seed: int) -> np.ndarray:
    """Some of the pixels as of a picture whose sun, or height of clouds, is not known."""
    blind = np.random.default_rng(seed).random(len(values)) < RAYLESS
    along = [k for k, name in enumerate(names) if name.startswith(("caster_", "shadow_", "rays"))]
    lit = [k for k, name in enumerate(names) if name == "lit"]
    values = values.copy()
    values[np.ix_(blind, along + lit)] = 0
    return values


def trained(names: Sequence[str], values: np.ndarray, classes: np.ndarray) -> PixelNetwork:
    """A network for equally frequent classes, but for `CLEAR`."""
    weights = (np.array([CLEAR, 1, 1]) / np.bincount(classes, minlength=3))[classes]
    rng = np.random.default_rng(1)
    drawn = rng.choice(len(classes), len(classes), p=weights / weights.sum())
    model = MLPClassifier(
        (UNITS,), alpha=1e-3, batch_size=500, learning_rate_init=2e-3, max_iter=ROUNDS,
        random_state=1, tol=0.0,
    )  # fmt: skip
    model.fit(values[drawn].astype(np.float32) / SPREAD, classes[drawn])
    hidden, outer = (
        np.concatenate([weight, offset[None]]).T.astype(np.float64)
        for weight, offset in zip(model.coefs_, model.intercepts_, strict=True)
    )
    hidden[:, :-1] /= SPREAD
    return in_whole_numbers(names, hidden, outer, values[drawn[:100_000]])


def in_whole_numbers(
    names: Sequence[str], hidden: np.ndarray, outer: np.ndarray, values: np.ndarray
) -> PixelNetwork:
    """The network with weights as fine as exact sums allow."""
    sizes = np.abs(hidden[:, :-1]).sum(axis=1) * MOST + np.abs(hidden[:, -1])
    doublings = int(np.floor(np.log2(2**23.9 / sizes.max())))
    whole = np.rint(hidden * 2.0**doublings)
    answers = np.maximum(values @ hidden[:, :-1].T + hidden[:, -1], 0)
    halvings = int(np.ceil(np.log2(np.quantile(answers, 0.9999) / MOST_ANSWER) + doublings))
    answer = 2.0 ** (halvings - doublings)  # what one step of a unit's answer is worth
    steps = outer * np.append(np.full(outer.shape[1] - 1, answer), 1.0)
    sizes = np.abs(steps[:, :-1]).sum(axis=1) * MOST_ANSWER + np.abs(steps[:, -1])
    one = 2 ** int(np.floor(np.log2(2**23.9 / sizes.max())))
    return PixelNetwork(
        names=tuple(names), hidden=whole.astype(np.float32), halvings=halvings,
        outer=np.rint(steps * one).astype(np.float32), one=one,
    )  # fmt: skip


def networks_of(samples: Sequence[Sample]) -> CoverNetworks:
    """All of them, each but the first on what the one before says of the same scenes."""
    classes = np.concatenate([sample.classes for sample in samples])
    cores = [snow_and_cores(sample.picture)[2] for sample in samples]
    looks = [first_look(s.picture, c) for s, c in zip(samples, cores, strict=True)]
    passes: list[PixelNetwork] = []
    for number in range(PASSES):
        if number:
            looks = [
                next_look(sample.picture, look, passes[-1].told(look))
                for sample, look in zip(samples, looks, strict=True)
            ]
        names = asked_of(looks[0].codes)
        values = [
            without_rays(values_of(look, names, sample), names, sample.seed)
            for sample, look in zip(samples, looks, strict=True)
        ]
        passes.append(trained(names, np.concatenate(values), classes))
        print(f"network {number + 1} of {PASSES} trained", flush=True)
    seeds = sorted({sample.seed for sample in samples})
    source = f"{len(seeds)} simulated scenes, seeds {', '.join(str(seed) for seed in seeds)}"
    return CoverNetworks(passes=tuple(passes), source=source)


def document_of(networks: CoverNetworks) -> dict[str, object]:
    """JSON-ready."""
    return {
        "source": networks.source + "; benchmarks/masks_training.py",
        "passes": [
            {
                "names": list(network.names),
                "hidden": network.hidden.astype(int).tolist(),
                "halvings": network.halvings,
                "outer": network.outer.astype(int).tolist(),
                "one": network.one,
            }
            for network in networks.passes
        ],
    }


def main() -> None:
    """Train; write, or score the scenes left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("demo-scenes/masks-training"))
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    samples = [each for seed in OPTIONS for each in samples_of(seed, chosen.scenes)]
    networks = networks_of(samples)
    if chosen.write:
        text = json.dumps(document_of(networks), separators=(",", ":"))
        chosen.write.write_text(text + "\n", encoding="utf-8")
    for seed in () if chosen.write else HELD_OUT:
        for sample in samples_of(seed, chosen.scenes):
            flags = find_cover(sample.picture, networks).flags
            told = scores(flags, sample.bits, sample.known)
            print(seed, sample.picture.pixel_m, told, flush=True)


if __name__ == "__main__":
    main()
