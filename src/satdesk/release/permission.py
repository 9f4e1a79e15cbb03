"""What a licence permits that does not say: all in a draft, nothing in what is issued.

A draft goes to nobody. What is issued shows only what a licence permits in so many words.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from satdesk.release.content import Content, DatedImage, Status

__all__ = ["kept_back"]


def kept_back(content: Content, folder: Path, scratch: Path) -> Content:
    """The content with every date's licence settled; pictures that may not be shown leave `folder`.

    Somebody may have answered for a licence that does not say (``--accept licence-unknown=…``):
    that lets the release be issued, and permits nothing that the licence does not.

    Args:
        content: The release, its pictures written.
        folder: Of the release.
        scratch: Where pictures go that the public may not have.
    """
    if content.status is Status.DRAFT:
        return content
    dates = tuple(_settled(image, folder, scratch) for image in content.dates)
    return replace(content, dates=dates)


def _settled(image: DatedImage, folder: Path, scratch: Path) -> DatedImage:
    said = image.licence
    licence = replace(
        said, press=said.press is True, tiles=said.tiles is True, analysis=said.analysis is True
    )
    visual = image.visual
    if not licence.tiles and visual.is_relative_to(folder):
        moved = scratch / "kept-back" / visual.relative_to(folder)
        moved.parent.mkdir(parents=True)
        visual = visual.rename(moved)
        if not any(image.visual.parent.iterdir()):
            image.visual.parent.rmdir()
    return replace(image, licence=licence, visual=visual)
