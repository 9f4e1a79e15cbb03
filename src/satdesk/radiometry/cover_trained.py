"""Cloud and its shadow by two small networks that start from surely seen clouds.

The rules find what is surely cloud; without any the networks are not asked at all. From the shadows
of those the height of the clouds is found, and with it each place's caster and shadow. The first
network tells cloud and shadow; the height is found again from its answer; the second network
decides, knowing what the first said around and along the rays. A part without a core is no cloud
where its shadow would be seen and is not. Where the way to the sun leaves the picture a shadow is
told by its look alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.radiometry.cloud_rays import Rays, rays_at
from satdesk.radiometry.cloud_shadows import found_height, without_path
from satdesk.radiometry.clouds import around, large_parts
from satdesk.radiometry.cover_features import (
    BANDS,
    Planes,
    along_rays,
    answers_around,
    appearance,
    lighting,
)
from satdesk.radiometry.cover_net import CoverNetworks
from satdesk.radiometry.picture import Picture
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["Look", "Told", "first_look", "second_look", "told_by_networks"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_HEIGHTS_M = np.concatenate([np.arange(400.0, 4000.0, 100.0), np.arange(4000.0, 12_001.0, 200.0)])
"""Of clouds above the mean of the ground."""
_SEARCHED_CELLS = 25_000
_HAZE = 0.02
_HAZE_REACH_M = 600.0
_CLEARANCE_M = 24.0
_SHADE_M = 30.0
_WIDE_M = 700.0
_PART_M2 = 1500.0
_DOUBT = 0.25
_LEAST_PROOF = 0.25
_LEAST_SHADE = 0.25
_SEEN = 0.25
_WATER_NIR = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A picture as a network sees it.

    Attributes:
        features: ``(y, x)`` by name.
        height_m: Of the clouds above the mean ground; None = nothing fits.
        score: Of the fit of clouds to shadows; 0 without.
        rays: At that height.
    """

    features: Planes
    height_m: float | None = None
    score: float = 0.0
    rays: Rays | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What the networks say of a picture.

    Attributes:
        cloud: ``(y, x)``.
        shadow: ``(y, x)``, of clouds; nowhere where no height of cloud fits.
        not_told: Perhaps shadow, of a cloud that would hang outside of the picture.
        height_m: Of the clouds above the mean ground; None = nothing fits.
        score: Of the fit of clouds to shadows; 0 without.
    """

    cloud: Bools
    shadow: Bools
    not_told: Bools
    height_m: float | None
    score: float


def told_by_networks(picture: Picture, cores: Bools, networks: CoverNetworks) -> Told | None:
    """Cloud and shadow of a picture that has all of `cover_features.BANDS`.

    None = the picture does not prove by shadows, which lie where the sun puts them, that what looks
    like cloud is cloud: away from simulated scenes the networks' word alone is not worth much.

    Args:
        picture: What is looked at.
        cores: ``(y, x)``, True = surely cloud; somewhere at least.
        networks: Trained ones.
    """
    look = first_look(picture, cores)
    if look.rays is None:
        return None
    look = second_look(picture, look, networks.first.probabilities(look.features))
    if look.rays is None or look.score < _LEAST_PROOF:
        return None
    return _told(picture, cores, look.rays, look, networks.second.probabilities(look.features))


def first_look(picture: Picture, cores: Bools) -> Look:
    """What the first network is asked."""
    valid, pixel_m = picture.valid, picture.pixel_m
    planes = {name: picture.planes[name] for name in BANDS}
    shape = valid.shape
    near = valid & ~around(cores, 10 * _CLEARANCE_M / pixel_m)
    found = appearance(planes, valid, cores, _lit(picture, near), pixel_m)
    found |= lighting(picture.sighting, shape)
    hazy = cores | ((found["haze_24"] > _HAZE) & around(cores, _HAZE_REACH_M / pixel_m))
    height, score = _height(picture, hazy & valid, found["lit"])
    rays = _rays(picture, height)
    return Look(features=found | along_rays(found, rays), height_m=height, score=score, rays=rays)


def second_look(picture: Picture, look: Look, said: Floats) -> Look:
    """What the second network is asked after the first has answered."""
    cloud = picture.valid & (said.argmax(axis=0) == 1)
    height, score = _height(picture, cloud, look.features["lit"])
    rays, found = look.rays, look.features
    if height != look.height_m:
        rays = _rays(picture, height)
        found = found | along_rays(found, rays)
    found = found | answers_around(said, picture.valid, rays, picture.pixel_m)
    return Look(features=found, height_m=height, score=score, rays=rays)


def _lit(picture: Picture, ground: Bools) -> Bools:
    """The ground that relief does not shade; all of it where there is no other."""
    lit = ground if picture.shaded is None else ground & ~picture.shaded
    return lit if lit.any() else picture.valid


def _rays(picture: Picture, height_m: float | None) -> Rays | None:
    if picture.sighting is None or height_m is None:
        return None
    mean = float(picture.sighting.heights.mean())
    return rays_at(picture.sighting, picture.valid, height_m + mean)


def _height(picture: Picture, clouds: Bools, lit: Floats) -> tuple[float | None, float]:
    """Of the clouds above the mean ground, on every few rows and columns."""
    sighting, k = picture.sighting, max(int(np.sqrt(clouds.size / _SEARCHED_CELLS)), 1)
    if sighting is None or not clouds.any():
        return None, 0.0
    pixel_m = picture.pixel_m
    ground = picture.valid & ~around(clouds, _CLEARANCE_M / pixel_m)
    ground = ground if picture.shaded is None else ground & ~picture.shaded
    seen = Surroundings(ground, pixel_m)
    shades = [
        seen.mean(without_path(picture.planes[name], ground), _SHADE_M)[::k, ::k] for name in BANDS
    ]
    few = ground[::k, ::k]
    mean_shade = np.mean(shades, axis=0)
    wide = Surroundings(few, pixel_m * k).mean(mean_shade, _WIDE_M)
    mean = float(sighting.heights.mean())
    height, score = found_height(
        clouds[::k, ::k],
        picture.valid[::k, ::k],
        np.stack([*shades, np.asarray(lit[::k, ::k], np.float32)]),
        mean_shade - wide,
        few,
        sighting.thinned(k),
        mean + _HEIGHTS_M,
    )
    return (None if height is None else height - mean), score


def _told(picture: Picture, cores: Bools, rays: Rays, look: Look, said: Floats) -> Told:
    least = _PART_M2 / picture.pixel_m**2
    likely = said.argmax(axis=0)
    cloud = large_parts(picture.valid & (likely == 1), least)
    cloud = _not_disproved(cloud, cores, rays, said[2])
    beyond = picture.valid & ~rays.casters[1] & ~cloud
    water = (picture.planes["NIR"] < picture.planes["G"]) & (picture.planes["NIR"] < _WATER_NIR)
    shadow = large_parts(picture.valid & (likely == 2) & ~cloud & ~(beyond & water), least)
    return Told(
        cloud=cloud,
        shadow=shadow,
        not_told=beyond & ~shadow & (said[2] > _DOUBT),
        height_m=look.height_m,
        score=look.score,
    )


def _not_disproved(cloud: Bools, cores: Bools, rays: Rays, shade: Floats) -> Bools:
    """`cloud` without the parts that hold no core and whose shadow would be seen, but is not."""
    labels, count = ndimage.label(cloud, structure=np.ones((3, 3)))
    seen = cloud & rays.shadows[1] & (rays.from_shadow(cloud.astype(np.float32)) == 0)
    pixels = np.bincount(labels[seen], minlength=count + 1)
    shaded = np.bincount(labels[seen], rays.from_shadow(shade)[seen], minlength=count + 1)
    kept = (shaded >= _LEAST_SHADE * pixels) | (pixels < _SEEN * np.bincount(labels.ravel()))
    kept[np.unique(labels[cores & cloud])] = True
    kept[0] = False
    return np.asarray(kept[labels])
