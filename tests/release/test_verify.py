"""What `verify` makes of releases and of single files, intact and changed in every way."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from satdesk.errors import MissingInputError, UsageError
from satdesk.provenance.trust import Trust
from satdesk.release.schema import check
from satdesk.release.sealing import key_seal, recipe_commitment
from satdesk.release.verification import Verdict
from satdesk.release.verify import verify, verify_release
from signed_release import NOW, make_keys, make_signed

FLIPS = 400


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys") / "made")


@pytest.fixture(scope="module")
def intact(keys, tmp_path_factory):
    return make_signed(tmp_path_factory.mktemp("signed") / "release", keys[0])


@pytest.fixture
def release(intact, tmp_path):
    return shutil.copytree(intact, tmp_path / "release")


def judged(path, trust, **more):
    found = verify(path, trust, at=NOW, **more)
    check(found.to_dict(), "verify")
    return found


def of(found, path):
    return next(each for each in found.files if each.path == path)


def test_an_intact_release_is_trusted_file_by_file(keys, intact):
    found = judged(intact, keys[1])
    assert found.trusted
    assert {each.path for each in found.files} == {
        p.relative_to(intact).as_posix() for p in intact.rglob("*") if p.is_file()
    }
    assert "TRUSTED" in found.words
    assert "“Test Desk, release signing”" in found.words
    assert found.anchors == ("Test Desk, local root",)
    assert found.release["id"] == "kalbajar-test"
    for path in ("press/a.jpg", "press/a.gif", "plates/a.png", "plates/a.pdf", "before/visual.tif",
                 "page/tiles/before/1/0/0.webp"):  # fmt: skip
        assert of(found, path).credentials.actions, path
        assert [each.title for each in of(found, path).credentials.ingredients] == [
            "SCENE_BEFORE_1"
        ]


def test_the_words_never_say_that_a_picture_is_true(keys, intact):
    for trust in (keys[1], Trust()):
        answer = judged(intact, trust).to_dict()
        words = " ".join([answer["words"], *(f["words"] for f in answer["files"])])
        for claim in ("true", "authentic", "genuine", "real"):
            assert claim not in words.lower().split()
        assert any("not that what they show is true" in each for each in answer["limits"])


def test_a_status_that_is_gone_is_missing(keys, release):
    (release / "status.json").unlink()
    found = of(judged(release, keys[1]), "status.json")
    assert (found.verdict, found.reason) == (Verdict.MISSING, "the release has no status")


def test_a_status_without_the_list_that_it_speaks_of_is_not_called_altered(keys, release):
    """It is as it was written; what is gone is the list of checksums."""
    (release / "SHA256SUMS").unlink()
    answer = judged(release, keys[1])
    assert of(answer, "SHA256SUMS").verdict is Verdict.MISSING
    found = of(answer, "status.json")
    assert found.verdict is Verdict.UNSIGNED
    assert found.reason == "the status cannot be held against the release"


def test_without_anchors_the_name_is_only_a_claim(intact):
    found = judged(intact, Trust())
    assert found.verdict is Verdict.UNKNOWN_SIGNER
    assert found.words.startswith("NOT TRUSTED")
    assert "an unknown signer who claims to be “Test Desk, release signing”" in found.words
    assert {each.verdict for each in found.files} == {Verdict.UNKNOWN_SIGNER}


def test_an_impostor_of_the_same_name_is_an_unknown_signer(keys, tmp_path):
    impostor, _ = make_keys(tmp_path / "other", "Test Desk")
    found = judged(make_signed(tmp_path / "release", impostor), keys[1])
    assert found.verdict is Verdict.UNKNOWN_SIGNER
    assert not found.signer.refusal.startswith("no trust anchors")


def test_a_certificate_whose_time_is_over_is_told(keys, intact):
    found = verify_release(intact, keys[1], at=NOW + timedelta(days=60), credentials=False)
    assert found.verdict is Verdict.UNKNOWN_SIGNER
    assert "expired" in found.words


def test_an_unsigned_release_is_called_so(keys, tmp_path):
    found = judged(make_signed(tmp_path / "release", None), keys[1])
    assert found.verdict is Verdict.UNSIGNED
    assert "signed by nobody" in found.words


def test_a_changed_a_missing_and_an_extra_file_are_each_named(keys, release):
    (release / "index.html").write_text("other")
    (release / "press" / "a.jpg").unlink()
    (release / "press" / "b.jpg").write_bytes(b"more")
    found = judged(release, keys[1])
    assert of(found, "index.html").verdict is Verdict.ALTERED
    assert of(found, "press/a.jpg").verdict is Verdict.MISSING
    assert of(found, "press/b.jpg").verdict is Verdict.EXTRA
    assert of(found, "plates/a.png").verdict is Verdict.TRUSTED
    assert found.verdict is Verdict.ALTERED


def test_a_hidden_and_an_empty_extra_file_count_too(keys, release):
    (release / ".hidden").write_bytes(b"")
    assert of(judged(release, keys[1]), ".hidden").verdict is Verdict.EXTRA


def test_a_release_without_its_signature_is_stripped(keys, release):
    (release / "SHA256SUMS.p7s").unlink()
    found = judged(release, keys[1])
    assert found.verdict is Verdict.STRIPPED
    (release / "SHA256SUMS").unlink()
    assert judged(release, keys[1]).verdict is not Verdict.TRUSTED


def test_a_list_that_was_rewritten_to_fit_is_told(keys, release):
    from satdesk.files.digests import write_sha256sums  # noqa: PLC0415

    (release / "index.html").write_text("other")
    write_sha256sums(release, apart=("SHA256SUMS.p7s",))
    found = judged(release, keys[1])
    assert of(found, "SHA256SUMS").verdict is Verdict.ALTERED
    assert of(found, "index.html").verdict is Verdict.UNSIGNED
    assert not found.trusted


@pytest.mark.parametrize(
    "line", ["../outside", "/etc/hostname", "a/../../outside", "./x", "a//b", ""]
)
def test_a_path_that_leads_out_of_the_release_is_never_opened(keys, release, line):
    (release.parent / "outside").write_text("secret")
    with (release / "SHA256SUMS").open("a") as file:
        file.write("0" * 64 + "  " + line + "\n")
    found = judged(release, keys[1])
    assert of(found, "SHA256SUMS").verdict is Verdict.ALTERED
    assert not [each for each in found.files if "outside" in each.path or "hostname" in each.path]


@pytest.mark.parametrize("kind", ["file", "folder", "loop", "fifo"])
def test_links_and_pipes_are_named_and_not_followed(keys, release, kind):
    target = release / "press" / "a.jpg"
    target.unlink()
    if kind == "file":
        target.symlink_to("/etc/hostname")
    elif kind == "folder":
        target.symlink_to(release.parent, target_is_directory=True)
    elif kind == "loop":
        target.symlink_to(target)
    else:
        os.mkfifo(target)
    found = judged(release, keys[1])
    assert of(found, "press/a.jpg").verdict is Verdict.ALTERED


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.p7s", "release.json"])
def test_a_link_in_the_place_of_what_vouches_is_refused(keys, release, name):
    kept = release.parent / "kept"
    (release / name).rename(kept)
    (release / name).symlink_to(kept)
    assert not judged(release, keys[1]).trusted


def test_names_that_a_terminal_would_obey_are_made_harmless(keys, release):
    (release / "\x1b[31mred\n").write_text("x")
    found = judged(release, keys[1])
    assert all(c.isprintable() for each in found.files for c in each.line)


@pytest.mark.parametrize("where", ["SHA256SUMS", "SHA256SUMS.p7s"])
def test_whatever_stands_in_the_list_is_answered(keys, release, where):
    for data in (b"", b"\xff\xfe", b"0" * 5000, b"[" * 100_000):
        (release / where).write_bytes(data)
        assert not judged(release, keys[1]).trusted


def bits(folder):
    """``(path, size in bits)`` of every file."""
    return [(p, 8 * p.stat().st_size) for p in sorted(folder.rglob("*")) if p.is_file()]


def flipped(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def test_every_flipped_bit_is_found(keys, release):
    files = bits(release)
    chance = random.Random(6)  # noqa: S311 - no secret
    for number in range(FLIPS):
        # half by size, half by file, so that small files (the signature, the list) are hit too
        weights = [size for _, size in files] if number % 2 else None
        path, size = chance.choices(files, weights)[0]
        bit = chance.randrange(size)
        flipped(path, bit)
        found = verify_release(release, keys[1], at=NOW, credentials=False)
        assert not found.trusted, (path, bit)
        flipped(path, bit)
    assert judged(release, keys[1]).trusted


@given(st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_flipped_bit_is_found_with_credentials_too(keys, release, data):
    path, size = data.draw(st.sampled_from(bits(release)))
    bit = data.draw(st.integers(0, size - 1))
    flipped(path, bit)
    try:
        assert not judged(release, keys[1]).trusted
    finally:
        flipped(path, bit)


# single files


@pytest.mark.parametrize("path", ["press/a.jpg", "press/a.gif", "plates/a.png", "page/tiles/before/1/0/0.webp",
                                  "plates/a.pdf", "before/visual.tif", "plates/a.pdf.c2pa"])  # fmt: skip
def test_a_file_is_verified_by_its_own_credentials(keys, intact, path):
    found = judged(intact / path, keys[1])
    assert found.trusted, found.words
    assert found.kind == "file"
    assert any("unused bytes" in each for each in found.limits)
    assert not judged(intact / path, Trust()).trusted


def test_a_simulated_picture_says_so_wherever_it_is_verified(keys, tmp_path):
    release = make_signed(tmp_path / "release", keys[0], simulated=True)
    for subject in (release, release / "press" / "a.jpg"):
        assert "SIMULATED: no camera took it" in judged(subject, keys[1]).words


def test_a_file_saved_again_is_called_stripped(keys, intact, tmp_path):
    with Image.open(intact / "press" / "a.jpg") as opened:
        opened.save(tmp_path / "kept.jpg", exif=opened.getexif())
        opened.save(tmp_path / "bare.jpg")
    found = judged(tmp_path / "kept.jpg", keys[1])
    assert found.verdict is Verdict.STRIPPED
    assert "satdesk made it" in found.files[0].reason
    assert judged(tmp_path / "bare.jpg", keys[1]).verdict is Verdict.UNSIGNED


def test_a_file_without_its_sidecar_is_stripped_or_unsigned(keys, intact, tmp_path):
    shutil.copy(intact / "plates" / "a.pdf", tmp_path / "a.pdf")
    assert judged(tmp_path / "a.pdf", keys[1]).verdict is Verdict.STRIPPED


def test_embedding_in_cog_and_pdf_is_a_setting(keys, tmp_path):
    release = make_signed(tmp_path / "release", keys[0], embedded=("cog", "pdf"))
    assert not list(release.rglob("*.c2pa"))
    assert judged(release, keys[1]).trusted
    for path in ("before/visual.tif", "plates/a.pdf"):
        assert judged(release / path, keys[1]).trusted
    with pytest.raises(UsageError, match="cannot be embedded"):
        key_seal(keys[0], release="x", recipe=None, embedded=("doc",))


def test_nothing_to_verify(keys, tmp_path):
    with pytest.raises(MissingInputError):
        verify(tmp_path / "nothing", keys[1], at=NOW)
    (tmp_path / "empty").mkdir()
    assert not judged(tmp_path / "empty", keys[1]).trusted


# what is said of the signing


def test_a_server_that_is_away_holds_nothing_up(keys, tmp_path):
    from dataclasses import replace  # noqa: PLC0415

    away = replace(keys[0], timestamp_url="http://127.0.0.1:9/")
    release = make_signed(tmp_path / "release", away)
    assert judged(release, keys[1]).trusted
    signing = json.loads((release / "release.json").read_text())["signing"]
    assert signing["time_stamp"] is None
    assert "no time stamps" in signing["notices"][0]


def test_the_commitment_to_the_recipe_needs_the_key(keys, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("secret = 1")
    other, _ = make_keys(tmp_path / "other")
    made = {
        recipe_commitment(signer, name, recipe)
        for signer in (keys[0], other)
        for name in ("one", "two")
    }
    assert len(made) == 4
    assert recipe_commitment(keys[0], "one", recipe) in made


def test_no_secret_is_in_a_release(keys, intact, tmp_path_factory):
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415

    key = keys[0].key
    raw = key.private_numbers().private_value.to_bytes(32, "big")
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    for path in Path(intact).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert raw not in data
            assert pem.split(b"\n")[1] not in data


class _Halfway(BaseHTTPRequestHandler):
    """A time stamp server that says yes and gives no time stamp."""

    asked = 0

    def do_POST(self):
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = bytes.fromhex("30123003020100300b06092a864886f70d010701")  # granted, an empty token
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_that_gives_nothing_holds_nothing_up(keys, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Halfway) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        at = f"http://127.0.0.1:{server.server_port}/"
        release = make_signed(tmp_path / "release", replace(keys[0], timestamp_url=at))
        server.shutdown()
        thread.join()
    assert judged(release, keys[1]).trusted
    signing = json.loads((release / "release.json").read_text())["signing"]
    assert signing["notices"] == ["no time stamps: the server's answer is no time stamp"]
    assert _Halfway.asked == 1  # what is no time stamp is not asked for again
