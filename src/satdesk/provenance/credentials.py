"""C2PA credentials: signing a file, embedded in it or beside it, with one claim.

Metadata first, signature last: whatever changes the file afterwards breaks it.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import c2pa
from cryptography.hazmat.primitives import serialization

from satdesk.errors import MachineError
from satdesk.files.store import new_file
from satdesk.provenance.claim import ASSERTION, Action, Claim, Ingredient
from satdesk.provenance.keys import Signer

__all__ = ["EMBEDDABLE", "embed", "sidecar"]

EMBEDDABLE = {
    "image/gif", "image/jpeg", "image/png", "image/webp", "image/tiff", "application/pdf",
}  # fmt: skip
"""Media types into which credentials can be written."""

_SETTINGS = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_ANY = "application/octet-stream"
"""A sidecar is signed over the whole file as it is, whatever its format; no byte is rewritten."""


def embed(path: Path, media_type: str, claim: Claim, signer: Signer) -> None:
    """Write the credentials into the file at `path`, whose pixels stay the same.

    Raises:
        MachineError: The time stamp server does not answer, or signing failed.
    """
    with new_file(path, overwrite=True) as written, written.open("w+b") as target:
        _signed(path, media_type, claim, signer, target, embedded=True)


def sidecar(path: Path, target: Path, claim: Claim, signer: Signer) -> None:
    """Write the credentials of the file at `path`, which stays as it is, to `target`.

    Raises:
        MachineError: As `embed`.
    """
    target.write_bytes(_signed(path, _ANY, claim, signer, io.BytesIO(), embedded=False))


def _signed(
    path: Path,
    media_type: str,
    claim: Claim,
    signer: Signer,
    target: BinaryIO,
    *,
    embedded: bool,
) -> bytes:
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Builder.from_json(json.dumps(_manifest(claim, media_type)), context) as builder,
            _library_signer(signer) as library_signer,
            path.open("rb") as source,
        ):
            if not embedded:
                builder.set_no_embed()
            return bytes(builder.sign(library_signer, media_type, source, target))
    except c2pa.C2paError as error:
        raise MachineError(
            "the file could not be signed", subject=path.name, found=str(error)[:300]
        ) from error


def _library_signer(signer: Signer) -> c2pa.Signer:
    encoding = serialization.Encoding.PEM
    certificates = b"".join(each.public_bytes(encoding) for each in signer.chain)
    private = signer.key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    algorithm = c2pa.C2paSigningAlg[signer.algorithm]
    info = c2pa.C2paSignerInfo(algorithm, certificates, private, signer.timestamp_url)
    return c2pa.Signer.from_info(info)


def _manifest(claim: Claim, media_type: str) -> dict[str, Any]:
    name, version = claim.generator
    return {
        "claim_generator_info": [{"name": name, "version": version}],
        "title": claim.title,
        "format": media_type,
        "ingredients": [_ingredient(each) for each in claim.ingredients],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [_action(a) for a in claim.actions]}},
            {"label": ASSERTION, "kind": "Json", "data": dict(claim.assertion)},
        ],
    }


def _action(action: Action) -> dict[str, Any]:
    facts: dict[str, Any] = {"action": action.name, "description": action.description}
    if action.source_type is not None:
        facts["digitalSourceType"] = action.source_type
    if action.parameters:
        facts["parameters"] = dict(action.parameters)
    return facts


def _ingredient(ingredient: Ingredient) -> dict[str, Any]:
    return {
        "title": ingredient.title,
        "format": "application/octet-stream",
        "relationship": "componentOf",
        "instance_id": ingredient.instance,
        "label": ingredient.instance,
        "description": ingredient.description,
    }
