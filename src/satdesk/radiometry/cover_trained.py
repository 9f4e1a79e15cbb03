"""Cloud and its shadow by small networks that start from surely seen clouds.

The rules find what is surely cloud; without any the networks are not asked at all. From the shadows
of those the height of the clouds is found, and with it each place's caster and shadow. The first
network tells cloud and shadow; the height is found again from its answer; the next one tells them
again, knowing what the one before said around and along the rays; the last decides. A part without
a core is no cloud where its shadow would be seen and is not. Where the way to the sun leaves the
picture a shadow is told by its look alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.radiometry.cloud_height import finer_height
from satdesk.radiometry.cloud_rays import Rays, rays_at
from satdesk.radiometry.cloud_shadows import found_height
from satdesk.radiometry.clouds import large_parts
from satdesk.radiometry.cover_features import (
    BANDS,
    appearance,
    code_of,
    less_path,
    sunlight,
)
from satdesk.radiometry.cover_look import Look, Said, said_around
from satdesk.radiometry.cover_net import CoverNetworks
from satdesk.radiometry.discs import around
from satdesk.radiometry.fixed_point import LOGARITHM, fixed
from satdesk.radiometry.picture import Picture
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["Told", "first_look", "next_look", "told_by_networks"]

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
_DOUBT = 64
_LEAST_PROOF = 0.25
_WELL_PROVED = 0.35
_NEAR_M = 400.0
_LEAST_SHADE = 64
_SEEN = 0.25
_WATER_NIR = 0.1


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
        cores: ``(y, x)``, True = surely cloud; somewhere at least, if not `Picture.proved`.
        networks: Trained ones.
    """
    look = first_look(picture, cores)
    if look.rays is None:
        return None
    for network in networks.passes[:-1]:
        look = next_look(picture, look, network.told(look))
        if look.rays is None:
            return None
    if look.score < _LEAST_PROOF:
        return None
    return _told(picture, cores, look, networks.passes[-1].told(look))


def first_look(picture: Picture, cores: Bools) -> Look:
    """What the first network is asked."""
    valid, pixel_m = picture.valid, picture.pixel_m
    near = valid & ~around(cores, 10 * _CLEARANCE_M / pixel_m)
    light = sunlight(picture)
    codes = appearance(picture, cores, _lit(picture, near), light)
    hazy = codes["haze_24"] > code_of("haze", _HAZE)
    hazy = valid & (cores | (hazy & around(cores, _HAZE_REACH_M / pixel_m)))
    height, score = _height(picture, hazy, light, _HEIGHTS_M)
    height = _finer(picture, height, hazy, (codes["veil_12"], codes["shade_9"]))
    return Look(codes=codes, light=light, height_m=height, score=score, rays=_rays(picture, height))


def next_look(picture: Picture, look: Look, said: Said) -> Look:
    """What a network is asked after the one before it has answered."""
    cloud = picture.valid & (said.likely == 1)
    heights = _HEIGHTS_M
    if look.height_m is not None and look.score >= _WELL_PROVED:
        heights = heights[np.abs(heights - look.height_m) <= _NEAR_M]
    height, score = _height(picture, cloud, look.light, heights)
    height = _finer(picture, height, cloud, (said.cloud, said.shadow))
    rays = look.rays if height == look.height_m else _rays(picture, height)
    codes = look.codes | said_around(said, picture.valid, picture.pixel_m)
    return replace(look, codes=codes, height_m=height, score=score, rays=rays)


def _lit(picture: Picture, ground: Bools) -> Bools:
    """The ground that relief does not shade; all of it where there is no other."""
    lit = ground if picture.shaded is None else ground & ~picture.shaded
    return lit if lit.any() else picture.valid


def _rays(picture: Picture, height_m: float | None) -> Rays | None:
    if picture.sighting is None or height_m is None:
        return None
    return rays_at(picture.sighting, picture.valid, height_m + picture.sighting.level_m)


def _open_ground(picture: Picture, clouds: Bools) -> Bools:
    """Away from clouds, and not shaded by relief."""
    ground = picture.valid & ~around(clouds, _CLEARANCE_M / picture.pixel_m)
    return ground if picture.shaded is None else ground & ~picture.shaded


def _height(
    picture: Picture, clouds: Bools, light: NDArray[np.int16], heights_m: NDArray[np.float64]
) -> tuple[float | None, float]:
    """Of the clouds above the mean ground, on every few rows and columns.

    What more of the scene has proved holds where the picture alone proves less.
    """
    sighting, k = picture.sighting, max(int(np.sqrt(clouds.size / _SEARCHED_CELLS)), 1)
    if sighting is None:
        return None, 0.0
    if not clouds.any():
        return _proved(picture)
    ground = _open_ground(picture, clouds)
    seen = Surroundings(ground, picture.pixel_m)
    shades = [
        seen.mean(less_path(fixed(picture.planes[name]), ground), _SHADE_M)[::k, ::k]
        for name in BANDS
    ]
    few = ground[::k, ::k]
    dark = np.asarray(np.sum(shades, axis=0, dtype=np.int32) // len(shades))
    wide = Surroundings(few, picture.pixel_m * k).mean(dark, _WIDE_M)
    level_m, proved = sighting.level_m, picture.proved
    if proved is not None:
        heights_m = heights_m[np.abs(level_m + heights_m - proved.height_m) <= _NEAR_M]
    height, score = found_height(
        clouds[::k, ::k],
        picture.valid[::k, ::k],
        np.stack([*shades, light[::k, ::k]]) / np.float32(LOGARITHM),
        (dark.astype(np.float32) - wide) / np.float32(LOGARITHM),
        few,
        sighting.thinned(k),
        level_m + heights_m,
    )
    if proved is not None and score < proved.score:
        return _proved(picture)
    return (None if height is None else height - level_m), score


def _proved(picture: Picture) -> tuple[float | None, float]:
    """The height above the mean ground that more of the scene proves, and how surely."""
    if picture.proved is None or picture.sighting is None:
        return None, 0.0
    return picture.proved.height_m - picture.sighting.level_m, picture.proved.score


def _finer(
    picture: Picture,
    height_m: float | None,
    clouds: Bools,
    told: tuple[NDArray[np.integer], NDArray[np.integer]],
) -> float | None:
    """The height by how well cloud and shade, as they are `told`, go together.

    What more of the scene has proved is left as it is: a small part agrees by chance.
    """
    sighting = picture.sighting
    if sighting is None or height_m is None or height_m == _proved(picture)[0]:
        return height_m
    level_m = sighting.level_m
    ground = _open_ground(picture, clouds)
    return finer_height(level_m + height_m, *told, ground, picture.valid, sighting) - level_m


def _told(picture: Picture, cores: Bools, look: Look, said: Said) -> Told | None:
    rays = look.rays
    if rays is None:
        return None
    least = _PART_M2 / picture.pixel_m**2
    cloud = large_parts(picture.valid & ((said.likely == 1) | cores), least)
    cloud = _not_disproved(cloud, cores, rays, said.shadow)
    beyond = picture.valid & ~rays.casters[1] & ~cloud
    water = (picture.planes["NIR"] < picture.planes["G"]) & (picture.planes["NIR"] < _WATER_NIR)
    shadow = large_parts(picture.valid & (said.likely == 2) & ~cloud & ~(beyond & water), least)
    return Told(
        cloud=cloud,
        shadow=shadow,
        not_told=beyond & ~shadow & (said.shadow > _DOUBT),
        height_m=look.height_m,
        score=look.score,
    )


def _not_disproved(cloud: Bools, cores: Bools, rays: Rays, shade: NDArray[np.uint8]) -> Bools:
    """`cloud` without the parts that hold no core and whose shadow would be seen, but is not."""
    labels, count = ndimage.label(cloud, structure=np.ones((3, 3)))
    seen = cloud & rays.shadows[1] & ~rays.from_shadow(cloud)
    pixels = np.bincount(labels[seen], minlength=count + 1)
    shaded = np.bincount(labels[seen], rays.from_shadow(shade)[seen], minlength=count + 1)
    kept = (shaded >= _LEAST_SHADE * pixels) | (pixels < _SEEN * np.bincount(labels.ravel()))
    kept[np.unique(labels[cores & cloud])] = True
    kept[0] = False
    return np.asarray(kept[labels])
