"""The detached signature of a list of checksums: CMS SignedData (RFC 5652), DER, without content.

It holds the signing certificate with those that lead to a root, one signer and no attributes:
``openssl cms -verify`` checks it. Reading is strict: the file must be, byte for byte, what we would
write from its own certificates and signature, so that no bit of it can change unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from satdesk.errors import VerificationError
from satdesk.provenance.keys import PrivateKey, Signer

__all__ = ["MAX_SIGNATURE_BYTES", "Detached", "read_detached", "sign_detached"]

MAX_SIGNATURE_BYTES = 100_000
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "ES256": hashes.SHA256,
    "ES384": hashes.SHA384,
    "ES512": hashes.SHA512,
    "PS256": hashes.SHA256,
}
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A signature that fits its data; whether its signer is to be trusted is another question."""

    chain: tuple[x509.Certificate, ...]


def sign_detached(data: bytes, signer: Signer) -> bytes:
    """DER of the signature of `data`."""
    signature = _sign(data, signer.key, signer.algorithm)
    return _document(signer.chain, signer.algorithm, signature)


def read_detached(signature: bytes, data: bytes) -> Detached:
    """The signature's certificates, if it is one of `data`.

    Raises:
        VerificationError: It is none, is of another form than ours, or does not fit the data.
    """
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise _broken("too large for a signature")
    try:
        chain, value = _parts(signature)
        algorithm = _algorithm_of(chain[0])
        rebuilt = _document(chain, algorithm, value)
    except VerificationError:
        raise
    except Exception as error:
        raise _broken("no CMS signature") from error
    if rebuilt != signature:
        raise _broken("bytes in it that no signature of ours has")
    _check(data, chain[0], algorithm, value)
    return Detached(chain=chain)


def _broken(found: str) -> VerificationError:
    return VerificationError(
        "the signature is not intact", found=found, expected="a detached CMS signature by satdesk"
    )


def _parts(data: bytes) -> tuple[tuple[x509.Certificate, ...], bytes]:
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise _broken("another kind of CMS document")
    signed = info["content"]
    chain = tuple(_certificate(each.chosen) for each in signed["certificates"])
    (only,) = signed["signer_infos"]
    return chain, only["signature"].native


def _certificate(parsed: asn1_x509.Certificate) -> x509.Certificate:
    """The certificate, unless it holds what a strict encoder would not write.

    The signature in a certificate does not cover its own encoding: the count of unused bits before
    it could change unseen.
    """
    der = bytes(parsed.dump())
    rebuilt = asn1_x509.Certificate(
        {
            "tbs_certificate": parsed["tbs_certificate"],
            "signature_algorithm": parsed["signature_algorithm"],
            "signature_value": parsed["signature_value"].native,
        }
    )
    if rebuilt.dump() != der or parsed.serial_number <= 0:
        raise _broken("a certificate that is not encoded as it must be")
    certificate = x509.load_der_x509_certificate(der)
    _ = certificate.subject, certificate.issuer, certificate.not_valid_after_utc  # parsed late
    return certificate


def _document(chain: tuple[x509.Certificate, ...], algorithm: str, signature: bytes) -> bytes:
    der = serialization.Encoding.DER
    parsed = [asn1_x509.Certificate.load(each.public_bytes(der)) for each in chain]
    digest = algos.DigestAlgorithm({"algorithm": _HASHES[algorithm].name})
    name = cms.IssuerAndSerialNumber(
        {"issuer": parsed[0].issuer, "serial_number": parsed[0].serial_number}
    )
    only = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": name}),
            "digest_algorithm": digest,
            "signature_algorithm": _signature_algorithm(algorithm),
            "signature": signature,
        }
    )
    content = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": parsed,
            "signer_infos": [only],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": content}).dump())


def _signature_algorithm(algorithm: str) -> algos.SignedDigestAlgorithm:
    name = _HASHES[algorithm].name
    if algorithm != "PS256":
        return algos.SignedDigestAlgorithm({"algorithm": f"{name}_ecdsa"})
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": name}}
    parameters = {
        "hash_algorithm": {"algorithm": name},
        "mask_gen_algorithm": mask,
        "salt_length": 32,
    }
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


def _pss() -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def _sign(data: bytes, key: PrivateKey, algorithm: str) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, _pss(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(_HASHES[algorithm]()))


def _algorithm_of(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "PS256"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise _broken("a kind of key that signs no release")


def _check(data: bytes, certificate: x509.Certificate, algorithm: str, signature: bytes) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _pss(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(_HASHES[algorithm]()))
    except InvalidSignature as error:
        raise VerificationError(
            "the signature does not fit",
            found="a list of checksums that is not the signed one, or an altered signature",
            expected="the signed list",
        ) from error
