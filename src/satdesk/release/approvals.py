"""Reviews and sign-offs: statements about a subject, each signed by somebody's own key."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from satdesk.errors import VerificationError
from satdesk.provenance.keys import Signer
from satdesk.provenance.signature import Detached, read_detached, sign_detached
from satdesk.provenance.trust import Trust, fingerprint, holder, public_key_digest
from satdesk.release.clearance import Subject
from satdesk.release.desk_log import Entry
from satdesk.release.status_file import instant_text

__all__ = ["KEYS_NEEDED", "Approval", "approvals_of", "approve", "refusals"]

KEYS_NEEDED = 2
REVIEW, SIGN_OFF = "review", "sign-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One signed statement.

    Attributes:
        kind: ``review`` or ``sign-off``.
        number: Of its entry in the log.
        key: SHA-256 of the public key: two certificates of one key are one key.
        claims_to_be: The name in the certificate.
        refusal: Why the desk does not trust the key; None = it does.
        facts: JSON-ready, with statement and signature, so that anyone can check it.
    """

    kind: str
    number: int
    key: str
    claims_to_be: str
    refusal: str | None
    facts: Mapping[str, Any]


def approve(kind: str, subject: Subject, signer: Signer, *, at: datetime) -> dict[str, Any]:
    """The statement of `kind` about `subject`, signed; JSON-ready."""
    statement = {
        "format": "satdesk-approval/1",
        "kind": kind,
        "release": subject.release,
        "revision": subject.revision,
        "subject_sha256": subject.digest,
        "at": instant_text(at),
    }
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
    return {
        "kind": kind,
        "claims_to_be": holder(signer.chain[0]),
        "certificate_sha256": fingerprint(signer.chain[0]),
        "at": statement["at"],
        "statement": text,
        "signature": base64.b64encode(sign_detached(text.encode(), signer)).decode(),
    }


def approvals_of(
    entries: Iterable[Entry], subject: Subject, trust: Trust, *, at: datetime
) -> tuple[Approval, ...]:
    """What the log holds about exactly this subject, each signature checked.

    Raises:
        VerificationError: A statement's signature does not fit it.
    """
    found = []
    for entry in entries:
        if entry.action not in {REVIEW, SIGN_OFF}:
            continue
        statement = _statement(entry)
        about = (statement["release"], statement["revision"], statement["subject_sha256"])
        if about != (subject.release, subject.revision, subject.digest):
            continue
        signed = _signed(entry)
        found.append(
            Approval(
                kind=statement["kind"],
                number=entry.number,
                key=public_key_digest(signed.chain[0]),
                claims_to_be=holder(signed.chain[0]),
                refusal=trust.refusal(signed.chain, at),
                facts={name: entry.detail[name] for name in _FACTS},
            )
        )
    return tuple(found)


def refusals(approvals: Iterable[Approval]) -> tuple[str, ...]:
    """What is missing until it is signed off; empty where nothing is.

    One review that comes before, and sign-offs by two different keys that the desk trusts.
    """
    given = tuple(approvals)
    trusted = [each for each in given if each.refusal is None]
    reviewed = min((each.number for each in trusted if each.kind == REVIEW), default=None)
    keys = {
        each.key
        for each in trusted
        if each.kind == SIGN_OFF and reviewed is not None and each.number > reviewed
    }
    reasons = []
    if reviewed is None:
        reasons.append("nobody whom the desk trusts reviewed it")
    if len(keys) < KEYS_NEEDED:
        reasons.append(f"it is signed off by {len(keys)} of {KEYS_NEEDED} different keys")
    unknown = sorted({each.claims_to_be for each in given if each.refusal is not None})
    reasons += [f"a key is not trusted that claims to be {name}" for name in unknown if reasons]
    return tuple(reasons)


_FACTS = ("kind", "claims_to_be", "certificate_sha256", "at", "statement", "signature")


def _statement(entry: Entry) -> dict[str, Any]:
    try:
        statement: dict[str, Any] = json.loads(entry.detail["statement"])
        kind = statement["kind"]
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(entry) from error
    if kind != entry.action:
        raise _unfit(entry)
    return statement


def _signed(entry: Entry) -> Detached:
    try:
        signature = base64.b64decode(entry.detail["signature"], validate=True)
        return read_detached(signature, entry.detail["statement"].encode())
    except (KeyError, TypeError, binascii.Error, VerificationError) as error:
        raise _unfit(entry) from error


def _unfit(entry: Entry) -> VerificationError:
    return VerificationError(
        f"the signature of entry {entry.number} does not fit its statement", found=entry.action
    )
