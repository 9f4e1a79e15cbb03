"""The networks that tell cloud and shadow, as the package ships them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from satdesk.radiometry.cover_net import CoverNetworks, PixelNetwork

__all__ = ["cover_networks"]

_FILE = "cover_networks.json"


@cache
def cover_networks() -> CoverNetworks:
    """The shipped networks; `benchmarks/masks_training.py` makes their file."""
    told = json.loads(resources.files("satdesk").joinpath("data", _FILE).read_text("utf-8"))
    return CoverNetworks(
        passes=tuple(_network(each) for each in told["passes"]), source=told["source"]
    )


def _network(told: dict[str, Any]) -> PixelNetwork:
    hidden, outer = (np.array(told[name], np.float32) for name in ("hidden", "outer"))
    return PixelNetwork(
        names=tuple(told["names"]),
        hidden=hidden,
        halvings=int(told["halvings"]),
        outer=outer,
        one=int(told["one"]),
    )
