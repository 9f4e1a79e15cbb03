"""The work of a desk through the command line: embargo, correction, licences, embedded manifests."""

from __future__ import annotations

import json

import pytest

from acceptance.commandline import refused, satdesk, told
from acceptance.test_provenance import AFTER
from acceptance.test_release import texts

UNTIL = "2999-12-01T06:00:00Z"
SMALL = ("[terrain]", "[grid]\ngsd_m = 3.0\n[terrain]")
EVENT = """[event]
name = "invented event"
at = 2018-09-20
time_zone = "Asia/Baku"
source = "invented"
"""


class Desk:
    """Keys of two people, a recipe of one scene, the desk's log."""

    def __init__(self, world, folder):
        self.world, self.folder, self.log = world, folder, folder / "desk.log"
        for name in ("anna", "boris"):
            made = satdesk("keys", "init", folder / name, "--name", name.title(), "--json")
            told(made, "keys")
        self.trust = [
            part for n in ("anna", "boris") for part in ("--trust", folder / n / "root.pem")
        ]

    def recipe(self, *changes):
        after = AFTER.format(world=self.world.folder)
        return self.world.recipe(self.folder, (after, ""), (EVENT, ""), SMALL, *changes)

    def cleared(self, name, *changes):
        """The draft of a recipe, reviewed and signed off by both keys."""
        recipe, draft = self.recipe(*changes), self.folder / f"{name}-draft"
        told(satdesk("issue", recipe, "--out", draft, "--json"), "issue")
        for step, who in (("review", "anna"), ("sign-off", "anna"), ("sign-off", "boris")):
            told(self.step(step, draft, who), "standing")
        return recipe

    def step(self, step, *more):
        *subjects, who = more
        sign = ("--sign", self.folder / who, "--log", self.log)
        return satdesk(step, *subjects, *sign, "--json")

    def issued(self, name, *changes, accept=()):
        recipe = self.cleared(name, *changes)
        out = self.folder / name
        signed = ("--sign", self.folder / "anna", "--log", self.log, *self.trust, *accept)
        return out, told(satdesk("issue", recipe, "--out", out, *signed, "--json"), "issue")


@pytest.fixture(scope="module")
def desk(world, tmp_path_factory):
    return Desk(world, tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def embargoed(desk):
    title = 'title = "Acceptance"'
    return desk.issued("first", (title, f"{title}\nembargo = {UNTIL}"))


def test_an_embargo_is_told_to_everybody(desk, embargoed):
    out, answer = embargoed
    assert (answer["status"], answer["embargo_until"]) == ("embargoed", UNTIL)
    assert told(satdesk("status", out, "--json"), "standing")["now"] == "embargoed"
    said = texts(out)
    assert b'"embargoed"' in said["status.js"]
    page = said["index.html"].decode()
    assert "Embargo: not to be published before 1 December 2999" in page
    pressed = [data for name, data in said.items() if name.startswith("press/")]
    assert pressed
    assert all(b"EMBARGOED until 1 December 2999" in data for data in pressed)
    found = satdesk("verify", out, *desk.trust, "--json")
    assert found.code == 0
    assert found.answer["status"] == "embargoed"
    assert f"EMBARGOED until {UNTIL}" in found.answer["words"]


@pytest.fixture(scope="module")
def corrected(desk, embargoed):
    """A second revision, whose licence says nothing of tiles; somebody answers for that."""
    title = 'title = "Acceptance"'
    accept = ("--accept", "licence-unknown=the archive is public", "--by", "Carla")
    later, answer = desk.issued(
        "second", (title, f"{title}\nrevision = 2"), ("tiles = true\n", ""), accept=accept
    )
    standing = desk.step("correct", embargoed[0], later, "--reason", "A name was wrong", "anna")
    return later, answer, told(standing, "standing")


def test_a_correction_says_so_in_the_old_release(desk, embargoed, corrected):
    old, (later, _, standing) = embargoed[0], corrected
    assert standing["now"] == "corrected"
    assert standing["status"]["replaced_by"]["revision"] == 2
    found = satdesk("verify", old, *desk.trust, "--json")
    assert found.code == 0
    assert found.answer["stands"]
    assert "It is CORRECTED: revision 2 takes its place: A name was wrong" in found.answer["words"]
    assert satdesk("verify", later, *desk.trust).code == 0
    assert "A name was wrong" in (old / "status.js").read_text()
    last = satdesk("log", desk.log, "--json").answer["entries"][-1]
    assert (last["action"], last["detail"]["reason"]) == ("correct", "A name was wrong")


def test_a_correction_goes_forward_alone(desk, embargoed, corrected):
    command = ("correct", corrected[0], embargoed[0], "--reason", "x")
    more = ("--sign", desk.folder / "anna", "--log", desk.log)
    refused(*command, *more, code=2, says=("only what was issued",), around=desk.folder)


def test_a_withdrawn_release_ends_with_five(desk, corrected):
    told(
        desk.step("withdraw", corrected[0], "--reason", "The boundary was wrong", "boris"),
        "standing",
    )
    found = satdesk("verify", corrected[0], *desk.trust)
    assert found.code == 5
    assert found.out.startswith("WITHDRAWN: do not publish the release")
    assert "The boundary was wrong" in found.out
    document = satdesk("verify", corrected[0], *desk.trust, "--json").answer
    assert (document["trusted"], document["stands"], document["status"]) == (
        True,
        False,
        "withdrawn",
    )


def test_what_a_licence_does_not_say_is_not_shown_in_what_is_issued(corrected):
    out, answer, _ = corrected
    assert answer["status"] == "issued"
    files = set(texts(out))
    assert not [name for name in files if name.endswith(("visual.tif", ".webp", ".kmz"))]
    assert [name for name in files if name.startswith("press/")]
    assert "does not allow it to be shown" in (out / "index.html").read_text()


def test_a_release_with_embedded_manifests_is_made_again(desk, tmp_path):
    out = tmp_path / "out"
    embed = ("--embed", "cog", "--embed", "pdf", "--sign", desk.folder / "anna")
    told(satdesk("issue", desk.recipe(), "--out", out, *embed, "--json"), "issue")
    assert not [name for name in texts(out) if name.endswith(".c2pa")]
    found = satdesk("verify", out, *desk.trust, "--json").answer
    assert found["trusted"], found["words"]
    scenes = desk.world.folder
    answer = told(satdesk("reproduce", out, "--scenes", scenes, "--json"), "reproduce")
    kinds = {file["path"]: file["equal"] for file in answer["files"]}
    assert answer["reproduced"], [(p, k) for p, k in kinds.items() if k == "different"]
    assert {k for p, k in kinds.items() if p.endswith((".tif", ".pdf"))} == {"pixels-and-assertion"}
    assert json.loads((out / "release.json").read_text())["signing"]["embedded"] == sorted(
        ["application/pdf", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp"]
    )
