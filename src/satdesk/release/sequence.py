"""The dates one after the other in one moving picture (GIF), for places that show no page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from satdesk.release.captions import comparison_caption
from satdesk.release.content import Artifact, Content, DatedImage
from satdesk.release.plate_sheet import drawing_style
from satdesk.release.press import Frame, compose_press, press_dates

__all__ = ["FRAME_MS", "write_sequence"]

FRAME_MS = 1800
"""How long each date is shown."""
_SHAPE = "1x1"
_SIDE_PX = 720
_PALETTE_SIDE_PX = 360
_COLOURS = 256


def write_sequence(content: Content, folder: Path) -> tuple[Artifact, ...]:
    """Write ``press/ID-sequence-1x1.gif`` of two dates or more; nothing for one.

    Each frame is an annotated press image with its date on it, and all show the same ground. They
    follow each other without blending, since a blend shows what was on neither date, and share one
    palette of 256 colours. The caption is the file's comment. The same content gives the same
    bytes.
    """
    dates = press_dates(content)
    if len(dates) < len(("before", "after")):
        return ()
    frames = [_frame(content, image, dates) for image in dates]
    mark = "-simulated" if content.simulated and "simulated" not in content.id.lower() else ""
    path = f"press/{content.id}-sequence-{_SHAPE}{mark}.gif"
    (folder / path).write_bytes(_gif(frames, comparison_caption(content, dates)))
    title = f"{content.title}: one date after the other"
    return (Artifact(path=path, role="sequence", media_type="image/gif", title=title),)


def _frame(content: Content, image: DatedImage, dates: tuple[DatedImage, ...]) -> Image.Image:
    frame = Frame(images=(image,), shape=_SHAPE, annotated=True, alongside=dates)
    with drawing_style():
        sheet, _ = compose_press(content, frame)
        return sheet.picture().resize((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)


def _gif(frames: list[Image.Image], comment: str) -> bytes:
    """One palette for all, or what did not change would seem to."""
    small = [np.asarray(f.resize((_PALETTE_SIDE_PX, _PALETTE_SIDE_PX))) for f in frames]
    palette = Image.fromarray(np.concatenate(small)).quantize(_COLOURS)
    first, *others = [
        frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames
    ]
    target = io.BytesIO()
    first.save(
        target,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=FRAME_MS,
        loop=0,
        optimize=False,
        comment=comment.encode("utf-8"),
    )
    return target.getvalue()
