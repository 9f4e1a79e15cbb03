"""What was issued, and what the command line says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satdesk.release.acceptance import Accepted
from satdesk.release.content import Artifact, Content

__all__ = ["Issued", "issue_answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What was issued.

    Attributes:
        path: The release's folder.
        content: What it is about.
        artifacts: Its files.
        status: Its ``status.json``.
        accepted: Limits that were broken and accepted.
    """

    path: Path
    content: Content
    artifacts: tuple[Artifact, ...]
    status: dict[str, Any]
    accepted: tuple[Accepted, ...]


def issue_answer(issued: Issued, signing: dict[str, Any] | None) -> dict[str, Any]:
    """The answer of ``satdesk issue`` (``issue.schema.json``); `signing` as it was told."""
    path, content = issued.path, issued.content
    page = path / "index.html"
    return {
        "path": str(path),
        "page": str(page) if page.is_file() else None,
        "release": content.id,
        "status": issued.status["status"],
        "embargo_until": issued.status["embargo_until"],
        "draft_reasons": list(content.draft_reasons),
        "dates": [image.id for image in content.dates],
        "unpublished_sites": [
            {"site": site, "reason": reason} for site, reason in content.unpublished_sites
        ],
        "artifacts": len(issued.artifacts) + _files_of_its_own(issued.status, signing),
        "signing": signing,
        "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
    }


def _files_of_its_own(status: Mapping[str, Any], signing: Mapping[str, Any] | None) -> int:
    """Documents, checksums and status; two signatures; the time stamp."""
    stamped = status.get("time_stamp_sha256") is not None
    return 4 + (0 if signing is None else 2) + stamped
