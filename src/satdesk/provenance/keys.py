"""Keys: a local certificate authority, and loading what signs.

Private keys are never part of a value's text, of an error or of an answer. The local authority is
for tests and closed circles: nobody trusts it who was not handed its root certificate.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.store import new_folder
from satdesk.provenance.claim import EKUS

__all__ = [
    "PrivateKey",
    "Signer",
    "certificates_in",
    "load_folder",
    "load_signer",
    "make_authority",
]

ROOT, ROOT_KEY, CHAIN, KEY = "root.pem", "root.key", "signer.pem", "signer.key"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_MAX_BYTES = 1_000_000
_ROOT_YEARS = 10
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key with its certificates.

    Attributes:
        key: Never shown.
        chain: The signing certificate first, then those that lead to a root; the root left out.
        algorithm: As JOSE names it: ES256, ES384, ES512, PS256.
        timestamp_url: Of an RFC 3161 server; None = no time stamps.
    """

    key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    algorithm: str
    timestamp_url: str | None = None


def make_authority(
    folder: Path, *, name: str, days: int, now: datetime, overwrite: bool = False
) -> Signer:
    """Make a root and a signing certificate in a new `folder` (mode 0700; private files 0600).

    Args:
        folder: Must not lie in a release.
        name: Of the desk; stands in both certificates.
        days: How long the signing certificate holds.
        now: The clock, an argument as everywhere.
        overwrite: Replace the folder. What the old keys signed is then trusted by the old root
            alone.

    Raises:
        UsageError: The folder exists, or lies in a release; an impossible name or duration.
    """
    _check_wish(folder, name, days)
    start = now.astimezone(UTC) - timedelta(minutes=5)  # clocks of other machines may lag
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _root(name, root_key, start)
    leaf = _leaf(name, key, root, root_key, start, days)
    with new_folder(folder, overwrite) as target:
        target.chmod(0o700)
        (target / ROOT).write_bytes(_pem(root))
        (target / CHAIN).write_bytes(_pem(leaf))
        _write_private(target / ROOT_KEY, root_key)
        _write_private(target / KEY, key)
    return Signer(key=key, chain=(leaf,), algorithm="ES256")


def require_valid(signer: Signer, now: datetime) -> None:
    """BrokenInputError where the signing certificate does not hold at `now`."""
    leaf = signer.chain[0]
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise BrokenInputError(
            "the signing certificate does not hold now",
            found=f"{leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}",
            expected=f"one that holds on {now:%Y-%m-%d}",
            remedy="get a new one; satdesk keys init makes one for a local authority",
        )


def load_folder(folder: Path, *, timestamp_url: str | None = None) -> Signer:
    """The signer of a folder that `make_authority` made, or of the same layout.

    Raises:
        MissingInputError: No such folder, or a file of it is missing.
        UnsafeInputError: Others may read the private key.
    """
    if not folder.is_dir():
        raise MissingInputError(
            "there is no such key folder",
            subject=folder,
            remedy="make one with satdesk keys init FOLDER",
        )
    return load_signer(folder / CHAIN, folder / KEY, timestamp_url=timestamp_url)


def load_signer(
    certificates: Path,
    key: Path,
    *,
    passphrase: bytes | None = None,
    timestamp_url: str | None = None,
) -> Signer:
    """A signer from a PEM file of certificates (the signing one first) and a PEM private key.

    Raises:
        MissingInputError, UnreadableInputError: A file is not there, or not what it must be.
        UnsafeInputError: Others may read the private key.
        BrokenInputError: Key and certificate do not belong together, or may not sign claims.
    """
    chain = certificates_in(certificates)
    private = _private_key(key, passphrase)
    if private.public_key() != chain[0].public_key():
        raise BrokenInputError(
            "the private key does not belong to the first certificate",
            subject=certificates,
            remedy="put the signing certificate first, or name its own key",
        )
    _check_use(chain[0], certificates)
    return Signer(
        key=private,
        chain=_without_root(chain),
        algorithm=_algorithm(private, key),
        timestamp_url=timestamp_url,
    )


def certificates_in(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, at least one, in order."""
    data = _bytes_of(path)
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise UnreadableInputError(
            "no certificates in it", subject=path, expected="one or more certificates in PEM"
        ) from error


def _check_wish(folder: Path, name: str, days: int) -> None:
    for parent in _above(folder):
        if (parent / "release.json").is_file() or (parent / "SHA256SUMS").is_file():
            raise UsageError(
                "keys do not belong into a release",
                subject=folder,
                found=f"a release in {parent}",
                remedy="choose a folder that is never published",
            )
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise UsageError("not a name for a certificate", found=repr(name), expected="1-64 letters")
    if not 1 <= days <= 365 * _ROOT_YEARS:
        raise UsageError("not a duration", found=f"{days} days", expected="1 to 3650")


def _above(folder: Path) -> Iterator[Path]:
    real = folder.resolve()
    yield from (real, *real.parents)


def _named(name: str, part: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name[: 62 - len(part)]}, {part}"),
        ]
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _root(name: str, key: ec.EllipticCurvePrivateKey, start: datetime) -> x509.Certificate:
    subject = _named(name, "local root")
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * _ROOT_YEARS + 1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    days: int,
) -> x509.Certificate:
    uses = [ObjectIdentifier(use) for use in list(EKUS)[:2]]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    return (
        x509.CertificateBuilder(
            subject_name=_named(name, "release signing"), issuer_name=root.subject
        )
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_private(path: Path, key: PrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # the mode is set when the file is made: it is never readable by others, not for a moment
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise MissingInputError("no such file", subject=path)
    if path.stat().st_size > _MAX_BYTES:
        raise UnreadableInputError(
            "too large for certificates or a key",
            subject=path,
            expected=f"at most {_MAX_BYTES} bytes",
        )
    return path.read_bytes()


def _private_key(path: Path, passphrase: bytes | None) -> PrivateKey:
    data = _bytes_of(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UnsafeInputError(
            "others may read the private key",
            subject=path,
            found=f"mode {stat.S_IMODE(path.stat().st_mode):04o}",
            expected="mode 0600",
            remedy=f"chmod 600 {path}",
        )
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError) as error:
        # what the library says may quote the input; only the kind of failure is passed on
        raise UnreadableInputError(
            "the private key cannot be read",
            subject=path,
            expected="PEM, and its pass-phrase in SATDESK_KEY_PASSPHRASE if it has one",
        ) from (None if passphrase else error)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise _unfit(path, type(key).__name__)
    return key


def _algorithm(key: PrivateKey, path: Path) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name not in _CURVES:
            raise _unfit(path, key.curve.name)
        return _CURVES[key.curve.name]
    if key.key_size < _LEAST_RSA_BITS:
        raise _unfit(path, f"RSA of {key.key_size} bits")
    return "PS256"


def _unfit(path: Path, found: str) -> UnreadableInputError:
    return UnreadableInputError(
        "this kind of key cannot sign a release",
        subject=path,
        found=found,
        expected="ECDSA on P-256, P-384 or P-521, or RSA of 2048 bits and more",
    )


def _check_use(certificate: x509.Certificate, path: Path) -> None:
    try:
        stated = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        uses = {use.dotted_string for use in stated}
    except x509.ExtensionNotFound:
        uses = set()
    if not uses & EKUS.keys():
        raise BrokenInputError(
            "the certificate is not made for signing documents",
            subject=path,
            found=", ".join(sorted(uses)) or "no extended key usage",
            expected=" or ".join(f"{oid} ({what})" for oid, what in EKUS.items()),
        )


def _without_root(chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    return (chain[0], *(c for c in chain[1:] if c.subject != c.issuer))
