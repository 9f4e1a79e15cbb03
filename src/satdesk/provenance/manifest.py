"""Reading the C2PA credentials of a file that a stranger may have made, and judging them.

Offline: nothing that a manifest points to is fetched. `Valid` is not trusted: only what C2PA calls
``Trusted``, by the anchors and the uses of certificates that the reader names, counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import c2pa

from satdesk.errors import UnsafeInputError
from satdesk.provenance.claim import ASSERTION, EKUS
from satdesk.provenance.trust import Trust

__all__ = ["Credentials", "Found", "State", "media_type_of", "read_credentials"]

_LABEL = b"c2pa"
_PIECE = 1 << 20
_UNREADABLE = (
    "it cannot be read as {kind}, and no credentials are in it; whether it was signed once cannot "
    "be told"
)
_MEDIA_TYPES = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".pdf": "application/pdf",
}
_ANY = "application/octet-stream"
_MAX_SIDECAR = 20_000_000
_MAX_REPORT = 20_000_000
_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_TRUSTED = "signingCredential.trusted"
_SIGNER_CODES = {
    "signingCredential.untrusted": "its certificates do not lead to a trust anchor",
    "signingCredential.expired": "its certificate had expired, or did not hold yet",
    "signingCredential.invalid": "its certificate is not made for signing documents",
}
"""What is wrong with the signer alone: the file is as it was signed."""


class State(Enum):
    """What credentials are worth to this reader."""

    TRUSTED = "trusted"
    UNKNOWN_SIGNER = "unknown-signer"
    ALTERED = "altered"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One ingredient.

    Attributes:
        title: As the claim names it.
        state: Of its own credentials; NONE = it has none, and the claim's signer states it.
        reason: In words; None where there is nothing to say.
    """

    title: str
    state: State
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of one file.

    Attributes:
        state: See `State`.
        reason: In words; None where it is trusted.
        signer: The name in the signing certificate: what the signer claims to be. None = none.
        time: When a trusted server saw the signature, ISO 8601; None = no time stamp.
        actions: What was done, in words, in order.
        ingredients: The sources.
        assertion: Our own assertion; None where there is none.
    """

    state: State
    reason: str | None = None
    signer: str | None = None
    time: str | None = None
    actions: tuple[str, ...] = ()
    ingredients: tuple[Found, ...] = ()
    assertion: Mapping[str, Any] | None = None


def media_type_of(path: Path) -> str | None:
    """The media type by the file's ending, of those that can carry credentials; None = another."""
    return _MEDIA_TYPES.get(path.suffix.lower())


def read_credentials(path: Path, trust: Trust, *, sidecar: Path | None = None) -> Credentials:
    """What the credentials in the file at `path`, or in its `sidecar`, say and are worth.

    Raises:
        UnsafeInputError: The sidecar, or what it unpacks to, is larger than any of ours.
    """
    media_type = media_type_of(path)
    if media_type is None and sidecar is None:
        return Credentials(state=State.NONE, reason="this kind of file carries no credentials")
    manifest = None if sidecar is None else _bytes_of(sidecar)
    format_ = _ANY if sidecar is not None else media_type
    try:
        with (
            c2pa.Context.from_dict(_settings(trust)) as context,
            path.open("rb") as source,
            c2pa.Reader(format_, source, manifest, context) as reader,
        ):
            return _judged(_report(reader.json(), path))
    except c2pa.C2paError as error:
        if "ManifestNotFound" in type(error).__name__:
            return Credentials(state=State.NONE, reason="it carries no credentials")
        if sidecar is None and not _names_credentials(path):
            return Credentials(state=State.NONE, reason=_UNREADABLE.format(kind=media_type))
        return Credentials(
            state=State.ALTERED, reason=f"its credentials are damaged ({error})"[:300]
        )


def _names_credentials(path: Path) -> bool:
    """Whether the file holds the four letters that each C2PA manifest has in its labels."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            if _LABEL in before + piece:
                return True
            before = piece[1 - len(_LABEL) :]
    return False


def _settings(trust: Trust) -> dict[str, Any]:
    uses = "\n".join([*EKUS, _TIME_STAMPING])
    anchors = {"trust_anchors": trust.pem()} if trust.anchors else {}
    return {
        "verify": {
            "verify_trust": True,
            "verify_timestamp_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "trust": {**anchors, "trust_config": uses},
    }


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > _MAX_SIDECAR:
        raise _too_large(path)
    return path.read_bytes()


def _report(text: str, path: Path) -> dict[str, Any]:
    if len(text) > _MAX_REPORT:
        raise _too_large(path)
    report: dict[str, Any] = json.loads(text)
    return report


def _too_large(path: Path) -> UnsafeInputError:
    return UnsafeInputError(
        "its credentials are larger than any of ours",
        subject=path,
        expected=f"at most {_MAX_REPORT} bytes",
    )


def _judged(report: Mapping[str, Any]) -> Credentials:
    manifest = report.get("manifests", {}).get(report.get("active_manifest"), {})
    signature = manifest.get("signature_info") or {}
    ingredients = tuple(_ingredients(manifest, report))
    state, reason = _state(report, ingredients)
    return Credentials(
        state=state,
        reason=reason,
        signer=_one_line(signature.get("common_name") or signature.get("issuer") or "nameless"),
        time=_time(report, signature),
        actions=tuple(_actions(manifest)),
        ingredients=ingredients,
        assertion=_assertion(manifest),
    )


def _time(report: Mapping[str, Any], signature: Mapping[str, Any]) -> str | None:
    """The time stamp's time, if its server is one that the reader trusts."""
    results = report.get("validation_results", {}).get("activeManifest") or {}
    known = "timeStamp.trusted" in _codes(results, "success")
    return str(signature["time"]) if known and signature.get("time") else None


def _state(report: Mapping[str, Any], ingredients: tuple[Found, ...]) -> tuple[State, str | None]:
    codes = _failures(report.get("validation_results", {}).get("activeManifest"))
    altered = [code for code in codes if code not in _SIGNER_CODES]
    if altered:
        return State.ALTERED, f"it is not as it was signed ({', '.join(altered[:3])})"
    if codes:
        return State.UNKNOWN_SIGNER, _SIGNER_CODES[codes[0]]
    worse = [each for each in ingredients if each.state in {State.ALTERED, State.UNKNOWN_SIGNER}]
    if worse:
        return worse[0].state, f"its source {worse[0].title}: {worse[0].reason}"
    if report.get("validation_state") != "Trusted":
        return State.UNKNOWN_SIGNER, "its signer is valid, but not trusted"
    return State.TRUSTED, None


def _failures(results: Mapping[str, Any] | None) -> list[str]:
    return [] if results is None else _codes(results, "failure")


def _codes(results: Mapping[str, Any], kind: str) -> list[str]:
    listed = results.get(kind) or []
    return list(dict.fromkeys(str(each.get("code")) for each in listed))


def _ingredients(manifest: Mapping[str, Any], report: Mapping[str, Any]) -> Iterator[Found]:
    """Each source of the claim, then those sources of sources with which something is wrong.

    The claim holds what its signer found when it took a source in; beside it stands what this
    reader, with these anchors, finds otherwise.
    """
    deltas = {
        str(each.get("ingredientAssertionURI")): each.get("validationDeltas") or {}
        for each in report.get("validation_results", {}).get("ingredientDeltas") or []
    }
    for each in manifest.get("ingredients") or []:
        uri = (
            f"self#jumbf=/c2pa/{report.get('active_manifest')}/c2pa.assertions/{each.get('label')}"
        )
        then = (each.get("validation_results") or {}).get("activeManifest")
        carried = bool(each.get("active_manifest") or then)
        title = _one_line(str(each.get("title") or "untitled"))
        yield _found(title, then or {}, deltas.pop(uri, {}), carried=carried)
    for delta in deltas.values():
        if _failures(delta):
            yield _found("a source of a source", {}, delta, carried=True)


def _found(title: str, then: Mapping[str, Any], now: Mapping[str, Any], *, carried: bool) -> Found:
    codes = list(dict.fromkeys([*_failures(then), *_failures(now)]))
    altered = [code for code in codes if code not in _SIGNER_CODES]
    if altered:
        reason = f"not as it was signed ({', '.join(altered[:3])})"
        return Found(title=title, state=State.ALTERED, reason=reason)
    if not carried:
        return Found(title=title, state=State.NONE)
    # the reader's own judgement goes before that of whoever took the source in
    if _TRUSTED in _codes(now, "success") or (not codes and _TRUSTED in _codes(then, "success")):
        return Found(title=title, state=State.TRUSTED)
    reason = _SIGNER_CODES[codes[0] if codes else "signingCredential.untrusted"]
    return Found(title=title, state=State.UNKNOWN_SIGNER, reason=reason)


def _actions(manifest: Mapping[str, Any]) -> Iterator[str]:
    for assertion in manifest.get("assertions") or []:
        if str(assertion.get("label")).startswith("c2pa.actions"):
            for action in (assertion.get("data") or {}).get("actions") or []:
                yield _one_line(str(action.get("description") or action.get("action")))


def _assertion(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for assertion in manifest.get("assertions") or []:
        if assertion.get("label") == ASSERTION and isinstance(assertion.get("data"), dict):
            data: Mapping[str, Any] = assertion["data"]
            return data
    return None


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:300]
