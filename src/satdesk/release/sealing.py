"""Signing a release while it is written: credentials in or beside its files, then the checksums."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization

from satdesk.errors import MachineError, UsageError
from satdesk.files.digests import SUMS_NAME
from satdesk.files.store import machine_errors
from satdesk.provenance.claim import CREDENTIALS_SUFFIX
from satdesk.provenance.credentials import EMBEDDABLE, embed, sidecar
from satdesk.provenance.keys import Signer
from satdesk.provenance.signature import sign_detached
from satdesk.provenance.timestamps import answers, time_stamp
from satdesk.provenance.trust import fingerprint, holder
from satdesk.release.claims import Claims
from satdesk.release.content import Artifact
from satdesk.release.seal import SEALED_ROLES, SIGNATURE_NAME, STAMP_NAME, sealed_inside
from satdesk.release.status_file import STATUS_NAME, STATUS_SIGNATURE

__all__ = ["FORM", "KeySeal", "base_type", "key_seal", "recipe_commitment"]

FORM = "CMS SignedData (RFC 5652), DER, detached; of SHA256SUMS"
_EMBEDDED = ("image/gif", "image/jpeg", "image/png", "image/webp")
_CHOICES = {"cog": "image/tiff", "pdf": "application/pdf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeal:
    """A `Seal` that signs with a key.

    Attributes:
        signer: Without a time stamp server where that does not answer.
        embedded: Media types that bear their credentials in themselves; all others beside them.
        commitment: See `recipe_commitment`; None = there is no recipe file.
        notices: What could not be done.
        lapsed: Why there are no more time stamps, from which file on; filled while it signs.
    """

    signer: Signer
    embedded: tuple[str, ...] = _EMBEDDED
    commitment: str | None = None
    notices: tuple[str, ...] = field(default=())
    lapsed: list[str] = field(default_factory=list)

    def files(
        self, folder: Path, artifacts: Sequence[Artifact], claims: Claims
    ) -> tuple[Artifact, ...]:
        """Give each of `artifacts` that has a sealed role its credentials; returns the sidecars."""
        made = [self._file(folder, each, claims) for each in artifacts if each.role in SEALED_ROLES]
        return tuple(each for each in made if each is not None)

    def facts(self) -> dict[str, Any]:
        """Who signs, and how."""
        server = self.signer.timestamp_url
        return {
            "signature": SIGNATURE_NAME,
            "form": FORM,
            "claims_to_be": holder(self.signer.chain[0]),
            "certificate_sha256": fingerprint(self.signer.chain[0]),
            "time_stamp": None if server is None else urlsplit(server).hostname,
            "recipe_commitment": self.commitment,
            "embedded": sorted(self.embedded),
            "notices": [*self.notices, *self.lapsed],
        }

    def sums(self, folder: Path) -> None:
        """Sign ``SHA256SUMS``; the signature gets a time stamp as long as the server gives them."""
        self._sign(folder / SUMS_NAME, folder / SIGNATURE_NAME)
        server = self.signer.timestamp_url
        if server is None or self.lapsed:
            return
        try:
            stamp = time_stamp(server, (folder / SIGNATURE_NAME).read_bytes())
        except MachineError as error:
            self.lapsed.append(f"no time stamp of {SIGNATURE_NAME}: {error.found}")
            return
        with machine_errors(folder / STAMP_NAME):
            (folder / STAMP_NAME).write_bytes(stamp)

    def status(self, folder: Path) -> None:
        """Sign ``status.json``."""
        self._sign(folder / STATUS_NAME, folder / STATUS_SIGNATURE)

    def _sign(self, path: Path, target: Path) -> None:
        with machine_errors(target):
            target.write_bytes(sign_detached(path.read_bytes(), self.signer))

    def _file(self, folder: Path, artifact: Artifact, claims: Claims) -> Artifact | None:
        path, media_type = folder / artifact.path, base_type(artifact.media_type)
        claim = claims.of(artifact)
        if sealed_inside(artifact.role, media_type, self.embedded):
            self._stamped(artifact, lambda signer: embed(path, media_type, claim, signer))
            return None
        target = path.with_name(path.name + CREDENTIALS_SUFFIX)
        self._stamped(artifact, lambda signer: sidecar(path, target, claim, signer))
        return Artifact(
            path=artifact.path + CREDENTIALS_SUFFIX,
            role="credentials",
            media_type="application/c2pa",
            date_id=artifact.date_id,
            title=f"Credentials of {artifact.path}",
        )

    def _stamped(self, artifact: Artifact, sign: Callable[[Signer], None]) -> None:
        """Sign with a time stamp as long as the server gives them; it never holds a release up.

        It is asked with a short patience each time, since the library that signs has none.
        """
        server, bare = self.signer.timestamp_url, replace(self.signer, timestamp_url=None)
        # a page has hundreds of tiles: a public time stamp server is not asked for each of them
        if server is None or self.lapsed or artifact.role == "tile":
            sign(bare)
            return
        refusal = answers(server)
        if refusal is None:
            try:
                sign(self.signer)
            except MachineError as error:
                refusal = error.found or error.what
            else:
                return
        sign(bare)  # where the key itself fails this fails, too
        self.lapsed.append(f"no time stamps from {artifact.path} on: {refusal}")


def key_seal(
    signer: Signer, *, release: str, recipe: Path | None, embedded: Sequence[str] = ()
) -> KeySeal:
    """The seal of one issue; asks the time stamp server, if any, whether it is there.

    Args:
        signer: Whose key.
        release: The release's id.
        recipe: The recipe file, for the commitment.
        embedded: Any of ``cog``, ``pdf``: credentials go into these files, too.

    Raises:
        UsageError: `embedded` names something else.
    """
    unknown = [name for name in embedded if name not in _CHOICES]
    if unknown:
        raise UsageError(
            f"credentials cannot be embedded in {unknown[0]!r}", expected=", ".join(_CHOICES)
        )
    wished = tuple(_CHOICES[name] for name in embedded)
    server = signer.timestamp_url
    refusal = None if server is None else answers(server)
    notices = () if refusal is None else (f"no time stamps: {refusal}",)
    return KeySeal(
        signer=signer if refusal is None else replace(signer, timestamp_url=None),
        embedded=(*_EMBEDDED, *wished),
        commitment=None if recipe is None else recipe_commitment(signer, release, recipe),
        notices=notices,
    )


def recipe_commitment(signer: Signer, release: str, recipe: Path) -> str:
    """A salted SHA-256 (hex) of the whole recipe file, which the public does not see.

    The salt is HMAC-SHA256 of ``satdesk recipe RELEASE`` under the SHA-256 of the private key's
    PKCS #8 form. Without the key nobody can try recipes against it; whoever holds the key can show
    salt and recipe later, without giving away the salt of another release.
    """
    private = signer.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    secret = hashlib.sha256(private).digest()
    salt = hmac.digest(secret, f"satdesk recipe {release}".encode(), "sha256")
    return hashlib.sha256(salt + recipe.read_bytes()).hexdigest()


def base_type(media_type: str) -> str:
    """``image/tiff`` of ``image/tiff; application=geotiff``."""
    found = media_type.partition(";")[0].strip()
    return found if found in EMBEDDABLE else media_type
