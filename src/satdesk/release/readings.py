"""Readings: the answers that stand opened in a desk's log, each sealed before any was opened."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from satdesk.errors import VerificationError
from satdesk.provenance.keys import Signer
from satdesk.provenance.signature import read_detached, sign_detached
from satdesk.provenance.trust import Trust, fingerprint, holder, public_key_digest
from satdesk.release.answers import digest_of
from satdesk.release.clearance import Reading, Subject
from satdesk.release.desk_log import Entry
from satdesk.release.status_file import instant_text

__all__ = ["OPEN", "SEAL", "Sealed", "opened_of", "seal_facts", "sealed_of"]

SEAL, OPEN = "answer", "open"
_FORMAT = "satdesk-sealed-answers/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What the log holds of one reader before the answers are opened.

    Attributes:
        number: Of its entry in the log.
        key: SHA-256 of the reader's public key.
        reader: The name in the certificate.
        refusal: Why the desk does not trust the key; None = it does.
        answers_sha256: Digest of what the reader keeps.
        facts: JSON-ready, with statement and signature, so that anyone can check it.
    """

    number: int
    key: str
    reader: str
    refusal: str | None
    answers_sha256: str
    facts: Mapping[str, Any]


def seal_facts(subject: Subject, kept: str, signer: Signer, *, at: datetime) -> dict[str, Any]:
    """The signed word of `signer` that these are the answers; JSON-ready, without them."""
    statement = {
        "format": _FORMAT,
        "release": subject.release,
        "revision": subject.revision,
        "subject_sha256": subject.digest,
        "answers_sha256": digest_of(kept),
        "at": instant_text(at),
    }
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
    return {
        "claims_to_be": holder(signer.chain[0]),
        "certificate_sha256": fingerprint(signer.chain[0]),
        "at": statement["at"],
        "statement": text,
        "signature": base64.b64encode(sign_detached(text.encode(), signer)).decode(),
    }


def sealed_of(
    entries: Iterable[Entry], subject: Subject, trust: Trust, *, at: datetime
) -> tuple[Sealed, ...]:
    """Every seal of exactly this subject in the log, the last of each key before any opening.

    A seal that comes after an opening is not blind and counts for nothing.

    Raises:
        VerificationError: A signature does not fit its statement.
    """
    last: dict[str, Sealed] = {}
    for entry in _about(entries, subject):
        if entry.action == OPEN:
            break
        found = _sealed(entry, trust, at)
        last[found.key] = found
    return tuple(sorted(last.values(), key=lambda each: each.number))


def opened_of(
    entries: Sequence[Entry], subject: Subject, trust: Trust, *, at: datetime
) -> tuple[Reading, ...]:
    """What each trusted reader sealed, once opened; in the order of the seals.

    Raises:
        VerificationError: What was opened is not what was sealed.
    """
    seals = {each.answers_sha256: each for each in sealed_of(entries, subject, trust, at=at)}
    kept = {}
    for entry in _about(entries, subject):
        if entry.action == OPEN:
            text = str(entry.detail.get("kept"))
            if digest_of(text) not in seals:
                raise VerificationError(
                    f"what entry {entry.number} opens was not sealed before", found=entry.actor
                )
            kept[digest_of(text)] = text
    return tuple(
        Reading(reader=seal.reader, kept=kept[digest], facts=seal.facts)
        for digest, seal in seals.items()
        if digest in kept and seal.refusal is None
    )


def _about(entries: Iterable[Entry], subject: Subject) -> Iterator[Entry]:
    """Seals and openings of exactly this subject, in order."""
    for entry in entries:
        if entry.action in {SEAL, OPEN} and (entry.release, entry.revision) == (
            subject.release,
            subject.revision,
        ):
            digest = _statement(entry)["subject_sha256"] if entry.action == SEAL else None
            if (digest or entry.detail.get("subject_sha256")) == subject.digest:
                yield entry


def _statement(entry: Entry) -> dict[str, Any]:
    try:
        statement: dict[str, Any] = json.loads(entry.detail["statement"])
        if statement["format"] == _FORMAT:
            return statement
    except (KeyError, TypeError, ValueError):
        pass
    raise _unfit(entry)


def _sealed(entry: Entry, trust: Trust, at: datetime) -> Sealed:
    statement = _statement(entry)
    try:
        signature = base64.b64decode(entry.detail["signature"], validate=True)
        signed = read_detached(signature, entry.detail["statement"].encode())
    except (KeyError, TypeError, binascii.Error, VerificationError) as error:
        raise _unfit(entry) from error
    return Sealed(
        number=entry.number,
        key=public_key_digest(signed.chain[0]),
        reader=holder(signed.chain[0]),
        refusal=trust.refusal(signed.chain, at),
        answers_sha256=str(statement["answers_sha256"]),
        facts={name: entry.detail[name] for name in _FACTS},
    )


_FACTS = ("claims_to_be", "certificate_sha256", "at", "statement", "signature")


def _unfit(entry: Entry) -> VerificationError:
    return VerificationError(
        f"the signature of entry {entry.number} does not fit its statement", found=entry.action
    )
