"""Asking a time stamp server (RFC 3161), with a short patience.

The library that signs pictures has none of its own: it would wait as long as the network lets it.
"""

from __future__ import annotations

import hashlib
import http.client
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from satdesk.errors import MachineError, UsageError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

__all__ = ["MAX_STAMP_BYTES", "answers", "time_stamp"]

MAX_STAMP_BYTES = 100_000
_PATIENCE_S = 10.0
_GRANTED = {0, 1}
"""PKIStatus (RFC 3161, 2.4.2): granted, granted with modifications."""


def answers(url: str) -> str | None:
    """None where the server at `url` gives a time stamp; else why it does not, in words.

    Raises:
        UsageError: Not an address of a server.
    """
    try:
        time_stamp(url, b"satdesk")
    except MachineError as error:
        return error.found or error.what
    return None


def time_stamp(url: str, data: bytes) -> bytes:
    """The server's answer (DER of a TimeStampResp) that stamps the SHA-256 of `data`.

    It answers this question, by hash and nonce; whether the server is to be trusted is told by who
    reads it (`provenance.stamp`).

    Raises:
        UsageError: Not an address of a server.
        MachineError: There is no time stamp within ten seconds; `found` says why.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageError("not a time stamp server", found=repr(url), expected="http(s)://…")
    asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        reply = _reply(url, asked.as_bytes())
    except (OSError, http.client.HTTPException) as error:
        raise _none(f"the server does not answer ({type(error).__name__})") from error
    refusal = _refusal(reply, asked, data)
    if refusal is not None:
        raise _none(refusal)
    return reply


def _none(found: str) -> MachineError:
    return MachineError("there is no time stamp", found=found)


def _reply(url: str, query: bytes) -> bytes:
    """What the server sends, as long as it all comes within our patience."""
    end = time.monotonic() + _PATIENCE_S
    request = Request(  # noqa: S310 - the scheme was checked
        url, data=query, headers={"Content-Type": "application/timestamp-query"}
    )
    parts: list[bytes] = []
    with urlopen(request, timeout=_PATIENCE_S) as reply:  # noqa: S310 - as above
        expected = reply.length
        while part := reply.read1(MAX_STAMP_BYTES):
            parts.append(part)
            if time.monotonic() > end or sum(map(len, parts)) > MAX_STAMP_BYTES:
                raise TimeoutError
    whole = b"".join(parts)
    if expected is not None and len(whole) < expected:
        raise http.client.IncompleteRead(whole, expected - len(whole))
    return whole


def _refusal(reply: bytes, asked: TimeStampRequest, data: bytes) -> str | None:
    try:
        found: TimeStampResponse = decode_timestamp_response(reply)
        if found.status not in _GRANTED:
            return f"the server refuses (status {found.status})"
        told = found.tst_info
        same = told.message_imprint.message == hashlib.sha256(data).digest()
    except ValueError:
        return "the server's answer is no time stamp"
    return None if same and told.nonce == asked.nonce else "the server answers another question"
