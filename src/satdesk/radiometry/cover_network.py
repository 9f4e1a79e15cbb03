"""Cloud and cloud shadow by a trained network: an optional package, refined on our own pixels.

The network (ukis-csmask 1.0, Apache-2.0: a U-Net over B, G, R, NIR, trained on Sentinel-2 and
Landsat; Wieland, Fichtner, Martinis, *ISPRS Archives* XLIII-B3, 2022) wants some 30 m. It is
asked at some 18 m, where it found more on scenes that no published score uses, and its answer is
refined on our pixels: clouds are grown into their veils, shadows keep to the colour of shadow.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from satdesk.core.cover import Cover
from satdesk.errors import UsageError
from satdesk.radiometry.clouds import grown_clouds
from satdesk.radiometry.cover_combined import Answer
from satdesk.radiometry.discs import around
from satdesk.radiometry.shadow_colour import learned_colour, shadow_features

__all__ = ["network_answer", "require_network"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

_PIXEL_M = 18.0
_APART_M = 60.0
_NAMES = {"B": "blue", "G": "green", "R": "red", "NIR": "nir"}
_SIDE = 256
_CLOUD, _SHADOW = 1, 2


def require_network() -> None:
    """UsageError, saying how to get it, where the package or its runtime is not installed."""
    packages = {"ukis_csmask": "ukis-csmask", "onnxruntime": "onnxruntime"}
    absent = [name for module, name in packages.items() if find_spec(module) is None]
    if absent:
        raise UsageError(
            "the learned mask needs further packages",
            found=f"not installed: {', '.join(absent)}",
            expected="the extra satdesk[masks]",
            remedy="pip install 'satdesk[masks]', or take the method classical",
        )


def network_answer(
    planes: Mapping[str, Floats], valid: Bools, pixel_m: float, *, surface: bool = False
) -> Answer:
    """What the network says of a picture, on the picture's own pixels.

    Args:
        planes: ``(y, x)`` reflectance: B, G, R and NIR.
        valid: ``(y, x)``, True = usable.
        pixel_m: Of the grid.
        surface: The reflectance is the surface's, not the top of the atmosphere's.

    Raises:
        UsageError: A band is missing, or the package is not installed.
    """
    require_network()
    absent = [name for name in _NAMES if name not in planes]
    if absent:
        raise UsageError(
            "the learned mask needs four bands",
            found=", ".join(planes),
            expected="B, G, R and NIR",
            remedy="take the method classical",
        )
    step = max(round(_PIXEL_M / pixel_m), 1)
    small = [_averaged(planes[name], valid, step) for name in _NAMES]
    classes = _classes(np.stack(small, axis=-1), "l2a" if surface else "l1c")
    wide = np.repeat(np.repeat(classes, step, axis=0), step, axis=1)
    wide = wide[: valid.shape[0], : valid.shape[1]]
    cloud = grown_clouds(valid & (wide == _CLOUD), planes, valid, pixel_m)
    shadow = _refined(valid & (wide == _SHADOW) & ~cloud, planes, valid & ~cloud, pixel_m)
    flags = np.zeros(valid.shape, np.uint8)
    flags[cloud] = Cover.CLOUD
    flags[shadow] = Cover.CLOUD_SHADOW
    return Answer(flags=flags, told=Cover.CLOUD | Cover.CLOUD_SHADOW, known=valid)


def _refined(shadow: Bools, planes: Mapping[str, Floats], ground: Bools, pixel_m: float) -> Bools:
    """The network's shadow along the edges that its colour has on our pixels."""
    features = shadow_features(planes, ground, pixel_m)
    lit = ground & ~around(shadow, _APART_M / pixel_m)
    colour = learned_colour(features, shadow, lit)
    if colour is None:
        return shadow
    near = around(shadow, _PIXEL_M / pixel_m) & ground
    return np.asarray(near & (colour.measure(features) > colour.threshold))


def _averaged(plane: Floats, valid: Bools, step: int) -> NDArray[np.float32]:
    """Means of the usable pixels of blocks; 0 where a block has none."""
    rows, cols = (-(-size // step) * step for size in plane.shape)
    grown = ((0, rows - plane.shape[0]), (0, cols - plane.shape[1]))
    shape = (rows // step, step, cols // step, step)
    usable = np.pad(valid, grown).reshape(shape).sum(axis=(1, 3))
    total = np.pad(np.where(valid, plane, 0), grown).reshape(shape).sum(axis=(1, 3))
    return np.where(usable > 0, total / np.maximum(usable, 1), 0).astype(np.float32)


def _classes(image: NDArray[np.float32], level: str) -> NDArray[np.uint8]:
    """``(y, x)`` classes; a picture smaller than the network's tile is mirrored at its edges."""
    from ukis_csmask.mask import CSmask  # noqa: PLC0415 - large, and optional

    rows, cols = image.shape[:2]
    more = [max(_SIDE - size, 0) for size in (rows, cols)]
    whole = np.pad(image, ((0, more[0]), (0, more[1]), (0, 0)))
    found = CSmask(
        whole,
        list(_NAMES.values()),
        product_level=level,
        nodata_value=0,
        intra_op_num_threads=1,
        inter_op_num_threads=1,
        providers=["CPUExecutionProvider"],
    )
    return np.asarray(found.csm[:rows, :cols, 0])
