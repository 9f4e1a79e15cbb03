"""Statements beside the images, through the command line: asked, sealed, opened, published."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from acceptance.commandline import refused, satdesk, told
from acceptance.test_provenance import AFTER
from acceptance.test_release import register, texts

STATEMENTS = """
[[statement]]
id = "roof"
text = "The roof of the open place was taken down."
language = "en"
source = { publisher = "Example Gazette", address = "https://example.org/a", date = 2018-10-12 }
period = { start = 2018-09-20, end = 2018-10-01 }
sites = ["open"]

[[statement]]
id = "earlier"
text = "Yerin yanında yol çəkildi."
language = "az"
source = { publisher = "Nümunə", address = "https://example.org/b", date = 2018-10-12 }
period = { start = 2018-09-05, end = 2018-09-30 }
sites = ["open"]
"""
ANSWER = """
[[answer]]
statement = "roof"
site = "open"
answer = "{answer}"
reason = "{reason}"
"""
TRUST = ("anna", "boris")


def with_statements(world, folder, text=STATEMENTS, *changes):
    register(folder)
    (folder / "statements.toml").write_text(text, encoding="utf-8")
    named = "[event]\n"
    changed = (
        ("none = true", 'register = "sites.geojson"'),
        (named, f'[statements]\nfile = "statements.toml"\n{named}'),
        *changes,
    )
    return world.recipe(folder, *changed)


@pytest.fixture(scope="module")
def desk(world, tmp_path_factory):
    """Keys of two readers and of a stranger, a recipe with statements, its draft."""
    folder = tmp_path_factory.mktemp("statements")
    for name in (*TRUST, "eve"):
        told(satdesk("keys", "init", folder / name, "--name", name.title(), "--json"), "keys")
    recipe = with_statements(world, folder)
    told(satdesk("issue", recipe, "--out", folder / "draft", "--json"), "issue")
    return folder


def step(action, desk, who, log, *more):
    command = ("statements", action, desk / "draft", "--sign", desk / who, "--log", log, *more)
    return (*command,)


def written(tmp_path, who, answer, reason):
    path = tmp_path / f"{who}.toml"
    path.write_text(ANSWER.format(answer=answer, reason=reason), encoding="utf-8")
    return path


def sealed(desk, tmp_path, who, answer="supported", reason="the bright roof is gone"):
    answers, keep = written(tmp_path, who, answer, reason), tmp_path / f"{who}.kept"
    more = ("--answers", answers, "--keep", keep, "--json")
    return told(satdesk(*step("answer", desk, who, tmp_path / "log", *more)), "statements_step")


def opened(desk, tmp_path, who):
    more = ("--keep", tmp_path / f"{who}.kept", "--json")
    return told(satdesk(*step("open", desk, who, tmp_path / "log", *more)), "statements_step")


def issued(desk, tmp_path, *more):
    trust = [part for name in TRUST for part in ("--trust", desk / name / "root.pem")]
    command = ("issue", desk / "recipe.toml", "--out", tmp_path / "out", "--log", tmp_path / "log")
    answer = told(satdesk(*command, *trust, *more, "--json"), "issue")
    document = json.loads((tmp_path / "out" / "statements.json").read_text(encoding="utf-8"))
    return answer, document


def question(document, number=0):
    return document["statements"][number]["questions"][0]


def test_a_period_that_begins_before_the_earlier_scene_is_answered_first(desk, tmp_path):
    """The scene is of 5 September, 11:31 local time; which came first that day is not known."""
    log = tmp_path / "log"
    listed = told(
        satdesk("statements", "list", desk / "draft", "--log", log, "--json"), "statements_step"
    )
    gaps = {each["statement"]: each["gap"] for each in listed["asked"]}
    assert gaps == {"roof": None, "earlier": "begins-before"}
    answers = written(tmp_path, "anna", "supported", "x")
    with answers.open("a") as file:
        file.write(ANSWER.format(answer="supported", reason="y").replace("roof", "earlier"))
    command = step("answer", desk, "anna", log, "--answers", answers, "--keep", tmp_path / "k")
    refused(*command, code=2, says=("do not cover it", "earlier/open"), around=tmp_path)


def test_agreement_of_two_readers_is_published_with_what_proves_that_they_were_blind(
    desk, tmp_path
):
    first = sealed(desk, tmp_path, "anna")
    assert [each["opened"] for each in first["sealed"]] == [False]
    sealed(desk, tmp_path, "boris", reason="no shadow of a roof")
    opened(desk, tmp_path, "anna")
    assert all(each["opened"] for each in opened(desk, tmp_path, "boris")["sealed"])
    answer, document = issued(desk, tmp_path)
    asked = question(document)
    assert asked["outcome"] == "agreed"
    assert [each["reason"] for each in asked["answers"]] == [
        "the bright roof is gone",
        "no shadow of a roof",
    ]
    assert question(document, 1) == {
        **question(document, 1),
        "outcome": "not-covered",
        "gap": "begins-before",
        "answers": [],
    }
    assert not [reason for reason in answer["draft_reasons"] if "readers" in reason]
    for reading in document["readings"]:
        seal = json.loads(reading["statement"])
        assert seal["answers_sha256"] == hashlib.sha256(reading["kept"].encode()).hexdigest()
        assert len(json.loads(reading["kept"])["salt"]) == 64
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for words in ("The roof of the open place", "all readers agree", "from before the period"):
        assert words in page
    for path in asked["evidence"]:
        assert (tmp_path / "out" / path).is_file()
        assert f'href="./{path}"' in page
    assert len(asked["evidence"]) == 2
    collection = json.loads((tmp_path / "out" / "stac" / "collection.json").read_text())
    (link,) = [each for each in collection["links"] if each["rel"] == "about"]
    assert (tmp_path / "out" / "stac" / link["href"]).resolve().name == "statements.json"


def test_nothing_is_published_on_one_readers_word(desk, tmp_path):
    """One is not opened: neither answer is told, and the release is held back."""
    sealed(desk, tmp_path, "anna", reason="Zweitausend Ziegel")
    sealed(desk, tmp_path, "boris")
    opened(desk, tmp_path, "anna")
    answer, document = issued(desk, tmp_path)
    assert question(document)["outcome"] == "not-published"
    assert document["readings"] == question(document)["answers"] == []
    assert "statement roof at open has 1 of 2 readers" in answer["draft_reasons"]
    told_of = [n for n, data in texts(tmp_path / "out").items() if b"Zweitausend" in data]
    assert told_of == []
    assert "it needs two readers" in (tmp_path / "out" / "index.html").read_text()
    accept = ("--accept", "one-reader=the other is ill", "--by", "Carla", "--overwrite")
    answer, document = issued(desk, tmp_path, *accept)
    assert not [reason for reason in answer["draft_reasons"] if "readers" in reason]
    assert question(document)["outcome"] == "not-published"


def test_two_answers_of_one_key_are_one_reader(desk, tmp_path):
    sealed(desk, tmp_path, "anna")
    (tmp_path / "anna.kept").rename(tmp_path / "older")
    sealed(desk, tmp_path, "anna", "not-supported", "on second thoughts")
    more = ("--keep", tmp_path / "anna.kept")
    command = step("open", desk, "anna", tmp_path / "log", *more)
    refused(*command, code=2, says=("1 of 2",), around=tmp_path)
    sealed(desk, tmp_path, "boris", "not-supported")
    older = step("open", desk, "anna", tmp_path / "log", "--keep", tmp_path / "older")
    refused(*older, code=5, says=("did not seal these answers",), around=tmp_path)


def test_the_log_tells_nothing_of_sealed_answers(desk, tmp_path):
    sealed(desk, tmp_path, "anna", reason="Zweitausend Ziegel")
    log = (tmp_path / "log").read_bytes()
    for word in (b"Ziegel", b"supported", b"salt"):
        assert word not in log
    assert (tmp_path / "anna.kept").stat().st_mode & 0o077 == 0


def test_after_an_opening_nobody_can_answer(desk, tmp_path):
    for who in ("anna", "eve"):
        sealed(desk, tmp_path, who)
    opened(desk, tmp_path, "eve")
    answers = written(tmp_path, "boris", "supported", "x")
    more = ("--answers", answers, "--keep", tmp_path / "late")
    command = step("answer", desk, "boris", tmp_path / "log", *more)
    refused(*command, code=2, says=("open already",), around=tmp_path)


def test_answers_that_were_changed_after_sealing_are_refused(desk, tmp_path):
    for who in TRUST:
        sealed(desk, tmp_path, who)
    kept = tmp_path / "anna.kept"
    kept.write_text(kept.read_text().replace('"supported"', '"not-supported"'))
    command = step("open", desk, "anna", tmp_path / "log", "--keep", kept)
    refused(*command, code=5, says=("did not seal",), around=tmp_path)


def test_each_question_is_answered_once_and_no_other(desk, tmp_path):
    log, keep = tmp_path / "log", tmp_path / "keep"
    path = written(tmp_path, "anna", "supported", "x")
    once = path.read_text()
    for text, says in (
        (once + once, "answered twice"),
        (once.replace("roof", "nothing"), "not asked"),
        (once.replace('"supported"', '"maybe"'), "cannot-be-decided"),
        (once.replace('"x"', '" "'), "no reason"),
        (once + 'actor = "them"\n', "actor"),
    ):
        path.write_text(text)
        command = step("answer", desk, "anna", log, "--answers", path, "--keep", keep)
        refused(*command, code=2, says=(says,), around=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('sites = ["open"]', 'sites = ["open"]\nactor = "them"', "actor"),
        ('sites = ["open"]', 'sites = ["gizli"]', "does not show"),
        ('sites = ["open"]', "sites = []", "sites"),
        ('language = "en"\n', "", "language"),
        ("https://example.org/a", "ftp://example.org/a", "address"),
        ("end = 2018-10-01", "end = 2018-09-01", "ends before"),
        ('id = "earlier"', 'id = "roof"', "one id"),
        ("start = 2018-09-20", "start = 2018-09-20T08:00:00", "no time zone"),
    ],
)
def test_a_list_of_statements_is_strict(world, tmp_path, old, new, says):
    assert old in STATEMENTS
    recipe = with_statements(world, tmp_path, STATEMENTS.replace(old, new, 1))
    command = ("issue", recipe, "--out", tmp_path / "out")
    message = refused(*command, code=2, says=(says,), around=tmp_path)
    assert "Gizli" not in message


def test_disagreement_is_published_as_such_and_made_again(desk, tmp_path, world):
    sealed(desk, tmp_path, "anna")
    sealed(desk, tmp_path, "boris", "not-supported", "it stands")
    for who in TRUST:
        opened(desk, tmp_path, who)
    _, document = issued(desk, tmp_path, "--sign", desk / "anna")
    asked = question(document)
    assert asked["outcome"] == "disagreed"
    assert {each["answer"] for each in asked["answers"]} == {"supported", "not-supported"}
    assert "the readers disagree" in (tmp_path / "out" / "index.html").read_text().lower()
    ended = satdesk("reproduce", tmp_path / "out", "--scenes", world.folder, "--json")
    answer = told(ended, "reproduce")
    assert answer["reproduced"], [f for f in answer["files"] if f["equal"] == "different"]
    kinds = {file["path"]: file["equal"] for file in answer["files"]}
    assert kinds["statements.json"] == "bytes"


def test_a_public_recipe_that_names_a_file_of_statements_is_not_followed(desk, tmp_path, world):
    from satdesk.files.digests import sha256  # noqa: PLC0415

    release = shutil.copytree(desk / "draft", tmp_path / "evil")
    recipe = json.loads((release / "recipe.json").read_text())
    recipe["recipe"]["statements"] = {"file": "/etc/hostname"}
    (release / "recipe.json").write_text(json.dumps(recipe))
    document = json.loads((release / "release.json").read_text())
    document["recipe_sha256"] = sha256(release / "recipe.json")
    (release / "release.json").write_text(json.dumps(document))
    command = ("reproduce", release, "--scenes", world.folder)
    refused(*command, code=5, says=("statements.file",), around=tmp_path)


def test_without_a_later_picture_nothing_is_covered(world, tmp_path):
    recipe = with_statements(world, tmp_path, STATEMENTS, (AFTER.format(world=world.folder), ""))
    told(satdesk("issue", recipe, "--out", tmp_path / "r", "--json"), "issue")
    document = json.loads((tmp_path / "r" / "statements.json").read_text(encoding="utf-8"))
    assert question(document)["gap"] == "none-after"
