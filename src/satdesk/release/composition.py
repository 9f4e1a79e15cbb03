"""One scene as a lazy picture on a grid: the composition of layers is the definition of the job.

``ImageLayer → Calibrated → Ortho (or Warped) → Sharpened → Selected``
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.mtf import mtf_of
from satdesk.core.scene import Scene, SourceImage
from satdesk.core.units import Quantity
from satdesk.errors import DisjointInputError, UndeclaredInputError, UsageError
from satdesk.files.decoded import DecodedBlocks
from satdesk.files.rasters import ImageLayer, require_pixels
from satdesk.geometry.budget import Budget
from satdesk.geometry.frames import datum_step, pixel_size_m
from satdesk.products.calibrated import Calibrated
from satdesk.products.fused import fused
from satdesk.products.ortho import Ortho, Warped
from satdesk.products.selected import Selected
from satdesk.products.sharpened import Sharpened
from satdesk.products.unsaturated import Unsaturated
from satdesk.release.acceptance import Acceptance
from satdesk.release.content import Notice
from satdesk.release.ground import Ground, measured_pixel_m, seen_ground, source_gsd_m
from satdesk.release.matching import aligned_ms
from satdesk.release.recipe import GridChoice
from satdesk.release.samples import sample_windows
from satdesk.release.saturation import MOST, saturated_shares, saturation_notice
from satdesk.release.scene_cover import SceneCover
from satdesk.release.scenes import Light, can_calibrate, geometry_notices, light_of, pan_and_ms
from satdesk.release.sharpening import Pair, chosen_sharpening, coarse_grid

__all__ = ["Composition", "Parts", "compose", "parts_of", "placed", "source_layer"]

_ORDER = ("PAN", "B", "G", "R", "NIR")
"""Our order of bands, whatever the file's."""

_WINDOW_PX, _WINDOWS, _FEW_WINDOWS = 64, 256, 36
"""Where a scene is looked at before anything is fitted, all over it: for its darkest ground a
million pixels; for the share that is saturated some 150 000, which cost half a second."""

_WGS84_M = 1.0
"""So well WGS 84 and the datums of continents that are said to equal it are told apart."""

_ALIASING = 1.3
"""An output pixel that spans more source pixels than this needs a wider kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a scene gives to the wished product.

    Attributes:
        product: ``pan``, ``ms`` or ``sharpened``.
        pan: None where the product needs none.
        ms: None where the product needs none.
        quantity: Of the product: reflectance where every image in use can be calibrated and counts
            are not wished, else counts.
        light: The scene's sun.
        blocks: Holds the job's files open; no part of what is made.
        method: Name of the sharpening method, or ``auto``.
    """

    scene: Scene
    product: str
    pan: SourceImage | None
    ms: SourceImage | None
    quantity: Quantity
    light: Light
    blocks: DecodedBlocks = field(default_factory=DecodedBlocks, compare=False, repr=False)
    method: str = "brovey"

    @property
    def images(self) -> tuple[SourceImage, ...]:
        """The images in use, the one that sets the pixel first."""
        return tuple(image for image in (self.pan, self.ms) if image is not None)

    @property
    def finest(self) -> SourceImage:
        """The image that sets the pixel."""
        return self.images[0]

    @property
    def veiled(self) -> bool:
        """Whether the air has to be taken off for `quantity`: the provider did not."""
        return self.quantity is Quantity.BOA and self.finest.quantity is not Quantity.BOA


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A scene's picture on a grid, nothing computed yet but what had to be fitted.

    Attributes:
        layer: On the output grid, bands in our order.
        parts: What it was made from.
        facts: Measured facts, JSON-ready.
        notices: What must stand on the product.
        budget: Of the errors of its positions; None = not asked for.
        cover: What hides the ground, on the output grid; None = not asked for.
    """

    layer: Layer
    parts: Parts
    facts: tuple[tuple[str, object], ...]
    notices: tuple[Notice, ...]
    budget: Budget | None = None
    cover: SceneCover | None = None


def parts_of(scene: Scene, wish: GridChoice, blocks: DecodedBlocks | None = None) -> Parts:
    """Choose product, images and quantity.

    Args:
        scene: Of which to choose.
        wish: What for.
        blocks: Those of the job, where it has several scenes; None = of its own.

    Raises:
        InputError: The scene's pixels are missing or broken.
        UsageError: The product needs an image that the scene lacks.
        UndeclaredInputError: Reflectance is wished and a number for it is missing.
    """
    pan, ms = pan_and_ms(scene)
    product = wish.product or _default_product(pan, ms)
    pan = pan if product in {"pan", "sharpened"} else None
    ms = ms if product in {"ms", "sharpened"} else None
    images = [image for image in (pan, ms) if image is not None]
    if len(images) != (2 if product == "sharpened" else 1):
        raise UsageError(
            f"the product {product} needs an image that the scene lacks",
            subject=scene.id,
            found=", ".join(image.id for image in scene.images) or "no image",
            remedy="choose another --product",
        )
    require_pixels(replace(scene, images=tuple(images)))
    if wish.quantity == "boa":
        from satdesk.release.veil import with_wavelengths  # noqa: PLC0415 - few pictures ask for it

        pan, ms = (None if i is None else with_wavelengths(scene, i) for i in (pan, ms))
        images = [image for image in (pan, ms) if image is not None]
    light = light_of(scene, images[-1])
    quantity = _quantity(images, light, wish.quantity, scene)
    return Parts(
        scene=scene,
        product=product,
        pan=pan,
        ms=ms,
        quantity=quantity,
        light=light,
        blocks=DecodedBlocks() if blocks is None else blocks,
        method=wish.sharpening,
    )


def _default_product(pan: SourceImage | None, ms: SourceImage | None) -> str:
    if pan is not None and ms is not None:
        return "sharpened"
    return "pan" if ms is None else "ms"


def _quantity(
    images: list[SourceImage], light: Light, wished: str | None, scene: Scene
) -> Quantity:
    possible = all(can_calibrate(image, light) for image in images)
    if wished == "counts" or (wished is None and not possible):
        return Quantity.COUNTS
    if not possible:
        raise UndeclaredInputError(
            "reflectance cannot be computed",
            subject=scene.id,
            found="no calibration, or no sun, for " + ", ".join(image.id for image in images),
            expected="gains and E0 for every band with the sun's elevation, or a reflectance scale",
            remedy="state counts_per_reflectance, or ask for counts",
        )
    if images[0].quantity is Quantity.BOA:
        return _provided(wished, scene)
    if wished == "boa":
        from satdesk.release.veil import require_air  # noqa: PLC0415 - as above

        require_air(scene, images[-1], light)  # PAN gives detail alone, where both are there
    return Quantity.BOA if wished == "boa" else Quantity.TOA


def _provided(wished: str | None, scene: Scene) -> Quantity:
    if wished == "toa":
        raise UsageError(
            "reflectance at the top of the atmosphere cannot be had from surface reflectance",
            subject=scene.id,
            found="the provider took the air off",
            expected="a Level-1 product",
            remedy="ask for boa, or for nothing",
        )
    return Quantity.BOA


def compose(
    parts: Parts, grid: GeoBox, ground: Ground, *, kernel: str, acceptance: Acceptance
) -> Composition:
    """The picture of a scene on `grid`; measures alignment, fits and scores the sharpening.

    Raises:
        LimitError: PAN and MS do not fit and that was not accepted.
    """
    ground = seen_ground(ground, parts.finest)
    notices = [*_light_notices(parts), *ground.notices, *_quantity_notice(parts)]
    notices += geometry_notices(parts.scene)
    notices += _datum_notice(parts, grid)
    shares = _saturated(parts, grid, ground)
    facts: list[tuple[str, object]] = [("quantity", parts.quantity.value), *ground.facts]
    facts.append(("saturated_share", shares))
    notices += saturation_notice(shares)
    if parts.pan is not None and parts.ms is not None:
        full = frozenset(name for name, share in shares.items() if (share or 0) > MOST)
        fit = _Fit(ground=ground, kernel=kernel, full=full)
        layer = _sharpened(parts, grid, fit, acceptance, facts, notices)
    else:
        layer = placed(parts.finest, parts, grid, ground, kernel)
    facts.append(("source_pixel_m", round(source_gsd_m(parts.finest), 3)))
    layer = fused(Selected(source=layer, names=_ordered(layer)))
    if parts.veiled:
        layer = _on_the_ground(layer, parts, ground, facts, notices)
    return Composition(layer=layer, parts=parts, facts=tuple(facts), notices=tuple(notices))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How a scene is drawn, and of which images saturated counts cannot be left out of a fit."""

    ground: Ground
    kernel: str
    full: frozenset[str]


def _saturated(parts: Parts, grid: GeoBox, ground: Ground) -> dict[str, float | None]:
    """Share of each image that is saturated, by windows all over the picture."""
    counts = replace(parts, quantity=Quantity.COUNTS)
    return saturated_shares(
        {
            image.id: (placed(image, counts, grid, ground, "nearest"), image.saturated)
            for image in parts.images
        },
        sample_windows(grid, size=_WINDOW_PX, most=_FEW_WINDOWS),
    )


def _sharpened(
    parts: Parts,
    grid: GeoBox,
    fit: _Fit,
    acceptance: Acceptance,
    facts: list[tuple[str, object]],
    notices: list[Notice],
) -> Layer:
    pan, ms = parts.pan, parts.ms
    if pan is None or ms is None:
        raise DisjointInputError("sharpening needs PAN and MS", subject=parts.scene.id)
    ground, kernel = fit.ground, fit.kernel
    aligned = aligned_ms(pan, ms, grid, ground.terrain, acceptance, parts.blocks, parts.light)
    facts.append(("pan_ms_alignment", aligned.facts))
    notices.extend(aligned.notices)
    fine = placed(pan, parts, grid, ground, kernel)
    coarse = placed(aligned.ms, parts, grid, ground, kernel)
    chosen = chosen_sharpening(_pair(pan, aligned.ms, parts, grid, fit), parts.method)
    facts.append(("sharpening", chosen.facts))
    notices.extend(chosen.notices)
    return Sharpened(pan=fine, ms=coarse, weights=chosen.method)


def _on_the_ground(
    layer: Layer,
    parts: Parts,
    ground: Ground,
    facts: list[tuple[str, object]],
    notices: list[Notice],
) -> Layer:
    """`layer` less the air above it; its darkest ground is sought in windows all over it."""
    from satdesk.release.veil import Sample, without_veil  # noqa: PLC0415 - few pictures need it

    image = parts.images[-1]
    source = placed(image, parts, layer.grid, ground, "nearest")
    windows = sample_windows(layer.grid, size=_WINDOW_PX, most=_WINDOWS)
    sample = Sample(layer=source, windows=windows)
    bare = without_veil(layer, sample, ground.terrain, scene=parts.scene, image=image)
    facts.append(("surface", bare.facts))
    notices.extend(bare.notices)
    return bare.layer


def _pair(pan: SourceImage, ms: SourceImage, parts: Parts, grid: GeoBox, fit: _Fit) -> Pair:
    """What the sharpening is fitted and scored on: without saturated counts."""
    ms_pixel = source_gsd_m(ms)

    def drawn(image: SourceImage, onto: GeoBox) -> Layer:
        kept = image.id in fit.full
        return fused(placed(image, parts, onto, fit.ground, fit.kernel, saturated=kept))

    ratio = max(1, round(ms_pixel / math.sqrt(math.prod(pixel_size_m(grid)))))
    return Pair(
        pan=drawn(pan, grid),
        ms=drawn(ms, grid),
        native=drawn(ms, coarse_grid(grid, ratio)),
        ratio=ratio,
        fit_ratio=max(1, round(ms_pixel / source_gsd_m(parts.finest))),
        mtf=mtf_of(parts.scene.mission),
    )


def source_layer(image: SourceImage, parts: Parts, *, saturated: bool = True) -> Layer:
    """`image` in its own pixels: calibrated where the parts' quantity wants it.

    `saturated` False: counts at the end of the range are not valid.
    """
    bare = parts.quantity is Quantity.COUNTS or image.calibration is None
    counts: Layer = ImageLayer(
        image=replace(image, quantity=Quantity.COUNTS) if bare else image, blocks=parts.blocks
    )
    if not saturated and image.saturated is not None:
        counts = Unsaturated(source=counts, top=image.saturated)
    if bare or image.calibration is None:
        return counts
    return Calibrated(
        source=counts,
        calibration=image.calibration,
        sun_elevation_deg=parts.light.elevation_deg,
        sun_distance_au=parts.light.distance_au,
    )


def placed(
    image: SourceImage,
    parts: Parts,
    grid: GeoBox,
    ground: Ground,
    kernel: str,
    *,
    saturated: bool = True,
) -> Layer:
    """`image` on `grid`: calibrated, then through its model and the terrain, or reprojected.

    `saturated` as in `source_layer`.
    """
    source = source_layer(image, parts, saturated=saturated)
    widen = _widening(image, grid, kernel)
    if image.grid.crs is not None:
        return Warped(source=source, grid=grid, kernel=kernel, widen=widen)
    if image.model is None or ground.terrain is None:
        raise UndeclaredInputError("the image needs a sensor model and a terrain", subject=image.id)
    return Ortho(
        source=source,
        model=image.model,
        terrain=ground.terrain,
        grid=grid,
        kernel=kernel,
        widen=widen,
    )


def _widening(image: SourceImage, grid: GeoBox, kernel: str) -> tuple[float, float]:
    """Source pixels that an output pixel spans, where that is enough to alias; else 1."""
    span = math.sqrt(math.prod(pixel_size_m(grid))) / measured_pixel_m(image)
    return (span, span) if span > _ALIASING and kernel != "nearest" else (1.0, 1.0)


def _ordered(layer: Layer) -> tuple[str, ...]:
    names = [band.name for band in layer.bands]
    known = [name for name in _ORDER if name in names]
    return (*known, *(name for name in names if name not in known))


def _light_notices(parts: Parts) -> tuple[Notice, ...]:
    """What is to be said of the sun, where reflectance was computed with it."""
    calibrations = [c for image in parts.images for c in image.calibration or ()]
    lit = parts.quantity is not Quantity.COUNTS and any(c.gain for c in calibrations)
    return parts.light.notices if lit else ()


def _quantity_notice(parts: Parts) -> list[Notice]:
    if parts.quantity is not Quantity.COUNTS:
        return []
    text = "The picture carries the provider's counts: it was not calibrated to reflectance."
    return [Notice(code="counts", text=text)]


def _datum_notice(parts: Parts, grid: GeoBox) -> list[Notice]:
    """Where the way from the models' WGS 84 to the map's datum is worse than WGS 84 itself."""
    step = datum_step(grid) if parts.finest.grid.crs is None else None
    if step is None or step[1] <= _WGS84_M:
        return []
    text = (
        f"Positions on the map's datum come from WGS 84 by an operation that PROJ calls right to "
        f"{step[1]:g} m ({step[0]}). A better one may need a grid file that is not installed."
    )
    return [Notice(code="datum-step", text=text)]
