"""Several answers about one picture put together: who said what, and what holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.cover import HIDING, Cover

__all__ = ["Answer", "agreement", "combined", "share"]

Bools = NDArray[np.bool_]
Flags = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What one source says of a picture.

    Attributes:
        flags: ``(y, x)`` uint8 of `core.cover.Cover`.
        told: The flags that it looked for; one that it did not look for is never "not there".
        known: ``(y, x)``, True = it looked there.
    """

    flags: Flags
    told: Cover
    known: Bools


def combined(answers: Mapping[str, Answer]) -> Answer:
    """What holds of a picture by all answers.

    What any source calls hidden is hidden: a cloud that one misses, another sees, and clear ground
    lost costs less than a cloud printed as ground. Cloud goes before its shadow, both before snow;
    ground that a source is sure to see in shadow or clear is still hidden where another sees cloud.

    Args:
        answers: By the source's name, at least one, of one shape.
    """
    flags = np.zeros_like(next(iter(answers.values())).flags)
    known = np.zeros(flags.shape, np.bool_)
    told = Cover(0)
    for answer in answers.values():
        flags |= np.where(answer.known, answer.flags, np.uint8(0))
        known |= answer.known
        told |= answer.told
    cloud, shadow = (flags & Cover.CLOUD) > 0, (flags & Cover.CLOUD_SHADOW) > 0
    drop = np.uint8(Cover.CLOUD_SHADOW | Cover.SNOW | Cover.SHADOW_NOT_TOLD)
    flags[cloud] &= np.uint8(0xFF) ^ drop
    flags[shadow & ~cloud] &= np.uint8(0xFF) ^ np.uint8(Cover.SHADOW_NOT_TOLD)
    return Answer(flags=flags, told=told, known=known)


def share(answer: Answer, flag: Cover, imaged: Bools) -> float | None:
    """Share of what is imaged that has a flag; None where nobody looked for it."""
    if not answer.told & flag:
        return None
    looked = answer.known & imaged
    return float(((answer.flags & flag) > 0)[looked].sum() / max(int(looked.sum()), 1))


def agreement(first: Answer, second: Answer, imaged: Bools) -> float | None:
    """Share of what both looked at on which they agree whether the ground is hidden; None = none.

    Only of what both look for: a source without shadows is not blamed for them.
    """
    both = first.known & second.known & imaged
    flags = first.told & second.told & HIDING
    if not both.any() or not flags:
        return None
    same = ((first.flags & flags) > 0) == ((second.flags & flags) > 0)
    return float(same[both].mean())
