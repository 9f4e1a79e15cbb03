"""Whom the reader trusts: root certificates, and whether a chain of certificates leads to one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from satdesk.provenance.claim import EKUS
from satdesk.provenance.keys import certificates_in

__all__ = ["Trust", "authority_facts", "fingerprint", "holder", "load_trust", "public_key_digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The anchors that a reader names; without any, nobody is trusted.

    Attributes:
        anchors: Root certificates.
    """

    anchors: tuple[x509.Certificate, ...] = ()

    def refusal(self, chain: Sequence[x509.Certificate], at: datetime) -> str | None:
        """Why `chain` (signing certificate first) is not trusted at `at`; None if it is."""
        if not self.anchors:
            return "no trust anchors were named"
        use = _use_of(chain[0])
        if use is not None:
            return use
        policy = (
            PolicyBuilder()
            .store(Store(list(self.anchors)))
            .time(at.astimezone(UTC).replace(tzinfo=None))
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=ExtensionPolicy.permit_all(),
            )
        )
        try:
            policy.build_client_verifier().verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            return _reason(chain[0], at, str(error))
        return None

    def pem(self) -> str:
        """All anchors, as C2PA's settings take them."""
        encoding = serialization.Encoding.PEM
        return "".join(anchor.public_bytes(encoding).decode() for anchor in self.anchors)


def load_trust(paths: Iterable[Path]) -> Trust:
    """The anchors of PEM files, each once."""
    anchors = dict.fromkeys(anchor for path in paths for anchor in certificates_in(path))
    return Trust(anchors=tuple(anchors))


def holder(certificate: x509.Certificate) -> str:
    """The name in a certificate, on one line: what its holder claims to be."""
    names = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    ]
    text = names[0] if names else certificate.subject.rfc4514_string() or "nameless"
    return "".join(c if c.isprintable() else "�" for c in text)[:200]


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 (hex) of the certificate: by it two people can compare what they hold."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def public_key_digest(certificate: x509.Certificate) -> str:
    """SHA-256 (hex) of the public key: two certificates of one key are one key."""
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()


def _use_of(certificate: x509.Certificate) -> str | None:
    """Why the certificate may not sign claims; None if it may."""
    try:
        der = certificate.public_bytes(serialization.Encoding.DER)
        stated = asn1_x509.Certificate.load(der).extended_key_usage_value
        uses = set() if stated is None else {use.dotted for use in stated}
    except (ValueError, TypeError, KeyError):  # what asn1crypto raises for a malformed extension
        return "the certificate's extensions cannot be read"
    if not uses & EKUS.keys():
        return "the certificate is not made for signing documents"
    return None


def _reason(certificate: x509.Certificate, at: datetime, told: str) -> str:
    if at > certificate.not_valid_after_utc:
        return f"the certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if at < certificate.not_valid_before_utc:
        return f"the certificate holds only from {certificate.not_valid_before_utc:%Y-%m-%d} on"
    return f"its certificates do not lead to a trust anchor ({told[:160]})"


def authority_facts(folder: Path, leaf: x509.Certificate) -> dict[str, str]:
    """What ``satdesk keys`` answers (``keys.schema.json``).

    Args:
        folder: Where key and certificates lie.
        leaf: The signing certificate.
    """
    return {
        "path": str(folder),
        "root": str(folder / "root.pem"),
        "claims_to_be": holder(leaf),
        "certificate_sha256": fingerprint(leaf),
        "holds_until": f"{leaf.not_valid_after_utc:%Y-%m-%d}",
    }
