"""What answers and documents say of a grid and of notices, JSON-ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odc.geo.geobox import GeoBox

from satdesk.release.content import Notice

__all__ = ["grid_facts", "notice_facts"]


def grid_facts(grid: GeoBox) -> dict[str, Any]:
    """CRS, shape ``rows, cols``, affine (six numbers) and bounds of a grid."""
    return {
        "crs": str(grid.crs),
        "shape": [int(size) for size in grid.shape],
        "affine": [float(number) for number in list(grid.affine)[:6]],
        "bounds": [float(number) for number in grid.boundingbox.bbox],
    }


def notice_facts(notices: Sequence[Notice]) -> list[dict[str, str]]:
    """``code, text`` of notices."""
    return [{"code": notice.code, "text": notice.text} for notice in notices]
