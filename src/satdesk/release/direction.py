"""Writing direction: Latin among Arabic and the other way round, without one turning the other.

Unicode Standard Annex 9 (Bidirectional Algorithm, revision 50): text of somebody else's that runs
against its surroundings stands between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE. Controls
that were in it already are taken out before: a name must not turn around what stands beside it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = [
    "JOINERS",
    "LTR",
    "RTL",
    "isolated",
    "isolates_kept",
    "marked",
    "reopened",
    "runs_backwards",
    "without_controls",
]

LTR, RTL = "ltr", "rtl"
JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: part of the spelling in Persian and other languages."""

_FSI, _PDI = "\u2068", "\u2069"
_LRM, _RLM = "\u200e", "\u200f"
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067")
_CONTROLS = _OVERRIDES | {_FSI, _PDI}
_BACKWARDS = frozenset({"R", "AL"})


def runs_backwards(text: str) -> bool:
    """Whether anything in `text` is written from right to left."""
    return any(unicodedata.bidirectional(c) in _BACKWARDS for c in text)


def without_controls(text: str) -> str:
    """`text` without embeddings, overrides and isolates."""
    return "".join(c for c in text if c not in _CONTROLS)


def isolated(text: str, direction: str) -> str:
    """`text` of somebody else's, kept apart where it runs against `direction`."""
    plain = without_controls(text)
    against = frozenset({"L"}) if direction == RTL else _BACKWARDS
    if any(unicodedata.bidirectional(c) in against for c in plain):
        return f"{_FSI}{plain}{_PDI}"
    return plain


def isolates_kept(text: str) -> str:
    """`text` without embeddings and overrides; isolates stay where each of them is closed."""
    depth = 0
    for c in text:
        depth += (c == _FSI) - (c == _PDI)
        if depth < 0:
            return without_controls(text)
    dropped = _CONTROLS if depth else _OVERRIDES
    return "".join(c for c in text if c not in dropped)


def reopened(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines of one broken text: what is open where a line ends is closed, and opened in the next.

    A PDI whose beginning was cut away is dropped.
    """
    done, depth = [], 0
    for line in lines:
        parts = [_FSI * depth]
        for c in line:
            if c == _PDI and depth == 0:
                continue
            depth += (c == _FSI) - (c == _PDI)
            parts.append(c)
        done.append("".join(parts) + _PDI * depth)
    return tuple(done)


def marked(line: str, direction: str) -> str:
    """`line` so that a renderer that looks for the first strong letter takes it as `direction`."""
    if not runs_backwards(line):
        return line
    return f"{_RLM if direction == RTL else _LRM}{line}"
