"""Scenes as a recipe or the command line names them: opened, completed, judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from satdesk.bundles.formats import loose_image, open_bundle, open_images, unpacked
from satdesk.core.scene import (
    GEOMETRIES,
    Acquisition,
    BandCalibration,
    Precision,
    Scene,
    SourceImage,
)
from satdesk.errors import BrokenInputError, UndeclaredInputError, UsageError
from satdesk.files.rpcs import MAX_DISAGREEMENT_PX, read_rpc
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import to_lonlat
from satdesk.geometry.rpc import RPC, max_difference
from satdesk.radiometry.calibrate import sun_distance_au, sun_position
from satdesk.release.content import Notice
from satdesk.release.recipe import SceneChoice
from satdesk.release.refinement_use import refined

__all__ = [
    "Light",
    "can_calibrate",
    "geometry_notices",
    "image_center",
    "light_of",
    "open_scene",
    "pan_and_ms",
    "with_rpc",
]

_NO_CAMERA = "SIMULATED; no camera took this picture"
_ONE_STRIP = timedelta(minutes=2)
_OF_LOOSE_FILES = ("bands", "nodata", "geometry")


def open_scene(choice: SceneChoice) -> Scene:
    """The scene that `choice` names, completed by what the choice states.

    Raises:
        InputError: The files cannot be used, or the choice contradicts what they state.
    """
    if choice.bundle is not None:
        scene = _of_bundle(choice.bundle, choice)
    else:
        scene = open_images(
            pan=choice.pan,
            ms=choice.ms,
            image=choice.image,
            rpc=choice.rpc,
            ms_rpc=choice.ms_rpc,
            bands=choice.bands,
            nodata=choice.nodata,
            geometry=choice.geometry,
        )
    completed = _completed(scene, choice)
    return completed if choice.refinement is None else refined(completed, choice.refinement)


def _of_bundle(bundle: Path, choice: SceneChoice) -> Scene:
    """A delivery; one that is a mere image takes what the choice states of it."""
    told = (choice.rpc, choice.ms_rpc, *(getattr(choice, name) for name in _OF_LOOSE_FILES))
    if all(value is None for value in told):
        return open_bundle(bundle)
    bundle = unpacked(bundle)
    image = loose_image(bundle)
    if image is not None and choice.ms_rpc is None:
        return open_images(
            image=image,
            rpc=choice.rpc,
            bands=choice.bands,
            nodata=choice.nodata,
            geometry=choice.geometry,
        )
    stated = [name for name in _OF_LOOSE_FILES if getattr(choice, name) is not None]
    if stated:
        raise UsageError(
            "what is stated of loose files does not go with a bundle, whose metadata say it",
            subject=bundle,
            found=", ".join(stated),
            expected="loose files (pan and ms, or one image)",
            remedy="leave it out",
        )
    return _with_rpcs(open_bundle(bundle), choice.rpc, choice.ms_rpc)


def _with_rpcs(scene: Scene, rpc: Path | None, ms_rpc: Path | None) -> Scene:
    """`scene` with the RPC files that the user names for its PAN (or only image) and its MS."""
    pan, ms = pan_and_ms(scene)
    named = ((pan or ms, rpc), (ms, ms_rpc))
    chosen = {image.id: path for image, path in named if image is not None and path is not None}
    images = (with_rpc(i, chosen[i.id]) if i.id in chosen else i for i in scene.images)
    return replace(scene, images=tuple(images))


def with_rpc(image: SourceImage, path: Path) -> SourceImage:
    """`image` with the RPC that the user names; it must agree with the delivery's own.

    Raises:
        UsageError: The image is georeferenced and has no use for an RPC.
        BrokenInputError: The two put the same ground more than `MAX_DISAGREEMENT_PX` apart.
    """
    if image.grid.crs is not None:
        raise UsageError(
            "an RPC was named for an image that is georeferenced already",
            subject=path,
            found=f"image {image.id} in {image.grid.crs}",
            remedy="leave --rpc out",
        )
    model = read_rpc(path).model
    apart = max_difference(model, image.model) if isinstance(image.model, RPC) else 0.0
    if not apart <= MAX_DISAGREEMENT_PX:
        raise BrokenInputError(
            "two RPCs of one image disagree",
            subject=path,
            found=f"{apart:.3g} px between it and the delivery's own ({image.model_source})",
            expected=f"at most {MAX_DISAGREEMENT_PX} px",
            remedy="name the RPC that belongs to this image, or leave --rpc out",
        )
    return replace(image, model=model, model_source=path)


def _completed(scene: Scene, choice: SceneChoice) -> Scene:
    """`scene` with what the choice adds; a statement never overrides what the files say."""
    stated = scene.acquisition
    if stated is not None and choice.at is not None and _apart(stated, choice.at):
        raise BrokenInputError(
            "the stated acquisition contradicts the files",
            subject=scene.id,
            found=f"{_told(choice.at)} stated, {_told(stated)} in the files",
            remedy="leave the statement out, or check that this is the scene that you mean",
        )
    for what in ("mission", "instrument"):
        _require_one(scene, what, getattr(choice, what))
    precise = stated is not None and stated.precision is Precision.INSTANT
    return replace(
        scene,
        acquisition=stated if precise or choice.at is None else choice.at,
        mission=scene.mission or ("SIMULATED" if scene.simulated else choice.mission),
        instrument=scene.instrument or (None if scene.simulated else choice.instrument),
        credit=_credit(scene, choice.credit),
        images=tuple(_scaled(image, choice.counts_per_reflectance) for image in scene.images),
    )


def _require_one(scene: Scene, what: str, chosen: str | None) -> None:
    """Refuse a statement that contradicts what the files say."""
    found = getattr(scene, what)
    if found is not None and chosen is not None and found.casefold() != chosen.casefold():
        raise BrokenInputError(
            f"the stated {what} contradicts the files",
            subject=scene.id,
            found=f"{chosen!r} stated, {found!r} in the files",
            remedy="leave the statement out, or check that this is the scene that you mean",
        )


def _apart(stated: Acquisition, chosen: Acquisition) -> bool:
    """Whether two statements are of different acquisitions; a strip takes seconds."""
    if stated.instant is None or chosen.instant is None:
        return stated.day != chosen.day
    return abs(stated.instant - chosen.instant) > _ONE_STRIP


def _told(taken: Acquisition) -> str:
    return str(taken.day) if taken.instant is None else taken.instant.isoformat()


def _credit(scene: Scene, chosen: str | None) -> str | None:
    """The recipe's credit line and the one that the files demand, each once.

    The line in the files is the provider's condition, and on simulated pictures the warning: a
    recipe adds to it and never replaces it.
    """
    demanded = scene.credit or (_NO_CAMERA if scene.simulated else None)
    if chosen is None or demanded is None:
        return chosen or demanded
    return chosen if demanded in chosen else f"{chosen}; {demanded}"


def _scaled(image: SourceImage, counts_per_reflectance: float | None) -> SourceImage:
    if counts_per_reflectance is None:
        return image
    if image.calibration is not None:
        raise UsageError(
            "counts_per_reflectance is stated, but the files have a calibration of their own",
            subject=image.id,
            remedy="leave counts_per_reflectance out",
        )
    calibration = BandCalibration(quantification=counts_per_reflectance)
    return replace(image, calibration=(calibration,) * len(image.bands))


def geometry_notices(scene: Scene) -> tuple[Notice, ...]:
    """What is to be said where a user chose between an image's map and its RPC."""
    chosen = [
        f"Of {key.split('.')[0]}, which has a map and an RPC, a choice says which holds: {said}."
        for key, said in scene.facts
        if key.endswith(".geometry_chosen") and said not in GEOMETRIES
    ]
    flat = [
        f"The map of {problem.file} was chosen, but {problem.found}."
        for problem in scene.problems
        if problem.code == "map-lies-flat"
    ]
    return tuple(Notice(code="geometry-chosen", text=text) for text in (*chosen, *flat))


def pan_and_ms(scene: Scene) -> tuple[SourceImage | None, SourceImage | None]:
    """The scene's panchromatic and its (first) multispectral image; None where there is none."""
    pans = [image for image in scene.images if [b.name for b in image.bands] == ["PAN"]]
    others = [image for image in scene.images if image not in pans]
    return (pans[0] if pans else None), (others[0] if others else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The sun of a scene.

    Attributes:
        elevation_deg: Above the horizon at the scene's centre; None = cannot be told.
        distance_au: Earth to sun; None = cannot be told.
        notices: Where it was computed because the provider states none.
    """

    elevation_deg: float | None
    distance_au: float | None
    notices: tuple[Notice, ...] = ()


def light_of(scene: Scene, image: SourceImage) -> Light:
    """The sun as the provider states it, else computed from the instant; a day alone has none."""
    taken = scene.acquisition
    distance = None if taken is None else sun_distance_au(taken.instant or taken.day)
    stated = None if scene.center is None else scene.center.sun_elevation_deg
    if stated is not None or taken is None or taken.instant is None:
        return Light(elevation_deg=stated, distance_au=distance)
    elevation, _ = sun_position(taken.instant, *image_center(image))
    notice = Notice(
        code="sun-computed",
        text=f"The provider states no sun: its elevation {elevation:.2f}° was computed.",
    )
    return Light(elevation_deg=elevation, distance_au=distance, notices=(notice,))


def image_center(image: SourceImage, height_m: float | None = None) -> tuple[float, float]:
    """``lon, lat`` of the image's centre, degrees; sensor rays are followed down to `height_m`."""
    rows, cols = image.grid.shape
    x, y = mapped(image.grid.affine, np.array([cols / 2]), np.array([rows / 2]))
    if image.grid.crs is not None:
        lon, lat = to_lonlat(str(image.grid.crs), x, y)
        return float(lon[0]), float(lat[0])
    model = image.model
    if model is None:
        raise UndeclaredInputError(
            "the image has neither a CRS nor a sensor model",
            subject=image.id,
            expected="georeferencing, or an RPC",
            remedy="name the RPC with --rpc FILE",
        )
    if height_m is None:
        height_m = float(getattr(model, "height_off", 0.0))
    lon, lat = model.locate(x, y, np.array([height_m]))
    return float(lon[0]), float(lat[0])


def can_calibrate(image: SourceImage, light: Light) -> bool:
    """Whether every band of `image` can become reflectance."""
    return image.calibration is not None and all(
        band.quantification is not None
        or (band.gain and band.irradiance and light.elevation_deg and light.distance_au)
        for band in image.calibration
    )
