"""Draft, review, two keys, issue, correct, withdraw: who may, and what is found when broken."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satdesk.errors import MissingInputError, SatdeskError, UsageError, VerificationError
from satdesk.files.digests import sha256
from satdesk.provenance.keys import make_authority
from satdesk.provenance.trust import Trust, load_trust
from satdesk.release.approvals import approvals_of, approve, refusals
from satdesk.release.clearance import NOT_SIGNED_OFF, Subject, Uncleared, subject_digest
from satdesk.release.desk_log import DeskLog
from satdesk.release.holds import Hold
from satdesk.release.status_file import (
    STATUS_FILES,
    STATUS_NAME,
    STATUS_SCRIPT,
    effective,
    instant_text,
    parse_instant,
    read_status,
    script_of,
    write_status,
)
from satdesk.release.verification import Verdict
from satdesk.release.verify import verify_release
from satdesk.release.workflow import (
    LoggedClearance,
    Stroke,
    correct,
    put_name,
    subject_of,
    withdraw,
)
from signed_release import make_signed

NOW = datetime.now(UTC).replace(microsecond=0)  # C2PA's library asks the real clock
SUBJECT = Subject(release="r", revision=1, digest="a" * 64)
HOLD = Hold(rule="credit-missing", reason="nobody states a credit line for s")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    names = ("anna", "boris", "eve")
    signers = {
        name: make_authority(folder / name, name=name.capitalize(), days=30, now=NOW)
        for name in names
    }
    trust = load_trust([folder / "anna" / "root.pem", folder / "boris" / "root.pem"])
    return signers, trust


def log_in(tmp_path):
    return DeskLog(tmp_path / "desk.log")


def say(log, kind, signer, subject=SUBJECT):
    log.append(
        at=NOW,
        actor="x",
        action=kind,
        release=subject.release,
        revision=subject.revision,
        detail=approve(kind, subject, signer, at=NOW),
    )


# What is signed off


def test_without_a_log_nothing_is_issued():
    cleared = Uncleared(now=NOW).settle(SUBJECT, [HOLD])
    assert cleared.reasons == (HOLD.reason, NOT_SIGNED_OFF)


@pytest.mark.parametrize(
    ("steps", "issued"),
    [
        ("ra sa sb", True),
        ("rb sb sa", True),
        ("ra sa", False),
        ("ra sa sa", False),
        ("sa sb", False),
        ("sa sb ra", False),
        ("sa ra sb", False),
        ("ra sa se", False),
        ("re sa sb", False),
        ("", False),
    ],
)
def test_a_review_and_then_two_different_trusted_keys_issue(keys, tmp_path, steps, issued):
    signers, trust = keys
    who = {name[0]: signer for name, signer in signers.items()}
    log = log_in(tmp_path)
    for kind, name in steps.split():
        say(log, {"r": "review", "s": "sign-off"}[kind], who[name])
    cleared = LoggedClearance(log=log, trust=trust, now=NOW).settle(SUBJECT, [])
    assert (cleared.reasons == ()) is issued
    assert (len(cleared.approvals) == 3) is issued
    assert (cleared.since == NOW) is issued


@pytest.mark.parametrize(
    "other",
    [
        replace(SUBJECT, release="q"),
        replace(SUBJECT, revision=2),
        replace(SUBJECT, digest="b" * 64),
    ],
)
def test_a_sign_off_holds_for_its_subject_alone(keys, tmp_path, other):
    signers, trust = keys
    log = log_in(tmp_path)
    for kind, name in (("review", "anna"), ("sign-off", "anna"), ("sign-off", "boris")):
        say(log, kind, signers[name])
    assert LoggedClearance(log=log, trust=trust, now=NOW).settle(other, []).reasons
    assert not LoggedClearance(log=log, trust=trust, now=NOW).settle(SUBJECT, []).reasons


def test_without_trust_no_sign_off_counts(keys, tmp_path):
    signers, _ = keys
    log = log_in(tmp_path)
    for kind, name in (("review", "anna"), ("sign-off", "anna"), ("sign-off", "boris")):
        say(log, kind, signers[name])
    reasons = LoggedClearance(log=log, trust=Trust(), now=NOW).settle(SUBJECT, []).reasons
    assert any("0 of 2" in reason for reason in reasons)


def test_two_certificates_of_one_key_are_one_key(keys, tmp_path):
    signers, trust = keys
    log = log_in(tmp_path)
    for kind in ("review", "sign-off", "sign-off"):
        say(log, kind, signers["anna"])
    found = approvals_of(log.entries(), SUBJECT, trust, at=NOW)
    assert "it is signed off by 1 of 2 different keys" in refusals(found)


def test_a_signature_of_another_statement_is_found(keys, tmp_path):
    signers, trust = keys
    log = log_in(tmp_path)
    facts = approve("sign-off", SUBJECT, signers["anna"], at=NOW)
    forged = {**facts, "statement": facts["statement"].replace('"revision":1', '"revision":2')}
    log.append(at=NOW, actor="x", action="sign-off", release="r", revision=2, detail=forged)
    with pytest.raises(VerificationError, match="does not fit"):
        approvals_of(log.entries(), replace(SUBJECT, revision=2), trust, at=NOW)


def test_a_hold_is_accepted_by_name_and_logged_with_who_and_why(keys, tmp_path):
    signers, trust = keys
    log = log_in(tmp_path)
    for kind, name in (("review", "anna"), ("sign-off", "anna"), ("sign-off", "boris")):
        say(log, kind, signers[name])
    clearance = LoggedClearance(
        log=log, trust=trust, now=NOW, by="Carla", accepted={HOLD.rule: "the archive is public"}
    )
    assert clearance.settle(SUBJECT, [HOLD]).reasons == ()
    last = log.entries()[-1]
    assert (last.actor, last.action) == ("Carla", "accept")
    assert last.detail == {
        "rule": "credit-missing",
        "held": HOLD.reason,
        "reason": "the archive is public",
    }
    assert replace(clearance, accepted={}).settle(SUBJECT, [HOLD]).reasons == (HOLD.reason,)
    with pytest.raises(UsageError, match="who accepts"):
        replace(clearance, by=None).settle(SUBJECT, [HOLD])


def test_the_subject_is_the_recipe_and_the_pictures(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"1")
    first = subject_digest({"x": 1}, [("a", tmp_path / "a.tif")])
    assert subject_digest({"x": 1}, [("a", tmp_path / "a.tif")]) == first
    assert subject_digest({"x": 2}, [("a", tmp_path / "a.tif")]) != first
    assert subject_digest({"x": 1}, [("b", tmp_path / "a.tif")]) != first
    (tmp_path / "a.tif").write_bytes(b"2")
    assert subject_digest({"x": 1}, [("a", tmp_path / "a.tif")]) != first


# The log


def filled(tmp_path, count=4):
    log = log_in(tmp_path)
    for number in range(count):
        log.append(
            at=NOW + timedelta(seconds=number),
            actor="Anna",
            action="accept",
            release="r",
            revision=1,
            detail={"rule": "x", "reason": f"because {number} “ə”"},
        )
    return log


def test_the_log_keeps_what_was_said_in_order(tmp_path):
    entries = filled(tmp_path).entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert entries[0].previous == "0" * 64
    assert [e.previous for e in entries[1:]] == [e.digest for e in entries[:-1]]
    assert entries[3].detail["reason"] == "because 3 “ə”"


@pytest.mark.parametrize("statement", ["UPDATE entry SET actor = 'Eve'", "DELETE FROM entry"])
def test_the_log_refuses_to_be_changed(tmp_path, statement):
    log = filled(tmp_path)
    with (
        sqlite3.connect(log.path) as store,
        pytest.raises(sqlite3.IntegrityError, match="appended to"),
    ):
        store.execute(statement)
    store.close()
    assert len(log.entries()) == 4


def forced(log, *statements):
    """What somebody can do who takes the triggers away."""
    store = sqlite3.connect(log.path)
    store.execute("DROP TRIGGER entry_is_never_changed")
    store.execute("DROP TRIGGER entry_is_never_deleted")
    for statement in statements:
        store.execute(statement)
    store.commit()
    store.close()


FIELDS = {
    "at": "'2020-01-01T00:00:00Z'",
    "actor": "'Eve'",
    "action": "'issue'",
    "release": "'q'",
    "revision": "9",
    "detail": "'{}'",
    "previous": f"'{'1' * 64}'",
    "digest": f"'{'1' * 64}'",
}


@given(number=st.integers(1, 4), field=st.sampled_from(sorted(FIELDS)))
@settings(
    max_examples=32, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_every_change_of_every_entry_breaks_the_chain(tmp_path_factory, number, field):
    log = filled(tmp_path_factory.mktemp("log"))
    change = f"UPDATE entry SET {field} = {FIELDS[field]} WHERE number = {number}"  # noqa: S608 - ours
    forced(log, change)
    with pytest.raises(VerificationError, match=f"broken at entry ({number}|{number + 1})"):
        log.entries()
    with pytest.raises(VerificationError):
        log.append(at=NOW, actor="A", action="issue", release="r", revision=1, detail={})


@pytest.mark.parametrize(
    "statements",
    [
        ("DELETE FROM entry WHERE number = 2",),
        ("DELETE FROM entry WHERE number = 1",),
        (
            "UPDATE entry SET number = 9 WHERE number = 2",
            "UPDATE entry SET number = 2 WHERE number = 3",
            "UPDATE entry SET number = 3 WHERE number = 9",
        ),
        ("UPDATE entry SET detail = 'no json' WHERE number = 3",),
    ],
)
def test_what_is_taken_out_or_moved_breaks_the_chain(tmp_path, statements):
    log = filled(tmp_path)
    forced(log, *statements)
    with pytest.raises(VerificationError, match="broken at entry"):
        log.entries()


def test_another_file_is_no_log(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"not a database, long enough to be read as a header, and then some more")
    with pytest.raises(SatdeskError):
        DeskLog(path).entries()
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(SatdeskError, match="no log"):
        DeskLog(tmp_path / "other").entries()
    with pytest.raises(MissingInputError):
        DeskLog(tmp_path / "none").entries()


# The status


def moved(folder, signer, **changes):
    """The status of a written release, changed and signed as a desk would."""
    from satdesk.provenance.signature import sign_detached  # noqa: PLC0415

    data = write_status({**read_status(folder), **changes}, folder)
    (folder / "status.json.p7s").write_bytes(sign_detached(data, signer))


@pytest.fixture
def release(keys, tmp_path):
    signers, _ = keys
    return make_signed(tmp_path / "release", signers["anna"])


def stroke(keys, tmp_path, name="anna"):
    return Stroke(signer=keys[0][name], log=log_in(tmp_path), now=NOW)


def checked(folder, keys, at=NOW):
    return verify_release(folder, keys[1], at=at)


def test_a_withdrawn_release_says_so_everywhere_and_stays_whole(keys, release, tmp_path):
    before = sha256(release / "SHA256SUMS")
    status = withdraw(release, stroke(keys, tmp_path, "boris"), reason="The boundary was wrong")
    assert status["status"] == "withdrawn"
    assert "KILL NOTICE" in status["kill_notice"]
    assert "The boundary was wrong" in status["kill_notice"]
    assert sha256(release / "SHA256SUMS") == before
    found = checked(release, keys)
    assert found.trusted
    assert found.status == "withdrawn"
    assert not found.stands
    assert found.words.startswith("WITHDRAWN: do not publish")
    assert f"WITHDRAWN since {instant_text(NOW)}: The boundary was wrong" in found.words
    assert b"The boundary was wrong" in (release / STATUS_SCRIPT).read_bytes()
    assert log_in(tmp_path).entries()[-1].action == "withdraw"
    with pytest.raises(UsageError, match="only what was issued"):
        withdraw(release, stroke(keys, tmp_path), reason="again")


def test_a_correction_needs_a_later_revision_of_the_same_release(keys, release, tmp_path):
    with pytest.raises(UsageError, match="no later revision"):
        correct(release, release, stroke(keys, tmp_path), reason="x")
    later = make_signed(tmp_path / "later", keys[0]["anna"])
    moved(later, keys[0]["anna"], revision=2)
    status = correct(release, later, stroke(keys, tmp_path), reason="A name was wrong")
    assert status["replaced_by"]["revision"] == 2
    assert "revision 2 takes its place: A name was wrong" in checked(release, keys).words
    assert checked(release, keys).stands
    assert checked(later, keys).status == "issued"


def test_only_a_draft_is_reviewed_and_signed_off(keys, release, tmp_path):
    with pytest.raises(UsageError, match="only a draft"):
        put_name("review", release, stroke(keys, tmp_path), note=None)
    moved(release, keys[0]["anna"], status="draft")
    assert put_name("review", release, stroke(keys, tmp_path), note="n")["status"] == "reviewed"
    signed = put_name("sign-off", release, stroke(keys, tmp_path), note=None)
    assert signed["status"] == "signed-off"
    assert [each["kind"] for each in signed["approvals"]] == ["review", "sign-off"]
    with pytest.raises(UsageError, match="only what was issued"):
        withdraw(release, stroke(keys, tmp_path), reason="x")


def test_nobody_puts_a_name_to_what_was_changed(keys, release, tmp_path):
    moved(release, keys[0]["anna"], status="draft")
    (release / "index.html").write_bytes(b"another page")
    with pytest.raises(VerificationError, match="not as it was written"):
        put_name("review", release, stroke(keys, tmp_path), note=None)
    assert not log_in(tmp_path).path.exists()


def test_the_log_does_not_lie_in_the_release(keys, release):
    inside = Stroke(signer=keys[0]["anna"], log=DeskLog(release / "desk.log"), now=NOW)
    with pytest.raises(UsageError, match="log lies in the release"):
        withdraw(release, inside, reason="x")
    assert not (release / "desk.log").exists()


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "a\u202eb"])
def test_a_reason_is_one_line_of_words(keys, release, tmp_path, reason):
    with pytest.raises(UsageError, match="reason"):
        withdraw(release, stroke(keys, tmp_path), reason=reason)


def test_an_embargo_ends_by_itself(keys, release):
    until = NOW + timedelta(hours=1)
    moved(release, keys[0]["anna"], status="embargoed", embargo_until=instant_text(until))
    status = read_status(release)
    assert effective(status, until - timedelta(seconds=1)) == "embargoed"
    assert effective(status, until) == "issued"
    assert parse_instant(status["embargo_until"]) == until
    assert f"EMBARGOED until {instant_text(until)}" in checked(release, keys).words
    assert "EMBARGOED" not in checked(release, keys, at=until).words


@pytest.mark.parametrize("name", STATUS_FILES)
@given(place=st.integers(0, 10_000_000), bit=st.integers(0, 7))
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_every_flipped_bit_of_the_status_is_found(keys, flipping, name, place, bit):
    path = flipping / name
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[place % len(data)] ^= 1 << bit
    path.write_bytes(flipped)
    try:
        found = verify_release(flipping, keys[1], at=NOW, credentials=False)
        assert not found.trusted
    finally:
        path.write_bytes(data)


@pytest.fixture(scope="module")
def flipping(keys, tmp_path_factory):
    return make_signed(tmp_path_factory.mktemp("flips") / "release", keys[0]["anna"])


@pytest.mark.parametrize("gone", [STATUS_FILES, (STATUS_NAME,), (STATUS_SCRIPT,)])
def test_a_status_that_is_gone_is_missed(keys, release, gone):
    for name in gone:
        (release / name).unlink()
    assert not checked(release, keys).trusted


def test_a_status_by_somebody_else_is_not_trusted(keys, release, tmp_path):
    withdraw(release, stroke(keys, tmp_path, "eve"), reason="a lie")
    found = checked(release, keys)
    assert found.verdict is Verdict.UNKNOWN_SIGNER
    assert "claims to be “Eve" in next(f.reason for f in found.files if f.path == STATUS_NAME)


def test_the_status_of_another_release_is_not_its_own(keys, release):
    status = read_status(release)
    write_status({**status, "sums_sha256": "0" * 64}, release)
    with pytest.raises(VerificationError, match="another release"):
        read_status(release)
    assert checked(release, keys).verdict is Verdict.ALTERED


def test_the_script_says_the_same_and_closes_no_element(keys, release, tmp_path):
    withdraw(release, stroke(keys, tmp_path), reason="</script><b>")
    script = (release / STATUS_SCRIPT).read_bytes()
    assert script == script_of((release / STATUS_NAME).read_bytes())
    assert b"<" not in script
    said = script.decode().removeprefix("window.satdeskStatus = ").rstrip().removesuffix(";")
    assert json.loads(said) == read_status(release)


def test_the_subject_is_read_from_a_whole_release(release):
    assert subject_of(release).digest == "0" * 64
