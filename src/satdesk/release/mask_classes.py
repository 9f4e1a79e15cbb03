"""The classes of a mask as people read it: one number a pixel, its name and its colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.core.cover import Cover

__all__ = ["CLASSES", "HIDDEN", "NOT_IMAGED", "MaskClass", "class_shares", "classified"]

NOT_IMAGED = 0
"""The number of what no one saw or looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskClass:
    """One class.

    Attributes:
        number: In the file.
        name: Stable, as in JSON.
        words: For people.
        flag: What makes a pixel belong to it; None = no flag.
        colour: Red, green, blue, 0–255.
    """

    number: int
    name: str
    words: str
    flag: Cover | None
    colour: tuple[int, int, int]


CLASSES = (
    MaskClass(
        number=NOT_IMAGED, name="not_imaged", words="not imaged", flag=None, colour=(0, 0, 0)
    ),
    MaskClass(number=1, name="clear", words="clear", flag=None, colour=(120, 150, 110)),
    MaskClass(number=2, name="cloud", words="cloud", flag=Cover.CLOUD, colour=(255, 255, 255)),
    MaskClass(
        number=3,
        name="cloud_shadow",
        words="shadow of a cloud",
        flag=Cover.CLOUD_SHADOW,
        colour=(60, 70, 160),
    ),
    MaskClass(
        number=4,
        name="snow_or_cloud",
        words="snow, or cloud that cannot be told from it",
        flag=Cover.SNOW,
        colour=(120, 225, 235),
    ),
    MaskClass(
        number=5,
        name="saturated",
        words="a band at the end of its range",
        flag=Cover.SATURATED,
        colour=(235, 60, 50),
    ),
    MaskClass(
        number=6,
        name="terrain_shadow",
        words="in the shadow of relief",
        flag=Cover.TERRAIN_SHADOW,
        colour=(110, 75, 40),
    ),
    MaskClass(
        number=7,
        name="shadow_not_told",
        words="dark, and the cloud that would shade it lies outside of the picture",
        flag=Cover.SHADOW_NOT_TOLD,
        colour=(170, 150, 200),
    ),
)
"""By number. Where several flags hold, the class that comes first here is written; the JSON answer
counts every flag by itself."""


HIDDEN = tuple(
    each.number
    for each in CLASSES
    if each.number == NOT_IMAGED
    or each.flag in {Cover.CLOUD, Cover.CLOUD_SHADOW, Cover.SNOW, Cover.SHADOW_NOT_TOLD}
)
"""Numbers of the classes whose ground was not seen, or not as it is."""


def classified(flags: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """``(y, x)`` numbers of `CLASSES` of flags of `core.cover.Cover`."""
    numbers = np.ones(flags.shape, np.uint8)
    for each in reversed(CLASSES):
        if each.flag is not None:
            numbers[(flags & each.flag) > 0] = each.number
    numbers[~known] = NOT_IMAGED
    return numbers


def class_shares(counts: NDArray[np.int64]) -> Mapping[str, dict[str, float]]:
    """Pixels of each class by name, and their percentage of what is imaged."""
    imaged = max(int(counts.sum() - counts[NOT_IMAGED]), 1)
    return {
        each.name: {
            "pixels": int(counts[each.number]),
            "percent": round(100 * int(counts[each.number]) / imaged, 3),
        }
        for each in CLASSES
        if each.number != NOT_IMAGED
    }
