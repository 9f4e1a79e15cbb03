"""Reading a time stamp (RFC 3161): when a signature was there already, and who says so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import VerificationError as Unverified
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from satdesk.errors import VerificationError
from satdesk.provenance.timestamps import MAX_STAMP_BYTES
from satdesk.provenance.trust import Trust, holder

__all__ = ["Stamp", "read_stamp"]

_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp of the data that it was read for.

    Attributes:
        time: The instant that it states, UTC.
        server: Name in the server's certificate; what its holder claims to be where `refusal` is
            not None.
        refusal: Why the server is not trusted; None = it is.
    """

    time: datetime
    server: str
    refusal: str | None


def read_stamp(reply: bytes, data: bytes, trust: Trust) -> Stamp:
    """The time stamp in a server's answer `reply` over `data`.

    The server is trusted if its certificate leads to an anchor, held at the stated time, and is
    made for time stamps (RFC 3161, 2.3).

    Raises:
        VerificationError: It is none, or one of other data.
    """
    if len(reply) > MAX_STAMP_BYTES:
        raise _broken("too large for a time stamp")
    try:
        parsed = decode_timestamp_response(reply)
        told = parsed.tst_info
        of_sha256 = told.message_imprint.hash_algorithm.dotted_string == _SHA256
        imprint, time = told.message_imprint.message, told.gen_time
        server = _server(sorted(parsed.signed_data.certificates))
    except ValueError as error:
        raise _broken("no time stamp in it") from error
    if not of_sha256 or imprint != hashlib.sha256(data).digest():
        raise _broken("a time stamp of other data")
    return Stamp(time=time.astimezone(UTC), server=server, refusal=_refusal(reply, imprint, trust))


def _refusal(reply: bytes, imprint: bytes, trust: Trust) -> str | None:
    """Why no anchor vouches for it; the library looks at certificates as of the stated time."""
    if not trust.anchors:
        return "no trust anchors were named"
    verifier = VerifierBuilder(roots=list(trust.anchors)).build()
    try:
        verifier.verify(decode_timestamp_response(reply), imprint)
    except (Unverified, ValueError) as error:
        return f"it does not lead to a trust anchor ({str(error)[:160]})"
    return None


def _server(certificates: list[bytes]) -> str:
    """The name of the one that no other certificate was issued by."""
    found = [x509.load_der_x509_certificate(each) for each in certificates]
    issuers = {each.issuer for each in found if each.issuer != each.subject}
    return next((holder(each) for each in found if each.subject not in issuers), "nameless")


def _broken(found: str) -> VerificationError:
    return VerificationError(
        "the time stamp is not intact", found=found, expected="a time stamp (RFC 3161) of the data"
    )
