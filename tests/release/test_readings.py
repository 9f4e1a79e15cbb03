"""Answers sealed in a log: whose count, and what is found when they were not blind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from satdesk.core.scene import Acquisition
from satdesk.core.statement import (
    Answer,
    AskedStatement,
    Gap,
    Outcome,
    Question,
    ReaderAnswer,
    Statement,
)
from satdesk.errors import UsageError, VerificationError
from satdesk.provenance.keys import make_authority
from satdesk.provenance.trust import load_trust
from satdesk.release.answers import answers_in, digest_of, kept_text, with_answers
from satdesk.release.clearance import Subject
from satdesk.release.desk_log import DeskLog
from satdesk.release.readings import OPEN, SEAL, opened_of, seal_facts, sealed_of

NOW = datetime.now(UTC).replace(microsecond=0)
SUBJECT = Subject(release="r", revision=1, digest="a" * 64)
OTHERS = (
    replace(SUBJECT, release="q"),
    replace(SUBJECT, revision=2),
    replace(SUBJECT, digest="b" * 64),
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    signers = {
        name: make_authority(folder / name, name=name.capitalize(), days=30, now=NOW)
        for name in ("anna", "boris", "eve")
    }
    return signers, load_trust([folder / "anna" / "root.pem", folder / "boris" / "root.pem"])


class Desk:
    """A log in which readers seal and open."""

    def __init__(self, path, signers):
        self.log, self.signers, self.kept = DeskLog(path), signers, {}

    def seal(self, who, answer=Answer.SUPPORTED, subject=SUBJECT):
        self.kept[who] = kept_text([("s", "site", answer, f"{who} saw it")], subject)
        self._append(SEAL, subject, seal_facts(subject, self.kept[who], self.signers[who], at=NOW))

    def open(self, who, subject=SUBJECT):
        detail = {"subject_sha256": subject.digest, "kept": self.kept[who]}
        self._append(OPEN, subject, detail)

    def _append(self, action, subject, detail):
        self.log.append(
            at=NOW,
            actor="x",
            action=action,
            release=subject.release,
            revision=subject.revision,
            detail=detail,
        )

    def readers(self, trust, subject=SUBJECT):
        return [r.reader for r in opened_of(self.log.entries(), subject, trust, at=NOW)]


@pytest.mark.parametrize(
    ("steps", "readers"),
    [
        ("seal anna, seal boris, open anna, open boris", ["Anna", "Boris"]),
        ("seal anna, seal boris, open boris, open anna", ["Anna", "Boris"]),
        ("seal anna, seal boris, open anna", ["Anna"]),
        ("seal anna, seal boris", []),
        ("seal anna, seal eve, open anna, open eve", ["Anna"]),
        ("seal eve, seal anna, open eve, seal boris", []),
    ],
)
def test_who_counts(keys, tmp_path, steps, readers):
    signers, trust = keys
    desk = Desk(tmp_path / "log", signers)
    for step in steps.split(", "):
        verb, who = step.split()
        getattr(desk, verb)(who)
    assert [name.split(",")[0] for name in desk.readers(trust)] == readers


def test_a_seal_after_an_opening_is_not_blind(keys, tmp_path):
    signers, trust = keys
    desk = Desk(tmp_path / "log", signers)
    for step in ("seal anna", "seal eve", "open eve", "seal boris", "open boris"):
        verb, who = step.split()
        getattr(desk, verb)(who)
    with pytest.raises(VerificationError, match="not sealed before"):
        desk.readers(trust)


@pytest.mark.parametrize("other", OTHERS)
def test_answers_are_about_their_subject_alone(keys, tmp_path, other):
    signers, trust = keys
    desk = Desk(tmp_path / "log", signers)
    for who in ("anna", "boris"):
        desk.seal(who, subject=other)
    for who in ("anna", "boris"):
        desk.open(who, subject=other)
    assert desk.readers(trust) == []
    assert len(desk.readers(trust, other)) == 2
    with pytest.raises(VerificationError, match="about another"):
        answers_in(desk.kept["anna"], SUBJECT)


def test_a_forged_seal_is_found(keys, tmp_path):
    signers, trust = keys
    desk = Desk(tmp_path / "log", signers)
    facts = seal_facts(SUBJECT, "x", signers["anna"], at=NOW)
    forged = facts["statement"].replace(digest_of("x"), digest_of("y"))
    desk._append(SEAL, SUBJECT, {**facts, "statement": forged})
    with pytest.raises(VerificationError, match="does not fit"):
        sealed_of(desk.log.entries(), SUBJECT, trust, at=NOW)


def test_the_same_answers_are_sealed_otherwise_each_time():
    given = [("s", "site", Answer.SUPPORTED, "x")]
    assert digest_of(kept_text(given, SUBJECT)) != digest_of(kept_text(given, SUBJECT))


def told(*answers):
    return tuple(ReaderAnswer(reader=f"{n}", answer=a, reason="x") for n, a in enumerate(answers))


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((), Outcome.NOT_PUBLISHED),
        ((Answer.SUPPORTED,), Outcome.NOT_PUBLISHED),
        ((Answer.SUPPORTED, Answer.SUPPORTED), Outcome.AGREED),
        ((Answer.SUPPORTED, Answer.CANNOT_BE_DECIDED), Outcome.DISAGREED),
        ((Answer.NOT_COVERED, Answer.NOT_COVERED, Answer.SUPPORTED), Outcome.DISAGREED),
    ],
)
def test_what_is_published(answers, outcome):
    question = Question(site="s", gap=None, dates=(), answers=told(*answers))
    assert question.outcome is outcome
    assert (question.published == question.answers) is (len(answers) != 1)


def test_the_programs_answer_cannot_be_overridden():
    with pytest.raises(UsageError, match="nobody is asked"):
        Question(site="s", gap=Gap.NOT_SEEN, dates=(), answers=told(Answer.SUPPORTED))
    covered = Question(site="site", gap=Gap.BEGINS_BEFORE, dates=())
    asked = AskedStatement(statement=statement(), questions=(covered,))
    from satdesk.release.clearance import Reading  # noqa: PLC0415

    kept = kept_text([("s", "site", Answer.SUPPORTED, "x")], SUBJECT)
    reading = Reading(reader="Anna", kept=kept, facts={})
    (answered,) = with_answers((asked,), (reading, reading), SUBJECT)
    assert answered.questions[0].outcome is Outcome.NOT_COVERED
    assert answered.questions[0].answers == ()


def statement(**changes):
    day = Acquisition.on(date(2020, 9, 20))
    facts = {
        "id": "s",
        "text": "Something happened.",
        "language": "en",
        "publisher": "P",
        "address": "https://example.org",
        "published": date(2020, 10, 1),
        "start": day,
        "end": day,
        "sites": ("site",),
    }
    return Statement(**{**facts, **changes})


def test_a_statement_is_one_line_and_its_period_runs_forward():
    with pytest.raises(UsageError, match="no line of words"):
        statement(text="a\nb")
    with pytest.raises(UsageError, match="ends before"):
        statement(end=Acquisition.on(date(2020, 9, 19)))
    noon = datetime(2020, 9, 20, 12, tzinfo=UTC)
    with pytest.raises(UsageError, match="ends before"):
        statement(start=Acquisition.at(noon), end=Acquisition.at(noon - timedelta(hours=1)))
    assert not [name for name in Statement.__slots__ if name in {"actor", "by", "author"}]
