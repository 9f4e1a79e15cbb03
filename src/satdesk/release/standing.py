"""The steps of a release after its draft, and what holds of it now, as JSON-ready answers.

Each step loads what needs the extra ``satdesk[sign]`` when it is called.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from satdesk.core.arguments import door
from satdesk.provenance.extra import require_extra
from satdesk.release.desk_log import DeskLog
from satdesk.release.signing import Signing, stroke_of
from satdesk.release.status_file import effective, read_status

__all__ = ["correct", "log", "review", "sign_off", "status", "withdraw"]


@door
def review(
    release: Path, *, signing: Signing, log: Path, note: str | None = None
) -> dict[str, Any]:
    """Say of a draft that it was reviewed, signed by a key (``standing.schema.json``).

    Raises:
        UsageError: It is no draft.
        VerificationError: It is not as it was written, or the log is broken.
    """
    return _named_by("review", release, signing, log, note)


@door
def sign_off(
    release: Path, *, signing: Signing, log: Path, note: str | None = None
) -> dict[str, Any]:
    """Sign a draft off; two different keys must (``standing.schema.json``); see `review`."""
    return _named_by("sign-off", release, signing, log, note)


@door
def correct(old: Path, new: Path, *, signing: Signing, log: Path, reason: str) -> dict[str, Any]:
    """Say of `old` that the later revision `new` takes its place (``standing.schema.json``).

    Raises:
        UsageError: They are not two revisions of one release, both issued.
    """
    require_extra()
    from satdesk.release.workflow import correct as corrected  # noqa: PLC0415 - needs the extra

    return _standing(old, corrected(old, new, stroke_of(signing, log, old), reason=reason))


@door
def withdraw(release: Path, *, signing: Signing, log: Path, reason: str) -> dict[str, Any]:
    """Withdraw an issued release, with a kill notice (``standing.schema.json``).

    Raises:
        UsageError: It was never issued, or is withdrawn already.
    """
    require_extra()
    from satdesk.release.workflow import withdraw as withdrawn  # noqa: PLC0415 - needs the extra

    return _standing(release, withdrawn(release, stroke_of(signing, log, release), reason=reason))


@door
def status(release: Path) -> dict[str, Any]:
    """What holds of a release now (``standing.schema.json``); `verify` says whose word that is.

    Raises:
        MissingInputError: It has no status.
        VerificationError: Its status speaks of another release.
    """
    return _standing(release, read_status(release))


@door
def log(path: Path) -> dict[str, Any]:
    """All entries of a desk's log, its chain checked (``log.schema.json``).

    Raises:
        MissingInputError: There is no log.
        VerificationError: An entry was changed, taken out or put in.
    """
    entries = DeskLog(path).entries()
    return {
        "path": str(path),
        "head": entries[-1].digest if entries else None,
        "entries": [entry.to_dict() for entry in entries],
    }


def _named_by(
    kind: str, release: Path, signing: Signing, log: Path, note: str | None
) -> dict[str, Any]:
    require_extra()
    from satdesk.release.workflow import put_name  # noqa: PLC0415 - needs the extra

    return _standing(release, put_name(kind, release, stroke_of(signing, log, release), note=note))


def _standing(release: Path, found: dict[str, Any]) -> dict[str, Any]:
    now = effective(found, datetime.now(UTC))
    return {"path": str(release), "now": now, "status": found}
