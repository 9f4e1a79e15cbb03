"""A publisher's logo. PNG is decoded with limits; SVG is checked, then drawn.

What draws it runs no script, loads nothing and has no access to a file.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree.ElementTree import Element

from PIL import Image

from satdesk.errors import UnreadableInputError, UnsafeInputError, UsageError
from satdesk.files.xml import read_bounded, read_xml
from satdesk.release.typesetting import typeset

__all__ = ["read_logo"]

_MAX_BYTES = 2_000_000
_MOST_PX = 4096
_KEPT_PX = 1200
"""Width of what is kept: 120 mm at 254 dpi, wider than any logo on a plate."""
_PNG = b"\x89PNG\r\n\x1a\n"
_ELEMENTS = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs",
     "linearGradient", "radialGradient", "stop", "clipPath", "mask", "use", "symbol", "title",
     "desc"}
)  # fmt: skip
_OUTSIDE = re.compile(r"url\s*\(\s*['\"]?\s*[^#'\"\s)]|@import|javascript:|data:", re.IGNORECASE)
_TYPESET = (
    "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
    f'#image("logo.svg", width: {_KEPT_PX}pt)\n'
)


def read_logo(path: Path) -> tuple[bytes, tuple[int, int]]:
    """The logo as PNG (RGBA, at most 1200 pixels wide), and its width and height in pixels.

    Raises:
        UnreadableInputError: Neither PNG nor SVG, or broken.
        UnsafeInputError: Too large, or an SVG with anything but shapes.
        UsageError: An SVG, and the package that draws it is not installed.
    """
    data = read_bounded(path, _MAX_BYTES)
    if not data.startswith(_PNG):
        data = _drawn(path, data)
    picture = _decoded(path, data)
    if picture.width > _KEPT_PX:
        height = max(1, round(picture.height * _KEPT_PX / picture.width))
        picture = picture.resize((_KEPT_PX, height), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, format="PNG", compress_level=9)
    return target.getvalue(), picture.size


def _decoded(path: Path, data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if max(picture.size) > _MOST_PX:
                raise UnsafeInputError(
                    "the logo has more pixels than a logo needs",
                    subject=path,
                    found=f"{picture.width} x {picture.height}",
                    expected=f"at most {_MOST_PX} along each side",
                )
            return picture.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableInputError(
            "the logo cannot be decoded", subject=path, found=str(error)[:200], expected="PNG"
        ) from error


def _drawn(path: Path, data: bytes) -> bytes:
    """An SVG as PNG."""
    root = read_xml(path, max_bytes=_MAX_BYTES).element
    if root.tag != "svg":
        raise UnreadableInputError(
            "this is no logo", subject=path, found=f"<{root.tag[:40]}>", expected="PNG or SVG"
        )
    for element in root.iter():
        _require_shape(path, element)
    try:
        return typeset({"main.typ": _TYPESET.encode(), "logo.svg": data}, kind="png")
    except UsageError as error:
        raise UsageError(
            "an SVG logo needs a further package",
            subject=path,
            found=error.found,
            expected="the extra satdesk[press], or a logo in PNG",
            remedy="export the logo as PNG, or pip install 'satdesk[press]'",
        ) from error


def _require_shape(path: Path, element: Element) -> None:
    """Shapes, gradients and their names; references within the file alone."""
    values = [*element.attrib.values(), element.text or ""]
    links = [v for k, v in element.attrib.items() if k.rpartition("}")[2] == "href"]
    handlers = [k for k in element.attrib if k.rpartition("}")[2].lower().startswith("on")]
    foreign = [v for v in values if _OUTSIDE.search(v)]
    if element.tag not in _ELEMENTS or handlers or foreign or any(v[:1] != "#" for v in links):
        raise UnsafeInputError(
            "the SVG holds more than shapes",
            subject=path,
            found=f"<{str(element.tag)[:40]}>{' with a handler' if handlers else ''}"
            f"{' that refers to something outside' if foreign or links else ''}",
            expected="paths and other shapes; letters as outlines; no script, style sheet, picture",
            remedy="export it as plain SVG with letters turned into outlines, or as PNG",
        )
