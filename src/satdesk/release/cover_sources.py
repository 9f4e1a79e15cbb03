"""Who tells what hides the ground: our rules, the provider, a network; and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.cover import Cover
from satdesk.core.scene import SourceImage
from satdesk.core.units import Quantity
from satdesk.errors import InputError, UsageError
from satdesk.files.cover_networks import cover_networks
from satdesk.radiometry.cover_combined import Answer, agreement, combined, share
from satdesk.radiometry.cover_found import CoverFound, find_cover, find_shadows
from satdesk.radiometry.cover_network import network_answer
from satdesk.radiometry.picture import Picture, ProvedHeight
from satdesk.release.composition import Parts
from satdesk.release.content import Notice
from satdesk.release.ground import Ground
from satdesk.release.provided import provided

__all__ = ["FLAG_NAMES", "METHODS", "ToldCover", "methods_of", "told_cover"]

METHODS = ("classical", "provider", "learned")
"""What tells of cloud, in the order in which it is asked."""

FLAG_NAMES: Mapping[str, Cover] = {
    "cloud": Cover.CLOUD,
    "cloud_shadow": Cover.CLOUD_SHADOW,
    "snow_or_cloud": Cover.SNOW,
    "terrain_shadow": Cover.TERRAIN_SHADOW,
    "saturated": Cover.SATURATED,
    "shadow_not_told": Cover.SHADOW_NOT_TOLD,
}
"""The flags as the facts name them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToldCover:
    """What is told of one picture.

    Attributes:
        answer: Of all sources together.
        proved: How high the clouds hang, as the rules found it; None = nothing fits, or they were
            not asked.
        facts: JSON-ready: shares of what is imaged, all together and by source.
        notices: What must stand on the product.
    """

    answer: Answer
    facts: dict[str, Any]
    proved: ProvedHeight | None = None
    notices: tuple[Notice, ...] = ()


def methods_of(text: str) -> tuple[str, ...]:
    """The sources that ``classical+provider`` names, in `METHODS`' order; none of ``none``.

    Raises:
        UsageError: A name that there is not, or one named twice.
    """
    if text == "none":
        return ()
    named = text.split("+")
    if set(named) - set(METHODS) or len(set(named)) != len(named):
        raise UsageError(
            "masks are told by a method that there is",
            found=repr(text),
            expected="none, or some of " + ", ".join(METHODS) + ", joined by +",
        )
    return tuple(name for name in METHODS if name in named)


def told_cover(
    picture: Picture,
    methods: tuple[str, ...],
    *,
    image: SourceImage,
    parts: Parts,
    cells: GeoBox,
    ground: Ground,
    kept: tuple[slice, slice] = (slice(None), slice(None)),
) -> ToldCover:
    """Ask every source and put the answers together.

    Args:
        picture: The scene on `cells`.
        methods: Of `METHODS`, at least one.
        image: The multispectral image that the picture shows.
        parts: Of the scene.
        cells: The grid.
        ground: With the terrain.
        kept: Rows and columns of `cells` of which something is told; the rest is looked at alone.

    Raises:
        UsageError, InputError: No source could tell anything: what the first of them said. Of
            several, one that cannot is told by a notice instead.
    """
    answers: dict[str, Answer] = {}
    facts: dict[str, dict[str, Any]] = {}
    failed: dict[str, UsageError | InputError] = {}
    asked: dict[str, Callable[[], tuple[Answer, dict[str, Any]]]] = {
        "classical": lambda: _classical(picture),
        "provider": lambda: _provider(image, parts, cells, ground),
        "learned": lambda: _learned(picture, image),
    }
    for name in methods:
        try:
            answers[name], facts[name] = asked[name]()
        except (UsageError, InputError) as error:
            failed[name] = error
    if not answers:
        raise next(iter(failed.values()))
    whole = combined(_with_shadows(answers, picture))
    seen = _cut(replace(whole, known=whole.known & picture.valid), kept)
    parts_told = {name: _cut(answer, kept) for name, answer in answers.items()}
    return ToldCover(
        answer=seen,
        proved=_proved(facts.get("classical", {}), picture),
        facts=_facts(seen, parts_told, facts, failed, (picture.valid[kept], picture.pixel_m)),
        notices=tuple(_notice(name, error) for name, error in failed.items()),
    )


def _cut(answer: Answer, kept: tuple[slice, slice]) -> Answer:
    return replace(answer, flags=answer.flags[kept], known=answer.known[kept])


def _classical(picture: Picture) -> tuple[Answer, dict[str, Any]]:
    found = find_cover(picture, cover_networks())
    height = found.cloud_height_m
    return (
        Answer(flags=found.flags, told=_looked(found, picture), known=picture.valid),
        {
            "cloud_height_m": None if height is None else round(height, 1),
            "cloud_height_score": round(found.score, 4),
        },
    )


def _proved(said: Mapping[str, Any], picture: Picture) -> ProvedHeight | None:
    height = said.get("cloud_height_m")
    if height is None or picture.sighting is None:
        return None
    return ProvedHeight(
        height_m=height + picture.sighting.level_m, score=said["cloud_height_score"]
    )


def _looked(found: CoverFound, picture: Picture) -> Cover:
    """Not for what nobody could look at: no sun, no terrain, clouds of which no height fits."""
    told = Cover.CLOUD | Cover.SNOW
    cloudless = not (found.flags & Cover.CLOUD).any()
    if picture.sighting is not None and (found.cloud_height_m is not None or cloudless):
        told |= Cover.CLOUD_SHADOW | Cover.SHADOW_NOT_TOLD
    if picture.shaded is not None:
        told |= Cover.TERRAIN_SHADOW
    if picture.saturated is not None:
        told |= Cover.SATURATED
    return told


def _provider(
    image: SourceImage, parts: Parts, cells: GeoBox, ground: Ground
) -> tuple[Answer, dict[str, Any]]:
    found = provided(parts.scene, image, cells, ground)
    return found.answer, found.facts


def _learned(picture: Picture, image: SourceImage) -> tuple[Answer, dict[str, Any]]:
    surface = image.quantity is Quantity.BOA
    answer = network_answer(picture.planes, picture.valid, picture.pixel_m, surface=surface)
    return answer, {"network": "ukis-csmask 1.0, four bands"}


def _with_shadows(answers: Mapping[str, Answer], picture: Picture) -> Mapping[str, Answer]:
    """Where our rules are asked: the shadows of the clouds that the others see, too."""
    others = [a for name, a in answers.items() if name != "classical"]
    if "classical" not in answers or not others:
        return answers
    clouds = np.zeros(picture.valid.shape, np.bool_)
    for answer in answers.values():
        clouds |= answer.known & ((answer.flags & Cover.CLOUD) > 0)
    shadows = find_shadows(picture, clouds & picture.valid)
    if shadows.cloud_height_m is None:
        return answers
    flags = np.where(shadows.shadow & picture.valid, np.uint8(Cover.CLOUD_SHADOW), np.uint8(0))
    again = Answer(flags=flags, told=Cover.CLOUD_SHADOW, known=picture.valid)
    return {**answers, "shadows of the clouds of others": again}


def _notice(name: str, error: UsageError | InputError) -> Notice:
    return Notice(
        code="cover-source-not-told",
        text=f"Cloud and shadow were not told by the method {name}: {error}.",
    )


def _facts(
    whole: Answer,
    answers: Mapping[str, Answer],
    said: Mapping[str, dict[str, Any]],
    failed: Mapping[str, Exception],
    seen: tuple[NDArray[np.bool_], float],
) -> dict[str, Any]:
    valid, pixel_m = seen
    height = said.get("classical", {}).get("cloud_height_m")
    names = list(answers)
    return {
        "method": "+".join(names),
        "pixel_m": round(pixel_m, 2),
        "shares_of_imaged": _shares(whole, valid),
        "cloud_height_m": height,
        "sources": {
            name: {"shares_of_imaged": _shares(answers[name], valid), **said[name]}
            for name in names
        },
        "agreement": {
            f"{first} and {second}": _rounded(agreement(answers[first], answers[second], valid))
            for k, first in enumerate(names)
            for second in names[k + 1 :]
        },
        "not_told_by": {name: str(error) for name, error in failed.items()},
    }


def _shares(answer: Answer, valid: NDArray[np.bool_]) -> dict[str, float | None]:
    return {name: _rounded(share(answer, flag, valid)) for name, flag in FLAG_NAMES.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
