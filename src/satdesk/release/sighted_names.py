"""Names of what lies beside the image of a mosaic."""

from __future__ import annotations

__all__ = ["GAPS_NAME", "MAP_NAME", "SOURCE_NAME"]

SOURCE_NAME = "source.tif"
"""Which scene gave each pixel, and how it was seen."""

MAP_NAME = "sources.png"
"""The same as a small map."""

GAPS_NAME = "gaps.geojson"
"""The pieces that nobody saw clear."""
