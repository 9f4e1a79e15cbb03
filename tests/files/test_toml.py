from __future__ import annotations

from pathlib import Path

import pytest

from satdesk.errors import BrokenInputError
from satdesk.files.toml import parsed_toml

FILE = Path("recipe.toml")


def parsed(raw: bytes):
    return parsed_toml(raw, what="recipe", subject=FILE)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_windows_editors_write_is_read(mark, end):
    assert parsed(mark + f'[release]{end}title = "Ağdam"{end}'.encode()) == {
        "release": {"title": "Ağdam"}
    }


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_told_with_what_to_do(encoding):
    with pytest.raises(BrokenInputError, match="save it as UTF-8") as told:
        parsed('title = "Tür"'.encode(encoding))
    assert told.value.subject == str(FILE)


@pytest.mark.parametrize("path", [rb"data\dem.tif", rb"C:\Users\a.tif", rb"D:\uwe.tif", rb"\xyz"])
def test_a_path_of_windows_is_told_with_what_to_do(path):
    with pytest.raises(BrokenInputError, match="write paths with /"):
        parsed(b'dem = ["' + path + b'"]')


def test_brackets_without_end_are_no_bug_of_ours():
    with pytest.raises(BrokenInputError, match="not TOML"):
        parsed(b"a = " + b"[" * 50_000)
