"""The air over a scene: what is known of it, and what must be said of a picture without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import Terrain
from satdesk.core.spectra import Spectrum, spectrum_of
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.geometry.frames import lonlat_of_grid
from satdesk.products.unveiled import Air, Unveiled, middle_nm
from satdesk.radiometry.surface import SEA_LEVEL_HPA, dark_object, haze_path, pressure_hpa
from satdesk.release.content import Notice
from satdesk.release.samples import sampled
from satdesk.release.scenes import Light, image_center
from satdesk.release.slants import sun_angles, view_angles

__all__ = ["SURFACE", "Sample", "Veiled", "require_air", "with_wavelengths", "without_veil"]

SURFACE = Notice(
    code="surface-estimate",
    text=(
        "The reflectance is an estimate of the ground's own: clean air was taken off by the "
        "pressure at the height of the ground, and an even haze by the darkest ground. There is "
        "no model of aerosol, no absorption by gases, no light from neighbouring ground "
        "(adjacency), no effect of the directions of sun and view (BRDF) and no slope in it."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Where the darkest ground of a scene is sought.

    Attributes:
        layer: Reflectance at the top of the atmosphere, not interpolated.
        windows: Of its grid.
    """

    layer: Layer
    windows: tuple[GeoBox, ...]

    def heights(self, terrain: Terrain) -> NDArray[np.float64]:
        """``(n,)`` metres above the ellipsoid at the pixels; NaN = unknown."""
        found = (terrain.height(*lonlat_of_grid(window)).ravel() for window in self.windows)
        return np.concatenate([np.asarray(each, np.float64) for each in found])


@dataclass(frozen=True, slots=True, kw_only=True)
class Veiled:
    """A picture less its veil.

    Attributes:
        layer: Surface reflectance.
        facts: JSON-ready.
        notices: What must stand on the product.
    """

    layer: Layer
    facts: dict[str, object]
    notices: tuple[Notice, ...]


def with_wavelengths(scene: Scene, image: SourceImage) -> SourceImage:
    """`image` with the pass bands that nobody states for it, from the table of known satellites."""
    known = spectrum_of(scene.mission, scene.instrument)
    if known is None:
        return image
    bands = tuple(
        replace(band, wavelength_nm=band.wavelength_nm or known.edges(band)) for band in image.bands
    )
    return image if bands == image.bands else replace(image, bands=bands)


def _from_table(scene: Scene, image: SourceImage) -> tuple[tuple[str, ...], Spectrum | None]:
    """Bands of `image` whose edges are not the delivery's, and the entry that they are from."""
    stated = {
        band.name: band.wavelength_nm
        for each in scene.images
        if each.id == image.id
        for band in each.bands
    }
    names = tuple(
        band.name
        for band in image.bands
        if band.wavelength_nm is not None and stated.get(band.name) is None
    )
    return names, spectrum_of(scene.mission, scene.instrument) if names else None


def require_air(scene: Scene, image: SourceImage, light: Light) -> None:
    """Refuse a scene of which nobody says what its air is computed from.

    Raises:
        UndeclaredInputError: The message names all that is missing.
    """
    missing = []
    if sun_angles(scene, *image_center(image)) is None or light.elevation_deg is None:
        when = "" if scene.acquisition is None else " (only the day is known)"
        missing.append(f"the sun, or the time of day{when}")
    bands = [band.name for band in image.bands if band.wavelength_nm is None]
    if bands:
        missing.append("the wavelengths of " + ", ".join(bands))
    if missing:
        raise UndeclaredInputError(
            "surface reflectance cannot be estimated",
            subject=scene.id,
            found="not stated: " + "; ".join(missing),
            expected="the sun or the time of day, and where each band lies in the spectrum",
            remedy=(
                "use the delivery with its metadata, which state them, or ask for toa; loose files "
                "of a satellite in the table of wavelengths need no more than its name (mission)"
            ),
        )


def without_veil(
    layer: Layer, sample: Sample, terrain: Terrain | None, *, scene: Scene, image: SourceImage
) -> Veiled:
    """`layer` as surface reflectance.

    Args:
        layer: Reflectance at the top of the atmosphere on the output grid.
        sample: In any order of bands.
        terrain: Heights above the ellipsoid.
        scene: Whose sun and view count.
        image: The image that `sample` shows, its bands as of `with_wavelengths`.

    Raises:
        UndeclaredInputError: There is no terrain, or see `require_air`.
    """
    if terrain is None:
        raise UndeclaredInputError(
            "surface reflectance needs the height of the ground",
            subject=scene.id,
            found="no terrain",
            expected="a DEM with its vertical datum, or one height",
            remedy="name it with --dem FILE --vertical DATUM, or --height METRES",
        )
    heights = sample.heights(terrain)
    known = np.isfinite(heights)
    height = float(heights[known].mean()) if known.any() else 0.0
    air, notices = _clean(scene, image, height)
    haze, said = _haze(sample, np.where(known, heights, height), air)
    ordered = tuple(haze[band.name] for band in layer.bands)
    whole = Air(
        sun_zenith_deg=air.sun_zenith_deg,
        view_zenith_deg=air.view_zenith_deg,
        relative_azimuth_deg=air.relative_azimuth_deg,
        haze=ordered,
        height_m=height,
    )
    names, table = _from_table(scene, image)
    if table is not None:
        notices = (*notices, _table_notice(names, table))
    return Veiled(
        layer=Unveiled(source=layer, terrain=terrain, air=whole),
        facts=_facts(layer, whole, 1 - float(known.mean())) | _spectral_facts(image, names, table),
        notices=(SURFACE, *notices, *said),
    )


def _table_notice(names: tuple[str, ...], table: Spectrum) -> Notice:
    text = (
        f"The delivery does not state the wavelengths of {', '.join(names)}: those of {table.name} "
        f"were taken from a table ({table.source})."
    )
    return Notice(code="wavelengths-from-table", text=text)


def _spectral_facts(
    image: SourceImage, names: tuple[str, ...], table: Spectrum | None
) -> dict[str, object]:
    return {
        "wavelengths_nm": {
            band.name: list(band.wavelength_nm)
            for band in image.bands
            if band.wavelength_nm is not None
        },
        "wavelengths_from_table": list(names),
        "wavelengths_source": "the delivery" if table is None else table.source,
    }


def _clean(scene: Scene, image: SourceImage, height_m: float) -> tuple[Air, tuple[Notice, ...]]:
    """The air without any haze."""
    sun = sun_angles(scene, *image_center(image))
    if sun is None:
        raise UndeclaredInputError("the sun of the scene is not known", subject=scene.id)
    view = view_angles(scene, image)
    notices: tuple[Notice, ...] = ()
    if view is None:
        text = "Nobody states the direction of view: the air was taken as seen from overhead."
        view, notices = (0.0, 0.0), (Notice(code="view-overhead", text=text),)
    air = Air(
        sun_zenith_deg=90 - sun[1],
        view_zenith_deg=view[0],
        relative_azimuth_deg=abs((sun[0] - view[1] + 180) % 360 - 180),
        haze=(),
        height_m=height_m,
    )
    return air, notices


def _haze(
    sample: Sample, heights: NDArray[np.float64], air: Air
) -> tuple[dict[str, float], tuple[Notice, ...]]:
    """What haze adds to each band, by name."""
    values, valid = sampled(sample.layer, sample.windows)
    bands = sample.layer.bands
    thinned = pressure_hpa(heights) / SEA_LEVEL_HPA
    names = [band.name for band in bands]
    try:
        darkest = [
            dark_object(plane - air.path(band) * thinned, valid)
            for plane, band in zip(values, bands, strict=True)
        ]
    except UsageError as error:
        text = f"No haze was taken off, clean air alone: {error}."
        return dict.fromkeys(names, 0.0), (Notice(code="haze-not-estimated", text=text),)
    haze = haze_path(darkest, [middle_nm(band) for band in bands])
    return dict(zip(names, haze, strict=True)), ()


def _facts(layer: Layer, air: Air, unknown: float) -> dict[str, object]:
    return {
        "method": "Rayleigh by pressure at the terrain's height, dark objects",
        "sun_zenith_deg": round(air.sun_zenith_deg, 3),
        "view_zenith_deg": round(air.view_zenith_deg, 3),
        "relative_azimuth_deg": round(air.relative_azimuth_deg, 2),
        "mean_height_m": round(air.height_m, 1),
        "mean_height_share": round(unknown, 6),
        "clean_air": {
            band.name: round(air.path(band) * float(pressure_hpa(air.height_m)) / SEA_LEVEL_HPA, 5)
            for band in layer.bands
        },
        "haze": {
            band.name: round(haze, 5) for band, haze in zip(layer.bands, air.haze, strict=True)
        },
    }
