"""Pictures of the places that statements speak of, one for each date, all of one size and scale.

They are what a reader's answer is about, and nothing is drawn on them but what must be in the
pixels: SIMULATED and DRAFT.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from satdesk.core.place import Site
from satdesk.files.pictures import read_picture
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.marks import legible, spread_pattern
from satdesk.release.page_marks import mark_words
from satdesk.release.press import press_dates
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import jpeg_bytes
from satdesk.release.stamps import stamp_rgba
from satdesk.release.statement_cover import site_box

__all__ = ["evidence_path", "write_evidence"]

_SIDE_PX = 768
_REACH_PX = 150
"""Pixels of the product that are shown around a site at least."""
_LETTER_PX = 18
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_GROUND = 32
"""Grey where nothing is imaged."""


def evidence_path(site: str, image: DatedImage) -> str:
    """Where the picture of a site on a date lies in its release."""
    safe = site if _NAME.fullmatch(site) else hashlib.sha256(site.encode()).hexdigest()[:16]
    mark = "-simulated" if image.simulated else ""
    return f"evidence/{safe}-{image.id}{mark}.jpg"


def write_evidence(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write ``evidence/`` below `folder`: each site of a statement on each date that shows it.

    A date whose licence does not allow press pictures has none, as in `write_press`.
    """
    sites = {site.id: site for site in content.sites}
    return tuple(_write(content, sites[name], image, folder) for name, image in _wanted(content))


def _wanted(content: Content) -> Iterator[tuple[str, DatedImage]]:
    shown = {image.id: image for image in press_dates(content)}
    questions = [question for each in content.statements for question in each.questions]
    pairs = dict.fromkeys(
        (question.site, date) for question in questions for date in question.dates
    )
    for site, date in pairs:
        if date in shown:
            yield site, shown[date]


def _write(content: Content, site: Site, image: DatedImage, folder: Path) -> Artifact:
    path = evidence_path(site.id, image)
    reach_m = max(site.uncertainty_m or 0.0, _REACH_PX * image.gsd_m)
    grid = site_box(site.geometry, str(content.grid.crs), reach_m, _SIDE_PX)
    rgba = read_picture(image.visual, grid)
    enlarged = image.gsd_m / abs(grid.affine.a)
    words = mark_words(content, image, own=not legible(enlarged))
    if words is not None:
        rgba = stamp_rgba(rgba, spread_pattern(words, _LETTER_PX))
    rgb = np.where(rgba[..., 3:] > 0, rgba[..., :3], _GROUND).astype(np.uint8)
    facts = PictureFacts.of(content, (image,), path=path, enlarged=enlarged)
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(jpeg_bytes(Image.fromarray(rgb), facts))
    return Artifact(
        path=path,
        role="press",
        media_type="image/jpeg",
        date_id=image.id,
        title=f"{site.title} (for statements)",
    )
