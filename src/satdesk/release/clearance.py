"""Whether a release may be issued: its subject, and what whoever clears it answers.

What is signed off is the *subject*: the public recipe and the pictures, before any mark, signature
or date of today. A draft and what is issued of it have the same one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from satdesk.files.digests import sha256
from satdesk.release.holds import Hold

__all__ = [
    "NOT_SIGNED_OFF",
    "Clearance",
    "Cleared",
    "Reading",
    "Subject",
    "Uncleared",
    "subject_digest",
]

NOT_SIGNED_OFF = "it is not signed off; two different keys must"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be cleared.

    Attributes:
        release: Id.
        revision: Of the release.
        digest: See `subject_digest`.
    """

    release: str
    revision: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The answer.

    Attributes:
        reasons: Why it must stay a draft; empty where it may be issued.
        approvals: Who reviewed it and signed it off, JSON-ready.
        since: From when its status holds; None = a draft, which has no date.
        log_head: Digest of the desk's log at that moment; None = no log.
    """

    reasons: tuple[str, ...]
    approvals: tuple[Mapping[str, Any], ...] = ()
    since: datetime | None = None
    log_head: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one reader whom the desk trusts answered to the statements of a subject.

    Attributes:
        reader: The name in the certificate.
        kept: The answers with their salt, as they were sealed; see `satdesk.release.answers`.
        facts: The signed seal, JSON-ready.
    """

    reader: str
    kept: str
    facts: Mapping[str, Any]


class Clearance(Protocol):
    """Answers whether a release may be issued."""

    @property
    def now(self) -> datetime:
        """The clock."""

    def readings(self, subject: Subject) -> tuple[Reading, ...]:
        """What readers answered about exactly this subject, opened, in the order of their seals."""

    def settle(self, subject: Subject, holds: Sequence[Hold]) -> Cleared:
        """What stands in the way of `subject`, which `holds` hold back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncleared:
    """A `Clearance` that lets nothing pass: there is no log in which anybody signed."""

    now: datetime

    def readings(self, subject: Subject) -> tuple[Reading, ...]:  # noqa: ARG002 - the contract
        """Nobody answered."""
        return ()

    def settle(self, subject: Subject, holds: Sequence[Hold]) -> Cleared:  # noqa: ARG002 - the contract
        """See `Clearance`."""
        return Cleared(reasons=(*(hold.reason for hold in holds), NOT_SIGNED_OFF))


def subject_digest(recipe: Mapping[str, Any], pictures: Sequence[tuple[str, Path]]) -> str:
    """SHA-256 (hex) of the public recipe and of the pictures ``(date id, visual.tif)``."""
    stated = {"recipe": recipe, "pictures": {name: sha256(path) for name, path in pictures}}
    text = json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
