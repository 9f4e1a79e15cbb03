"""Which figure of cloud a picture carries, and who told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satdesk.release.content import DatedImage

__all__ = ["CloudFigure", "cloud_figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFigure:
    """Cloud in percent.

    Attributes:
        percent: 0–100.
        source: Who told it, and of what.
    """

    percent: float
    source: str


def cloud_figure(image: DatedImage) -> CloudFigure | None:
    """Cloud as measured over the picture, else as the provider states it; None = neither."""
    found = dict(image.facts).get("cloud")
    if isinstance(found, Mapping) and "cloud_percent_of_picture" in found:
        return CloudFigure(
            percent=float(found["cloud_percent_of_picture"]),
            source=f"measured over the picture: {found['told_by']}",
        )
    if image.cloud_percent is None:
        return None
    return CloudFigure(percent=image.cloud_percent, source="the provider, of the whole scene")
