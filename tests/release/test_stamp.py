"""The time stamp of the signature over the checksums: asked for, missed, read, changed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import MachineError, VerificationError
from satdesk.files.digests import sha256
from satdesk.provenance import timestamps
from satdesk.provenance.keys import certificates_in
from satdesk.provenance.signature import sign_detached
from satdesk.provenance.stamp import read_stamp
from satdesk.provenance.timestamps import time_stamp
from satdesk.provenance.trust import Trust
from satdesk.release.schema import check
from satdesk.release.seal import SIGNATURE_NAME, STAMP_NAME
from satdesk.release.sealing import key_seal
from satdesk.release.status_file import STATUS_SIGNATURE, write_status
from satdesk.release.verification import Verdict
from satdesk.release.verify import verify_release
from signed_release import NOW, make_keys, make_signed
from time_server import time_server

pytestmark = pytest.mark.oracle
FLIPS = 300


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys") / "made")


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def stamped(keys, server_folder, tmp_path_factory):
    with time_server(server_folder) as url:
        signer = replace(keys[0], timestamp_url=url)
        return make_signed(tmp_path_factory.mktemp("stamped") / "release", signer)


@pytest.fixture(scope="module")
def trust(keys, stamped, server_folder):
    return Trust(anchors=(*keys[1].anchors, *certificates_in(server_folder / "tr.pem")))


@pytest.fixture
def release(stamped, tmp_path):
    return shutil.copytree(stamped, tmp_path / "release")


def judged(folder, trust, **more):
    found = verify_release(folder, trust, **{"at": NOW, "credentials": False, **more})
    check(found.to_dict(), "verify")
    return found


def of(found, path):
    return next(each for each in found.files if each.path == path)


def test_a_stamped_release_says_when_and_by_whom(stamped, trust):
    found = judged(stamped, trust, credentials=True)
    assert found.trusted
    stamp = found.to_dict()["time_stamp"]
    assert stamp["trusted"]
    assert stamp["signer_held"]
    assert stamp["claims_to_be"] == "Test Time Stamps"
    stated = datetime.strptime(stamp["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(stated - NOW) < timedelta(minutes=30)
    sentence = f"signed and time-stamped {stamp['time']} by “Test Time Stamps”."
    assert sentence in found.words
    assert "time-stamped" in of(found, STAMP_NAME).reason


def test_a_server_that_no_anchor_vouches_for_states_no_time(stamped, keys):
    found = judged(stamped, keys[1])
    assert found.trusted, "who signed is known; when is not"
    stamp = found.to_dict()["time_stamp"]
    assert not stamp["trusted"]
    assert "does not lead to a trust anchor" in stamp["reason"]
    assert stamp["time"] not in found.words
    assert "claims to be “Test Time Stamps”" in of(found, STAMP_NAME).reason


def test_the_stamp_tells_that_an_expired_certificate_was_good(stamped, trust, keys):
    late = NOW + timedelta(days=60)
    found = judged(stamped, trust, at=late)
    assert found.verdict is Verdict.UNKNOWN_SIGNER
    assert "The signer's certificate was good then." in found.words
    assert "was good then" not in judged(stamped, keys[1], at=late).words


def test_every_changed_bit_of_the_stamp_is_found(release, trust):
    path, chance = release / STAMP_NAME, random.Random(6)  # noqa: S311 - no secret
    whole = path.read_bytes()
    for bit in chance.sample(range(8 * len(whole)), FLIPS):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert of(judged(release, trust), STAMP_NAME).verdict is Verdict.ALTERED, bit


def test_a_stamp_that_is_gone_or_a_link_is_told(release, trust, tmp_path):
    shutil.move(release / STAMP_NAME, tmp_path / "kept")
    assert of(judged(release, trust), STAMP_NAME).verdict is Verdict.MISSING
    (release / STAMP_NAME).symlink_to(tmp_path / "kept")
    assert of(judged(release, trust), STAMP_NAME).verdict is Verdict.ALTERED


def test_a_stamp_that_was_put_beside_a_release_is_extra(keys, stamped, tmp_path):
    bare = make_signed(tmp_path / "bare", keys[0])
    assert judged(bare, keys[1]).stamp is None
    shutil.copy(stamped / STAMP_NAME, bare)
    found = judged(bare, keys[1])
    assert of(found, STAMP_NAME).verdict is Verdict.EXTRA
    assert not found.trusted


def test_a_stamp_of_another_signature_is_altered_whoever_vouches(keys, release, stamped, trust):
    """Even if the publisher's own status lists it: it does not stamp this signature."""
    signature = sign_detached((stamped / "SHA256SUMS").read_bytes(), keys[0])
    (release / SIGNATURE_NAME).write_bytes(signature)  # as good as the one before, and another
    found = judged(release, trust)
    assert of(found, STAMP_NAME).verdict is Verdict.ALTERED
    assert "a time stamp of other data" in of(found, STAMP_NAME).reason
    assert found.stamp is None


def test_a_later_status_vouches_for_the_same_stamp(keys, release, trust):
    status = json.loads((release / "status.json").read_text())
    assert status["time_stamp_sha256"] == sha256(release / STAMP_NAME)
    data = write_status({**status, "status": "reviewed"}, release)
    (release / STATUS_SIGNATURE).write_bytes(sign_detached(data, keys[0]))
    assert judged(release, trust).trusted


def test_a_server_that_falls_silent_before_the_list_is_signed_is_told(keys, tmp_path):
    with time_server(tmp_path / "server", answers=1) as url:
        seal = key_seal(replace(keys[0], timestamp_url=url), release="x", recipe=None)
        assert not seal.facts()["notices"]
        (tmp_path / "SHA256SUMS").write_text("")
        seal.sums(tmp_path)
    assert (tmp_path / SIGNATURE_NAME).is_file()
    assert not (tmp_path / STAMP_NAME).exists()
    (notice,) = seal.facts()["notices"]
    assert notice.startswith("no time stamp of SHA256SUMS.p7s: the server does not answer")


def test_a_server_that_drips_is_not_waited_for(monkeypatch):
    class Dripping:
        length = 2000

        def __enter__(self):
            return self

        def __exit__(self, *_):
            """Nothing is held."""

        def read1(self, _):
            return b"0"

    ticks = iter(range(0, 1000, 4))
    monkeypatch.setattr(timestamps, "urlopen", lambda *_, **__: Dripping())
    monkeypatch.setattr(timestamps.time, "monotonic", lambda: next(ticks))
    with pytest.raises(MachineError) as refused:
        time_stamp("http://127.0.0.1:1/", b"data")
    assert refused.value.found == "the server does not answer (TimeoutError)"
    assert next(ticks) <= 20


def test_an_answer_to_another_question_is_none(keys, tmp_path, stamped, monkeypatch):
    monkeypatch.setattr(timestamps, "_reply", lambda *_: (stamped / STAMP_NAME).read_bytes())
    with pytest.raises(MachineError) as refused:
        time_stamp("http://127.0.0.1:1/", (stamped / SIGNATURE_NAME).read_bytes())
    assert refused.value.found == "the server answers another question"  # the nonce


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_our_words(data):
    with pytest.raises(VerificationError, match="the time stamp is not intact"):
        read_stamp(data, b"x", Trust())


def test_openssl_agrees(stamped, server_folder):
    command = ["openssl", "ts", "-verify", "-in", STAMP_NAME, "-data", SIGNATURE_NAME]
    run = subprocess.run(
        [*command, "-CAfile", server_folder / "tr.pem"],
        cwd=stamped, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in run.stdout + run.stderr
