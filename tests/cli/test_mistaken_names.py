"""A name that is not what the command takes: the message says what lies there instead."""

from __future__ import annotations

import json
import sqlite3

import pytest

from satdesk.cli.app import run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.txt").write_text("hello\n")
    (tmp_path / "short.tif").write_bytes(b"II*\0")
    with sqlite3.connect(tmp_path / "other.sqlite") as store:
        store.execute("CREATE TABLE t (a)")
    store.close()
    return tmp_path


def refused(capsys, *arguments):
    code = run([*arguments, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert code == 3
    assert error["remedy"]
    return error


@pytest.mark.parametrize("verb", ["review", "sign-off", "withdraw"])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("empty", "a folder without SHA256SUMS"),
        ("words.txt", "a file"),
        ("nothing", "no such folder"),
    ],
)
def test_what_is_no_release_is_told_before_a_key_is_asked_for(folder, capsys, verb, name, found):
    reason = ["--reason", "x"] if verb == "withdraw" else []
    error = refused(capsys, verb, name, "--log", "desk.log", *reason)
    assert (error["message"].split(";")[0], error["found"]) == (
        f"{name}: no release lies there",
        found,
    )
    assert not (folder / "desk.log").exists()


def test_the_corrected_release_is_looked_at_first_too(folder, capsys):
    error = refused(capsys, "correct", "empty", "empty", "--reason", "x", "--log", "desk.log")
    assert "no release lies there" in error["message"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("catalogue", "empty"), "a folder"),
        (("identify", "words.txt", "--catalogue", "empty"), "a folder"),
        (("log", "empty"), "a folder"),
        (("mask", "--ms", "empty", "--bands", "R,G,B,NIR", "--out", "o.tif"), "a folder"),
        (("reproduce", "empty", "--scenes", "empty"), "no such file"),
        (("status", "words.txt"), "a file"),
    ],
)
def test_what_lies_there_is_said(folder, capsys, arguments, found):
    assert refused(capsys, *arguments)["found"] == found


def test_another_database_is_called_one(folder, capsys):
    code = run(["catalogue", "other.sqlite"])
    assert code == 3
    assert "another SQLite file" in capsys.readouterr().err


def test_what_is_no_image_is_not_called_cut_off(folder, capsys):
    out = ("--bands", "R,G,B,NIR", "--out", "o.tif")
    foreign = refused(capsys, "mask", "--ms", "words.txt", *out)
    assert "the file is no image" in foreign["message"]
    assert "end" not in foreign["remedy"]
    short = refused(capsys, "mask", "--ms", "short.tif", *out)
    assert "end may be missing" in short["remedy"]
