"""Trains the two small networks of `satdesk.radiometry.cover_trained` on simulated scenes.

    python benchmarks/masks_training.py [--scenes FOLDER] [--write src/satdesk/data/cover_networks.json]

The scenes are simulated by seeds that no published score uses (they are made in ``--scenes`` where
they do not lie there yet). Needs scikit-learn, which satdesk itself does not. Without ``--write``
other scenes are scored.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from masks import Case, made, pictured, scores
from sklearn.neural_network import MLPClassifier

from satdesk.radiometry.cover_found import find_cover, snow_and_cores
from satdesk.radiometry.cover_net import CoverNetworks, PixelNetwork
from satdesk.radiometry.cover_trained import first_look, second_look
from satdesk.radiometry.picture import Picture
from satdesk.simulate.render import CLOUD, CLOUD_SHADOW

SAMPLES, UNITS, ROUNDS = 16_000, 32, 20
RAYLESS = 0.15
GENTLE, PLAIN = "--terrain gentle", "--terrain plain"
OPTIONS = {
    9301: "--clouds 0.2 --season summer",
    9302: f"{GENTLE} --clouds 0.4 --cloud-height 1500 --roll -12 --at 2018-09-25T07:30:00Z "
    "--season autumn",
    9303: "--clouds 0.15 --snow-line 1800 --roll 10 --at 2018-03-20T07:30:00Z",
    9305: f"{PLAIN} --clouds 0.3 --cloud-height 2000 --roll 8 --season summer",
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


def sample_of(seed: int, folder: Path) -> Sample:
    """A scene with its truth; the same pixels every time."""
    case = Case(name=f"t{seed}", seed=seed, words="", options=(OPTIONS | HELD_OUT)[seed])
    picture, bits, known = pictured(made(case, folder))
    known = known & picture.valid
    taken = np.random.default_rng(seed).choice(np.flatnonzero(known), SAMPLES, replace=False)
    return Sample(seed=seed, picture=picture, bits=bits, known=known, taken=taken)


def values_of(features: dict[str, np.ndarray], names: Sequence[str], sample: Sample) -> np.ndarray:
    """``(pixel, feature)`` of the taken pixels."""
    columns = [features[name].ravel()[sample.taken] for name in names]
    return np.stack(columns, axis=-1).astype(np.float32)


def without_rays(values: np.ndarray, names: Sequence[str], seed: int) -> np.ndarray:
    """Some of the pixels as of a picture whose sun, or height of clouds, is not known."""
    blind = np.random.default_rng(seed).random(len(values)) < RAYLESS
    along = [k for k, name in enumerate(names) if name.startswith(("caster_", "shadow_", "rays"))]
    lit = [k for k, name in enumerate(names) if name == "lit"]
    values = values.copy()
    values[np.ix_(blind, along + lit)] = 0
    return values


def trained(names: Sequence[str], values: np.ndarray, classes: np.ndarray) -> PixelNetwork:
    """A network for equally frequent classes."""
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    scaled = np.clip((values - mean) / spread, -5, 5)
    weights = (1 / np.bincount(classes, minlength=3))[classes]
    rng = np.random.default_rng(1)
    drawn = rng.choice(len(classes), len(classes), p=weights / weights.sum())
    model = MLPClassifier(
        (UNITS,), alpha=1e-3, batch_size=500, learning_rate_init=2e-3, max_iter=ROUNDS,
        random_state=1, tol=0.0,
    )  # fmt: skip
    model.fit(scaled[drawn], classes[drawn])
    hidden, outer = (
        np.concatenate([weight, offset[None]]).astype(np.float32)
        for weight, offset in zip(model.coefs_, model.intercepts_, strict=True)
    )
    return PixelNetwork(
        names=tuple(names), mean=mean.astype(np.float32), spread=spread.astype(np.float32),
        hidden=hidden, outer=outer,
    )  # fmt: skip


def networks_of(samples: Sequence[Sample]) -> CoverNetworks:
    """Both, the second on what the first says of the same scenes."""
    classes = np.concatenate([sample.classes for sample in samples])
    looks = [first_look(s.picture, snow_and_cores(s.picture)[2]) for s in samples]
    names = sorted(looks[0].features)
    values = [values_of(k.features, names, s) for k, s in zip(looks, samples, strict=True)]
    blind = [without_rays(v, names, s.seed) for v, s in zip(values, samples, strict=True)]
    first = trained(names, np.concatenate(blind), classes)
    print("first network trained", flush=True)
    values = []
    for sample, look in zip(samples, looks, strict=True):
        again = second_look(sample.picture, look, first.probabilities(look.features)).features
        more = sorted(again)
        values.append(without_rays(values_of(again, more, sample), more, sample.seed))
    second = trained(more, np.concatenate(values), classes)
    source = f"{len(samples)} simulated scenes, seeds {', '.join(str(s.seed) for s in samples)}"
    return CoverNetworks(first=first, second=second, source=source)


def document_of(networks: CoverNetworks) -> dict[str, object]:
    """JSON-ready, four figures a number."""

    def plain(network: PixelNetwork) -> dict[str, object]:
        arrays = {
            name: [
                [float(f"{v:.4g}") for v in row] for row in np.atleast_2d(getattr(network, name))
            ]
            for name in ("mean", "spread", "hidden", "outer")
        }
        return {"names": list(network.names), **arrays}

    return {
        "source": networks.source + "; benchmarks/masks_training.py",
        "first": plain(networks.first),
        "second": plain(networks.second),
    }


def main() -> None:
    """Train; write, or score the scenes left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=Path, default=Path("demo-scenes/masks-training"))
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    samples = [sample_of(seed, chosen.scenes) for seed in OPTIONS]
    networks = networks_of(samples)
    if chosen.write:
        text = json.dumps(document_of(networks), separators=(",", ":"))
        chosen.write.write_text(text + "\n", encoding="utf-8")
    for seed in () if chosen.write else HELD_OUT:
        sample = sample_of(seed, chosen.scenes)
        flags = find_cover(sample.picture, networks).flags
        print(seed, scores(flags, sample.bits, sample.known), flush=True)


if __name__ == "__main__":
    main()
