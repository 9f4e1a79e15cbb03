"""The work of a desk on a release: reviewed, signed off, issued, corrected, withdrawn.

Every step is signed by a key, written into the log and, where it changes what holds of a release,
into its ``status.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from satdesk.errors import UsageError, VerificationError
from satdesk.files.digests import SUMS_NAME, read_sha256sums, sha256
from satdesk.files.store import machine_errors
from satdesk.provenance.keys import Signer
from satdesk.provenance.signature import sign_detached
from satdesk.provenance.trust import Trust, holder
from satdesk.release.approvals import approvals_of, approve, refusals
from satdesk.release.clearance import Cleared, Reading, Subject
from satdesk.release.desk_log import DeskLog
from satdesk.release.holds import Hold
from satdesk.release.readings import opened_of
from satdesk.release.status_file import (
    STATUS_SIGNATURE,
    instant_text,
    read_status,
    require_release,
    write_status,
)

__all__ = [
    "LoggedClearance",
    "Stroke",
    "correct",
    "kill_notice",
    "put_name",
    "record_issue",
    "require_apart",
    "subject_of",
    "withdraw",
]

_PUBLIC = ("issued", "embargoed")
_MAX_DOCUMENT = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """Who acts, when, and where it is written down.

    Attributes:
        signer: The key.
        log: The desk's log.
        now: The clock.
    """

    signer: Signer
    log: DeskLog
    now: datetime

    @property
    def actor(self) -> str:
        """The name in the certificate."""
        return holder(self.signer.chain[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedClearance:
    """A `Clearance` by what stands in the desk's log.

    Attributes:
        log: The log.
        trust: Root certificates of those who may review and sign off.
        now: The clock.
        by: Who answers for accepted holds; None = nobody, so none is accepted.
        accepted: Reasons for accepted holds, by rule.
    """

    log: DeskLog
    trust: Trust
    now: datetime
    by: str | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)

    def readings(self, subject: Subject) -> tuple[Reading, ...]:
        """See `Clearance`."""
        entries = self.log.entries() if self.log.path.is_file() else ()
        return opened_of(entries, subject, self.trust, at=self.now)

    def settle(self, subject: Subject, holds: Sequence[Hold]) -> Cleared:
        """See `Clearance`; each hold that is accepted is logged with who and why."""
        held = [hold for hold in holds if hold.rule not in self.accepted]
        entries = self.log.entries() if self.log.path.is_file() else ()
        given = approvals_of(entries, subject, self.trust, at=self.now)
        reasons = (*(hold.reason for hold in held), *refusals(given))
        head = entries[-1].digest if entries else None
        for hold in holds:
            if hold.rule in self.accepted:
                head = self._log_accepted(subject, hold)
        if reasons:
            return Cleared(reasons=reasons, log_head=head)
        trusted = tuple(each.facts for each in given if each.refusal is None)
        return Cleared(reasons=(), approvals=trusted, since=self.now, log_head=head)

    def _log_accepted(self, subject: Subject, hold: Hold) -> str:
        if self.by is None:
            raise UsageError(
                f"who accepts {hold.rule}?", expected="--by NAME: it is written into the log"
            )
        entry = self.log.append(
            at=self.now,
            actor=self.by,
            action="accept",
            release=subject.release,
            revision=subject.revision,
            detail={"rule": hold.rule, "held": hold.reason, "reason": self.accepted[hold.rule]},
        )
        return entry.digest


def subject_of(release: Path) -> Subject:
    """The subject of a release, once its files are as its checksums list them.

    Raises:
        MissingInputError: It is no whole release.
        VerificationError: A file is not as listed: nobody should put a name to it.
    """
    require_release(release)
    listed = dict(read_sha256sums(release / SUMS_NAME))
    for name, digest in listed.items():
        if not (release / name).is_file() or sha256(release / name) != digest:
            raise VerificationError("the release is not as it was written", subject=release / name)
    path = release / "release.json"
    if "release.json" not in listed or path.stat().st_size > _MAX_DOCUMENT:
        raise VerificationError("the release has no facts", subject=path)
    document = json.loads(path.read_bytes())
    return Subject(
        release=str(document["id"]),
        revision=int(document["revision"]),
        digest=str(document["subject_sha256"]),
    )


def put_name(kind: str, release: Path, stroke: Stroke, *, note: str | None) -> dict[str, Any]:
    """Review a draft, or sign it off (`kind`); returns its status.

    Raises:
        UsageError: It is not a draft any more.
        VerificationError: It is not as it was written.
    """
    require_apart(stroke.log.path, release)
    subject, status = subject_of(release), read_status(release)
    if status["status"] not in {"draft", "reviewed", "signed-off"}:
        raise UsageError(
            "only a draft can be reviewed and signed off",
            subject=release,
            found=status["status"],
        )
    facts = approve(kind, subject, stroke.signer, at=stroke.now)
    entry = _log(stroke, kind, status, {**facts, "note": note})
    after = {"review": "reviewed", "sign-off": "signed-off"}[kind]
    moved = "signed-off" if status["status"] == "signed-off" else after
    return _changed(
        release,
        {
            **status,
            "status": moved,
            "approvals": [*status["approvals"], facts],
            "since": instant_text(stroke.now),
            "log_head": entry,
        },
        stroke,
    )


def correct(old: Path, new: Path, stroke: Stroke, *, reason: str) -> dict[str, Any]:
    """Say of `old` that the revision `new` takes its place; returns the status of `old`.

    Raises:
        UsageError: They are not two revisions of one release that was issued.
    """
    _require_reason(reason)
    require_apart(stroke.log.path, old)
    status, later = read_status(old), read_status(new)
    _require_public(old, status)
    _require_public(new, later)
    if later["release"] != status["release"] or later["revision"] <= status["revision"]:
        raise UsageError(
            "this is no later revision of the same release",
            subject=new,
            found=f"{later['release']} revision {later['revision']}",
            expected=f"{status['release']} revision {status['revision'] + 1} or later",
        )
    replaced = {"revision": later["revision"], "sums_sha256": later["sums_sha256"]}
    changed = {**status, "status": "corrected", "reason": reason, "replaced_by": replaced}
    entry = _log(stroke, "correct", status, {"reason": reason, "replaced_by": replaced})
    moved = {**changed, "since": instant_text(stroke.now), "log_head": entry}
    return _changed(old, moved, stroke)


def withdraw(release: Path, stroke: Stroke, *, reason: str) -> dict[str, Any]:
    """Withdraw a release for good; returns its status, with the kill notice to send out.

    Raises:
        UsageError: It was never issued, or is withdrawn already.
    """
    _require_reason(reason)
    require_apart(stroke.log.path, release)
    status = read_status(release)
    if status["status"] != "corrected":
        _require_public(release, status)
    entry = _log(stroke, "withdraw", status, {"reason": reason})
    moved = {
        **status,
        "status": "withdrawn",
        "reason": reason,
        "kill_notice": kill_notice(status, reason),
        "since": instant_text(stroke.now),
        "log_head": entry,
    }
    return _changed(release, moved, stroke)


def kill_notice(status: Mapping[str, Any], reason: str) -> str:
    """The words that a newsroom gets when a release is withdrawn."""
    contact = f" Questions: {status['contact']}." if status["contact"] else ""
    return (
        f"KILL NOTICE. {status['publisher']} withdraws “{status['title']}” "
        f"({status['release']}, revision {status['revision']}). Do not publish it; take it down "
        f"where it was published, and delete every copy. Reason: {reason}.{contact}"
    )


def record_issue(
    log: DeskLog, status: Mapping[str, Any], *, actor: str, now: datetime, accepted: Sequence[Any]
) -> None:
    """Write into the log that a release was issued, or that it stayed a draft, and why.

    `accepted` are the limits that were broken and accepted while it was made.
    """
    action = "draft" if status["status"] == "draft" else "issue"
    detail = {
        "status": status["status"],
        "draft_reasons": status["draft_reasons"],
        "embargo_until": status["embargo_until"],
        "sums_sha256": status["sums_sha256"],
        "accepted": [{"rule": each.rule, "reason": each.reason} for each in accepted],
    }
    log.append(
        at=now,
        actor=actor,
        action=action,
        release=status["release"],
        revision=status["revision"],
        detail=detail,
    )


def require_apart(log: Path, release: Path) -> None:
    """UsageError where the desk's log would be published with a release."""
    if log.resolve().is_relative_to(release.resolve()):
        raise UsageError(
            "the log lies in the release",
            subject=log,
            remedy="keep it where nothing is published",
        )


def _require_reason(reason: str) -> None:
    if not reason.strip() or not reason.isprintable():
        raise UsageError("a reason is needed", found=repr(reason), expected="one line of words")


def _require_public(release: Path, status: Mapping[str, Any]) -> None:
    if status["status"] not in _PUBLIC:
        raise UsageError(
            "only what was issued can be corrected or withdrawn",
            subject=release,
            found=status["status"],
        )


def _log(stroke: Stroke, action: str, status: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    entry = stroke.log.append(
        at=stroke.now,
        actor=stroke.actor,
        action=action,
        release=status["release"],
        revision=status["revision"],
        detail=detail,
    )
    return entry.digest


def _changed(release: Path, status: dict[str, Any], stroke: Stroke) -> dict[str, Any]:
    data = write_status(status, release)
    target = release / STATUS_SIGNATURE
    with machine_errors(target):
        target.write_bytes(sign_detached(data, stroke.signer))
    return status
