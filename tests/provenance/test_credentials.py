"""Credentials in and beside small files: what they say, and what each change of a file does."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import c2pa
import matplotlib.figure
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rio_cogeo.cogeo import cog_validate

from release_content import make_content
from satdesk.errors import BrokenInputError, MachineError, UnsafeInputError, UsageError
from satdesk.files.pixels import same_pixels
from satdesk.provenance import manifest, timestamps
from satdesk.provenance.claim import Action, Claim, Ingredient
from satdesk.provenance.credentials import _SETTINGS, _library_signer, _manifest, embed, sidecar
from satdesk.provenance.keys import certificates_in, load_folder, make_authority, require_valid
from satdesk.provenance.manifest import State, read_credentials
from satdesk.provenance.timestamps import answers
from satdesk.provenance.trust import Trust
from satdesk.release.content import Artifact
from signed_release import NOW, claims_of, make_keys, picture
from time_server import time_server

CREATED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
SOURCE = Ingredient(title="SCENE_1", instance="uuid:1", description="two files")
CLAIM = Claim(
    title="a",
    generator=("satdesk", "0.1.0"),
    actions=(
        Action(name="c2pa.created", description="made", source_type=CREATED),
        Action(name="c2pa.placed", description="placed", parameters={"ingredientIds": ["uuid:1"]}),
        Action(name="org.satdesk.ortho", description="orthorectified"),
    ),
    ingredients=(SOURCE,),
    assertion={"format": "x", "names": "Քարվաճառ", "number": 0.1, "none": None, "list": [[1.5]]},
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys") / "made")


def pdf():
    target, figure = io.BytesIO(), matplotlib.figure.Figure(figsize=(1, 1))
    figure.text(0.1, 0.5, "a plate")
    figure.savefig(target, format="pdf", metadata={"CreationDate": None})
    return target.getvalue()


def made(folder, suffix):
    path = folder / f"a.{suffix}"
    if suffix == "pdf":
        path.write_bytes(pdf())
    elif suffix == "tif":
        shutil.copy(make_content(folder, dates=1).dates[0].visual, path)
    elif suffix == "gif":
        frames = [picture(), picture().rotate(90)]
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=1800, loop=0)
    else:
        picture().save(path, **({"lossless": True} if suffix == "webp" else {}))
    return path


TYPES = {
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tif": "image/tiff",
    "pdf": "application/pdf",
}


@pytest.mark.parametrize("suffix", TYPES)
def test_embedded_credentials_are_trusted_and_leave_the_pixels_alone(keys, tmp_path, suffix):
    signer, trust = keys
    path = made(tmp_path, suffix)
    plain = shutil.copy(path, tmp_path / f"plain.{suffix}")
    embed(path, TYPES[suffix], CLAIM, signer)
    assert path.read_bytes() != plain.read_bytes()
    assert same_pixels(path, plain)
    found = read_credentials(path, trust)
    assert found.state is State.TRUSTED
    assert found.signer == "Test Desk, release signing"
    assert found.assertion == CLAIM.assertion
    assert found.actions == ("made", "placed", "orthorectified")
    assert [(each.title, each.state) for each in found.ingredients] == [("SCENE_1", State.NONE)]


@pytest.mark.parametrize("suffix", TYPES)
def test_a_sidecar_leaves_every_byte_alone(keys, tmp_path, suffix):
    signer, trust = keys
    path = made(tmp_path, suffix)
    before = path.read_bytes()
    beside = tmp_path / f"a.{suffix}.c2pa"
    sidecar(path, beside, CLAIM, signer)
    assert path.read_bytes() == before
    assert read_credentials(path, trust, sidecar=beside).state is State.TRUSTED
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert read_credentials(path, trust, sidecar=beside).state is State.ALTERED


@pytest.mark.oracle
def test_a_cog_with_embedded_credentials_is_still_a_cog(keys, tmp_path):
    path = tmp_path / "a.tif"
    profile = {"driver": "COG", "width": 600, "height": 600, "count": 1, "dtype": "uint8"}
    place = {"crs": "EPSG:32638", "transform": Affine(10, 0, 586_000, 0, -10, 4_442_500)}
    with rasterio.open(path, "w", **profile, **place) as target:
        target.write(np.arange(360_000, dtype=np.uint8).reshape(1, 600, 600))
    embed(path, "image/tiff", CLAIM, keys[0])
    valid, errors, _ = cog_validate(path, quiet=True)
    assert valid, errors


def test_an_unknown_signer_is_not_an_altered_file(keys, tmp_path):
    path = made(tmp_path, "jpg")
    embed(path, "image/jpeg", CLAIM, keys[0])
    _, other = make_keys(tmp_path / "other")
    for trust in (Trust(), other):
        found = read_credentials(path, trust)
        assert found.state is State.UNKNOWN_SIGNER
        assert "trust anchor" in found.reason


def test_a_signer_whose_time_is_over_signs_nothing(tmp_path):
    make_authority(tmp_path / "old", name="Old", days=1, now=NOW - timedelta(days=3))
    old = load_folder(tmp_path / "old")
    with pytest.raises(BrokenInputError, match="does not hold now"):
        require_valid(old, NOW)
    with pytest.raises(MachineError, match="not valid at time of signing"):
        embed(made(tmp_path, "jpg"), "image/jpeg", CLAIM, old)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_changed_pixels_and_changed_metadata_are_told(keys, tmp_path, suffix):
    signer, trust = keys
    path = made(tmp_path, suffix)
    embed(path, TYPES[suffix], CLAIM, signer)
    data = path.read_bytes()
    changed = bytearray(data)
    changed[-40] ^= 1
    path.write_bytes(changed)
    assert read_credentials(path, trust).state is State.ALTERED
    if shutil.which("exiftool"):
        path.write_bytes(data)
        run = ["exiftool", "-q", "-overwrite_original", "-XMP-dc:Rights=mine", str(path)]
        subprocess.run(run, check=True, capture_output=True)
        assert read_credentials(path, trust).state in {State.ALTERED, State.NONE}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_saving_again_strips_the_credentials(keys, tmp_path, suffix):
    signer, trust = keys
    path = made(tmp_path, suffix)
    embed(path, TYPES[suffix], CLAIM, signer)
    with Image.open(path) as opened:
        opened.save(tmp_path / f"again.{suffix}")
    assert read_credentials(tmp_path / f"again.{suffix}", trust).state is State.NONE


@pytest.mark.oracle
def test_gdal_translate_strips_a_cog_of_its_credentials(keys, tmp_path):
    if shutil.which("gdal_translate") is None:
        pytest.skip("GDAL's programs are not installed")
    signer, trust = keys
    path = made(tmp_path, "tif")
    embed(path, "image/tiff", CLAIM, signer)
    again = tmp_path / "again.tif"
    subprocess.run(["gdal_translate", "-q", path, again], check=True, capture_output=True)
    assert read_credentials(again, trust).state is State.NONE


def child_of(parent, signer, folder):
    """A picture that takes `parent`, with its credentials, as an ingredient."""
    path = folder / "child.jpg"
    picture(32).save(path)
    target = io.BytesIO()
    claim = replace(CLAIM, ingredients=(), actions=CLAIM.actions[:1])
    with (
        c2pa.Context.from_dict(_SETTINGS) as context,
        c2pa.Builder.from_json(json.dumps(_manifest(claim, "image/jpeg")), context) as builder,
    ):
        facts = {"title": "parent", "relationship": "componentOf"}
        with parent.open("rb") as source:
            builder.add_ingredient(json.dumps(facts), "image/jpeg", source)
        with path.open("rb") as source:
            builder.sign(_library_signer(signer), "image/jpeg", source, target)
    path.write_bytes(target.getvalue())
    return path


def test_a_child_is_worth_no_more_than_its_parent(keys, tmp_path):
    signer, trust = keys
    parent = made(tmp_path, "jpg")
    embed(parent, "image/jpeg", CLAIM, signer)
    found = read_credentials(child_of(parent, signer, tmp_path), trust)
    assert found.state is State.TRUSTED
    assert [each.state for each in found.ingredients] == [State.TRUSTED]
    data = bytearray(parent.read_bytes())
    data[-40] ^= 1
    parent.write_bytes(data)
    found = read_credentials(child_of(parent, signer, tmp_path), trust)
    assert [each.state for each in found.ingredients] == [State.ALTERED]
    assert found.state is State.ALTERED
    assert "parent" in found.reason


def test_a_parent_by_a_stranger_is_told(keys, tmp_path):
    signer, trust = keys
    stranger, _ = make_keys(tmp_path / "other", "Stranger")
    parent = made(tmp_path, "jpg")
    embed(parent, "image/jpeg", CLAIM, stranger)
    found = read_credentials(child_of(parent, signer, tmp_path), trust)
    assert found.state is State.UNKNOWN_SIGNER


def test_a_file_that_is_no_picture_is_damaged_or_empty_of_credentials(keys, tmp_path):
    path = tmp_path / "a.jpg"
    for data in (b"", b"\xff\xd8\xff", b"no picture at all"):
        path.write_bytes(data)
        found = read_credentials(path, keys[1])
        assert found.state is State.NONE
        assert found.reason is not None
        assert "cannot be told" in found.reason or "carries no" in found.reason
    path.write_bytes(
        b"no picture, but parts of a manifest: " + bytes((1 << 20) - 39) + b"c2pa.claim"
    )
    assert read_credentials(path, keys[1]).state is State.ALTERED
    text = tmp_path / "a.txt"
    text.write_text("words")
    assert read_credentials(text, keys[1]).state is State.NONE


def test_a_sidecar_beyond_any_of_ours_is_not_read(keys, tmp_path, monkeypatch):
    path = made(tmp_path, "jpg")
    beside = tmp_path / "a.jpg.c2pa"
    beside.write_bytes(b"x" * 200)
    monkeypatch.setattr(manifest, "_MAX_SIDECAR", 100)
    with pytest.raises(UnsafeInputError, match="larger than any"):
        read_credentials(path, keys[1], sidecar=beside)


def test_claims_follow_the_lineage_and_name_every_scene(tmp_path):
    content = make_content(tmp_path, simulated=True)
    claims = claims_of(content)
    artifact = Artifact(path="press/a.jpg", role="press", media_type="image/jpeg")
    claim = claims.of(artifact)
    names = [action.name for action in claim.actions]
    assert names[0] == "c2pa.created"
    assert claim.actions[0].source_type.endswith("algorithmicMedia")
    assert names.count("c2pa.placed") == len(claim.ingredients) == 2
    assert names[3:6] == ["org.satdesk.image-layer", "org.satdesk.ortho", "c2pa.cropped"]
    assert names[-1] == "c2pa.published"
    assert claim.title.startswith("SIMULATED")
    assert all("SIMULATED" in each.description for each in claim.ingredients)
    files = [s["files"] for d in claim.assertion["dates"] for s in d["scenes"]]
    assert files == [[{"name": "a.tif", "bytes": 3, "sha256": "0" * 64}]] * 2
    assert claim.assertion == claims.of(artifact).assertion


def test_a_draft_says_so_and_is_not_called_published(tmp_path):
    claims = claims_of(make_content(tmp_path, draft=True, dates=1))
    claim = claims.of(Artifact(path="a.jpg", role="press", media_type="image/jpeg"))
    assert "c2pa.published" not in [action.name for action in claim.actions]
    assert claim.title.startswith("DRAFT")
    assert claim.assertion["status"] == "draft"


@pytest.mark.parametrize(
    ("applied_to", "role", "times"),
    [("visual.tif", "press", 1), ("nothing", "press", 0), ("visual.tif", "image", 0)],
)
def test_haze_that_was_taken_off_is_an_action_of_what_shows_it(tmp_path, applied_to, role, times):
    content = make_content(tmp_path, dates=1)
    (date,) = content.dates
    facts = (*date.facts, ("dehaze", {"applied_to": applied_to}))
    content = replace(content, dates=(replace(date, facts=facts),))
    claim = claims_of(content).of(Artifact(path="a.jpg", role=role, media_type="image/jpeg"))
    said = [action for action in claim.actions if "haze" in action.description]
    assert [action.name for action in said] == times * ["c2pa.adjustedColor"]


# time stamps


@pytest.fixture
def server(tmp_path):
    with time_server(tmp_path) as url:
        yield url


@pytest.mark.oracle
def test_a_time_stamp_is_asked_for_and_read_back(keys, tmp_path, server):
    assert answers(server) is None
    path = made(tmp_path, "jpg")
    embed(path, "image/jpeg", CLAIM, replace(keys[0], timestamp_url=server))
    strange = read_credentials(path, keys[1])
    assert (strange.state, strange.time) == (State.TRUSTED, None), "its server is not trusted"
    anchors = (*keys[1].anchors, *certificates_in(tmp_path / "tr.pem"))
    found = read_credentials(path, Trust(anchors=anchors))
    assert found.state is State.TRUSTED
    assert abs(datetime.fromisoformat(found.time) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_server_that_is_away_is_told_in_words(keys, tmp_path, monkeypatch):
    away = "http://127.0.0.1:9/"
    assert "does not answer" in answers(away)
    monkeypatch.setattr(timestamps, "_PATIENCE_S", 0.2)
    with pytest.raises(MachineError, match="could not be signed"):
        embed(made(tmp_path, "jpg"), "image/jpeg", CLAIM, replace(keys[0], timestamp_url=away))
    with pytest.raises(UsageError, match="not a time stamp server"):
        answers("file:///etc/passwd")
