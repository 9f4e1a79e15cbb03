"""The pansharpening methods by name, and how each is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from satdesk.errors import UnknownNameError
from satdesk.radiometry.sharpen import SharpeningMethod, SharpenWeights, fit_weights
from satdesk.radiometry.sharpen_adaptive import fit_local_gains
from satdesk.radiometry.sharpen_gsa import fit_gsa
from satdesk.radiometry.sharpen_haze import fit_bt_h
from satdesk.radiometry.sharpen_hpm import fit_hpm
from satdesk.radiometry.sharpen_local import fit_lmvm, fit_rcs
from satdesk.radiometry.sharpen_training import Training

__all__ = ["METHODS", "TITLES", "fit_method"]


def _fit_brovey(training: Training) -> SharpenWeights:
    everywhere = np.ones((1, training.pan_lowres.size), dtype=np.bool_)
    return fit_weights(training.pan_lowres[None], training.ms[:, None], everywhere)


METHODS: Mapping[str, Callable[[Training], SharpeningMethod]] = MappingProxyType(
    {
        "brovey": _fit_brovey,
        "rcs": fit_rcs,
        "lmvm": fit_lmvm,
        "gsa": fit_gsa,
        "mtf-glp-hpm": fit_hpm,
        "bt-h": fit_bt_h,
        "gsa-local": fit_local_gains,
    }
)
"""Name → what fits it. The order settles a tie: the simpler comes first."""

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "brovey": "weighted Brovey",
        "rcs": "RCS",
        "lmvm": "LMVM",
        "gsa": "GSA",
        "mtf-glp-hpm": "MTF-GLP-HPM",
        "bt-h": "BT-H",
        "gsa-local": "local GSA",
    }
)


def fit_method(name: str, training: Training) -> SharpeningMethod:
    """The method called `name`, with its numbers fitted to a scene.

    Raises:
        UnknownNameError: No such method.
        BrokenInputError: PAN and MS do not determine the numbers.
    """
    if name not in METHODS:
        raise UnknownNameError(f"no sharpening method {name!r}", nearest=tuple(METHODS))
    return METHODS[name](training)
