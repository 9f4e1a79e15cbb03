"""Reading a house style from its folder: ``style.toml``, the logo and the fonts that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.ft2font import FT2Font, LoadFlags

from satdesk.errors import (
    UnreadableInputError,
    UsageError,
)
from satdesk.files.xml import read_bounded
from satdesk.release.direction import without_controls
from satdesk.release.house_style import Family, HouseStyle, Logo, Palette
from satdesk.release.logo_file import read_logo
from satdesk.release.style_folder import STYLE_NAME, inside, style_document, style_files

__all__ = ["load_house_style"]

_MAX_FONT, _MAX_LICENCE = 10_000_000, 500_000
_TRUETYPE = (b"\x00\x01\x00\x00", b"true")
_RESTRICTED = 0x0002
"""Bit of fsType (OpenType, OS/2): the font may not be embedded into a document."""
_MOST_REACH = 1.5
"""Ascent and descent together in ems; letters that reach further would touch the next line."""
_LEAST_LOGO_MM, _MOST_LOGO_MM = 3.0, 18.0
_UNSCALED = LoadFlags.NO_SCALE
_TALL, _LOW = "ÅÉÖŞİЙ", "gjpqyşçրф"


def load_house_style(folder: Path) -> HouseStyle:
    """The style in `folder`, checked.

    Raises:
        MissingInputError: A file is not there.
        UsageError: An unknown key, a value out of range, or too little contrast.
        UnreadableInputError: A font or a logo of another kind.
        UnsafeInputError: A path that leads out of the folder, or a file too large.
    """
    path, document = folder / STYLE_NAME, style_document(folder)
    return HouseStyle(
        palette=_palette(document.get("colours", {}), path),
        family=_family(document.get("type"), folder),
        logo=_logo(document.get("logo"), folder),
        credit=_credit(document.get("credit"), path),
        margin_mm=document.get("page", {}).get("margin_mm"),
        files=style_files(folder),
    )


def _palette(table: Mapping[str, str], path: Path) -> Palette:
    try:
        return Palette(**table)
    except UsageError as error:
        raise UsageError(
            error.what,
            subject=path,
            found=error.found,
            expected=error.expected,
            remedy=error.remedy,
        ) from error


def _family(table: Mapping[str, str] | None, folder: Path) -> Family | None:
    if table is None:
        return None
    regular, bold, licence = (inside(folder, table[k]) for k in ("regular", "bold", "licence"))
    try:
        read_bounded(licence, _MAX_LICENCE).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            "the fonts' licence is no text", subject=licence, expected="plain text in UTF-8"
        ) from error
    reaches = [_reach(path) for path in (regular, bold)]
    ascent, cap, descent = (max(values) for values in zip(*reaches, strict=True))
    return Family(regular=regular, bold=bold, ascent=ascent, cap=cap, descent=descent)


def _reach(path: Path) -> tuple[float, float, float]:
    """Ascent, height of a capital and descent in ems, as the letters themselves reach."""
    data = read_bounded(path, _MAX_FONT)
    if data[:4] not in _TRUETYPE:
        raise UnreadableInputError(
            "this is no font that a PDF of ours can hold",
            subject=path,
            found=repr(data[:4]),
            expected="TrueType (.ttf) with one face",
            remedy="convert it to TrueType outlines",
        )
    try:
        font = FT2Font(str(path))
        rights = _rights(font)
    except (RuntimeError, OSError, ValueError) as error:
        raise UnreadableInputError(
            "the font cannot be read", subject=path, found=str(error)[:200]
        ) from error
    if rights & _RESTRICTED:
        raise UsageError(
            "the font forbids being embedded, and a PDF embeds it",
            subject=path,
            found=f"fsType {rights}",
            expected="a font whose licence and fsType allow embedding",
        )
    ascent, descent = _extent(font, path, _TALL)[1], -_extent(font, path, _LOW)[0]
    if ascent + descent > _MOST_REACH or ascent <= 0:
        raise UsageError(
            "the font's letters reach too far for the lines of a plate",
            subject=path,
            found=f"{ascent + descent:.2f} em",
            expected=f"at most {_MOST_REACH} em",
        )
    return ascent, _extent(font, path, "H")[1], max(descent, 0.0)


def _rights(font: FT2Font) -> int:
    """FsType of the font; 0 where it states none."""
    table: Mapping[str, Any] | None = font.get_sfnt_table("OS/2")
    return 0 if table is None else int(table["fsType"])


def _extent(font: FT2Font, path: Path, letters: str) -> tuple[float, float]:
    """Lowest and highest point of `letters` in ems; of those that the font has."""
    known = font.get_charmap()
    boxes = [font.load_char(ord(c), flags=_UNSCALED).bbox for c in letters if ord(c) in known]
    if not boxes:
        raise UsageError("the font has no Latin letters", subject=path, found=f"no {letters}")
    em = font.units_per_EM
    return min(box[1] for box in boxes) / em, max(box[3] for box in boxes) / em


def _logo(table: Mapping[str, Any] | None, folder: Path) -> Logo | None:
    if table is None:
        return None
    path = inside(folder, table["file"])
    png, size = read_logo(path)
    stated = {key: value for key, value in table.items() if key != "file"}
    made = Logo(png=png, size_px=size, **{"clear_mm": 3.0, "place": "header", **stated})
    if not _LEAST_LOGO_MM <= made.height_mm <= _MOST_LOGO_MM:
        raise UsageError(
            "the logo's height is out of range",
            subject=path,
            found=f"{made.height_mm:.1f} mm at a width of {made.width_mm:g} mm",
            expected=f"{_LEAST_LOGO_MM:g} to {_MOST_LOGO_MM:g} mm",
            remedy="change logo.width_mm",
        )
    return made


def _credit(table: Mapping[str, str] | None, path: Path) -> str | None:
    """The wording around a credit line: it may add words, and must keep the line whole."""
    if table is None:
        return None
    wording = table["wording"]
    around = wording.replace("{credit}", "", 1)
    if wording.count("{credit}") != 1 or set("{}") & set(around) or not wording.isprintable():
        raise UsageError(
            "credit.wording must hold the credit line once, whole",
            subject=path,
            found=repr(wording),
            expected='words around {credit}, such as "Satellite picture: {credit}"',
        )
    return without_controls(wording)
