"""Verifying a release, or one file of it, offline: by signed checksums and by its credentials.

Everything read here may come from a stranger. No link is followed, no path leads out of the folder,
and nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from satdesk.errors import MissingInputError, SatdeskError, UnsafeInputError, VerificationError
from satdesk.files.digests import SUMS_NAME, read_sha256sums, sha256
from satdesk.provenance.claim import CREDENTIALS_SUFFIX
from satdesk.provenance.manifest import Credentials, State, media_type_of, read_credentials
from satdesk.provenance.signature import MAX_SIGNATURE_BYTES, read_detached
from satdesk.provenance.trust import Trust, fingerprint, holder
from satdesk.release.seal import SEALED_ROLES, SIGNATURE_NAME, STAMP_NAME, sealed_inside
from satdesk.release.stamp_check import check_stamp
from satdesk.release.status_check import check_status
from satdesk.release.status_file import STATUS_FILES
from satdesk.release.verification import Checked, SignerFound, Verdict, Verification

__all__ = ["verify", "verify_file", "verify_release"]

_MAX_FILES = 1_000_000
_MAX_DOCUMENT = 100_000_000
_HEAD_BYTES = 262_144
_OURS = re.compile(rb"satdesk \d|<xmp:CreatorTool>satdesk")
_VERDICTS = {
    State.TRUSTED: Verdict.TRUSTED,
    State.UNKNOWN_SIGNER: Verdict.UNKNOWN_SIGNER,
    State.ALTERED: Verdict.ALTERED,
}


def verify(path: Path, trust: Trust, *, at: datetime) -> Verification:
    """Verify a release (a folder) or one file.

    Raises:
        MissingInputError: There is neither.
        UnsafeInputError: It is made to exhaust the machine.
    """
    if path.is_dir():
        return verify_release(path, trust, at=at)
    if not path.is_file():
        raise MissingInputError("no such release or file", subject=path)
    return verify_file(path, trust)


def verify_file(path: Path, trust: Trust) -> Verification:
    """Verify one file by the credentials in it, or in a sidecar beside it."""
    if path.name.endswith(CREDENTIALS_SUFFIX):
        path = path.with_name(path.name.removesuffix(CREDENTIALS_SUFFIX))
    beside = path.with_name(path.name + CREDENTIALS_SUFFIX)
    found = read_credentials(path, trust, sidecar=beside if beside.is_file() else None)
    checked = _by_itself(path, found)
    signer = None
    if found.signer is not None:
        refusal = None if checked.verdict is Verdict.TRUSTED else found.reason
        signer = SignerFound(name=found.signer, refusal=refusal)
    return Verification(
        subject=str(path),
        kind="file",
        signer=signer,
        anchors=tuple(holder(anchor) for anchor in trust.anchors),
        files=(checked,),
        release=_stated(found.assertion),
    )


def verify_release(
    folder: Path, trust: Trust, *, at: datetime, credentials: bool = True
) -> Verification:
    """Verify a whole release.

    Args:
        folder: The release.
        trust: The anchors.
        at: The instant at which certificates must hold: now.
        credentials: Look into the files, too; without it only the signed checksums count, which
            find every change already.
    """
    present = dict(_present(folder))
    listed = _listed(folder, present, trust, at)
    document = _document(folder, listed)
    judged = [_list_checked(listed), *_signature_checked(listed)]
    apart = {SUMS_NAME, SIGNATURE_NAME, STAMP_NAME, *STATUS_FILES}
    paths = (listed.digests.keys() | present.keys()) - apart
    judged += [_judged(folder, path, present, listed) for path in sorted(paths)]
    if credentials:
        expected = _expected(document)
        judged = [_with_credentials(folder, each, trust, expected) for each in judged]
    status = check_status(folder, present, trust, at=at, expected=_has_status(document))
    stamp = check_stamp(folder, present, status, trust, listed.chain)
    judged += [*status.files, *stamp.files]
    return Verification(
        stamp=stamp.found,
        status=status.effective,
        status_words=status.words,
        subject=str(folder),
        kind="release",
        signer=listed.signer,
        anchors=tuple(holder(anchor) for anchor in trust.anchors),
        files=tuple(judged),
        release=_stated(document),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """The list of checksums and who vouches for it.

    Attributes:
        digests: By path; empty where the list cannot be read.
        verdict: Of the list.
        reason: In words.
        signer: None = nobody.
        chain: The signer's certificates; empty = nobody.
    """

    digests: dict[str, str]
    verdict: Verdict
    reason: str
    signer: SignerFound | None = None
    chain: tuple[x509.Certificate, ...] = ()


def _present(folder: Path) -> Iterator[tuple[str, bool]]:
    """Every file below `folder`, and whether it is a plain one; links are named, not followed."""
    waiting, seen = [folder], 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if seen > _MAX_FILES:
                    raise UnsafeInputError(
                        "more files than any release has", subject=folder, found=f"> {_MAX_FILES}"
                    )
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    continue
                plain = stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
                yield Path(entry.path).relative_to(folder).as_posix(), plain


def _listed(folder: Path, present: dict[str, bool], trust: Trust, at: datetime) -> _Listed:
    if not present.get(SUMS_NAME):
        verdict = Verdict.MISSING if SIGNATURE_NAME in present else Verdict.UNSIGNED
        return _Listed(digests={}, verdict=verdict, reason="there is no list of checksums")
    try:
        digests = dict(read_sha256sums(folder / SUMS_NAME))
    except SatdeskError as error:
        return _Listed(digests={}, verdict=Verdict.ALTERED, reason=f"{error.what} ({error.found})")
    if not present.get(SIGNATURE_NAME):
        return _Listed(digests=digests, **_unsigned(folder))
    return _signed(folder, digests, trust, at)


def _unsigned(folder: Path) -> dict[str, Any]:
    if _says_signed(folder):
        reason = "the release says that it is signed, and the signature is gone"
        return {"verdict": Verdict.STRIPPED, "reason": reason}
    return {"verdict": Verdict.UNSIGNED, "reason": "nobody signed the list of checksums"}


def _signed(folder: Path, digests: dict[str, str], trust: Trust, at: datetime) -> _Listed:
    with (folder / SIGNATURE_NAME).open("rb") as file:
        signature = file.read(MAX_SIGNATURE_BYTES + 1)  # a byte too many is refused when read
    try:
        found = read_detached(signature, (folder / SUMS_NAME).read_bytes())
    except VerificationError as error:
        reason = error.what if error.found is None else f"{error.what}: {error.found}"
        return _Listed(digests=digests, verdict=Verdict.ALTERED, reason=reason)
    refusal = trust.refusal(found.chain, at)
    signer = SignerFound(
        name=holder(found.chain[0]),
        refusal=refusal,
        certificate_sha256=fingerprint(found.chain[0]),
    )
    verdict = Verdict.TRUSTED if refusal is None else Verdict.UNKNOWN_SIGNER
    return _Listed(
        digests=digests,
        verdict=verdict,
        reason=f"signed by {signer.words}",
        signer=signer,
        chain=found.chain,
    )


def _list_checked(listed: _Listed) -> Checked:
    return Checked(path=SUMS_NAME, verdict=listed.verdict, reason=listed.reason)


def _signature_checked(listed: _Listed) -> Iterator[Checked]:
    if listed.signer is not None:
        yield Checked(path=SIGNATURE_NAME, verdict=listed.verdict, reason=listed.reason)


def _judged(folder: Path, path: str, present: dict[str, bool], listed: _Listed) -> Checked:
    """One file against the list, and what the list is worth."""
    if path not in present:
        return Checked(path=path, verdict=Verdict.MISSING, reason="listed, and not there")
    if not present[path]:
        return Checked(path=path, verdict=Verdict.ALTERED, reason="a link or no plain file")
    if path not in listed.digests:
        if not listed.digests:
            return Checked(path=path, verdict=Verdict.UNSIGNED, reason="nothing vouches for it")
        return Checked(path=path, verdict=Verdict.EXTRA, reason="there, and not listed")
    if sha256(folder / path) != listed.digests[path]:
        return Checked(
            path=path, verdict=Verdict.ALTERED, reason="its SHA-256 is not the listed one"
        )
    reasons = {
        Verdict.TRUSTED: "as listed in the signed checksums",
        Verdict.UNKNOWN_SIGNER: "as listed, by a signer who is not known",
        Verdict.ALTERED: "as listed, but the list itself is not intact",
        Verdict.STRIPPED: "as listed, but the list is no longer signed",
    }
    vouched = {Verdict.TRUSTED, Verdict.UNKNOWN_SIGNER}
    return Checked(
        path=path,
        verdict=listed.verdict if listed.verdict in vouched else Verdict.UNSIGNED,
        reason=reasons.get(listed.verdict, "as listed, but nobody signed the list"),
    )


def _with_credentials(
    folder: Path, checked: Checked, trust: Trust, expected: dict[str, bool]
) -> Checked:
    """The same with what the file's own credentials say, which can only make it worse."""
    intact = {Verdict.TRUSTED, Verdict.UNKNOWN_SIGNER, Verdict.UNSIGNED}
    if checked.verdict not in intact or checked.path not in expected:
        return checked
    path = folder / checked.path
    beside = path.with_name(path.name + CREDENTIALS_SUFFIX)
    try:
        found = read_credentials(path, trust, sidecar=None if expected[checked.path] else beside)
    except OSError:
        found = Credentials(state=State.NONE, reason="its sidecar is gone")
    own = _by_itself(path, found, expected=True)
    order = list(Verdict)
    if order.index(own.verdict) < order.index(checked.verdict):
        return Checked(path=checked.path, verdict=own.verdict, reason=own.reason, credentials=found)
    return Checked(
        path=checked.path,
        verdict=checked.verdict,
        reason=f"{checked.reason}; {own.reason}",
        credentials=found,
    )


def _by_itself(path: Path, found: Credentials, *, expected: bool = False) -> Checked:
    """What a file's own credentials make of it."""
    if found.state is State.NONE:
        verdict, reason = _without(path, found, expected=expected)
        return Checked(path=path.name, verdict=verdict, reason=reason, credentials=found)
    signer = SignerFound(
        name=found.signer or "nameless",
        refusal=None if found.state is State.TRUSTED else found.reason,
    )
    words = {
        State.TRUSTED: f"its own credentials are those of {signer.words}",
        State.UNKNOWN_SIGNER: f"its own credentials are those of {signer.words}",
        State.ALTERED: found.reason or "it is not as it was signed",
    }
    return Checked(
        path=path.name,
        verdict=_VERDICTS[found.state],
        reason=words[found.state],
        credentials=found,
    )


def _without(path: Path, found: Credentials, *, expected: bool) -> tuple[Verdict, str]:
    reason = found.reason or "it carries no credentials"
    if expected:
        return Verdict.STRIPPED, f"{reason}, though its release says that it has them"
    with path.open("rb") as file:
        ours = _OURS.search(file.read(_HEAD_BYTES)) is not None
    if ours and media_type_of(path) is not None:
        told = "its metadata say that satdesk made it; it was never signed, or they were removed"
        return Verdict.STRIPPED, f"{reason}; {told}"
    return Verdict.UNSIGNED, f"{reason}: never signed, or stripped"


def _document(folder: Path, listed: _Listed) -> dict[str, Any] | None:
    """``release.json`` where it is as listed; what another one says is nothing."""
    digest = listed.digests.get("release.json")
    path = folder / "release.json"
    if digest is None or path.is_symlink() or not path.is_file() or sha256(path) != digest:
        return None
    return _loaded(path)


def _loaded(path: Path) -> dict[str, Any] | None:
    if path.stat().st_size > _MAX_DOCUMENT:
        return None
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _has_status(document: dict[str, Any] | None) -> bool:
    return document is not None and "subject_sha256" in document


def _says_signed(folder: Path) -> bool:
    path = folder / "release.json"
    document = _loaded(path) if path.is_file() and not path.is_symlink() else None
    return document is not None and document.get("signing") is not None


def _expected(document: dict[str, Any] | None) -> dict[str, bool]:
    """Paths that must have credentials; True = in themselves, False = beside them."""
    signing = None if document is None else document.get("signing")
    if document is None or not isinstance(signing, dict):
        return {}
    inside = set(signing.get("embedded") or [])
    return {
        str(each["path"]): sealed_inside(str(each["role"]), str(each.get("media_type")), inside)
        for each in document.get("artifacts") or []
        if isinstance(each, dict) and each.get("role") in SEALED_ROLES and "path" in each
    }


def _stated(document: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a stranger's JSON
    """What a release or a claim says of itself."""
    if not isinstance(document, dict):
        return None
    names = {"id": "release" if "release" in document else "id"}
    names |= {n: n for n in ("revision", "title", "publisher", "status", "simulated")}
    return {name: document.get(key) for name, key in names.items()}
