from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    SatdeskError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files.xml import read_xml

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha">'
    + "".join(f'<!ENTITY x{i} "{f"&x{i - 1};" * 10 if i else "&x;" * 10}">' for i in range(9))
    + "]><a>&x8;</a>"
)
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_reads_values_with_their_file(tmp_path):
    root = read_xml(write(tmp_path, '<n:a xmlns:n="u" n:k=" v "><b> 1.5 </b><c/><d>7</d></n:a>'))
    assert root.tag == "a"
    assert root.attribute("k") == "v"
    assert root.number("b") == 1.5
    assert root.text("c") is None
    assert root.count("d", least=1, most=9) == 7
    assert root.number("nothing") is None


@pytest.mark.parametrize("text", [BOMB, EXTERNAL, "<!DOCTYPE a><a/>"])
def test_entities_and_dtd_are_refused(tmp_path, text):
    with pytest.raises(UnsafeInputError) as caught:
        read_xml(write(tmp_path, text))
    assert caught.value.subject == str(tmp_path / "a.xml")


def test_depth_is_limited(tmp_path):
    with pytest.raises(UnsafeInputError, match="deeper"):
        read_xml(write(tmp_path, "<a>" * 5000 + "</a>" * 5000))


def test_size_is_limited(tmp_path):
    with pytest.raises(UnsafeInputError, match="larger"):
        read_xml(write(tmp_path, "<a>" + " " * 5000 + "</a>"), max_bytes=4096)


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "<a><b></a>", "no xml", '<?xml version="1.0" encoding="klingon"?><a/>', b"\0\1\2"],
)
def test_malformed_is_told(tmp_path, text):
    with pytest.raises(UnreadableInputError):
        read_xml(write(tmp_path, text))


def test_absent_is_told(tmp_path):
    with pytest.raises(MissingInputError):
        read_xml(tmp_path / "b.xml")


@pytest.mark.parametrize("value", ["x", "nan", "inf", "1e999", "1,5"])
def test_what_is_no_number_is_refused(tmp_path, value):
    root = read_xml(write(tmp_path, f"<a><b>{value}</b></a>"))
    with pytest.raises(BrokenInputError, match="a/b"):
        root.number("b")


def test_what_is_required_must_be_there(tmp_path):
    root = read_xml(write(tmp_path, "<a><b/></a>"))
    with pytest.raises(BrokenInputError):
        root.required("b")
    with pytest.raises(BrokenInputError):
        root.required_number("c")


@pytest.mark.parametrize("value", ["0", "10", "1.5", "-1"])
def test_counts_have_bounds(tmp_path, value):
    root = read_xml(write(tmp_path, f"<a><b>{value}</b></a>"))
    with pytest.raises(BrokenInputError, match="out of range"):
        root.count("b", least=1, most=9)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 20))
def test_any_bytes_raise_only_our_errors(tmp_path_factory, noise, start, length):
    whole = b'<?xml version="1.0"?><a k="v"><b>1</b><!-- c --><![CDATA[d]]></a>'
    path = tmp_path_factory.getbasetemp() / "mutated.xml"
    path.write_bytes(whole[:start] + noise + whole[start + length :])
    try:
        root = read_xml(path)
        root.number("b")
    except SatdeskError:
        pass
