"""What the time stamp of a release's signature is worth; ``status.json`` vouches for its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from satdesk.errors import VerificationError
from satdesk.files.digests import sha256
from satdesk.provenance.stamp import Stamp, read_stamp
from satdesk.provenance.trust import Trust
from satdesk.release.seal import SIGNATURE_NAME, STAMP_NAME
from satdesk.release.status_check import StatusFound
from satdesk.release.verification import Checked, StampFound, Verdict

__all__ = ["StampChecked", "check_stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StampChecked:
    """The time stamp of a release.

    Attributes:
        files: ``SHA256SUMS.tsr``, judged; empty where there is none and none is missed.
        found: What it says; None where it says nothing that holds.
    """

    files: tuple[Checked, ...] = ()
    found: StampFound | None = None


def check_stamp(
    folder: Path,
    present: Mapping[str, bool],
    status: StatusFound,
    trust: Trust,
    chain: Sequence[x509.Certificate],
) -> StampChecked:
    """Judge ``SHA256SUMS.tsr``.

    Args:
        folder: The release.
        present: Every file in it, and whether it is a plain one.
        status: What its status says, and what that is worth.
        trust: The anchors, of signers and of time stamp servers.
        chain: Of the signer of the checksums; empty = nobody.
    """
    if STAMP_NAME not in present and status.stamp_sha256 is None:
        return StampChecked()
    wrong = _wrong(folder, present, status)
    return _read(folder, status, trust, chain) if wrong is None else _only(*wrong)


def _wrong(
    folder: Path, present: Mapping[str, bool], status: StatusFound
) -> tuple[Verdict, str] | None:
    """What is wrong with it as a file; None = nothing."""
    if STAMP_NAME not in present:
        return Verdict.MISSING, "the status says that there is a time stamp"
    if not present[STAMP_NAME]:
        return Verdict.ALTERED, "a link or no plain file"
    if status.stamp_sha256 is None:
        return Verdict.EXTRA, "there, and the status knows nothing of it"
    if sha256(folder / STAMP_NAME) != status.stamp_sha256:
        return Verdict.ALTERED, "its SHA-256 is not that in the status"
    if not present.get(SIGNATURE_NAME):
        return Verdict.EXTRA, "the signature that it stamps is gone"
    return None


def _only(verdict: Verdict, reason: str) -> StampChecked:
    return StampChecked(files=(Checked(path=STAMP_NAME, verdict=verdict, reason=reason),))


def _read(
    folder: Path, status: StatusFound, trust: Trust, chain: Sequence[x509.Certificate]
) -> StampChecked:
    signature = (folder / SIGNATURE_NAME).read_bytes()
    try:
        stamp = read_stamp((folder / STAMP_NAME).read_bytes(), signature, trust)
    except VerificationError as error:
        return _only(Verdict.ALTERED, f"{error.what}: {error.found}")
    found = _found(stamp, trust, chain)
    told = f"as the status lists it; {found.words}"
    files = (Checked(path=STAMP_NAME, verdict=status.verdict, reason=told),)
    return StampChecked(files=files, found=found)


def _found(stamp: Stamp, trust: Trust, chain: Sequence[x509.Certificate]) -> StampFound:
    held = stamp.refusal is None and bool(chain) and trust.refusal(chain, stamp.time) is None
    return StampFound(
        time=f"{stamp.time:%Y-%m-%dT%H:%M:%SZ}",
        server=stamp.server,
        refusal=stamp.refusal,
        signer_held=held,
    )
