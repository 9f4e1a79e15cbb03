"""What is known of the cover of a scene: one value that mosaic, report and captions read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from satdesk.core.layer import Layer
from satdesk.release.content import Notice

__all__ = ["SceneCover"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneCover:
    """The cover of one scene on the release's grid.

    Attributes:
        layer: Flags of `core.cover.Cover` on the very grid of the scene's picture, and laid on the
            other dates as it is; not valid where the scene shows nothing. None = not measured.
        facts: JSON-ready: method, sources, the pixel of the mask, what could not be told.
        notices: What must stand on the product.
    """

    layer: Layer | None
    facts: dict[str, Any]
    notices: tuple[Notice, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether anybody looked."""
        return self.layer is not None
