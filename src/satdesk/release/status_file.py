"""``status.json``: what holds of a release today, outside the checksums that never change.

It is signed by itself (``status.json.p7s``), names the checksums that it speaks of, and comes a
second time as ``status.js``, since a page that is opened from a disk may not read JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satdesk.errors import MissingInputError, UnsafeInputError, VerificationError
from satdesk.files.digests import SUMS_NAME, sha256
from satdesk.files.store import machine_errors
from satdesk.release.content import Content, Status
from satdesk.release.schema import check
from satdesk.release.seal import STAMP_NAME

if TYPE_CHECKING:
    from satdesk.release.clearance import Cleared

__all__ = [
    "STATUS_FILES",
    "STATUS_NAME",
    "STATUS_SCRIPT",
    "STATUS_SIGNATURE",
    "effective",
    "first_status",
    "instant_text",
    "parse_instant",
    "read_status",
    "require_release",
    "script_of",
    "status_bytes",
    "write_status",
]

STATUS_NAME, STATUS_SIGNATURE, STATUS_SCRIPT = "status.json", "status.json.p7s", "status.js"
STATUS_FILES = (STATUS_NAME, STATUS_SIGNATURE, STATUS_SCRIPT)
FORMAT = "satdesk-status/1"
_MAX_BYTES = 1_000_000


def first_status(content: Content, cleared: Cleared, folder: Path) -> dict[str, Any]:
    """The status of a release just written into `folder`, with its checksums and time stamp."""
    draft = content.status is Status.DRAFT
    issued = "issued" if content.embargo is None else "embargoed"
    return {
        "format": FORMAT,
        "release": content.id,
        "revision": content.revision,
        "title": f"SIMULATED – {content.title}" if content.simulated else content.title,
        "publisher": content.publisher,
        "contact": content.contact,
        "simulated": content.simulated,
        "status": "draft" if draft else issued,
        "since": None if cleared.since is None else instant_text(cleared.since),
        "embargo_until": None if content.embargo is None else instant_text(content.embargo),
        "reason": None,
        "replaced_by": None,
        "kill_notice": None,
        "draft_reasons": list(content.draft_reasons),
        "approvals": [dict(each) for each in cleared.approvals],
        "log_head": cleared.log_head,
        "sums_sha256": sha256(folder / SUMS_NAME),
        "time_stamp_sha256": sha256(folder / STAMP_NAME)
        if (folder / STAMP_NAME).is_file()
        else None,
    }


def effective(status: Mapping[str, Any], now: datetime) -> str:
    """What holds at `now`: an embargo ends by itself at its instant."""
    until = status["embargo_until"]
    if status["status"] == "embargoed" and now >= parse_instant(until):
        return "issued"
    return str(status["status"])


def write_status(status: Mapping[str, Any], folder: Path) -> bytes:
    """Write ``status.json`` and ``status.js``; returns what must be signed.

    An earlier signature is removed: it was of another status.
    """
    check(status, "status")
    data = status_bytes(status)
    with machine_errors(folder / STATUS_NAME):
        (folder / STATUS_SIGNATURE).unlink(missing_ok=True)
        for name, content in ((STATUS_NAME, data), (STATUS_SCRIPT, script_of(data))):
            fresh = folder / f".{name}.new"
            fresh.write_bytes(content)
            fresh.replace(folder / name)
    return data


def require_release(folder: Path) -> None:
    """Refuse what is no release, before anything is asked of whoever wants something of it.

    Raises:
        MissingInputError: There is no list of checksums.
    """
    if not (folder / SUMS_NAME).is_file():
        raise _lacking("no release lies there", folder, SUMS_NAME, subject=folder)


def _lacking(message: str, folder: Path, name: str, *, subject: Path) -> MissingInputError:
    """The refusal of a folder in which `name` does not lie."""
    there = "a file" if folder.exists() else "no such folder"
    return MissingInputError(
        message,
        subject=subject,
        found=f"a folder without {name}" if folder.is_dir() else there,
        expected=f"the folder of a release, with its {name}",
        remedy="check the path; satdesk issue makes a release",
    )


def read_status(folder: Path) -> dict[str, Any]:
    """The status of a release, checked against its schema and its checksums.

    Raises:
        MissingInputError: The release has none.
        VerificationError: It is not what we write, or speaks of another release.
    """
    path = folder / STATUS_NAME
    if path.is_symlink() or not path.is_file():
        raise _lacking("the release has no status", folder, STATUS_NAME, subject=path)
    if path.stat().st_size > _MAX_BYTES:
        raise UnsafeInputError("larger than any of ours", subject=path)
    try:
        status = json.loads(path.read_bytes())
        check(status, "status", subject=path)
    except (ValueError, RecursionError) as error:
        raise VerificationError("the status is not JSON", subject=path) from error
    if not (folder / SUMS_NAME).is_file():
        raise MissingInputError(
            "the status cannot be held against the release",
            subject=path,
            found=f"no {SUMS_NAME}",
            expected="the list of checksums of which the status speaks",
            remedy="take the whole release from its publisher",
        )
    if status["sums_sha256"] != sha256(folder / SUMS_NAME):
        raise VerificationError("the status speaks of another release", subject=path)
    return dict(status)


def status_bytes(status: Mapping[str, Any]) -> bytes:
    """The bytes of ``status.json``: sorted, UTF-8."""
    text = json.dumps(status, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return f"{text}\n".encode()


def script_of(data: bytes) -> bytes:
    """``status.js`` for these bytes of ``status.json``; ``<`` and line separators are escaped."""
    text = data.decode()
    for c in "<\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return f"window.satdeskStatus = {text.rstrip()};\n".encode()


def instant_text(moment: datetime) -> str:
    """``2026-12-01T06:00:00Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_instant(text: str) -> datetime:
    """The instant that `instant_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
