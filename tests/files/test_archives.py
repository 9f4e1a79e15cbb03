from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import (
    MachineError,
    MissingInputError,
    SatdeskError,
    UnreadableInputError,
    UnsafeInputError,
)
from satdesk.files import archives
from satdesk.files.archives import is_archive, opened, unpack


def pack(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_unpacks_and_cleans_up(tmp_path):
    path = pack(tmp_path / "a.zip", {"x/1.txt": b"one", "y.txt": b"two"})
    with opened(path) as folder:
        assert (folder / "x" / "1.txt").read_bytes() == b"one"
        assert (folder / "y.txt").read_bytes() == b"two"
    assert not folder.exists()


def test_a_single_top_folder_is_the_delivery(tmp_path):
    of_macos = {"__MACOSX/._x": b"", ".DS_Store": b""}
    path = pack(tmp_path / "a.zip", {"top/1.txt": b"one", "top/s/2.txt": b"", **of_macos})
    with opened(path) as folder:
        assert folder.name == "top"
        assert (folder / "s" / "2.txt").is_file()


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:/evil", "a/../b/../../evil"]
)
def test_names_that_leave_are_refused(tmp_path, name):
    path = pack(tmp_path / "a.zip", {"ok": b"", name: b"evil"})
    (tmp_path / "out").mkdir()
    with pytest.raises(UnsafeInputError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.subject == str(path)
    assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UnsafeInputError, match="link"), opened(path):
        pass


def test_bombs_are_refused_before_a_byte_is_written(tmp_path):
    path = pack(tmp_path / "a.zip", {"zeros": b"\0" * (100 * 1024**2)})
    assert path.stat().st_size < 200_000
    (tmp_path / "out").mkdir()
    with pytest.raises(UnsafeInputError, match="times its size"):
        unpack(path, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_lie_about_the_size_does_not_help(tmp_path):
    path = pack(tmp_path / "a.zip", {"zeros": b"\0" * 100_000})
    data = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises((UnsafeInputError, UnreadableInputError)), opened(path):
        pass


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 2)
    path = pack(tmp_path / "a.zip", {str(i): b"" for i in range(3)})
    with pytest.raises(UnsafeInputError, match="3 files"), opened(path):
        pass


def test_a_full_disk_is_the_machines_fault(tmp_path, monkeypatch):
    path = pack(tmp_path / "a.zip", {"a": b"12345"})
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4))
    with pytest.raises(MachineError, match="no room"), opened(path):
        pass


def test_two_entries_of_one_name_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    with pytest.raises(UnsafeInputError), opened(path):
        pass


def test_what_is_no_zip_is_told(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 broken")
    assert is_archive(tmp_path / "a.zip")
    with pytest.raises(UnreadableInputError), opened(tmp_path / "a.zip"):
        pass
    with pytest.raises(MissingInputError), opened(tmp_path / "b.zip"):
        pass
    assert not is_archive(tmp_path / "b.zip")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_archives_raise_only_our_errors(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("zip")
    whole = pack(folder / "a.zip", {"d/a.xml": b"<a/>" * 50, "b": b"x"}).read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=6))
    (folder / "a.zip").write_bytes(whole[:start] + noise + whole[start + len(noise) :])
    try:
        with opened(folder / "a.zip"):
            pass
    except SatdeskError:
        pass
    finally:
        shutil.rmtree(folder)
