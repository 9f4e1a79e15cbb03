"""TOML that people write, with or without a byte order mark, and words for what goes wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from satdesk.errors import BrokenInputError

__all__ = ["parsed_toml"]

_WITHOUT_BOM = "utf-8-sig"
_BACKSLASH = ("'\\'", "hex value", "escape")
"""In what Python's reader says of ``\\d``, of ``\\U`` and ``\\u``, and in later versions."""


def parsed_toml(raw: bytes, *, what: str, subject: Path) -> dict[str, Any]:
    """The document in the bytes of a file.

    Args:
        raw: The whole file. Windows editors put a byte order mark before it, which says nothing.
        what: What it is in messages: ``recipe``.
        subject: The file.

    Raises:
        BrokenInputError: It is not TOML.
    """
    try:
        return tomllib.loads(raw.decode(_WITHOUT_BOM))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenInputError(
            f"the {what} is not TOML",
            subject=subject,
            found=str(error),
            expected="TOML 1.0 in UTF-8",
            remedy=_remedy(error),
        ) from error


def _remedy(error: Exception) -> str | None:
    if isinstance(error, UnicodeDecodeError):
        return "save it as UTF-8 in your editor"
    if any(sign in str(error) for sign in _BACKSLASH):
        return "write paths with /, or between single quotes"
    return None
