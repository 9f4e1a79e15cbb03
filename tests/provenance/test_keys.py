from __future__ import annotations

import stat
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UnreadableInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.provenance import extra
from satdesk.provenance.keys import load_folder, load_signer, make_authority
from satdesk.provenance.trust import Trust, fingerprint, holder, load_trust
from signed_release import NOW, make_keys

PEM = serialization.Encoding.PEM


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "made"
    return folder, *make_keys(folder)


def issued(folder, private, *, use="1.3.6.1.5.5.7.3.36", passphrase=None):
    """A certificate that is its own issuer, and its key, as files."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Real Agency")])
    builder = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=9))
    )
    if use is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(use)]), False)
    digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    (folder / "chain.pem").write_bytes(builder.sign(private, digest).public_bytes(PEM))
    cipher = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase)
    )
    data = private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, cipher)
    (folder / "key.pem").write_bytes(data)
    (folder / "key.pem").chmod(0o600)
    return folder / "chain.pem", folder / "key.pem"


def test_private_files_are_readable_by_their_owner_alone(keys):
    folder, _, _ = keys
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("root.key", "signer.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_the_signing_certificate_leads_to_the_root_and_may_sign_claims(keys):
    _, signer, trust = keys
    assert trust.refusal(signer.chain, NOW) is None
    assert holder(signer.chain[0]) == "Test Desk, release signing"
    uses = signer.chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {u.dotted_string for u in uses} == {"1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"}
    assert not signer.chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_nobody_is_trusted_without_anchors_or_after_the_time(keys, tmp_path):
    _, signer, trust = keys
    assert "no trust anchors" in Trust().refusal(signer.chain, NOW)
    assert "expired" in trust.refusal(signer.chain, NOW + timedelta(days=31))
    assert "only from" in trust.refusal(signer.chain, NOW - timedelta(days=1))
    _, other = make_keys(tmp_path / "other")
    assert "do not lead" in other.refusal(signer.chain, NOW)


def test_another_authority_of_the_same_name_is_not_the_same(keys, tmp_path):
    _, signer, _ = keys
    impostor, anchors = make_keys(tmp_path / "other", "Test Desk")
    assert holder(impostor.chain[0]) == holder(signer.chain[0])
    assert anchors.refusal(signer.chain, NOW) is not None
    assert fingerprint(impostor.chain[0]) != fingerprint(signer.chain[0])


@pytest.mark.parametrize("mark", ["release.json", "SHA256SUMS"])
def test_keys_are_never_made_in_a_release(tmp_path, mark):
    (tmp_path / mark).write_text("{}")
    (tmp_path / "below").mkdir()
    with pytest.raises(UsageError, match="do not belong into a release"):
        make_authority(tmp_path / "below" / "keys", name="X", days=1, now=NOW)
    assert not (tmp_path / "below" / "keys").exists()


@pytest.mark.parametrize(("name", "days"), [("", 1), ("a" * 65, 1), ("a\nb", 1), ("a", 0)])
def test_impossible_wishes_are_refused(tmp_path, name, days):
    with pytest.raises(UsageError):
        make_authority(tmp_path / "keys", name=name, days=days, now=NOW)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    make_keys(tmp_path / "keys")
    (tmp_path / "keys" / "signer.key").chmod(0o640)
    with pytest.raises(UnsafeInputError, match="others may read"):
        load_folder(tmp_path / "keys")


def test_what_is_missing_or_does_not_belong_together_is_refused(keys, tmp_path):
    folder, _, _ = keys
    with pytest.raises(MissingInputError, match="satdesk keys init"):
        load_folder(tmp_path / "none")
    with pytest.raises(BrokenInputError, match="does not belong"):
        load_signer(folder / "signer.pem", folder / "root.key")
    with pytest.raises(UnreadableInputError, match="no certificates"):
        load_signer(folder / "signer.key", folder / "signer.key")
    key = tmp_path / "key.pem"
    key.write_text("no key")
    key.chmod(0o600)
    with pytest.raises(UnreadableInputError, match="cannot be read"):
        load_signer(folder / "signer.pem", key)


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (rsa.generate_private_key(65537, 2048), "PS256"),
    ],
)
def test_a_certificate_from_elsewhere_signs_too(tmp_path, private, algorithm):
    signer = load_signer(*issued(tmp_path, private))
    assert signer.algorithm == algorithm


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate()],
)
def test_a_kind_of_key_that_cannot_sign_is_refused(tmp_path, private):
    with pytest.raises(UnreadableInputError, match="cannot sign a release"):
        load_signer(*issued(tmp_path, private))


@pytest.mark.parametrize("use", [None, "1.3.6.1.5.5.7.3.1"])
def test_a_certificate_for_another_use_is_refused(tmp_path, use):
    with pytest.raises(BrokenInputError, match="not made for signing"):
        load_signer(*issued(tmp_path, ec.generate_private_key(ec.SECP256R1()), use=use))


def test_a_pass_phrase_opens_the_key_and_appears_nowhere(tmp_path):
    paths = issued(tmp_path, ec.generate_private_key(ec.SECP256R1()), passphrase=b"sesame9")
    signer = load_signer(*paths, passphrase=b"sesame9")
    private = signer.key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert "sesame9" not in repr(signer)
    assert private.decode().split("\n")[1] not in repr(signer)
    for wrong in (b"wrong-sesame9", None):
        with pytest.raises(UnreadableInputError) as caught:
            load_signer(*paths, passphrase=wrong)
        assert "sesame9" not in str(caught.value)


def test_anchors_are_read_once_each(keys, tmp_path):
    folder, _, _ = keys
    both = tmp_path / "both.pem"
    both.write_bytes((folder / "root.pem").read_bytes() * 2)
    assert len(load_trust([both, folder / "root.pem"]).anchors) == 1


def test_the_absence_of_the_extra_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "c2pa" else object())
    with pytest.raises(UsageError, match=r"c2pa-python.*satdesk\[sign\]"):
        extra.require_extra()
