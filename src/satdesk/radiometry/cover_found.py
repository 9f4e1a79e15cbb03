"""What hides the ground of a picture, from all that is known of it: flags, and how they came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.core.cover import Cover
from satdesk.radiometry.cloud_shadows import cast_from, found_height
from satdesk.radiometry.clouds import bright_white, grown_clouds, large_parts, veil
from satdesk.radiometry.cover_features import BANDS
from satdesk.radiometry.cover_net import CoverNetworks
from satdesk.radiometry.cover_trained import Told, told_by_networks
from satdesk.radiometry.discs import around
from satdesk.radiometry.picture import Picture
from satdesk.radiometry.shadow_colour import ShadowColour, learned_colour, shadow_features
from satdesk.radiometry.snow import white_ground
from satdesk.radiometry.surroundings import mean_around

__all__ = ["CoverFound", "ShadowsFound", "find_cover", "find_shadows", "snow_and_cores"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_CLOUD_HEIGHTS_M = np.concatenate(
    [np.arange(400.0, 4000.0, 100.0), np.arange(4000.0, 12_001.0, 200.0)]
)
"""Above the mean of the ground."""
_BUFFER_M = 18.0
_BESIDE_SNOW_M2 = 2.0e5
_LEAST_SHADOW_M2 = 4.0e3
_SHADING_VEIL = 0.005
_LEAST_VEIL_M2 = 6.0e3
_AROUND_M = 700.0
_NEAR_M = 400.0
_LEAST_SNOW = 0.1
_WATER_NIR = 0.1
_SNOW_REACH_M = 150.0
_CLEARANCE_M = 30.0
_SEARCHED_CELLS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShadowsFound:
    """The shadows of a picture's clouds.

    Attributes:
        shadow: ``(y, x)``, True = in the shadow of a cloud that is seen, or outside of the picture
            and known by the colour of shadow.
        not_told: Dark, or unknown, and the cloud that would shade it lies outside of the picture.
        cloud_height_m: Of the clouds above the mean ground; None = no sun, or nothing fits.
        score: Of the fit of clouds to shadows at that height; 0 without.
        measure: ``(y, x)`` how much each place looks like shadow, NaN where no ground is seen;
            None = this picture does not show what shadow looks like.
        half_dark: Of `measure`, half way from lit ground to the least shadow.
    """

    shadow: Bools
    not_told: Bools
    cloud_height_m: float | None = None
    score: float = 0.0
    measure: Floats | None = None
    half_dark: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverFound:
    """The cover of a picture.

    Attributes:
        flags: ``(y, x)`` uint8 of `core.cover.Cover`; 0 where not valid.
        cloud_height_m: Of the clouds above the mean ground, from their shadows; None = no cloud,
            no sun, or no shadow that fits.
        score: Of the fit of clouds to shadows at that height; 0 without.
    """

    flags: NDArray[np.uint8]
    cloud_height_m: float | None = None
    score: float = 0.0


def find_cover(picture: Picture, networks: CoverNetworks | None = None) -> CoverFound:
    """Flags of a picture: cores of clouds by the rules, what belongs to them by the networks.

    Args:
        picture: What is looked at.
        networks: Trained ones. Without them, without one of `cover_features.BANDS`, or without
            shadows that prove the clouds, the rules tell what belongs to the cores, too.

    Raises:
        UsageError: The picture has fewer than two visible bands.
    """
    snow, beside, cores = snow_and_cores(picture)
    told, clouded = None, bool(cores.any()) or picture.proved is not None
    if networks is not None and set(BANDS) <= picture.planes.keys() and clouded:
        told = told_by_networks(picture, cores, networks)
    if told is None:
        told = _told_by_rules(picture, cores, beside)
    flags = np.zeros(cores.shape, np.uint8)
    for mask, flag in (
        (told.cloud, Cover.CLOUD),
        (told.shadow & ~told.cloud, Cover.CLOUD_SHADOW),
        (told.not_told & ~told.cloud, Cover.SHADOW_NOT_TOLD),
        (snow & ~told.cloud, Cover.SNOW),
        (picture.shaded, Cover.TERRAIN_SHADOW),
        (picture.saturated, Cover.SATURATED),
    ):
        if mask is not None:
            flags |= np.where(mask & picture.valid, np.uint8(flag), np.uint8(0))
    return CoverFound(flags=flags, cloud_height_m=told.height_m, score=told.score)


def snow_and_cores(picture: Picture) -> tuple[Bools, Bools, Bools]:
    """``(y, x)`` each: snow or cloud; that and what lies beside it; what is surely cloud.

    Raises:
        UsageError: The picture has fewer than two visible bands.
    """
    white = bright_white(picture.planes, picture.valid, picture.pixel_m)
    snow = _no_speck(white_ground(picture.planes, white, picture.pixel_m), white)
    # What is bright beside snow is more snow: nothing tells a small or a thin cloud there.
    beside = around(snow, _SNOW_REACH_M / picture.pixel_m)
    return snow, beside, _apart_from_snow(white & ~snow, beside, picture.pixel_m)


def _told_by_rules(picture: Picture, cores: Bools, beside: Bools) -> Told:
    """Cores grown into their veils, shadows where the sun puts them, veils that throw a shadow."""
    open_ground = picture.valid & ~beside
    clouds = grown_clouds(cores, picture.planes, open_ground, picture.pixel_m)
    clouds = around(clouds, _BUFFER_M / picture.pixel_m) & picture.valid
    shadows = find_shadows(picture, clouds)
    thin = _shading_veils(picture, clouds, cores, open_ground, shadows)
    if thin.any():
        clouds = clouds | thin
        shadows = find_shadows(picture, clouds, near_m=shadows.cloud_height_m)
    return Told(
        cloud=clouds,
        shadow=shadows.shadow,
        not_told=shadows.not_told,
        height_m=shadows.cloud_height_m,
        score=shadows.score,
    )


def _no_speck(snow: Bools, white: Bools) -> Bools:
    """`snow` without what is a small part of a white place: the dim edge of a cloud."""
    labels, count = ndimage.label(white, structure=np.ones((3, 3)))
    whole = np.bincount(labels.ravel(), minlength=count + 1)
    share = np.bincount(labels[snow], minlength=count + 1) / np.maximum(whole, 1)
    return np.asarray(snow & (share >= _LEAST_SNOW)[labels])


def _apart_from_snow(cores: Bools, beside: Bools, pixel_m: float) -> Bools:
    """The cores but for the small ones that touch the surroundings of snow."""
    large = large_parts(cores, _BESIDE_SNOW_M2 / pixel_m**2)
    touching = ndimage.binary_propagation(cores & beside, mask=cores)
    return np.asarray(large | (cores & ~touching))


def _shading_veils(
    picture: Picture, clouds: Bools, cores: Bools, open_ground: Bools, found: ShadowsFound
) -> Bools:
    """Thin clouds far from thick ones: veils that throw a shadow where the sun would put it."""
    sighting, height, measure = picture.sighting, found.cloud_height_m, found.measure
    if sighting is None or height is None or measure is None:
        return np.zeros_like(clouds)
    excess = veil(picture.planes, cores, open_ground, picture.pixel_m)
    candidates = large_parts(
        open_ground & ~clouds & (excess > _SHADING_VEIL), _LEAST_VEIL_M2 / picture.pixel_m**2
    )
    labels, count = ndimage.label(candidates)
    cast = cast_from(labels, picture.valid, sighting, height + float(sighting.heights.mean()))
    seen = np.isfinite(cast) & np.isfinite(measure)
    number, dark = cast[seen].astype(np.int64), measure[seen]
    pixels = np.bincount(number, minlength=count + 1)
    mean = np.bincount(number, weights=dark, minlength=count + 1) / np.maximum(pixels, 1)
    least = _LEAST_VEIL_M2 / picture.pixel_m**2 / 4
    shading = (pixels >= least) & (mean > found.half_dark)
    shading[0] = False
    return np.asarray(shading[labels])


def find_shadows(picture: Picture, clouds: Bools, *, near_m: float | None = None) -> ShadowsFound:
    """Shadows of clouds, whoever found them.

    Args:
        picture: Of which.
        clouds: ``(y, x)``, True = cloud.
        near_m: Height above the mean ground near which the clouds' is looked for; None = at all.
    """
    nothing = ShadowsFound(shadow=np.zeros_like(clouds), not_told=np.zeros_like(clouds))
    sighting = picture.sighting
    if sighting is None or not clouds.any():
        return nothing
    ground = picture.valid & ~around(clouds, _CLEARANCE_M / picture.pixel_m)
    if picture.shaded is not None:
        ground &= ~picture.shaded
    if not ground.any():
        return nothing
    features = shadow_features(picture.planes, ground, picture.pixel_m)
    contrast = features.mean(axis=0)
    contrast = contrast - mean_around(contrast, ground, _AROUND_M / picture.pixel_m)
    mean = float(sighting.heights.mean())
    heights = _CLOUD_HEIGHTS_M
    proved = picture.proved
    if near_m is None and proved is not None:
        near_m = proved.height_m - mean
    if near_m is not None:
        heights = heights[np.abs(heights - near_m) <= _NEAR_M]
    k = max(int(np.sqrt(clouds.size / _SEARCHED_CELLS)), 1)
    height, score = found_height(
        clouds[::k, ::k],
        picture.valid[::k, ::k],
        features[:, ::k, ::k],
        contrast[::k, ::k],
        ground[::k, ::k],
        sighting.thinned(k),
        mean + heights,
    )
    if proved is not None and score < proved.score:
        height, score = proved.height_m, proved.score
    if height is None:
        return nothing
    cast = cast_from(clouds, picture.valid, sighting, height)
    known = ground & np.isfinite(cast)
    lit = known & (cast < 0.5)
    colour = learned_colour(features, known & (cast > 0.5), lit)
    beyond = ground & ~np.isfinite(cast)
    if colour is None:
        return ShadowsFound(
            shadow=cast > 0.5, not_told=beyond, cloud_height_m=height - mean, score=score
        )
    measure = np.where(ground, colour.measure(features), np.float32(np.nan))
    shadow, not_told = _beyond(beyond, measure, colour, picture)
    return ShadowsFound(
        shadow=(cast > 0.5) | shadow,
        not_told=not_told,
        cloud_height_m=height - mean,
        score=score,
        measure=measure,
        half_dark=(float(np.median(measure[lit])) + colour.threshold) / 2,
    )


def _beyond(
    beyond: Bools, measure: Floats, colour: ShadowColour, picture: Picture
) -> tuple[Bools, Bools]:
    """Shadow by its colour, and what may be shadow, where the way to the sun leaves the picture.

    Water is as dark; what is very dark in the infrared, and darker than in the green, is not told.
    """
    dark = told = beyond & (measure > colour.threshold)
    if {"G", "NIR"} <= picture.planes.keys():
        infrared = picture.planes["NIR"]
        told = dark & ((infrared > picture.planes["G"]) | (infrared > _WATER_NIR))
    # A shadow is as wide as a cloud; what is dark beside a sure part of one belongs to it.
    least = _LEAST_SHADOW_M2 / picture.pixel_m**2
    sure = large_parts(told & (measure > colour.sure), least)
    shadow = np.asarray(ndimage.binary_propagation(sure, mask=told))
    return shadow, dark & ~shadow
