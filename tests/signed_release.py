"""A small signed release, made without issuing: a few small pictures, sealed as a real one is.

`make_keys(folder)` makes a local authority; `make_signed(folder, keys)` a release that it signed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

from release_content import make_content
from satdesk.files.digests import write_sha256sums
from satdesk.provenance.keys import Signer, load_folder, make_authority
from satdesk.provenance.trust import Trust, load_trust
from satdesk.release.claims import Claims
from satdesk.release.clearance import Cleared
from satdesk.release.content import Artifact
from satdesk.release.document import release_document, write_release_json
from satdesk.release.press_facts import PictureFacts
from satdesk.release.press_metadata import jpeg_bytes, pdf_bytes, pdf_information, png_bytes
from satdesk.release.seal import SIGNATURE_NAME
from satdesk.release.sealing import KeySeal, key_seal
from satdesk.release.status_file import STATUS_FILES, first_status, write_status

__all__ = ["NOW", "claims_of", "make_keys", "make_signed", "picture"]

NOW = datetime.now(UTC)


def make_keys(folder: Path, name: str = "Test Desk") -> tuple[Signer, Trust]:
    make_authority(folder, name=name, days=30, now=NOW)
    return load_folder(folder), load_trust([folder / "root.pem"])


def picture(size: int = 48) -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 255, (size, size, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def claims_of(content) -> Claims:
    scenes = {
        image.id: [
            {
                "id": scene,
                "mission": image.mission,
                "inputs": [{"name": "a.tif", "bytes": 3, "sha256": "0" * 64}],
            }
            for scene in image.scene_ids
        ]
        for image in content.dates
    }
    return Claims(content=content, scenes=scenes, inputs=(), recipe="{}\n", recipe_sha256="0" * 64)


def make_signed(
    folder: Path, signer: Signer | None, *, simulated: bool = False, embedded: tuple[str, ...] = ()
) -> Path:
    """Write the release; unsigned without a `signer`."""
    folder.mkdir()
    content = make_content(folder, simulated=simulated, dates=1)
    (folder / "recipe.json").write_text("{}\n")
    claims = claims_of(content)
    artifacts = [_tif(folder), *_pictures(folder, content)]
    seal = None if signer is None else key_seal(signer, release="x", recipe=None, embedded=embedded)
    artifacts += () if seal is None else seal.files(folder, artifacts, claims)
    artifacts.append(Artifact(path="recipe.json", role="recipe", media_type="application/json"))
    _close(folder, content, claims, artifacts, seal)
    return folder


def _tif(folder: Path) -> Artifact:
    (folder / "before" / "image.tif").unlink()  # the other one is enough, and the smaller
    return Artifact(
        path="before/visual.tif",
        role="visual",
        media_type="image/tiff; application=geotiff; profile=cloud-optimized",
        date_id="before",
    )


def _pictures(folder: Path, content) -> list[Artifact]:
    import io  # noqa: PLC0415

    import matplotlib.figure  # noqa: PLC0415

    facts = PictureFacts.of(content, content.dates, path="press/a.jpg")
    figure = matplotlib.figure.Figure(figsize=(1, 1))
    figure.text(0.1, 0.5, "a plate")
    drawn = io.BytesIO()
    information = {"CreationDate": None, "ModDate": None, **pdf_information(facts)}
    figure.savefig(drawn, format="pdf", metadata=information)
    tile = io.BytesIO()
    picture().save(tile, "WEBP", lossless=True)
    moving = io.BytesIO()
    frames = [picture(size).resize((48, 48)) for size in (48, 24)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    made = {
        "press/a.gif": ("sequence", "image/gif", moving.getvalue()),
        "press/a.jpg": ("press", "image/jpeg", jpeg_bytes(picture(), facts)),
        "plates/a.png": ("plate", "image/png", png_bytes(picture(), facts, dpi=72)),
        "plates/a.pdf": ("plate", "application/pdf", pdf_bytes(drawn.getvalue(), facts)),
        "page/tiles/before/1/0/0.webp": ("tile", "image/webp", tile.getvalue()),
        "index.html": ("page", "text/html", b"<!doctype html><title>x</title>"),
    }
    for path, (_, _, data) in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return [
        Artifact(path=path, role=role, media_type=media, date_id="before")
        for path, (role, media, _) in made.items()
    ]


def _close(folder: Path, content, claims: Claims, artifacts, seal: KeySeal | None) -> None:
    document = release_document(
        replace(content, sites=()),
        folder,
        artifacts=artifacts,
        scenes={image.id: [] for image in content.dates},
        inputs=[],
        accepted=[],
        recipe_sha256=hashlib.sha256(b"{}\n").hexdigest(),
        sites_inside={},
        subject_sha256="0" * 64,
        signing=None if seal is None else seal.facts(),
    )
    write_release_json(json.loads(json.dumps(document)), folder)
    write_sha256sums(folder, apart=(SIGNATURE_NAME, *STATUS_FILES))
    if seal is not None:
        seal.sums(folder)
    write_status(first_status(content, Cleared(reasons=()), folder), folder)
    if seal is not None:
        seal.status(folder)
