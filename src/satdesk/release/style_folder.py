"""The folder of a house style: ``style.toml`` and the files that it names, found but not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from satdesk.errors import MissingInputError, UnsafeInputError
from satdesk.files.toml import parsed_toml
from satdesk.files.xml import read_bounded
from satdesk.release.schema import check

__all__ = ["STYLE_NAME", "inside", "style_document", "style_files"]

STYLE_NAME = "style.toml"
_MAX_BYTES = 100_000
_NAMED = (("type", "regular"), ("type", "bold"), ("type", "licence"), ("logo", "file"))


def style_document(folder: Path) -> dict[str, Any]:
    """``style.toml``, checked against its schema.

    Raises:
        MissingInputError: There is none.
        BrokenInputError: It is not TOML.
        UsageError: It does not follow the schema; the message names the key.
    """
    path = folder / STYLE_NAME
    document = parsed_toml(read_bounded(path, _MAX_BYTES), what="style", subject=path)
    check(document, "house_style", subject=path)
    return document


def style_files(folder: Path) -> tuple[Path, ...]:
    """Everything that the style is made of, sorted."""
    document = style_document(folder)
    named = [inside(folder, document[table][key]) for table, key in _NAMED if table in document]
    return tuple(sorted({folder / STYLE_NAME, *named}))


def inside(folder: Path, name: str) -> Path:
    """A plain file below `folder`; nothing that a name or a link leads to outside.

    Raises:
        UnsafeInputError: It leads out.
        MissingInputError: It is not there.
    """
    path, parts = folder / name, Path(name).parts
    if Path(name).is_absolute() or ".." in parts or "\x00" in name or "\\" in name:
        raise UnsafeInputError("a path leads out of its folder", subject=folder, found=repr(name))
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnsafeInputError("a link leads out of its folder", subject=folder, found=repr(name))
    if not path.is_file():
        raise MissingInputError("the style names a file that is not there", subject=path)
    return path
