"""Where a release is signed: a protocol, so that issuing needs neither keys nor their packages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from satdesk.release.claims import Claims
    from satdesk.release.content import Artifact

__all__ = ["SEALED_ROLES", "SIGNATURE_NAME", "STAMP_NAME", "Seal", "sealed_inside"]

SEALED_ROLES = frozenset(
    {"image", "visual", "plate", "press", "sequence", "video", "press-kit", "tile"}
)
"""Artifacts that carry credentials of their own; all others are covered by the checksums."""
SIGNATURE_NAME = "SHA256SUMS.p7s"
STAMP_NAME = "SHA256SUMS.tsr"
"""The time stamp of that signature, where a server gave one; ``status.json`` vouches for it."""


def sealed_inside(role: str, media_type: str, embedded: Collection[str]) -> bool:
    """Whether a file bears its credentials within, if those of the types `embedded` do.

    A press kit never does: with a foreign attachment it would no longer be PDF/A-2.
    """
    return role != "press-kit" and media_type.partition(";")[0].strip() in embedded


class Seal(Protocol):
    """Signs what was written, while it is being written; see `satdesk.release.sealing`."""

    def files(
        self, folder: Path, artifacts: Sequence[Artifact], claims: Claims
    ) -> tuple[Artifact, ...]:
        """Give each of `artifacts` that has a sealed role its credentials; returns the sidecars."""

    def facts(self) -> dict[str, Any]:
        """What ``release.json`` says of it, under ``signing``."""

    def sums(self, folder: Path) -> None:
        """Sign ``SHA256SUMS``, and have the signature time-stamped if a server does."""

    def status(self, folder: Path) -> None:
        """Sign ``status.json``, the last file to be written."""
