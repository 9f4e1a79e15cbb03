"""Comparing names across alphabets, diacritics and spellings, without dropping any of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

__all__ = ["folded", "matches", "nearest"]

_LETTERS = str.maketrans({"ı": "i", "ə": "e", "ǝ": "e", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
"""Letters of their own that Unicode does not decompose, as people type them without."""
_MARKS = frozenset("'’‘ʼʻʹʺˈˌ`´\"")
_LIKENESS = 0.6
"""Share of common letters (Ratcliff and Obershelp) from which a name is worth suggesting."""


def folded(text: str) -> str:
    """`text` as it is compared: no case, diacritics, apostrophes or repeated spaces.

    Idempotent. ``Kəlbəcər``, ``KELBECER`` and ``Kelbecer`` fold to the same; scripts are not
    transliterated, since every name in another script is a name of its own.
    """
    once = _folded_once(text)
    # what decomposes can yield letters that have a case again (MATHEMATICAL BOLD, CIRCLED …)
    return once if once == text else folded(once)


def _folded_once(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    letters = "".join(c for c in plain if not unicodedata.combining(c) and c not in _MARKS)
    return " ".join(letters.replace("-", " ").split())


def matches(query: str, names: Iterable[str]) -> bool:
    """Whether `query` is one of `names`."""
    wanted = folded(query)
    return bool(wanted) and any(folded(name) == wanted for name in names)


def nearest(query: str, names: Iterable[str], limit: int = 5) -> tuple[str, ...]:
    """The known names that resemble `query`, best first, each spelling once."""
    wanted = folded(query)
    scored: dict[str, tuple[float, str]] = {}
    for name in names:
        key = folded(name)
        if key not in scored:
            scored[key] = (SequenceMatcher(None, wanted, key).ratio(), name)
    ranked = sorted(scored.values(), key=lambda pair: (-pair[0], pair[1]))
    return tuple(name for score, name in ranked[:limit] if score >= _LIKENESS)
