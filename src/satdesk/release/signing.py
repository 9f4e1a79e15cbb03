"""With which keys a desk signs, and whom it lets sign off: named by people, never by a recipe.

What needs the extra ``satdesk[sign]`` is loaded when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satdesk.core.arguments import keep_paths
from satdesk.errors import UsageError
from satdesk.provenance.extra import require_extra
from satdesk.release.desk_log import DeskLog

if TYPE_CHECKING:
    from satdesk.provenance.keys import Signer
    from satdesk.release.clearance import Clearance
    from satdesk.release.issued import Issued
    from satdesk.release.recipe import Recipe
    from satdesk.release.seal import Seal
    from satdesk.release.workflow import Stroke

__all__ = ["Desk", "Signing", "clearance_of", "record_of", "seal_of", "stroke_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """With which key a release is signed, and how; never part of a recipe.

    Attributes:
        folder: What ``satdesk keys init`` made; None = `certificates` and `key` are named.
        certificates: PEM, the signing certificate first, then those that lead to a root.
        key: PEM, the private key.
        passphrase: Of the private key; None = it has none.
        timestamp_url: An RFC 3161 server; None = no time stamps.
        embedded: Any of ``cog``, ``pdf``: credentials go into these files instead of beside them.
    """

    folder: Path | None = None
    certificates: Path | None = None
    key: Path | None = None
    passphrase: bytes | None = field(default=None, repr=False)
    timestamp_url: str | None = None
    embedded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keep_paths(self, "folder", "certificates", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The desk's memory, and whom it lets sign off.

    Attributes:
        log: The file of its log.
        trust: PEM files with the root certificates of those who may review and sign off.
        by: Who answers for what is accepted; None = nobody.
    """

    log: Path
    trust: tuple[Path, ...] = ()
    by: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.trust, str | PathLike):
            object.__setattr__(self, "trust", (self.trust,))
        keep_paths(self, "log", "trust")


def seal_of(signing: Signing, recipe: Recipe, out: Path) -> Seal:
    """What signs the release of `recipe` into `out`; UsageError where the keys lie in it."""
    require_extra()
    from satdesk.release.sealing import key_seal  # noqa: PLC0415 - needs the extra

    signer = _signer(signing, out)
    return key_seal(signer, release=recipe.id, recipe=recipe.path, embedded=signing.embedded)


def stroke_of(signing: Signing, log: Path, release: Path) -> Stroke:
    """Who acts on `release` now, by key, and in which log that is written."""
    require_extra()
    from satdesk.release.status_file import require_release  # noqa: PLC0415 - needs the extra
    from satdesk.release.workflow import Stroke  # noqa: PLC0415 - as above

    require_release(release)
    signer = _signer(signing, release)
    return Stroke(signer=signer, log=DeskLog(log), now=datetime.now(UTC))


def clearance_of(desk: Desk, accepted: dict[str, str], out: Path, now: datetime) -> Clearance:
    """What the desk's log says of what is to be issued into `out`."""
    require_extra()
    from satdesk.provenance.trust import load_trust  # noqa: PLC0415 - needs the extra
    from satdesk.release.workflow import LoggedClearance, require_apart  # noqa: PLC0415 - as above

    require_apart(desk.log, out)
    return LoggedClearance(
        log=DeskLog(desk.log),
        trust=load_trust(desk.trust),
        now=now,
        by=desk.by,
        accepted=accepted,
    )


def record_of(desk: Desk, issued: Issued, signed: Mapping[str, Any], now: datetime) -> None:
    """Write into the desk's log that a release was issued, and who answers for it."""
    from satdesk.release.workflow import record_issue  # noqa: PLC0415 - needs the extra

    actor = desk.by or signed.get("claims_to_be") or "not stated"
    record_issue(DeskLog(desk.log), issued.status, actor=actor, now=now, accepted=issued.accepted)


def _signer(signing: Signing, out: Path) -> Signer:
    from satdesk.provenance.keys import (  # noqa: PLC0415 - needs the extra
        load_folder,
        load_signer,
        require_valid,
    )

    server = signing.timestamp_url
    if signing.folder is not None:
        _refuse_keys_in(out, signing.folder)
        signer = load_folder(signing.folder, timestamp_url=server)
    elif signing.certificates is not None and signing.key is not None:
        _refuse_keys_in(out, signing.key)
        signer = load_signer(
            signing.certificates, signing.key, passphrase=signing.passphrase, timestamp_url=server
        )
    else:
        raise UsageError(
            "signing needs a key and its certificates",
            expected="a key folder, or both a certificate file and a key file",
        )
    require_valid(signer, datetime.now(UTC))
    return signer


def _refuse_keys_in(out: Path, keys_at: Path) -> None:
    if keys_at.resolve().is_relative_to(out.resolve()):
        raise UsageError(
            "the keys lie in the release's folder",
            subject=keys_at,
            remedy="keep keys where nothing is published",
        )
