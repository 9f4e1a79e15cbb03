from __future__ import annotations

import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from provenance.test_keys import issued
from satdesk.errors import VerificationError
from satdesk.provenance.keys import load_signer
from satdesk.provenance.signature import read_detached, sign_detached
from satdesk.provenance.trust import load_trust
from signed_release import NOW, make_keys

DATA = b"0" * 64 + b"  a.tif\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "made"
    return folder, *make_keys(folder)


def trusted(signature, data, trust):
    try:
        return trust.refusal(read_detached(signature, data).chain, NOW) is None
    except VerificationError:
        return False


def test_a_signature_fits_its_data_and_no_other(keys):
    _, signer, trust = keys
    signature = sign_detached(DATA, signer)
    assert trusted(signature, DATA, trust)
    assert read_detached(signature, DATA).chain == signer.chain
    with pytest.raises(VerificationError, match="does not fit"):
        read_detached(signature, DATA + b"x")


def test_every_single_bit_of_the_signature_file_counts(keys):
    _, signer, trust = keys
    signature = sign_detached(DATA, signer)
    for bit in range(8 * len(signature)):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not trusted(bytes(flipped), DATA, trust), bit


@pytest.mark.parametrize(
    "change", [lambda s: s + b"\x00", lambda s: s[:-1], lambda s: s[:0], lambda s: s * 2]
)
def test_nothing_may_follow_or_lack(keys, change):
    _, signer, trust = keys
    assert not trusted(change(sign_detached(DATA, signer)), DATA, trust)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_our_words(data):
    with pytest.raises(VerificationError):
        read_detached(data, DATA)


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["local", "P-384", "P-521", "RSA"])
def test_openssl_agrees(keys, tmp_path, kind):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder, signer, _ = keys
    root = folder / "root.pem"
    if kind != "local":
        made = {
            "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
            "RSA": lambda: rsa.generate_private_key(65537, 3072),
        }[kind]()
        root, key = issued(tmp_path, made)
        signer = load_signer(root, key)
    (tmp_path / "sums").write_bytes(DATA)
    signature = sign_detached(DATA, signer)
    assert read_detached(signature, DATA).chain == signer.chain
    (tmp_path / "sums.p7s").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "sums.p7s"]
    command += ["-content", "sums", "-CAfile", str(root), "-purpose", "any", "-out", "back"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "back").read_bytes() == DATA
    (tmp_path / "sums").write_bytes(DATA[1:])
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_anchors_of_a_stranger_do_not_help(keys, tmp_path):
    _, signer, _ = keys
    make_keys(tmp_path / "other")
    assert not trusted(sign_detached(DATA, signer), DATA, load_trust([tmp_path / "other/root.pem"]))
