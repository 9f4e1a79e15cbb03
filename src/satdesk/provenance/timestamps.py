"""Whether a time stamp server (RFC 3161) answers, asked with a short patience.

The library that signs has none of its own: it would wait as long as the network lets it.
"""

from __future__ import annotations

import hashlib
import http.client
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from asn1crypto import algos, tsp

from satdesk.errors import UsageError

__all__ = ["answers"]

_PATIENCE_S = 10.0
_MAX_BYTES = 100_000


def answers(url: str) -> str | None:
    """None where the server at `url` gives a time stamp; else why it does not, in words.

    Raises:
        UsageError: Not an address of a server.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageError("not a time stamp server", found=repr(url), expected="http(s)://…")
    query = Request(  # noqa: S310 - the scheme was checked
        url, data=_query(), headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urlopen(query, timeout=_PATIENCE_S) as reply:  # noqa: S310 - as above
            return _refusal(reply.read(_MAX_BYTES))
    except (OSError, http.client.HTTPException) as error:
        return f"the server does not answer ({type(error).__name__})"


def _query() -> bytes:
    imprint = {
        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "hashed_message": hashlib.sha256(b"").digest(),
    }
    request = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": imprint, "nonce": 1, "cert_req": True}
    )
    return bytes(request.dump())


def _refusal(reply: bytes) -> str | None:
    try:
        status = tsp.TimeStampResp.load(reply)["status"]["status"].native
    except (ValueError, TypeError, KeyError):
        return "the server's answer is no time stamp"
    granted = {"granted", "granted_with_mods"}
    return None if status in granted else f"the server refuses ({status})"
